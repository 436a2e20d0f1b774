"""Prices of a whole frame of listings, equal to the pricer's to the last bit of the log price."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from carprice.frames.encoding import Floats, encode_frame, find_zeros
from carprice.frames.scoring import flag_matrix, predict_matrix, score_matrix
from carprice.market.kinds import KINDS
from carprice.model.price_range import CLOSE, LEVELS
from carprice.model.pricer import MAX_OUTSIDE, MIN_LIKE, Pricer


@dataclass(frozen=True)
class Predictions:
    """What the model says of each row of a matrix; arrays (rows,), logs natural.

    score: log price without the level. size: log of the usual error. group: of the range. is_claimed: the range's
    share is promised. rows: listings of the same make and model.
    """

    score: Floats
    size: Floats
    group: np.ndarray
    is_claimed: np.ndarray
    is_unknown: np.ndarray
    outside: np.ndarray
    rows: np.ndarray


def price_frame(frame: pl.DataFrame, pricer: Pricer) -> pl.DataFrame:
    """A clean frame with what each listing is worth.

    Adds predicted, low, high (currency, not rounded), confidence (text), coverage (the share that the range
    holds, null where none is promised), within (the chance that the actual price is within 10 %) and unvalued
    (why the pricer would not value it, else null). The frame may have other columns, and none of these.
    """
    found = predict_frame(frame, pricer)
    limits, factors = np.array(pricer.range.usual.of_groups), np.array(pricer.range.factors)
    scale = np.exp(found.size) * np.where(found.is_claimed, factors[found.group], pricer.range.unseen)
    log_price = found.score + pricer.level
    high, medium = (np.array(each)[found.group] for each in (pricer.range.high, pricer.range.medium))
    levels = np.where(found.size <= high, "high", np.where(found.size <= medium, "medium", "low"))
    return frame.with_columns(
        pl.Series("predicted", np.exp(log_price)),
        pl.Series("low", np.exp(log_price + limits[found.group, 0] * scale)),
        pl.Series("high", np.exp(log_price + limits[found.group, 1] * scale)),
        pl.Series("confidence", np.where(found.is_claimed, levels, "low").astype(str), pl.String),
        pl.Series("coverage", np.where(found.is_claimed, pricer.coverage, np.nan)).fill_nan(None),
        pl.Series("within", _chance_within(found.group, scale, pricer)),
        pl.Series("unvalued", _name_refusals(found, pricer), pl.String),
    )


def predict_frame(frame: pl.DataFrame, pricer: Pricer) -> Predictions:
    """What the model says of each row of a clean frame."""
    matrix = encode_frame(frame, pricer.market, pricer.encoders, pricer.scaler, pricer.encoder.zero)
    is_unknown, outside = _find_strange(frame, matrix, pricer)
    score, rows, is_combined = score_matrix(matrix, pricer.forest)
    size = np.zeros(len(score))
    if pricer.spread:
        size = predict_matrix(pricer.spread, matrix, *flag_matrix(matrix, pricer.forest), score)
    group = np.searchsorted(np.array(pricer.range.edges), size)
    if pricer.model_column is not None and pricer.range.nameless is not None:
        group = np.where(np.isnan(matrix[:, pricer.model_column]), pricer.range.nameless, group)
    is_claimed = ~is_unknown & (outside == 0) & is_combined
    return Predictions(score, size, group, is_claimed, is_unknown | ~is_combined, outside, rows)


def _find_strange(frame: pl.DataFrame, matrix: Floats, pricer: Pricer) -> tuple[np.ndarray, np.ndarray]:
    """Whether make or model is a text that training never saw, and how many values are outside its range."""
    is_unknown, outside = np.zeros(frame.height, bool), np.zeros(frame.height, int)
    zero = pricer.encoder.zero
    for index, feature in enumerate(pricer.market.features):
        if KINDS[feature.kind].is_category:
            if index in pricer.forest.depreciation.keys:
                is_unknown |= np.isnan(matrix[:, index]) & frame[feature.name].is_not_null().to_numpy()
            continue
        values = frame[feature.name].fill_null(np.nan).to_numpy()
        figures = pricer.scaler[feature.name]
        is_outside = (values < figures["min"]) | (values > figures["max"])
        if zero is not None and index == zero.mileage:
            is_outside &= ~find_zeros(frame, pricer.market, zero)
        outside += is_outside
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
