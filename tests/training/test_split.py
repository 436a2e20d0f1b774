"""The split: the same tomorrow, no car and no day on two sides, and the newest judged where there are days."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from carprice.errors import TrainingError
from carprice.listings.cleaning import CAR, DAY
from carprice.training.split import (
    MAX_TEST_DAYS,
    MIN_TEST_ROWS,
    TEST_SHARE,
    Split,
    check_split,
    find_cut,
    fold_of,
    split_listings,
)

ROWS = 20_000
GOLDEN_RATIO = 0x9E3779B97F4A7C15


def listings(rows: int = ROWS) -> pl.DataFrame:
    """Cars as spread out as hashes are, every tenth one on offer at two prices."""
    cars = pl.Series(CAR, [(number * GOLDEN_RATIO) % 2**64 for number in range(rows)], dtype=pl.UInt64)
    frame = pl.DataFrame({"price": [1000.0 + number for number in range(rows)], CAR: cars})
    return pl.concat([frame, frame[::10].with_columns(pl.col("price") + 500)])


def dated(days: int = 50, rows: int = ROWS, unknown: float = 0.0) -> pl.DataFrame:
    """The same seen on these days; a share has none."""
    frame = listings(rows)
    draw = np.random.default_rng(1)
    day = draw.integers(18_000, 18_000 + days, frame.height).astype(float)
    values = pl.Series(DAY, np.where(draw.random(frame.height) < unknown, np.nan, day)).fill_nan(None)
    return frame.with_columns(values)


def test_by_car_none_is_on_two_sides_and_none_is_lost() -> None:
    frame = listings()
    split = split_listings(frame)
    assert split.cut is None
    assert not set(split.training[CAR]) & set(split.test[CAR])
    assert split.training.height + split.test.height == frame.height
    assert split.test.height / frame.height == pytest.approx(TEST_SHARE, abs=0.01)


def test_a_car_keeps_its_side_whatever_else_is_in_the_file() -> None:
    frame = listings()
    some = frame.sample(2000, seed=1, shuffle=True)
    assert set(split_listings(some).test[CAR]) == set(split_listings(frame).test[CAR]) & set(some[CAR])


def test_by_time_the_newest_days_are_judged() -> None:
    frame = dated()
    split = split_listings(frame)
    assert split.cut is not None
    assert split.training[DAY].max() == split.cut < split.test[DAY].min()
    assert split.test.height / frame.height == pytest.approx(TEST_SHARE, abs=0.02)
    assert split.test.height == frame.filter(pl.col(DAY) > split.cut).height, "whole days"


def test_by_time_a_car_that_is_judged_is_not_learnt_from_before() -> None:
    frame = dated()
    split = split_listings(frame)
    assert not set(split.training[CAR]) & set(split.test[CAR])
    lost = frame.height - split.training.height - split.test.height
    assert 0 < lost < frame.height / 20


def test_listings_without_a_day_are_learnt_from_and_never_judged() -> None:
    split = split_listings(dated(unknown=0.3))
    assert split.cut is not None
    assert split.test[DAY].null_count() == 0
    assert split.training[DAY].null_count() > 0.2 * ROWS


@pytest.mark.parametrize(
    ("counts", "cut"),
    [
        ({0: 1000}, None),
        ({}, None),
        ({0: 500, 1: 500}, 0.0),
        ({0: 100, 30: 900}, None),
        ({0: 333, 30: 333, 60: 333}, 30.0),
        (dict.fromkeys(range(10), 100), 7.0),
        (dict.fromkeys(range(0, 1000, 10), 10), None),
        ({-400: 1, **dict.fromkeys(range(10), 100)}, 7.0),
        ({0: 1000, 1: MIN_TEST_ROWS - 1}, None),
        ({0: 1000, MAX_TEST_DAYS + 1: 500}, None),
        ({0: 1000, MAX_TEST_DAYS: 500}, 0.0),
    ],
)
def test_the_cut_leaves_whole_days_nearest_a_fifth_or_there_is_none(
    counts: dict[int, int], cut: float | None
) -> None:
    days = np.repeat(np.array(list(counts), dtype=float), list(counts.values()))
    assert find_cut(days) == cut


def test_days_that_cannot_judge_leave_the_split_by_car() -> None:
    for frame in (dated(days=1), dated(unknown=1.0)):
        assert split_listings(frame).cut is None


def test_a_car_on_both_sides_is_caught() -> None:
    split = split_listings(listings())
    leaky = replace(split, training=pl.concat([split.training, split.test[:1]]))
    with pytest.raises(TrainingError, match=r"[12] listings of the test part are of cars that the training part"):
        check_split(leaky)


def test_a_day_on_both_sides_is_caught() -> None:
    split = split_listings(dated())
    assert split.cut is not None
    late = split.training[:1].with_columns(pl.lit(split.cut + 1).alias(DAY), pl.lit(1, pl.UInt64).alias(CAR))
    early = split.test[:2].with_columns(pl.lit(split.cut).alias(DAY))
    unknown = split.test[2:3].with_columns(pl.lit(None, pl.Float64).alias(DAY))
    with pytest.raises(TrainingError, match="1 listings of the training part are of days after"):
        check_split(replace(split, training=pl.concat([split.training, late])))
    for odd, count in ((early, 2), (unknown, 1)):
        with pytest.raises(TrainingError, match=f"and {count} of the test part are not"):
            check_split(replace(split, test=pl.concat([split.test[3:], odd])))


def test_a_training_part_without_a_day_of_its_own_is_no_leak() -> None:
    split = split_listings(dated())
    undated = split.training.with_columns(pl.lit(None, pl.Float64).alias(DAY))
    check_split(Split(undated, split.test, split.cut))


def test_folds_are_even_and_keep_a_car_together() -> None:
    frame = split_listings(listings()).training
    folds = frame.with_columns(pl.Series("fold", fold_of(frame)))
    assert folds.group_by(CAR).agg(pl.col("fold").n_unique())["fold"].max() == 1
    shares = folds["fold"].value_counts()["count"] / folds.height
    assert shares.to_list() == pytest.approx([0.1] * 10, abs=0.01)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (20, "22 usable listings leave 19 for the training part, which needs at least 40"),
        (50, "55 usable listings leave 44 for the test part"),
    ],
)
def test_too_few_listings_name_the_part_and_the_next_step(rows: int, message: str) -> None:
    with pytest.raises(TrainingError) as caught:
        split_listings(listings(rows))
    assert "usable listings leave" in caught.value.what
    assert "which needs at least" in caught.value.what
    assert "./carprice market check LISTINGS" in caught.value.hint
