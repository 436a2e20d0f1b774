"""The price index by day: what of the market's movement the held-out errors show, carried forward.

The day is no feature: trees cannot know days to come. Instead the level of the market is a random walk that the
errors of each day measure: Harvey, "Forecasting, structural time series models and the Kalman filter" (1989), the
local level model. What was measured of it stands in docs/LOG.md.
"""

from dataclasses import dataclass

import numpy as np

from carprice.frames.encoding import Floats

STEPS = (0.0, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032)
"""How far the market may move: standard deviation of the log price's move over the root of a day (0.004: 2 % a
month)."""
DAY_EFFECTS = (0.006, 0.012, 0.024)
"""Standard deviation of what makes a whole day differ (the mix of cars, who sold): never believed to be 0."""
STEP_COST = 0.5
"""Log likelihood that 0.002 of step must earn, so that a market that stands still gets a flat index."""
START_SPREAD = 0.05
"""Of the first level around 0, and 30 steps more where the market moves."""
CLIP = 2.5
"""Times the usual error beyond which an error counts no more."""
PASSES = 4
LONGEST_GAP = 60
"""Days: a longer gap is taken for this one, so that a handful of old rows stay out of the reckoning."""
MIN_DAYS = 5
"""With fewer days there is no index."""
MAX_UPDATE = 0.05
"""How far, in log price, prices that come later may move the level of a served model."""
INDEX = "index"
"""The key of the manifest."""
USUAL_STEP = 0.002
"""What a market wanders at least, for what comes after the window: 1.1 % a month."""


@dataclass(frozen=True)
class PriceIndex:
    """The log level by day, its step, the effect of a day, and the variance of the last level."""

    days: Floats
    levels: Floats
    step: float
    day_effect: float
    variance: float

    def since(self, day: Floats) -> Floats:
        """How far the market has moved from each day to the last one, in log price; 0 for a day not known."""
        place = np.searchsorted(self.days, np.nan_to_num(day, nan=self.days[-1]), side="right") - 1
        return np.asarray(self.levels[-1] - self.levels[np.clip(place, 0, None)])


def fit_index(day: Floats, error: Floats, size: Floats) -> PriceIndex | None:
    """The likeliest index of held-out errors (rows,), in log price, of usual size (rows,); None for too few days.

    Gone over PASSES times, so that what is clipped is far from the market's level of its day and not from the
    start.
    """
    if len(np.unique(day)) < MIN_DAYS:
        return None
    level = np.zeros(len(day))
    index = None
    for _ in range(PASSES):
        index = _choose_index(*measure_days(day, error, size, level))
        level = index.levels[np.searchsorted(index.days, day)]
    return index


def measure_days(day: Floats, error: Floats, size: Floats, level: Floats) -> tuple[Floats, Floats, Floats]:
    """Each day, its mean error, and the variance of that: errors clipped about a level, weighted by 1 / size^2."""
    days, place = np.unique(day, return_inverse=True)
    weight = 1 / size**2
    total = np.bincount(place, weight)
    clipped = level + np.clip(error - level, -CLIP * size, CLIP * size)
    return days, np.bincount(place, weight * clipped) / total, 1 / total


def describe_index(index: PriceIndex | None) -> dict[str, float] | None:
    """What the manifest keeps of an index; None where there is none."""
    return None if index is None else {name: getattr(index, name) for name in ("step", "day_effect", "variance")}


def measure_sizes(score: Floats, error: Floats, parts: int = 10) -> Floats:
    """The usual size of an error by tenths of the predicted price, for every row."""
    edges = np.quantile(score, np.linspace(0, 1, parts + 1)[1:-1])
    place = np.digitize(score, edges)
    medians = [
        float(np.median(np.abs(error[place == part]))) if (place == part).any() else 0.1 for part in range(parts)
    ]
    return np.maximum(1.4826 * np.array(medians), 1e-3)[place]


def update_level(index: PriceIndex, day: Floats, error: Floats, size: Floats, bound: float = MAX_UPDATE) -> float:
    """How far prices paid after the last day move the level, by the same filter; never beyond the bound.

    error: actual less what the served model said, in log price.
    """
    days, mean, variance = measure_days(day, error, size, np.zeros(len(day)))
    level, own, last = 0.0, index.variance, index.days[-1]
    step = max(index.step, USUAL_STEP)
    for now, seen, noise in zip(days, mean, variance, strict=True):
        own += step**2 * min(max(now - last, 0), LONGEST_GAP)
        gain = own / (own + noise + index.day_effect**2)
        level += gain * (seen - level)
        own *= 1 - gain
        last = now
    return float(np.clip(level, -bound, bound))


def _choose_index(days: Floats, mean: Floats, variance: Floats) -> PriceIndex:
    found = []
    for step in STEPS:
        for day_effect in DAY_EFFECTS:
            likelihood, levels, last = _follow_level(days, mean, variance, step, day_effect)
            score = likelihood - STEP_COST * step / USUAL_STEP
            found.append((score, PriceIndex(days, levels, step, day_effect, last)))
    return max(found, key=lambda item: item[0])[1]


def _follow_level(
    days: Floats, mean: Floats, variance: Floats, step: float, day_effect: float
) -> tuple[float, Floats, float]:
    """Kalman filter and smoother: log likelihood, level by day, variance of the last one."""
    level, spread, likelihood = 0.0, START_SPREAD**2 + (30 * step) ** 2, 0.0
    before, after = [], []
    for place in range(len(days)):
        gap = min(days[place] - days[place - 1], LONGEST_GAP) if place else 0.0
        spread += step**2 * gap
        before.append((level, spread))
        expected = spread + variance[place] + day_effect**2
        error = mean[place] - level
        likelihood -= (np.log(expected) + error**2 / expected) / 2
        level += spread / expected * error
        spread *= 1 - spread / expected
        after.append((level, spread))
    levels = [after[-1][0]]
    for (ahead, ahead_spread), (own, own_spread) in zip(before[:0:-1], after[-2::-1], strict=True):
        levels.append(own + own_spread / ahead_spread * (levels[-1] - ahead))
    return float(likelihood), np.array(levels[::-1]), float(spread)
