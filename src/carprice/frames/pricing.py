"""Prices of a whole frame of listings, equal to the pricer's to the last bit of the log price."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from carprice.frames.encoding import Floats, encode_frame, replace_meant
from carprice.frames.position import place_asking_prices
from carprice.frames.scoring import flag_matrix, predict_matrix, score_matrix
from carprice.frames.warnings import Warnings, find_warnings, join_warnings
from carprice.model.input_warnings import FEW_LIKE, OUTSIDE_TRAINING
from carprice.model.price_range import CLOSE, LEVELS, MIN_LIKE
from carprice.model.pricer import Pricer
from carprice.model.refusal import MAX_OUTSIDE


@dataclass(frozen=True)
class Predictions:
    """What the model says of each row of a matrix; arrays (rows,), logs natural.

    score: log price without the level. size: log of the usual error. group: of the range. rows: listings of the
    same make and model. is_claimed: the range's share is promised. is_unknown: make or model was never seen, or
    not together. outside: how many values are outside the training listings.
    """

    score: Floats
    size: Floats
    group: np.ndarray
    rows: np.ndarray
    is_claimed: np.ndarray
    is_unknown: np.ndarray
    outside: np.ndarray
    warnings: Warnings


def price_frame(frame: pl.DataFrame, pricer: Pricer, asking: Floats | None = None) -> pl.DataFrame:
    """A clean frame with what each listing is worth.

    Adds predicted, low, high (currency, not rounded), confidence (text), coverage (the share that the range
    holds, null where none is promised), within (the chance that the actual price is within 10 %), unvalued
    (why the pricer would not value it, else null) and warnings (as `code:field`, joined by "; ", null where there
    is none). asking: what is asked for each (rows,), NaN where that is not known; then the columns of
    frames/position.py are added too. The frame may have other columns, and none of these.
    """
    found = predict_frame(frame, pricer)
    limits, factors = np.array(pricer.range.usual.of_groups), np.array(pricer.range.factors)
    scale = np.exp(found.size) * np.where(found.is_claimed, factors[found.group], pricer.range.unseen)
    log_price = found.score + pricer.level
    high, medium = (np.array(each)[found.group] for each in (pricer.range.high, pricer.range.medium))
    levels = np.where(found.size <= high, "high", np.where(found.size <= medium, "medium", "low"))
    placed: list[pl.Series] = []
    if asking is not None:
        promised = np.where(found.is_claimed, scale, np.nan)
        placed = place_asking_prices(asking, np.exp(log_price), promised, found.group, pricer).get_columns()
    return frame.with_columns(
        *placed,
        pl.Series("predicted", np.exp(log_price)),
        pl.Series("low", np.exp(log_price + limits[found.group, 0] * scale)),
        pl.Series("high", np.exp(log_price + limits[found.group, 1] * scale)),
        pl.Series("confidence", np.where(found.is_claimed, levels, "low").astype(str), pl.String),
        pl.Series("coverage", np.where(found.is_claimed, pricer.coverage, np.nan)).fill_nan(None),
        pl.Series("within", _chance_within(found.group, scale, pricer)),
        pl.Series("unvalued", _name_refusals(found, pricer), pl.String),
        join_warnings(found.warnings, frame.height).alias("warnings"),
    )


def predict_frame(frame: pl.DataFrame, pricer: Pricer) -> Predictions:
    """What the model says of each row of a clean frame."""
    matrix = encode_frame(frame, pricer.market, pricer.encoders, pricer.scaler, pricer.encoder.zero)
    meant = replace_meant(frame, matrix, pricer.encoder, pricer.market)
    encoded = matrix.copy()
    score, rows, is_combined = score_matrix(matrix, pricer.forest)
    warnings = find_warnings(frame, encoded, is_combined, rows, meant, pricer)
    if pricer.model_column is not None:
        matrix[meant.guessed, pricer.model_column] = np.nan  # their range is that of an unknown model
    size = np.zeros(len(score))
    if pricer.spread:
        size = predict_matrix(pricer.spread, matrix, *flag_matrix(matrix, pricer.forest.flags), score)
    group = np.searchsorted(np.array(pricer.range.edges), size)
    if pricer.range.few is not None:
        group = np.where(rows < MIN_LIKE, pricer.range.few, group)
    if pricer.model_column is not None and pricer.range.nameless is not None:
        group = np.where(np.isnan(matrix[:, pricer.model_column]), pricer.range.nameless, group)
    is_unknown, outside = _count_strange(warnings, frame.height, pricer)
    is_claimed = ~is_unknown
    for (code, _), mask in warnings.items():
        if code in pricer.unclaimed:
            is_claimed &= ~mask
    return Predictions(score, size, group, rows, is_claimed, is_unknown, outside, warnings)


def _count_strange(warnings: Warnings, rows: int, pricer: Pricer) -> tuple[np.ndarray, np.ndarray]:
    """Of each row whether make and model were never seen so, and how many values are outside."""
    is_unknown, outside = np.zeros(rows, bool), np.zeros(rows, int)
    keys = {pricer.market.features[index].name for index in pricer.forest.depreciation.keys}
    for (code, field), mask in warnings.items():
        if code == OUTSIDE_TRAINING:
            outside += mask
        elif field in keys and code != FEW_LIKE:
            is_unknown |= mask
    return is_unknown, outside


def _chance_within(group: np.ndarray, scale: Floats, pricer: Pricer) -> Floats:
    """PriceRange.within of each row, by the scale of its range."""
    chance = np.empty(len(group))
    levels = np.arange(1, LEVELS + 1) / (LEVELS + 1)
    for number, table in enumerate(pricer.range.quantiles):
        rows = group == number
        ends = [np.log1p(share) / scale[rows] for share in (CLOSE, -CLOSE)]
        above, below = (np.interp(end, table, levels, left=0, right=1) for end in ends)
        chance[rows] = above - below
    return chance


def _name_refusals(found: Predictions, pricer: Pricer) -> list[str | None]:
    """In short why each row is not valued, where the market refuses."""
    if not pricer.market.price.refuse:
        return [None] * len(found.score)
    reasons = np.full(len(found.score), None, dtype=object)
    reasons[found.rows < MIN_LIKE] = "too few like it"
    reasons[found.is_unknown] = "make or model never seen"
    reasons[found.outside > MAX_OUTSIDE] = "values outside the training listings"
    return list(reasons)
