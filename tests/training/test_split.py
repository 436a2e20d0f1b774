"""The split: the same tomorrow, and no car on two sides."""

import polars as pl
import pytest

from carprice.errors import TrainingError
from carprice.training.split import CALIBRATION_PERCENT, TEST_PERCENT, fold_of, split_listings

ROWS = 20_000
GOLDEN_RATIO = 0x9E3779B97F4A7C15


def listings(rows: int = ROWS) -> pl.DataFrame:
    """Keys as spread out as hashes are, every tenth car on offer at two prices."""
    keys = [(number * GOLDEN_RATIO) % 2**64 for number in range(rows)]
    frame = pl.DataFrame({"price": [1000.0 + number for number in range(rows)], "key": keys})
    frame = frame.cast({"key": pl.UInt64})
    return pl.concat([frame, frame[::10].with_columns(pl.col("price") + 500)])


def test_no_car_is_on_two_sides_and_none_is_lost() -> None:
    frame = listings()
    split = split_listings(frame)
    sides = [set(part["key"]) for part in (split.fit, split.calibration, split.test)]
    assert sum(map(len, sides)) == len(set().union(*sides)) == ROWS
    assert split.fit.height + split.calibration.height + split.test.height == frame.height
    assert set(split.training["key"]) == sides[0] | sides[1]


def test_the_parts_have_their_shares() -> None:
    split = split_listings(listings())
    assert split.test.height / (ROWS * 1.1) == pytest.approx(TEST_PERCENT / 100, abs=0.01)
    assert split.calibration.height / (ROWS * 1.1) == pytest.approx(CALIBRATION_PERCENT / 100, abs=0.01)


def test_a_car_keeps_its_side_whatever_else_is_in_the_file() -> None:
    frame = listings()
    some = frame.sample(2000, seed=1, shuffle=True)
    assert set(split_listings(some).test["key"]) == set(split_listings(frame).test["key"]) & set(some["key"])


def test_folds_are_even_and_keep_a_car_together() -> None:
    frame = split_listings(listings()).fit
    folds = frame.with_columns(fold_of(frame, 3).alias("fold"))
    assert folds.group_by("key").agg(pl.col("fold").n_unique())["fold"].max() == 1
    shares = folds["fold"].value_counts()["count"] / folds.height
    assert shares.to_list() == pytest.approx([1 / 3] * 3, abs=0.02)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (9, "10 usable listings leave 4 for the fit part, which needs at least 10"),
        (80, "88 usable listings leave 17 for the calibration part, which needs at least 19"),
    ],
)
def test_too_few_listings_name_the_part_and_the_next_step(rows: int, message: str) -> None:
    with pytest.raises(TrainingError) as caught:
        split_listings(listings(rows))
    assert caught.value.what == message
    assert "./carprice market check LISTINGS" in caught.value.hint
