"""The honest range: how far actual prices lie from the model's on listings it has not learnt from."""

from typing import Any

import numpy as np

from carprice.training.matrix import Floats

COVERAGE = 0.9


def calibrate_range(residuals: Floats, coverage: float = COVERAGE) -> dict[str, Any]:
    """Split-conformal limits of log(actual) - log(predicted), the same share left out at either end.

    residuals: of held-out listings, in log price. With n of them the limits are the floor(a(n+1))-th
    and the ceil((1-a)(n+1))-th smallest, a = (1 - coverage) / 2: Vovk, Gammerman and Shafer,
    Algorithmic Learning in a Random World, 2005; Lei et al., 2018, two-sided. The range always
    holds the price itself.
    """
    ordered = np.sort(residuals)
    count = len(ordered)
    share = (1 - coverage) / 2
    low = max(int(np.floor(share * (count + 1))), 1)
    high = min(int(np.ceil((1 - share) * (count + 1))), count)
    return {
        "coverage": coverage,
        "low": min(float(ordered[low - 1]), 0.0),
        "high": max(float(ordered[high - 1]), 0.0),
        "rows": count,
    }


def measure_coverage(actual: Floats, low: Floats, high: Floats) -> float:
    """The share of actual prices inside their range."""
    return float(np.mean((actual >= low) & (actual <= high)))
