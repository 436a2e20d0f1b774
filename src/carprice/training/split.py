"""Which listings the trees learn from, which calibrate them and which test them."""

from dataclasses import dataclass

import polars as pl

from carprice.errors import TrainingError
from carprice.training.calibration import MIN_CALIBRATION_ROWS

TEST_PERCENT = 20
CALIBRATION_PERCENT = 10
FEW_LISTINGS = 1_000
"""With fewer, twice the share is for calibration: a range needs the same number of rows whatever the total."""
MIN_PART_ROWS = {"fit": 10, "calibration": MIN_CALIBRATION_ROWS, "test": 10}


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
    """Split a clean frame by its key, the hash of the car, so that the same car is always in the same part.

    Raises TrainingError when a part has too few listings.
    """
    hundredth = pl.col("key") % 100
    edge = TEST_PERCENT + CALIBRATION_PERCENT * (2 if frame.height < FEW_LISTINGS else 1)
    split = Split(
        fit=frame.filter(hundredth >= edge),
        calibration=frame.filter(hundredth.is_between(TEST_PERCENT, edge - 1)),
        test=frame.filter(hundredth < TEST_PERCENT),
    )
    for name, part in vars(split).items():
        if part.height < MIN_PART_ROWS[name]:
            raise TrainingError(
                f"{frame.height} usable listings leave {part.height} for the {name} part, "
                f"which needs at least {MIN_PART_ROWS[name]}",
                "Train on more listings; ./carprice market check LISTINGS shows why rows were dropped.",
            )
    return split


def fold_of(frame: pl.DataFrame, folds: int) -> pl.Series:
    """The fold of every listing, 0 to folds - 1, by digits of its key that the split does not use."""
    return ((frame["key"] // 100) % folds).cast(pl.Int64)
