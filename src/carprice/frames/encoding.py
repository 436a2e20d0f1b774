"""From cleaned listings to the matrix the trees see, and the encoders and scaler that say how."""

import math
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carprice.listings.stored import T, Table
from carprice.market.kinds import KINDS
from carprice.market.market_file import Feature, Market
from carprice.model.encoding import Encoder, UnknownZero
from carprice.model.forest.depreciation import ANY
from carprice.model.names.category_codes import category_codes, find_code
from carprice.model.names.suggestions import fold
from carprice.model.text import add_words

Encoders = dict[str, list[str]]
Scaler = dict[str, dict[str, float]]
Floats = NDArray[np.float64]


def fit_encoders(frame: Table, market: Market) -> tuple[Encoders, Scaler]:
    """Learn the categories' values, in code order, and every number's fill, mean, scale, min and max.

    frame is the training part of a clean frame. The price column is never read. A text has no words yet:
    training/words.py learns them.
    """
    encoders = {item.name: _list_values(frame[item.name]) for item in market.features if item.is_category}
    numbers = [item.name for item in market.features if not item.is_text]
    scaler: Scaler = {item.name: {} for item in market.features if item.has_words}
    scaler |= {name: _measure_number(frame[name]) for name in numbers}
    return encoders, scaler


def encode_frame(
    frame: Table, market: Market, encoders: Encoders, scaler: Scaler, zero: UnknownZero | None = None
) -> Floats:
    """The matrix of a clean frame: float64, row by row, one column per feature in the market's order.

    A category is its code, a number `(value - mean) / scale`, a text what its words add up to; missing and
    unknown are NaN. Equal to the last bit to what the pricer computes for one listing.
    """
    matrix = np.empty((frame.height, len(market.features)))
    for index, item in enumerate(market.features):
        matrix[:, index] = _encode_column(frame[item.name], item, encoders, scaler)
    if zero is not None:
        matrix[find_zeros(frame, market, zero), zero.mileage] = np.nan
    return matrix


class MeantRows(NamedTuple):
    """Rows whose model has the code of another: a guess, or just what was said (`Toyota Aqua`)."""

    guessed: NDArray[np.bool_]
    sure: NDArray[np.bool_]


def replace_meant(frame: pl.DataFrame, matrix: Floats, encoder: Encoder, market: Market) -> MeantRows:
    """Give makes and models that were not seen together the codes of what they mean, as the encoder does."""
    found = MeantRows(np.zeros(frame.height, bool), np.zeros(frame.height, bool))
    if (names := encoder.names) is None or not frame.height:
        return found
    places = [encoder.make, encoder.model]
    texts = [frame[market.features[place].name] for place in places]
    rows = np.flatnonzero(~_are_seen(matrix[:, places], list(names.rows)))
    trim = names.trims.column
    lacks_trim = None if trim is None else frame[market.features[trim].name].is_null().to_numpy()
    for row, *named in zip(rows.tolist(), *(text.gather(rows).to_list() for text in texts), strict=True):
        if meant := names.find(*named):
            is_other = not math.isnan(meant.model) and matrix[row, encoder.model] != meant.model
            (found.sure if meant.is_sure else found.guessed)[row] = is_other
            matrix[row, places] = meant.make, meant.model
            if lacks_trim is not None and lacks_trim[row]:
                matrix[row, trim] = meant.trim
    return found


def _are_seen(keys: Floats, seen: list[tuple[float, ...]]) -> NDArray[np.bool_]:
    """Of each row of codes whether it is among those that were seen."""
    both = np.concatenate([np.nan_to_num(keys, nan=ANY), np.array(seen, dtype=float).reshape(-1, 2)])
    joined = join_codes(both)
    return np.isin(joined[: len(keys)], joined[len(keys) :])


