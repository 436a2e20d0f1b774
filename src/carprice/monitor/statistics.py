"""Figures with the interval that holds them with 95 %: a median, a share, and how far inputs have drifted.

Sources: Campbell and Gardner, "Calculating confidence intervals for some non-parametric analyses" (BMJ 296, 1988),
for the median; Wilson, "Probable inference, the law of succession, and statistical inference" (JASA 22, 1927), for
a share; Siddiqi, "Credit Risk Scorecards" (2006), for the population stability index (PSI) and its usual limits of
0.1 and 0.25; Yurdakul and Naranjo, "Statistical properties of the population stability index" (Journal of Risk
Model Validation 14, 2020), for what PSI is by chance; Wilson and Hilferty, "The distribution of chi-square" (PNAS
17, 1931).
"""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

NORMAL_95 = 1.96
LEVEL = 0.95
MIN_SHARE = 0.001
"""That a bin is believed to have had in training: one that nothing was in would make PSI infinite."""


class Figure(NamedTuple):
    """A value with the interval that holds it with 95 %."""

    value: float
    low: float
    high: float


def measure_median(values: Sequence[float]) -> Figure:
    """The median of at least six values, and its interval by ranks, whatever the distribution."""
    ranked = sorted(values)
    half, reach = len(ranked) / 2, NORMAL_95 * math.sqrt(len(ranked)) / 2
    low, high = round(half - reach), round(1 + half + reach)
    return Figure(statistics.median(ranked), ranked[max(low, 1) - 1], ranked[min(high, len(ranked)) - 1])


def measure_share(count: int, rows: int) -> Figure:
    """The share that count is of at least one row, with Wilson's interval."""
    share, weight = count / rows, NORMAL_95**2 / rows
    middle = (share + weight / 2) / (1 + weight)
    reach = NORMAL_95 * math.sqrt(share * (1 - share) / rows + weight / rows / 4) / (1 + weight)
    return Figure(share, max(middle - reach, 0.0), min(middle + reach, 1.0))


def measure_drift(counts: Sequence[int], shares: Sequence[float], trained: int) -> Figure:
    """PSI of counts by bin, of at least one row, against the shares that training had; low and high: less and more
    what chance alone makes of it.

    PSI is the sum over bins of (p - q) ln(p / q), p the share now and q that of training. Without drift it is
    about chi-square of one less than the bins' number, times 1 / rows now + 1 / rows trained.
    """
    rows = sum(counts)
    drift, used = 0.0, 0
    for count, share in zip(counts, shares, strict=True):
        if not count and not share:
            continue
        before = max(share, MIN_SHARE)
        now = max(count / rows, min(before, 0.5 / rows))  # an empty bin had half a row, or as many as expected
        drift += (now - before) * math.log(now / before)
        used += 1
    chance = chi_square(used - 1) * (1 / rows + 1 / trained)
    return Figure(drift, max(drift - chance, 0.0), drift + chance)


def chi_square(freedom: int, level: float = LEVEL) -> float:
    """The quantile of chi-square, by Wilson and Hilferty's cube; 0 without a degree of freedom."""
    if freedom < 1:
        return 0.0
    ninth = 2 / (9 * freedom)
    return freedom * (1 - ninth + statistics.NormalDist().inv_cdf(level) * math.sqrt(ninth)) ** 3
