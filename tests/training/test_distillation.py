"""The student: what it learns from, and that it prices like its teachers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.bundles import invent_uk_listings

from carprice.frames.encoding import Floats, encode_frame, fit_encoders, list_categories
from carprice.market.market_file import Market, load_market
from carprice.training import fit
from carprice.training.boosting import Columns, Rows, score_rows
from carprice.training.distillation import COPIES, STUDENT_TREES, SWAPPED_SHARE, augment_rows, distill
from carprice.training.fit import Fitted, fit_split
from carprice.training.split import split_listings

ROWS = 3000
SEED = 7
MAKE, MODEL, YEAR = 0, 1, 2


@pytest.fixture(scope="module")
def uk(markets_dir: Path) -> Market:
    return load_market("uk", markets_dir)


@pytest.fixture(scope="module")
def parts(uk: Market) -> tuple[Rows, Rows]:
    """Rows to learn from, and others that were drawn apart and encoded by the same encoders."""
    frames = invent_uk_listings(uk, ROWS), invent_uk_listings(uk, ROWS, seed=SEED + 1)
    encoders, scaler = fit_encoders(frames[0], uk)
    first, second = (
        Rows(encode_frame(frame, uk, encoders, scaler), np.log(frame["price"].to_numpy())) for frame in frames
    )
    return first, second


@pytest.fixture(scope="module")
def rows(parts: tuple[Rows, Rows]) -> Rows:
    return parts[0]


@pytest.fixture(scope="module")
def other_rows(parts: tuple[Rows, Rows]) -> Rows:
    return parts[1]


@pytest.fixture(scope="module")
def columns(uk: Market) -> Columns:
    return Columns([feature.name for feature in uk.features], list_categories(uk))


def same(one: Floats, other: Floats) -> np.ndarray:
    """Where two matrices have the same value; none is the same as none."""
    return (one == other) | (np.isnan(one) & np.isnan(other))


def test_imagined_cars_have_values_of_their_own_model_only(rows: Rows) -> None:
    augmented = augment_rows(rows.matrix, (MAKE, MODEL), SEED)
    assert len(augmented) == COPIES * ROWS
    real = np.tile(rows.matrix, (COPIES, 1))
    assert same(augmented[:, : MODEL + 1], real[:, : MODEL + 1]).all()
    for model in np.unique(real[:, MODEL]):
        mine = augmented[:, MODEL] == model
        years = rows.matrix[rows.matrix[:, MODEL] == model, YEAR]
        assert np.isin(augmented[mine, YEAR], years).all()
    kept = same(augmented[:, YEAR], real[:, YEAR]).mean()
    assert 1 - SWAPPED_SHARE <= kept < 1 - SWAPPED_SHARE + 0.05, "a swap may find the same year"


def test_without_make_and_model_any_car_may_lend(rows: Rows) -> None:
    augmented = augment_rows(rows.matrix, (), SEED)
    real = np.tile(rows.matrix, (COPIES, 1))
    assert not same(augmented[:, MAKE], real[:, MAKE]).all()
    assert np.isin(augmented[:, YEAR], rows.matrix[:, YEAR]).all()


def test_a_missing_make_is_a_group_of_its_own(rows: Rows) -> None:
    matrix = rows.matrix.copy()
    matrix[:10, MAKE] = np.nan
    matrix[:10, YEAR] = 99.0
    augmented = augment_rows(matrix, (MAKE,), SEED)
    assert (augmented[np.isnan(augmented[:, MAKE]), YEAR] == 99.0).all()


def test_the_student_is_small_and_learns_the_same_again(rows: Rows, other_rows: Rows, columns: Columns) -> None:
    first, second = (distill(rows, columns, (MAKE, MODEL), SEED) for _ in range(2))
    assert first.num_trees() == STUDENT_TREES
    assert first.feature_name() == columns.names
    assert first.model_to_string() == second.model_to_string()
    assert not np.isin(other_rows.target, rows.target).all()
    error = np.abs(score_rows(first, other_rows.matrix) - other_rows.target).mean()
    assert error < 0.1 * other_rows.target.std()


@pytest.fixture
def fit_with(uk: Market, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], Fitted]:
    """A fit that tries a student, and takes it where its error is so much larger than the fitted trees'."""

    def fit_with(worth: float) -> Fitted:
        monkeypatch.setattr(fit, "MIN_DISTILLED_ROWS", 1)
        monkeypatch.setattr(fit, "FEWER_WORTH", worth)
        frame = invent_uk_listings(uk, ROWS)
        keys = pl.Series("key", np.random.default_rng(SEED).integers(0, 2**63, ROWS), dtype=pl.UInt64)
        return fit_split(split_listings(frame.with_columns(keys)), uk, SEED, lambda _: None)

    return fit_with


@pytest.mark.parametrize(("worth", "strategy"), [(10.0, "distilled"), (-0.9, "fitted")])
def test_the_student_serves_where_it_is_as_good(
    fit_with: Callable[[float], Fitted], worth: float, strategy: str
) -> None:
    params = fit_with(worth).params
    assert params["strategy"] == strategy
    assert (params["trees"] == STUDENT_TREES) == (strategy == "distilled")
    assert params["held_out_error_student"] > 0
    assert params["held_out_error_fitted"] > 0
