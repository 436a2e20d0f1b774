"""Which listings are learnt from, and which judge what was learnt."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from carprice.errors import TrainingError

TEST_PERCENT = 20
MAX_TEST_DAYS = 60
MIN_DATED_ROWS = 100
MAX_DATED_SHARE = 0.5
"""Whole days go to one side; where no cut between two days leaves a test part within these, time is not judged."""
MIN_PART_ROWS = {"training": 50, "test": 10}
CAR, DAY, KEY = "@car", "@day", "key"


@dataclass(frozen=True)
class Split:
    """Two parts of a clean frame with no car, and where judged by time no day, in both of them.

    cut: the last day of the training part, days since 1970-01-01, where it is judged by time.
    """

    training: pl.DataFrame
    test: pl.DataFrame
    cut: float | None = None

    @property
    def judged_by(self) -> str:
        """`time` or `key`."""
        return "key" if self.cut is None else "time"


def split_listings(frame: pl.DataFrame) -> Split:
    """Split a clean frame by time where its days allow, else by car; the same tomorrow.

    By time the newest listings are the test part: whole days, as near to a fifth as can be. Listings without a day
    are learnt from, earlier ones of a car that is judged are not. Raises TrainingError when a part has too few.
    """
    cut = find_cut(frame[DAY].drop_nulls().to_numpy()) if DAY in frame.columns else None
    split = _split_by_car(frame) if cut is None else _split_by_day(frame, cut)
    for name, fewest in MIN_PART_ROWS.items():
        height = getattr(split, name).height
        if height < fewest:
            raise TrainingError(
                f"{frame.height} usable listings leave {height} for the {name} part, "
                f"which needs at least {fewest}",
                "Train on more listings; ./carprice market check LISTINGS shows why rows were dropped.",
            )
    check_split(split)
    return split


def find_cut(day: np.ndarray) -> float | None:
    """The last day to learn from, or None where no day leaves a test part that could judge."""
    days, counts = np.unique(day, return_counts=True)
    if not len(days):
        return None
    newer = len(day) - np.cumsum(counts)
    fits = (newer >= MIN_DATED_ROWS) & (newer <= MAX_DATED_SHARE * len(day)) & (days >= days[-1] - MAX_TEST_DAYS)
    if not fits.any():
        return None
    return float(days[fits][np.argmin(np.abs(newer[fits] / len(day) - TEST_PERCENT / 100))])


def check_split(split: Split) -> None:
    """Raises TrainingError where a car or a day is in both parts: the figures would be too good."""
    car = car_column(split.training)
    both = split.training.join(split.test, on=car, how="semi")[car].n_unique()
    if both:
        raise TrainingError(f"{both} cars are in both the training and the test part: this is a bug")
    if split.cut is None:
        return
    is_late = (split.training[DAY] > split.cut).fill_null(False)
    is_early = (split.test[DAY] <= split.cut).fill_null(True)
    if count := int(is_late.sum() + is_early.sum()):
        raise TrainingError(f"{count} listings are on the wrong side of day {split.cut:g}: this is a bug")


def car_column(frame: pl.DataFrame) -> str:
    """The column that says which car a listing is of."""
    return CAR if CAR in frame.columns else KEY


def fold_of(frame: pl.DataFrame, folds: int) -> pl.Series:
    """The fold of every listing, 0 to folds - 1, by digits of its car that the split does not use."""
    return ((frame[car_column(frame)] // 100) % folds).cast(pl.Int64)


def _split_by_car(frame: pl.DataFrame) -> Split:
    is_test = pl.col(car_column(frame)) % 100 < TEST_PERCENT
    return Split(frame.filter(~is_test), frame.filter(is_test))


def _split_by_day(frame: pl.DataFrame, cut: float) -> Split:
    is_test = (pl.col(DAY) > cut).fill_null(False)
    test = frame.filter(is_test)
    training = frame.filter(~is_test).join(test, on=car_column(frame), how="anti", maintain_order="left")
    return Split(training, test, cut)
