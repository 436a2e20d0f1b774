"""The range of a price: how far actual prices are from the model's on listings it has not learnt from."""

from typing import Any

import numpy as np

from carprice.errors import TrainingError
from carprice.frames.encoding import Floats

COVERAGE = 0.9
MIN_CALIBRATION_ROWS = round(2 / (1 - COVERAGE)) - 1
"""With fewer, not even the range from the lowest to the highest residual holds COVERAGE of the next listings."""


def calibrate_range(residuals: Floats) -> dict[str, Any]:
    """Split-conformal limits of log(actual) - log(predicted), the same share left out at either end.

    residuals: of held-out listings, in log price. With n of them the limits are the floor(a(n+1))-th
    and the ceil((1-a)(n+1))-th smallest, a = (1 - COVERAGE) / 2: Vovk, Gammerman and Shafer,
    Algorithmic Learning in a Random World, 2005; Lei et al., 2018, two-sided. The range always
    holds the price itself. Raises TrainingError where n is below MIN_CALIBRATION_ROWS.
    """
    ordered = np.sort(residuals)
    count = len(ordered)
    if count < MIN_CALIBRATION_ROWS:
        raise TrainingError(
            f"A range that holds {COVERAGE:.0%} needs {MIN_CALIBRATION_ROWS} held-out listings (got {count})"
        )
    # 1 - 0.9 is a little less than 0.1, which would be one row too few.
    left_out = int(round((1 - COVERAGE) / 2 * (count + 1), 6))
    return {
        "coverage": COVERAGE,
        "low": min(float(ordered[left_out - 1]), 0.0),
        "high": max(float(ordered[count - left_out]), 0.0),
        "rows": count,
    }


def measure_coverage(actual: Floats, low: Floats, high: Floats) -> float:
    """The share of actual prices inside their range."""
    return float(np.mean((actual >= low) & (actual <= high)))
