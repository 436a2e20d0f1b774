"""Ratio-study statistics: how near prices come to what was asked or paid, and how fair and wide they are.

The ratio is predicted / actual, as assessors have it (appraised value / sale price). Sources:
IAAO, "Standard on Ratio Studies" (2013), for median ratio, COD, PRD and PRB; Campbell and Gardner, "Calculating
confidence intervals for some non-parametric analyses" (BMJ 296, 1988), for the median's interval; Gneiting and
Raftery, "Strictly proper scoring rules, prediction, and estimation" (JASA 102, 2007), for the interval score.
No listing is trimmed.
"""

import math

import numpy as np

from carprice.frames.encoding import Floats

Statistics = dict[str, float | None]
"""By name; None where the listings are too few or too alike for it."""

ALPHA = 0.1
"""What a range of 90 % leaves outside."""
NORMAL_95 = 1.96
SAME_LEVEL = 1e-9
"""Of log2 of the price: what rounding makes of prices that are alike."""
NEAR = {"ppe5": 0.05, "ppe10": 0.1, "ppe20": 0.2}
FAR = {"over_20": 0.2, "over_50": 0.5}


def measure_prices(actual: Floats, predicted: Floats, low: Floats, high: Floats) -> Statistics:
    """The statistics of listings and their prices; arrays (rows,) in currency, all above 0, at least one row.

    With a = actual, p = predicted, r = p / a and e = |p - a| / a, shares of 1 unless said otherwise:
    rows; median_ape, the median of e; mape, its mean; ppe5, ppe10, ppe20, the share with e <= 5, 10, 20 %;
    mae, the mean of |p - a|, in currency; median_ratio, the median of r, with low_ratio and high_ratio, its 95 %
    interval; cod, prd and prb, as their functions say; fsd, the forecast standard deviation, that of (p - a) / a;
    coverage, the share of low <= a <= high; width, the median of (high - low) / p; interval_score, in currency;
    over_20 and over_50, the share with e above 20 and 50 %.
    """
    ratio = predicted / actual
    share = np.abs(predicted - actual) / actual
    low_ratio, high_ratio = bound_median(ratio)
    return {
        "rows": int(actual.size),
        "median_ape": float(np.median(share)),
        "mape": float(share.mean()),
        **{name: float(np.mean(share <= limit)) for name, limit in NEAR.items()},
        "mae": float(np.abs(predicted - actual).mean()),
        "median_ratio": float(np.median(ratio)),
        "low_ratio": low_ratio,
        "high_ratio": high_ratio,
        "cod": measure_dispersion(ratio),
        "prd": measure_differential(actual, predicted),
        "prb": measure_price_bias(actual, predicted),
        "fsd": float(np.std(ratio, ddof=1)) if actual.size > 1 else None,
        "coverage": float(np.mean((low <= actual) & (actual <= high))),
        "width": float(np.median((high - low) / predicted)),
        "interval_score": score_intervals(actual, low, high),
        **{name: float(np.mean(share > limit)) for name, limit in FAR.items()},
    }


def bound_median(values: Floats) -> tuple[float, float] | tuple[None, None]:
    """The 95 % interval of a median by ranks, whatever the distribution; none for fewer than six values.

    The ranks are n / 2 - 1.96 sqrt(n) / 2 and 1 + n / 2 + 1.96 sqrt(n) / 2, each to the nearest whole one.
    """
    half, reach = values.size / 2, NORMAL_95 * math.sqrt(values.size) / 2
    low, high = round(half - reach), round(1 + half + reach)
    if low < 1:
        return None, None
    ranked = np.partition(values, (low - 1, high - 1))
    return float(ranked[low - 1]), float(ranked[high - 1])


def measure_dispersion(ratio: Floats) -> float:
    """COD, the coefficient of dispersion: 100 mean |r - median r| / median r; 0 where all ratios are alike."""
    median = np.median(ratio)
    return float(100 * np.abs(ratio - median).mean() / median)


def measure_differential(actual: Floats, predicted: Floats) -> float:
    """PRD, the price-related differential: mean r / (sum p / sum a); above 1 where cheap cars come out dear."""
    return float((predicted / actual).mean() / (predicted.sum() / actual.sum()))


def measure_price_bias(actual: Floats, predicted: Floats) -> float | None:
    """PRB, the coefficient of price-related bias: by how much of itself the ratio rises when the price doubles.

    The slope of a least-squares line of (r - m) / m on log2((p / m + a) / 2), where m is the median ratio. None
    where all prices are alike.
    """
    ratio = predicted / actual
    median = np.median(ratio)
    level = np.log2((predicted / median + actual) / 2)
    if np.ptp(level) < SAME_LEVEL:
        return None
    level -= level.mean()
    return float(level @ (ratio / median - 1)) / float(level @ level)


def score_intervals(actual: Floats, low: Floats, high: Floats) -> float:
    """The mean interval score of 90 % ranges, in currency; smaller is better.

    (high - low) + 2 / 0.1 (low - a) where a is below low, + 2 / 0.1 (a - high) where it is above high.
    """
    outside = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
    return float(np.mean(high - low + 2 / ALPHA * outside))
