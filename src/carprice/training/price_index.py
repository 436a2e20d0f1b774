"""How far the market of each day is from the last day's, so that old prices teach today's.

A local level model by the Kalman filter and smoother (Harvey, "Forecasting, structural time series models and the
Kalman filter", 1989) of the residuals of forests that do not know the day. In a quiet market it is flat and costs
nearly nothing; in one that falls 3 % a month it takes a tenth of the error of the weeks to come. The day is never a
feature: trees cannot go on beyond the last one.
"""

from dataclasses import dataclass

import numpy as np

from carprice.frames.encoding import Floats

STEPS = (0.0, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032)
"""How far the market may move: standard deviation of log price over the root of a day (0.004: 2 % a month)."""
STEP_COST = 0.5
"""Log likelihood that 0.002 of step must earn; so a market that stands still gets a flat index."""
DAY_EFFECTS = (0.006, 0.012, 0.024)
"""Standard deviation of what makes one day differ, such as the mix of cars and of sites: never believed to be 0."""
START_SPREAD = 0.05
"""Of the first level around 0, and 30 steps more where the market moves."""
CLIP = 2.5
"""Usual sizes beyond which a residual counts no more."""
PASSES = 4
"""So that what is clipped is far from the market's level of its day, and not from the start."""
MAX_GAP_DAYS = 60
"""A longer gap is taken for this one, so that a handful of old rows stay out of the reckoning."""
MIN_TREND_DAYS = 180
"""That an index must cover before its trend is believed: less cannot be told from the season."""
TREND_HALF_LIFE_DAYS = 30.0
PRICE_BINS = 10
LEAST_SIZE = 1e-3


@dataclass(frozen=True)
class PriceIndex:
    """The market's log level by day; days ascending since 1970-01-01, arrays (days,).

    step: what a day more makes uncertain. day_effect: see DAY_EFFECTS. variance: of the last level. trend: log price
    a day, 0 where the days are too few.
    """

    days: Floats
    levels: Floats
    step: float
    day_effect: float
    variance: float
    trend: float

    @property
    def as_of(self) -> int:
        """The last day."""
        return int(self.days[-1])

    def at(self, day: Floats) -> Floats:
        """The level of each day: before the first day the first, between two the earlier, then the last."""
        return self.levels[np.clip(np.searchsorted(self.days, day, side="right") - 1, 0, None)]

    def expect(self, lag: float) -> float:
        """The log move of the level so many days after the last one: the trend, halved every half life."""
        days = TREND_HALF_LIFE_DAYS / np.log(2) * (1 - 0.5 ** (lag / TREND_HALF_LIFE_DAYS))
        return float(self.trend * days)


def fit_index(day: Floats, residual: Floats, size: Floats) -> PriceIndex:
    """The likeliest index of out-of-fold residuals (rows,), actual less priced log price.

    size: (rows,), the usual size of each residual.
    """
    centre: Floats = np.zeros(len(day))
    for _ in range(PASSES):
        index = _choose_index(*summarise_days(day, residual, size, centre))
        centre = index.at(day)
    return index


def deflate(target: Floats, day: Floats | None, index: PriceIndex | None) -> Floats:
    """The log prices at the level of the last day; those without a day (NaN) as they are."""
    if index is None or day is None:
        return target
    moved = target - (index.at(day) - index.levels[-1])
    return np.where(np.isnan(day), target, moved)


def measure_sizes(priced: Floats, residual: Floats) -> Floats:
    """The usual size of each residual, by tenths of the predicted log price."""
    edges = np.quantile(priced, np.linspace(0, 1, PRICE_BINS + 1)[1:-1])
    place = np.digitize(priced, edges)
    size = np.full(len(priced), LEAST_SIZE)
    for number in np.unique(place):
        chosen = place == number
        # Of a normal distribution the standard deviation is 1.4826 median absolute ones.
        size[chosen] = max(1.4826 * float(np.median(np.abs(residual[chosen]))), LEAST_SIZE)
    return size


def summarise_days(day: Floats, residual: Floats, size: Floats, centre: Floats) -> tuple[Floats, Floats, Floats]:
    """The days; of each the mean of residuals clipped about centre, weighted by 1 / size^2; and its variance."""
    days, place = np.unique(day, return_inverse=True)
    weight = 1 / size**2
    total = np.bincount(place, weight)
    clipped = centre + np.clip(residual - centre, -CLIP * size, CLIP * size)
    return days, np.bincount(place, weight * clipped) / total, 1 / total


def follow_level(
    gaps: Floats, mean: Floats, variance: Floats, step: float, day_effect: float
) -> tuple[float, Floats, float]:
    """Filter and smooth a level that wanders: log likelihood, level by day, variance of the last one.

    gaps: days since the day before, 0 for the first.
    """
    level, spread, likelihood = 0.0, START_SPREAD**2 + (30 * step) ** 2, 0.0
    before, after = [], []
    for gap, seen, noise in zip(gaps.tolist(), mean.tolist(), variance.tolist(), strict=True):
        spread += step**2 * gap
        before.append((level, spread))
        expected = spread + noise + day_effect**2
        error = seen - level
        likelihood -= (np.log(expected) + error**2 / expected) / 2
        level += spread / expected * error
        spread *= 1 - spread / expected
        after.append((level, spread))
    levels = [level]
    for (ahead, ahead_spread), (own, own_spread) in zip(before[:0:-1], after[-2::-1], strict=True):
        levels.append(own + own_spread / ahead_spread * (levels[-1] - ahead))
    return float(likelihood), np.array(levels[::-1]), spread


def measure_trend(gaps: Floats, levels: Floats, step: float) -> float:
    """Log price a day, shrunk by 1 - 4 / t^2, t the move over what wandering alone makes likely."""
    span = float(gaps.sum())
    move = float(levels[-1] - levels[0])
    if span < MIN_TREND_DAYS or not step or not move:
        return 0.0
    likely = step * np.sqrt(span)
    return move / span * max(0.0, 1 - 4 * (likely / move) ** 2)


def _choose_index(days: Floats, mean: Floats, variance: Floats) -> PriceIndex:
    gaps = np.minimum(np.diff(days, prepend=days[0]), MAX_GAP_DAYS)
    found = {}
    for step in STEPS:
        for day_effect in DAY_EFFECTS:
            likelihood, levels, last = follow_level(gaps, mean, variance, step, day_effect)
            found[step, day_effect] = likelihood - STEP_COST * step / 0.002, levels, last
    step, day_effect = max(found, key=lambda setting: found[setting][0])
    _, levels, last = found[step, day_effect]
    return PriceIndex(days, levels, step, day_effect, last, measure_trend(gaps, levels, step))