def join_codes(codes: Floats) -> NDArray[np.int64]:
    """One whole number for each row of codes, ANY or higher, in the order of the rows: equal where these are."""
    joined = np.zeros(len(codes), dtype=np.int64)
    for column in codes.T.astype(np.int64) - ANY:
        joined = joined * (column.max(initial=0) + 1) + column
    return joined


def find_zeros(frame: Table, market: Market, zero: UnknownZero) -> NDArray[np.bool_]:
    """Where the mileage is too small to be one, as UnknownZero has it."""
    mileage, year = (frame[market.features[index].name] for index in (zero.mileage, zero.year))
    return ((mileage < zero.below) & (year <= zero.newest)).fill_null(False).to_numpy()


def unify_spellings(frame: T, market: Market) -> T:
    """A clean frame whose texts that differ in case and spaces alone are spelled as most listings spell them."""
    for feature in market.features:
        if feature.is_category:
            counts = (
                frame[feature.name]
                .drop_nulls()
                .value_counts(sort=False)
                .sort(["count", feature.name], descending=[True, False])
            )
            usual: dict[str, str] = {}
            for text in counts[feature.name]:
                usual.setdefault(fold(text), text)
            spelled = {text: usual[fold(text)] for text in counts[feature.name] if usual[fold(text)] != text}
            if spelled:
                frame = frame.with_columns(frame[feature.name].replace(spelled))
    return frame


def list_categories(market: Market) -> list[int]:
    """The positions of the categories among the matrix columns."""
    return [index for index, item in enumerate(market.features) if item.is_category]


def read_listing(row: dict[str, Any], market: Market) -> dict[str, Any]:
    """One row of a clean frame as the API takes it: without missing values, the price and the key."""
    known = [item for item in market.features if row[item.name] is not None]
    return {item.name: KINDS[item.kind].write(row[item.name]) for item in known}


def _list_values(values: pl.Series) -> list[str]:
    return values.drop_nulls().unique().sort().to_list()


def _measure_number(values: pl.Series) -> dict[str, float]:
    known = values.drop_nulls().to_numpy()
    if not known.size:
        return {"fill": 0.0, "mean": 0.0, "scale": 1.0, "min": 0.0, "max": 0.0}
    return {
        "fill": float(np.median(known)),
        "mean": float(known.mean()),
        "scale": float(known.std()) or 1.0,
        "min": float(known.min()),
        "max": float(known.max()),
    }


def _encode_column(values: pl.Series, item: Feature, encoders: Encoders, scaler: Scaler) -> Floats:
    if item.is_category:
        return _encode_values(values, encoders[item.name], item.name)
    return (_add_up_words if item.has_words else _scale_number)(values, scaler[item.name])


def _add_up_words(values: pl.Series, amounts: dict[str, float]) -> Floats:
    if not amounts:
        return np.full(len(values), math.nan)
    texts = values.unique().drop_nulls().to_list()
    found = [add_words(text, amounts) for text in texts]
    added = values.replace_strict(texts, found, default=None, return_dtype=pl.Float64)
    return added.fill_null(math.nan).to_numpy()


def _encode_values(values: pl.Series, known: list[str], name: str) -> Floats:
    codes = category_codes(known, name)
    texts = values.unique().drop_nulls().to_list()
    found = [find_code(codes, text) for text in texts]
    encoded = values.replace_strict(texts, found, default=None, return_dtype=pl.Float64)
    return encoded.fill_null(codes[None]).to_numpy()


def find_unknown(values: pl.Series, known: list[str]) -> NDArray[np.bool_]:
    """Where a text is none of the values that training knows, however it is written."""
    codes = category_codes(known, values.name)
    unknown = [text for text in values.unique().drop_nulls().to_list() if math.isnan(find_code(codes, text))]
    return values.is_in(unknown).fill_null(False).to_numpy()


def _scale_number(values: pl.Series, scale: dict[str, float]) -> Floats:
    return (values.fill_null(float("nan")).to_numpy() - scale["mean"]) / scale["scale"]
