"""The warnings of a whole frame of listings, as the pricer has them for one."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carprice.frames.encoding import Floats, MeantRows, find_unknown, find_zeros
from carprice.frames.scoring import unique_codes
from carprice.model.forest.depreciation import ANY
from carprice.model.input_warnings import (
    FEW_LIKE,
    OUTSIDE_TRAINING,
    TAKEN_AS_MISSING,
    UNKNOWN_CATEGORY,
    UNKNOWN_COMBINATION,
    UNLIKELY,
    UNSEEN,
)
from carprice.model.plausibility import FEW, LEAST_YEARS, MANY, MOST_YEARS, NEW_YEARS, UsualDistance
from carprice.model.price_range import MIN_LIKE
from carprice.model.pricer import Pricer

Mask = NDArray[np.bool_]
Warnings = dict[tuple[str, str], Mask]
"""By code and field, in the pricer's order: the rows (rows,) that have the warning; only those that any row has.
"""


def find_warnings(
    frame: pl.DataFrame, matrix: Floats, is_combined: Mask, likes: np.ndarray, meant: MeantRows, pricer: Pricer
) -> Warnings:
    """The warnings of a clean frame. matrix: its encoded rows. is_combined: whether make and model were seen
    together. likes: listings of the same make and model. meant: rows whose model counts as another one.
    """
    found: Warnings = {}
    zero, usual = pricer.encoder.zero, pricer.encoder.distance
    is_zero: Mask = np.zeros(frame.height, bool)
    keys = unique_codes(np.nan_to_num(matrix[:, pricer.forest.depreciation.keys], nan=ANY))
    unusual, unseen = find_unusual(frame, pricer, *keys), find_unseen(matrix, pricer, *keys)
    for index, feature in enumerate(pricer.market.features):
        values = frame[feature.name]
        if feature.is_category:
            found[UNKNOWN_CATEGORY, feature.name] = find_unknown(values, pricer.encoders[feature.name])
            if pricer.forest.depreciation.keys[-1:] == (index,):
                is_unknown = found[UNKNOWN_CATEGORY, feature.name]
                found[UNKNOWN_CATEGORY, feature.name] = (is_unknown & ~meant.sure) | meant.guessed
                found[UNKNOWN_COMBINATION, feature.name] = ~is_combined
                is_named = is_combined & ~np.isnan(matrix[:, index]) & ~meant.guessed
                found[FEW_LIKE, feature.name] = is_named & (likes < MIN_LIKE)
            if index in unseen:
                found[UNSEEN, feature.name] = unseen[index]
            continue
        if feature.is_text:
            continue
        figures, numbers = pricer.scaler[feature.name], values.fill_null(np.nan).to_numpy()
        is_outside = (numbers < figures["min"]) | (numbers > figures["max"])
        if zero is not None and index == zero.mileage:
            found[TAKEN_AS_MISSING, feature.name] = is_zero = find_zeros(frame, pricer.market, zero)
            is_outside &= ~is_zero
        found[OUTSIDE_TRAINING, feature.name] = is_outside
        if usual is not None and index == usual.mileage:
            built = frame[pricer.market.features[usual.year].name].fill_null(np.nan).to_numpy()
            found[UNLIKELY, feature.name] = find_unlikely(numbers, built, usual) & ~is_zero & ~is_outside
        elif index in unusual:
            found[UNLIKELY, feature.name] = unusual[index] & ~is_outside
    return {warning: rows for warning, rows in found.items() if rows.any()}


def find_unlikely(distance: Floats, year: Floats, usual: UsualDistance) -> Mask:
    """UsualDistance.is_unlikely of each row, NaN for what is missing."""
    expected = usual.yearly * np.clip(usual.newest - year, LEAST_YEARS, MOST_YEARS)
    is_far = distance > np.maximum(expected, usual.yearly * NEW_YEARS) * MANY
    is_little = (distance < expected * FEW) & (usual.newest - year > NEW_YEARS)
    return is_far | is_little


def find_unusual(frame: pl.DataFrame, pricer: Pricer, unique: Floats, place: np.ndarray) -> dict[int, Mask]:
    """By the index of the number: the rows whose number is far from those of their make and model.

    unique: the different codes of make and model. place: which of them each row has.
    """
    spans = pricer.unusual.numbers.spans
    if not spans:
        return {}
    least, most = (np.full((len(unique), len(pricer.market.features)), end) for end in (-np.inf, np.inf))
    for number, key in enumerate(unique.tolist()):
        for span in spans.get(tuple(key), ()):
            least[number, span.column], most[number, span.column] = span.least, span.most
    outside = {}
    for index in np.flatnonzero(np.isfinite(least).any(axis=0)).tolist():
        values = frame[pricer.market.features[index].name].fill_null(np.nan).to_numpy()
        outside[index] = (values < least[place, index]) | (values > most[place, index])
    return outside


def find_unseen(matrix: Floats, pricer: Pricer, unique: Floats, place: np.ndarray) -> dict[int, Mask]:
    """By the index of the category: the rows whose value no listing of their make and model has.

    unique, place: as in find_unusual.
    """
    table = pricer.unusual.categories.seen
    if not table:
        return {}
    known: dict[int, dict[int, list[float]]] = {}
    for number, key in enumerate(unique.tolist()):
        for seen in table.get(tuple(key), ()):
            known.setdefault(seen.column, {})[number] = list(seen.codes)
    return {index: _lacks(matrix[:, index], place, len(unique), found) for index, found in known.items()}


def _lacks(codes: Floats, place: np.ndarray, keys: int, known: dict[int, list[float]]) -> Mask:
    """The rows whose code is none of those of their key, where these are known. known: by the place of a key."""
    size = int(max(np.nanmax(codes, initial=0), *(max(found) for found in known.values()))) + 1
    lines = np.zeros(keys, int)
    lines[list(known)] = np.arange(len(known)) + 1
    is_seen = np.zeros((len(known) + 1, size), bool)
    is_seen[0] = True
    for line, found in enumerate(known.values(), 1):
        is_seen[line, np.array(found, int)] = True
    is_known = ~np.isnan(codes)
    lacks: Mask = np.zeros(len(codes), bool)
    lacks[is_known] = ~is_seen[lines[place[is_known]], codes[is_known].astype(int)]
    return lacks


def join_warnings(warnings: Warnings, rows: int) -> pl.Series:
    """Of each row its warnings as `code:field`, joined by "; "; null where there is none."""
    if not warnings:
        return pl.Series([None] * rows, dtype=pl.String)
    texts = [pl.when(pl.Series(mask)).then(pl.lit(f"{code}:{field}")) for (code, field), mask in warnings.items()]
    joined = pl.select(pl.concat_str(texts, separator="; ", ignore_nulls=True).alias("warnings")).to_series()
    return joined.replace("", None)
