"""Feeding LightGBM in parts: the same trees as from one matrix, whatever the parts."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest
from tests.training.conftest import QUICK, SEED, Encoded

from carprice.training.forest import booster, feeding
from carprice.training.forest.booster import MAX_COPIES, Job
from carprice.training.forest.feeding import QuietDataset, WideRows
from carprice.training.forest.growing import grow_forests

PARAMS = {"num_leaves": 7, "verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1}


@pytest.fixture
def chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "CHUNK_ROWS", 64)
    monkeypatch.setattr(WideRows, "batch_size", 64)


def grow(cars: Encoded, data: object) -> str:
    found = QuietDataset(data, cars.rows.target, categorical_feature=cars.columns.categories, params=PARAMS)
    return lgb.train(PARAMS, found, 5).model_to_string()


@pytest.mark.usefixtures("chunk")
def test_the_trees_are_those_of_the_whole_matrix(cars: Encoded) -> None:
    matrix = cars.rows.matrix
    parts = WideRows([matrix[:700], matrix[700:701], matrix[701:]], np.copy)
    assert len(parts) == len(matrix)
    np.testing.assert_array_equal(parts[600:800], matrix[600:800])
    for row in (0, 1, 699, 700, 1499, 3):
        np.testing.assert_array_equal(parts[row], matrix[row])
    assert grow(cars, parts) == grow(cars, matrix)


STRESS = """
from concurrent.futures import ThreadPoolExecutor
import lightgbm as lgb
import numpy as np
from carprice.training.forest.feeding import QuietDataset, WideRows
PARAMS = {"num_leaves": 7, "verbosity": -1, "num_threads": 1}
random = np.random.default_rng(7)
matrix = np.column_stack([random.random((4000, 5)), random.random((4000, 8)) < 0.05])  # flags are sparse columns
def grow(_):
    data = QuietDataset(WideRows([matrix], np.copy), matrix[:, 0], params=PARAMS).construct()
    return lgb.train(PARAMS, data, 2).model_to_string()
with ThreadPoolExecutor(4) as pool:
    print(len(set(pool.map(grow, range(400)))))
"""


@pytest.mark.slow
def test_two_at_once_do_not_change_the_threads_of_each_other() -> None:
    done = subprocess.run([sys.executable, "-c", STRESS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


@pytest.mark.usefixtures("chunk")
def test_nothing_is_said_of_categories(cars: Encoded, capfd: pytest.CaptureFixture[str]) -> None:
    grow(cars, WideRows([np.column_stack([cars.rows.matrix[:, :-1], np.arange(len(cars.rows))])], np.copy))
    assert capfd.readouterr() == ("", "")


def test_one_booster_after_the_other_gives_the_same_forest(cars: Encoded, monkeypatch: pytest.MonkeyPatch) -> None:
    def grow() -> list[str]:
        jobs = [Job(cars.rows, replace(QUICK, trees=5, fits=2), SEED)]
        return [parts["trees"] for parts in grow_forests(jobs, cars.columns, cars.scaler)]

    usual = grow()
    monkeypatch.setattr(booster, "MANY_ROWS", 1)
    assert grow() == usual


def test_of_many_listings_a_part_has_copies_that_weigh_as_much(
    cars: Encoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = list[np.ndarray]()

    def note(exponent: float, width: float, weight: np.ndarray) -> Callable[..., object]:
        weights.append(weight)
        return build(exponent, width, weight)

    build = booster.build_loss
    monkeypatch.setattr(booster, "build_loss", note)
    for most in (MAX_COPIES, 600):
        monkeypatch.setattr(booster, "MAX_COPIES", most)
        grow_forests([Job(cars.rows, replace(QUICK, trees=2, copies=2), SEED, fits=1)], cars.columns, cars.scaler)
    whole, some = weights
    rows = len(cars.rows)
    assert len(whole) == 3 * rows
    assert len(some) - rows == pytest.approx(600, abs=2)
    assert some[:rows].tolist() == [1.0] * rows
    assert some[rows:].sum() == pytest.approx(whole[rows:].sum(), rel=1e-5)


def test_a_data_set_keeps_its_threads(cars: Encoded) -> None:
    """They are of the process: another number, for a moment, and a booster beside it may crash."""
    for data in (cars.rows.matrix, WideRows([cars.rows.matrix], np.copy)):
        assert QuietDataset(data, cars.rows.target, params=PARAMS).get_params()["num_threads"] == 1
