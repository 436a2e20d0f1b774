"""How a model's error grows with the days since the last one that it learnt from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from carprice.frames.encoding import Floats
from carprice.training.price_index import USUAL_STEP, PriceIndex

BLOCKS = ((0.8, 0.9), (0.9, 1.0))
"""Shares of the listings, by day, that are priced by models of earlier and earlier days."""
CUTS = 4
START = 0.3
"""Of the listings, before the first cut."""
MAX_ROWS = 15_000
"""That each of these models learns from, all equally many."""
MIN_ROWS = 100
PRIOR_GROWTH, PRIOR_WORTH = 0.003, 1100.0
"""Share of the error that a day adds where the listings cannot tell, and what that is worth in squared days."""
LAGS = ((0, 7), (8, 30), (31, 60), (61, 90))
"""Days after the last one learnt from, from and to, that a forecast is for."""
NEAR = 1.645
"""Standard deviations that hold nine in ten."""
BIAS_WORTH = 0.9
"""A bias b makes of a median error m the root of m^2 + 0.9 b^2, measured on American auctions for b up to 6 %."""

Fit = Callable[[Sequence[np.ndarray], np.ndarray, int], list[Floats]]
"""Learn from each of several sets of rows, price others: their rows, and a seed; gives the log prices of each."""


@dataclass(frozen=True)
class Ageing:
    """growth: the share of the error that each day adds. seen: the longest lag that was tried, in days."""

    growth: float
    seen: int


def measure_ageing(day: Floats, car: np.ndarray, log_price: Floats, fit: Fit, seed: int) -> Ageing:
    """Price the same later listings by models that learnt equally many up to earlier and earlier days.

    So neither the mix of a week nor the number of listings is taken for age. day, car, log_price: (rows,).
    """
    random = np.random.default_rng(seed)
    lags, growths = [], []
    for low, high in BLOCKS:
        start, end = np.quantile(day, low), np.quantile(day, high)
        cuts = np.unique(np.linspace(np.quantile(day, START), start, CUTS).astype(int))
        judge = np.flatnonzero((day > start) & (day <= end))
        fresh = ~np.isin(car, car[judge])
        pools = [np.flatnonzero((day <= cut) & fresh) for cut in cuts]
        count = min(MAX_ROWS, len(pools[0]))
        if len(judge) < MIN_ROWS or count < MIN_ROWS or len(cuts) < 2:
            continue
        learnt = [np.sort(random.choice(pool, count, replace=False)) for pool in pools]
        misses = [np.abs(np.expm1(score - log_price[judge])) for score in fit(learnt, judge, seed)]
        errors = [float(np.median(miss)) for miss in misses]
        lags.extend((start - cuts[:-1]).tolist())
        growths.extend(np.log(np.array(errors[:-1]) / errors[-1]).tolist())
    known = float(np.square(lags).sum())
    growth = (float(np.dot(lags, growths)) + PRIOR_WORTH * PRIOR_GROWTH) / (known + PRIOR_WORTH)
    return Ageing(max(growth, 0.0), int(max(lags, default=0)))


def forecast_ageing(
    ageing: Ageing, index: PriceIndex | None, error: float, judged_lag: float
) -> list[dict[str, Any]]:
    """Per band of days the median APE to come, the interval of the median ratio (nine in ten), and whether it was
    seen.

    error: the median APE of the judged part. judged_lag: its mean days since the last one learnt from. What the
    index may wander adds to the error as a bias does.
    """
    step, variance = (max(index.step, USUAL_STEP), index.variance) if index else (USUAL_STEP, 0.0)
    rows = []
    for low, high in LAGS:
        lag = (low + high) / 2
        wander = float(np.sqrt(variance + step**2 * lag))
        grown = error * (1 + ageing.growth * lag) / (1 + ageing.growth * judged_lag)
        rows.append(
            {
                "days": f"{low}-{high}",
                "median_ape": float(np.hypot(grown, np.sqrt(BIAS_WORTH) * wander)),
                "low_ratio": float(np.exp(-NEAR * wander)),
                "high_ratio": float(np.exp(NEAR * wander)),
                "seen": high <= ageing.seen + LAGS[0][1],
            }
        )
    return rows
