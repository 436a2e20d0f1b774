"""Copies with fields left out: as callers leave them out, and nothing else changed."""

from dataclasses import replace

import numpy as np
import pytest
from tests.training.conftest import Encoded

from carprice.training.columns import Columns
from carprice.training.forest.masking import (
    MAKE_SHARE,
    MILEAGE_SHARE,
    MODEL_SHARE,
    OPTIONAL_MILEAGE_SHARE,
    SINGLE_SHARE,
    forget_unseen,
    hide,
    leave_out,
)

ROWS = 20_000


def count_missing(columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    whole = np.ones((ROWS, len(columns.names)))
    copy = leave_out(whole, columns, np.random.default_rng(1))
    assert (whole == 1).all(), "the original stays"
    assert ((copy == 1) | np.isnan(copy)).all()
    return np.isnan(copy).mean(0), np.isnan(copy)


def test_every_copy_lacks_one_field_or_more_and_each_as_often(cars: Encoded) -> None:
    share, missing = count_missing(cars.columns)
    others = [index for index in range(len(share)) if index not in cars.columns.core]
    count = missing[:, others].sum(1)
    assert count.min() == 1
    assert (count == 1).mean() == pytest.approx(SINGLE_SHARE + (1 - SINGLE_SHARE) / len(others), abs=0.01)
    assert (count == len(others)).mean() == pytest.approx((1 - SINGLE_SHARE) / len(others), abs=0.01)
    assert share[others] == pytest.approx([share[others].mean()] * len(others), abs=0.02)


def test_a_field_that_no_row_has_moves_nothing(cars: Encoded) -> None:
    matrix = np.ones((100, len(cars.columns.names)))
    empty = np.column_stack([matrix, np.full(100, np.nan)])
    more = replace(cars.columns, names=[*cars.columns.names, "empty"])
    copy = leave_out(matrix, cars.columns, np.random.default_rng(1))
    np.testing.assert_array_equal(leave_out(empty, more, np.random.default_rng(1))[:, :-1], copy)


def test_some_lack_mileage_or_model_and_none_a_make_alone(cars: Encoded) -> None:
    share, missing = count_missing(cars.columns)
    make, model = cars.columns.keys
    assert share[cars.columns.mileage] == pytest.approx(MILEAGE_SHARE, abs=0.005)
    assert share[model] == pytest.approx(MODEL_SHARE + MAKE_SHARE, abs=0.005)
    assert share[make] == pytest.approx(MAKE_SHARE, abs=0.005)
    assert missing[missing[:, make], model].all()
    assert share[cars.columns.year] == 0


def test_an_optional_mileage_is_left_out_more_often(cars: Encoded) -> None:
    share, _ = count_missing(replace(cars.columns, optional=[*cars.columns.optional, cars.columns.mileage]))
    assert share[cars.columns.mileage] == pytest.approx(OPTIONAL_MILEAGE_SHARE, abs=0.01)


def test_a_market_of_nothing_but_these_can_be_masked() -> None:
    share, _ = count_missing(Columns(["make", "model", "year"], [0, 1], [0, 0, 1], [0, 1], 1, 2, None))
    assert share[:2] == pytest.approx([MAKE_SHARE, MODEL_SHARE + MAKE_SHARE], abs=0.005)
    assert count_missing(Columns(["year"], [], [1], [], None, 0, None))[0].tolist() == [0.0]


def test_hide_takes_one_column_away(cars: Encoded) -> None:
    hidden = hide(cars.rows.matrix, 3)
    assert np.isnan(hidden[:, 3]).all()
    np.testing.assert_array_equal(np.delete(hidden, 3, 1), np.delete(cars.rows.matrix, 3, 1))


def test_codes_that_a_forest_never_saw_are_missing_and_numbers_stay(cars: Encoded) -> None:
    matrix = cars.rows.matrix
    learnt = matrix[matrix[:, 1] != 3.0]
    seen = forget_unseen(matrix, learnt, cars.columns)
    assert np.isnan(seen[matrix[:, 1] == 3.0, 1]).all()
    rest = np.delete(np.arange(matrix.shape[1]), 1)
    np.testing.assert_array_equal(seen[:, rest], matrix[:, rest])
    assert not np.isnan(matrix[:, 1]).any(), "the original stays"
