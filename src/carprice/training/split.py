"""Which listings a model is judged by: the newest where listings have a day, else a fifth by car."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from carprice.errors import TrainingError
from carprice.listings.cap import thin_as_market
from carprice.listings.cleaning import CAR, DAY
from carprice.listings.stored import Table, load_frame

TEST_SHARE = 0.2
MAX_TEST_DAYS = 60
MIN_TEST_ROWS = 100
MAX_TEST_SHARE = 0.5
"""Whole days are judged; where no cut between two days leaves a test part within these, the split is by car."""
MAX_TEST_ROWS = 200_000
"""Listings that judge: with so many every figure is known within a few thousandths of itself."""
MIN_PART_ROWS = {"training": 40, "test": 10}
TENTHS = 10


@dataclass(frozen=True)
class Split:
    """Two parts of a clean frame with no car in both.

    test: mixed as the market is, also where a cap left a part of the frequent models alone. cut: the last day of
    the training part, None where the split is by car.
    """

    training: Table
    test: pl.DataFrame
    cut: float | None


def split_listings(frame: Table) -> Split:
    """Split a clean frame by time where it has days, else by car.

    A car that is judged is not learnt from on any day; a listing without a day is learnt from. Raises
    TrainingError when a part has too few listings.
    """
    cut = find_cut(frame[DAY].drop_nulls().to_numpy()) if DAY in frame.columns else None
    cars = frame[CAR]
    if cut is None:
        is_test = cars % 100 < round(100 * TEST_SHARE)
        is_training = ~is_test
    else:
        is_test = (frame[DAY] > cut).fill_null(False)
        is_training = (frame[DAY] <= cut).fill_null(True) & ~cars.is_in(cars.filter(is_test).implode())
    parts = {"training": is_training, "test": is_test}
    for name, least in MIN_PART_ROWS.items():
        if (rows := parts[name].sum()) < least:
            raise TrainingError(
                f"{frame.height} usable listings leave {rows} for the {name} part, which needs at least {least}",
                "Train on more listings; ./carprice market check LISTINGS shows why rows were dropped.",
            )
    test = load_frame(thin_as_market(frame.filter(is_test), MAX_TEST_ROWS))
    split = Split(frame.filter(is_training), test, cut)
    check_split(split)
    return split


def find_cut(day: np.ndarray) -> float | None:
    """The last day to learn from: whole days whose newer share is nearest TEST_SHARE, within the limits, else
    None."""
    if not len(day):
        return None
    days, counts = np.unique(day, return_counts=True)
    newer = 1 - np.cumsum(counts) / len(day)
    fits = (newer * len(day) >= MIN_TEST_ROWS) & (newer <= MAX_TEST_SHARE) & (days >= days[-1] - MAX_TEST_DAYS)
    return float(days[fits][np.argmin(np.abs(newer[fits] - TEST_SHARE))]) if fits.any() else None


def check_split(split: Split) -> None:
    """Raises TrainingError where a car, or by time a day, is on both sides: every figure would be too good."""
    both = split.test[CAR].is_in(split.training[CAR].implode()).sum()
    if both:
        raise TrainingError(f"{both} listings of the test part are of cars that the training part has too")
    if split.cut is None:
        return
    late = int((split.training[DAY] > split.cut).sum())
    early = split.test.filter(~(pl.col(DAY) > split.cut).fill_null(False)).height
    if late or early:
        raise TrainingError(
            f"{late} listings of the training part are of days after {split.cut:.0f}, "
            f"and {early} of the test part are not: no day should be on both sides"
        )


def fold_of(frame: Table) -> np.ndarray:
    """The tenth of every listing, 0 to 9, by digits of its car that the split does not use."""
    return ((frame[CAR] // 100) % TENTHS).cast(pl.Int64).to_numpy()
