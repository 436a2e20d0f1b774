"""Which listings the trees learn from, which they are calibrated on and which they are judged by."""

from dataclasses import dataclass

import polars as pl

from carprice.errors import TrainingError
from carprice.training.calibration import LEAST_ROWS as CALIBRATION_ROWS

TEST_PERCENT = 20
CALIBRATION_PERCENT = 10
FEW_LISTINGS = 1_000
"""Of fewer, twice as many are for calibration: a range needs its number of them whatever the market's size."""
LEAST_ROWS = {"fit": 10, "calibration": CALIBRATION_ROWS, "test": 10}


@dataclass(frozen=True)
class Split:
    """Three parts of a clean frame with no car in two of them: fit and calibration are the training part."""

    fit: pl.DataFrame
    calibration: pl.DataFrame
    test: pl.DataFrame

    @property
    def training(self) -> pl.DataFrame:
        """Everything but the test part."""
        return pl.concat([self.fit, self.calibration])


def split_listings(frame: pl.DataFrame) -> Split:
    """Split a clean frame by its key: the hash of the car, so the same car always falls in the same part.

    Raises TrainingError when a part has too few listings to learn or judge from.
    """
    place = pl.col("key") % 100
    edge = TEST_PERCENT + CALIBRATION_PERCENT * (2 if frame.height < FEW_LISTINGS else 1)
    split = Split(
        fit=frame.filter(place >= edge),
        calibration=frame.filter(place.is_between(TEST_PERCENT, edge - 1)),
        test=frame.filter(place < TEST_PERCENT),
    )
    for name, part in vars(split).items():
        if part.height < LEAST_ROWS[name]:
            raise TrainingError(
                f"{frame.height} usable listings leave {part.height} for the {name} part, "
                f"which needs at least {LEAST_ROWS[name]}",
                "Train on more listings; ./carprice market check LISTINGS shows why rows were dropped.",
            )
    return split


def fold_of(frame: pl.DataFrame, folds: int) -> pl.Series:
    """The fold of every listing, 0 to folds - 1, by other digits of its key than the split takes."""
    return ((frame["key"] // 100) % folds).cast(pl.Int64)
