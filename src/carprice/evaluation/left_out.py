"""What leaving fields out costs: the error and the range of the same listings under patterns of missing fields."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from carprice.evaluation.ratio_study import measure_prices
from carprice.frames.pricing import price_frame
from carprice.model.pricer import Pricer

SEED = 7
MAX_ROWS = 5000
"""Listings drawn for each pattern: the coverage is then known within half a percent."""
LEFT_OUT_SHARE = 0.5
"""The chance of each optional field to be left out of a listing, in the random pattern."""
NOTHING, ALL_OPTIONAL, AT_RANDOM = "nothing", "all optional", "each optional one in two"


def measure_left_out(frame: pl.DataFrame, pricer: Pricer) -> list[dict[str, Any]]:
    """Per pattern: name, fields, rows, median_ape, coverage and width, as measure_prices has them.

    frame: a clean frame with price; MAX_ROWS of its rows at most are drawn. Patterns: nothing left out, each
    optional field alone, all of them, and each at random.
    """
    drawn = frame.sample(min(MAX_ROWS, frame.height), seed=SEED)
    names = [feature.name for feature in pricer.market.features if feature.optional]
    kept = ("rows", "median_ape", "coverage", "width")
    found = []
    for name, fields, part in _list_patterns(drawn, names):
        priced = price_frame(part, pricer)
        figures = measure_prices(*(priced[column].to_numpy() for column in ("price", "predicted", "low", "high")))
        found.append({"name": name, "fields": fields, **{key: figures[key] for key in kept}})
    return found


def _list_patterns(frame: pl.DataFrame, names: list[str]) -> Iterator[tuple[str, list[str], pl.DataFrame]]:
    yield NOTHING, [], frame
    for name in names:
        yield name, [name], leave_out(frame, [name])
    if len(names) > 1:
        yield ALL_OPTIONAL, names, leave_out(frame, names)
        yield AT_RANDOM, names, _leave_out_at_random(frame, names)


def leave_out(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The frame without the values of those fields."""
    return frame.with_columns(pl.lit(None, frame.schema[name]).alias(name) for name in names)


def _leave_out_at_random(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    draw = np.random.default_rng(SEED)
    masks = {name: pl.Series(draw.random(frame.height) < LEFT_OUT_SHARE) for name in names}
    return frame.with_columns(
        pl.when(mask).then(None).otherwise(pl.col(name)).alias(name) for name, mask in masks.items()
    )
