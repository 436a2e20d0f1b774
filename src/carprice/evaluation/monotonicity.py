"""Whether prices make sense: never dearer with more distance, never cheaper when newer, all else equal."""

from typing import Any

import numpy as np
import polars as pl

from carprice.frames.encoding import Floats
from carprice.frames.pricing import price_frame
from carprice.market.market_file import Feature
from carprice.model.pricer import Pricer

SEED = 7
CARS = 200
STEPS = 20
ENDS = (0.01, 0.99)
"""Quantiles of the listings between which the grid lies."""
KNOWN = ("make", "model")
MIN_STEP = 1e-6
"""Of log price: what rounding makes of prices that are alike."""


def measure_sense(frame: pl.DataFrame, pricer: Pricer) -> dict[str, dict[str, Any]]:
    """For `mileage` and `year`, of a sample of listings whose make, model, year and mileage are known:

    feature: its name; cars; steps: how many steps of the grid were looked at; wrong: the share of them where more
    mileage is dearer or a newer year cheaper; largest: by which share of the price at most; asked: whether the
    market file has prices go one way. A market without mileage or year has no entry for it.
    """
    market = pricer.market
    roles = {"mileage": (market.mileage, -1), "year": (market.year, 1)}
    known = [name for name in KNOWN if market.feature(name)]
    known += [feature.name for feature, _ in roles.values() if feature]
    sample = frame.drop_nulls(known)
    sample = sample.sample(min(CARS, sample.height), seed=SEED)
    if not sample.height:
        return {}
    return {
        role: _measure_steps(sample, make_grid(frame, feature, pricer), feature, sign, pricer)
        for role, (feature, sign) in roles.items()
        if feature
    }


def make_grid(frame: pl.DataFrame, feature: Feature, pricer: Pricer) -> Floats:
    """Ascending values of a number between the ends of what the listings have; of a year whole ones.

    A mileage so small that it is taken as missing is no step, nor is a year of classics, which may go either way.
    """
    values = frame[feature.name].drop_nulls().to_numpy()
    low, high = np.quantile(values, ENDS)
    if feature.kind == "year":
        return np.arange(max(np.ceil(low), _find_first_year(feature, pricer)), np.floor(high) + 1)
    zero = pricer.encoder.zero
    if zero is not None and pricer.market.features[zero.mileage] == feature:
        low = max(low, zero.below)
    return np.unique(np.linspace(low, max(low, high), STEPS + 1))


def _find_first_year(year: Feature, pricer: Pricer) -> float:
    """The first year behind those of classics, which the trees know one by one; -inf where there are none."""
    forest, figures = pricer.forest, pricer.scaler[year.name]
    if forest.years:
        return forest.years.since
    index = pricer.market.features.index(year)
    classics = [value for column, codes in forest.wide if column == index for value in codes]
    return round(max(classics) * figures["scale"] + figures["mean"]) + 1 if classics else -np.inf


def _measure_steps(
    sample: pl.DataFrame, grid: Floats, feature: Feature, sign: int, pricer: Pricer
) -> dict[str, Any]:
    """sign: 1 where the price should rise along the grid, -1 where it should fall."""
    cars = sample.drop(feature.name).join(pl.DataFrame({feature.name: grid}), how="cross")
    level = np.log(price_frame(cars, pricer)["predicted"].to_numpy()).reshape(sample.height, len(grid))
    wrong = -sign * np.diff(level, axis=1)
    return {
        "feature": feature.name,
        "cars": sample.height,
        "steps": wrong.size,
        "wrong": float(np.mean(wrong > MIN_STEP)) if wrong.size else 0.0,
        "largest": float(np.expm1(max(0.0, wrong.max(initial=0.0)))),
        "asked": pricer.market.monotone_sign(feature) == sign,
    }
