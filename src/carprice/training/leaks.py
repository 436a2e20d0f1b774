"""Features that were computed from the price: with one, every figure is too good and every price a copy."""

import numpy as np
import polars as pl

from carprice.errors import TrainingError
from carprice.frames.encoding import Floats
from carprice.market.market_file import Market

MAX_ROWS = 20_000
MIN_ROWS = 200
MIN_VALUES = 100
"""With fewer, a number cannot give the price away."""
MIN_ERROR = 0.02
"""Of the price by its neighbours alone: an honest number, even with the mileage beside it, is worse by far."""


def check_leaks(frame: pl.DataFrame, market: Market) -> None:
    """Raises TrainingError naming a number from which, alone or times or over another, the price follows."""
    sample = frame[:: max(1, frame.height // MAX_ROWS)]
    if sample.height < MIN_ROWS:
        return
    target = np.log(sample["price"].to_numpy())
    numbers = {
        feature.name: _read_logs(sample[feature.name])
        for feature in market.features
        if not feature.is_category and sample[feature.name].n_unique() >= MIN_VALUES
    }
    for name, values in numbers.items():
        others = {"": np.zeros(len(values))} | {other: each for other, each in numbers.items() if other != name}
        for other, each in others.items():
            for sign in (1, -1) if other else (1,):
                error = measure_neighbours(values + sign * each, target)
                if error < MIN_ERROR:
                    with_other = f" with {other}" if other else ""
                    raise TrainingError(
                        f"Feature {name}{with_other} gives the price away: the listing with the nearest value has "
                        f"it within {error:.2%} in the median",
                        f"It was computed from the price; remove features.{name} from the market file.",
                    )


def measure_neighbours(values: Floats, target: Floats) -> float:
    """The median error of a log price by the mean of the two listings with the nearest values; NaN is left out."""
    known = np.isfinite(values)
    if known.sum() < MIN_ROWS or len(np.unique(values[known])) < MIN_VALUES:
        return np.inf
    ordered = target[known][np.argsort(values[known], kind="stable")]
    return float(np.median(np.abs(ordered[1:-1] - (ordered[:-2] + ordered[2:]) / 2)))


def _read_logs(values: pl.Series) -> Floats:
    """Logarithms, so that products become sums; a number that is not above 0 is left out."""
    numbers = values.fill_null(np.nan).to_numpy()
    return np.log(np.where(numbers > 0, numbers, np.nan))
