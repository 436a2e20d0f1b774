"""How a model's error grows with the days since the last one that it learnt from: measured, then forecast."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from carprice.frames.encoding import Floats
from carprice.training.forest import PARALLEL_BOOSTERS
from carprice.training.price_index import PriceIndex

BLOCKS = ((0.8, 0.9), (0.9, 1.0))
"""Of the rows in order of time: each block is priced by models that learnt up to CUTS days before it."""
CUTS = 4
FIRST_CUT = 0.3
"""Of the rows, before the first cut."""
MAX_ROWS = 15_000
MIN_BLOCK_ROWS = 100
MIN_ROWS = 2_000
"""Of fewer listings no growth can be told from chance, so nothing is measured."""
TRIES = 2
PRIOR_GROWTH, PRIOR_DAYS = 0.003, 1100.0
"""Share of the error that a day adds where the file cannot tell (auctions of one winter), and what that is worth in
squared days of lag: points scatter by 5 %, growths of markets by 0.15 % a day."""
USUAL_STEP = 0.002
"""What a market wanders at least, 1.1 % a month: a quiet window promises no quiet spring."""
LAGS = ((0, 7), (8, 30), (31, 60), (61, 90))
BIAS_SHARE = 0.9
"""A bias b in log price makes a median error m the root of m^2 + 0.9 b^2 (auctions, b from 1.8 to 6 %)."""
NORMAL_90 = 1.645

Price = Callable[[np.ndarray, np.ndarray, int], Floats]
"""Rows to learn from, rows to price and a seed; returns the log prices."""


@dataclass(frozen=True)
class Ageing:
    """growth: share of the error that each day adds. seen: the longest lag that was tried, days."""

    growth: float
    seen: int


def measure_ageing(day: Floats, car: np.ndarray, target: Floats, price: Price, seed: int) -> Ageing:
    """How the error grows with the lag, apart from everything else.

    The same later rows are priced by models that learnt equally many rows up to earlier and earlier days: neither
    the mix of a week nor the number of rows can be taken for age. Shrunk towards PRIOR_GROWTH.
    """
    lags: list[float] = []
    growths: list[float] = []
    for low, high in BLOCKS if len(day) >= MIN_ROWS else ():
        start, end, first = (float(np.quantile(day, share, method="lower")) for share in (low, high, FIRST_CUT))
        cuts = np.unique(np.linspace(first, start, CUTS).astype(int))
        judge = np.flatnonzero((day > start) & (day <= end))
        pools = [np.flatnonzero((day <= cut) & ~np.isin(car, np.unique(car[judge]))) for cut in cuts]
        count = min(MAX_ROWS, *(len(pool) for pool in pools))
        if len(cuts) < 2 or min(len(judge), count) < MIN_BLOCK_ROWS:
            continue
        errors = [_measure_error(pool, count, judge, target, price, seed) for pool in pools]
        lags += (start - cuts[:-1]).tolist()
        growths += np.log(np.array(errors[:-1]) / errors[-1]).tolist()
    known = float(np.square(lags).sum())
    growth = (np.dot(lags, growths) + PRIOR_DAYS * PRIOR_GROWTH) / (known + PRIOR_DAYS)
    return Ageing(max(float(growth), 0.0), int(max(lags, default=0)))


def forecast_ageing(ageing: Ageing, index: PriceIndex, error: float, lag: float) -> list[dict[str, Any]]:
    """Per band of days the median absolute percentage error and the 90 % interval of priced over paid to come.

    error: of the judged part; lag: its mean days since the last one learnt from. The index carried forward is the
    best guess; its wandering is what makes the interval, and adds to the error as a side adds to the longest. seen:
    whether a lag as long was measured.
    """
    rows = []
    for first, last in LAGS:
        middle = (first + last) / 2
        wander = float(np.sqrt(index.variance + max(index.step, USUAL_STEP) ** 2 * middle))
        grown = error * (1 + ageing.growth * middle) / (1 + ageing.growth * lag)
        drift = -index.expect(middle)
        rows.append(
            {
                "days": f"{first}-{last}",
                "median_ape": float(np.sqrt(grown**2 + BIAS_SHARE * (wander**2 + drift**2))),
                "low_ratio": float(np.exp(drift - NORMAL_90 * wander)),
                "high_ratio": float(np.exp(drift + NORMAL_90 * wander)),
                "seen": bool(last <= ageing.seen + LAGS[0][1]),
            }
        )
    return rows


def _measure_error(
    pool: np.ndarray, count: int, judge: np.ndarray, target: Floats, price: Price, seed: int
) -> float:
    random = np.random.default_rng(seed)
    draws = [np.sort(random.choice(pool, count, replace=False)) for _ in range(TRIES)]
    with ThreadPoolExecutor(PARALLEL_BOOSTERS) as workers:
        priced = list(workers.map(lambda number: price(draws[number], judge, seed + number), range(TRIES)))
    return float(np.mean([np.median(np.abs(np.expm1(each - target[judge]))) for each in priced]))
