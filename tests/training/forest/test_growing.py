"""The forest: what it learns, that it keeps to sense, and that the merged text is the mean of its parts."""

from dataclasses import replace
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from tests.training.conftest import QUICK, Encoded, assert_same_scores

from carprice.frames.encoding import Floats
from carprice.frames.scoring import score_matrix
from carprice.model.forest.price_forest import PriceForest
from carprice.training.columns import Rows
from carprice.training.forest.booster import Job, build_loss
from carprice.training.forest.growing import MAX_CODES, choose_flags, grow_forest, grow_forests, merge_forests
from carprice.training.forest.recipes import LARGE, Recipe, calm

SEED = 7
FREE = replace(QUICK, free_years=True)
CALM = replace(calm(LARGE), fits=1, trees=10)


def predict(parts: dict[str, Any], cars: Encoded, matrix: Floats) -> Floats:
    return score_matrix(matrix.copy(), PriceForest(parts, cars.columns.names, cars.scaler))[0]


@pytest.fixture(scope="module")
def parts(cars: Encoded) -> dict[str, Any]:
    return grow_forest(cars.rows, cars.columns, cars.scaler, QUICK, SEED)


def test_it_prices_cars_that_it_never_saw(parts: dict[str, Any], cars: Encoded, other_cars: Rows) -> None:
    error = np.abs(predict(parts, cars, other_cars.matrix) - other_cars.target)
    assert np.median(error) < 0.07


def test_the_same_rows_and_seed_give_the_same_text(parts: dict[str, Any], cars: Encoded) -> None:
    again, other = grow_forests(
        [Job(cars.rows, QUICK, SEED), Job(cars.rows, QUICK, SEED + 1)], cars.columns, cars.scaler
    )
    assert again == parts
    assert other["trees"] != parts["trees"]


@pytest.mark.parametrize("recipe", [QUICK, FREE, CALM], ids=lambda item: item.name)
def test_never_dearer_with_distance_and_never_cheaper_when_newer(cars: Encoded, recipe: Recipe) -> None:
    parts = grow_forest(cars.rows, cars.columns, cars.scaler, recipe, SEED)
    asked = cars.rows.matrix[::30]
    scale = cars.scaler["year"]
    years = (np.arange(2003, 2024) - scale["mean"]) / scale["scale"]
    for index, values, sign in (
        (cars.columns.year, years, 1),
        (cars.columns.mileage, np.linspace(-2, 4, 30), -1),
    ):
        grid = np.repeat(asked, len(values), axis=0)
        grid[:, index] = np.tile(values, len(asked))
        scores = predict(parts, cars, grid).reshape(len(asked), -1)
        assert (sign * np.diff(scores, axis=1) >= -1e-9).all()
    assert (parts["years"] is not None) == recipe.free_years


@pytest.mark.parametrize("recipe", [QUICK, CALM], ids=lambda item: item.name)
def test_a_car_newer_than_any_is_dearer_than_the_newest(cars: Encoded, recipe: Recipe) -> None:
    parts = grow_forest(cars.rows, cars.columns, cars.scaler, recipe, SEED)
    figures = cars.scaler["year"]
    asked = np.repeat(cars.rows.matrix[::60], 3, axis=0)
    asked[:, cars.columns.year] = np.tile(
        (figures["max"] + np.arange(3) - figures["mean"]) / figures["scale"], len(asked) // 3
    )
    steps = np.diff(predict(parts, cars, asked).reshape(-1, 3), axis=1)
    assert (steps > 0.01).all()
    assert_same_scores(PriceForest(parts, cars.columns.names, cars.scaler), asked)


def test_a_missing_optional_field_costs_little(parts: dict[str, Any], cars: Encoded, other_cars: Rows) -> None:
    lacking = other_cars.matrix.copy()
    lacking[:, [cars.columns.names.index(name) for name in ("tax", "mpg", "transmission", "fuel")]] = np.nan
    assert np.median(np.abs(predict(parts, cars, lacking) - other_cars.target)) < 0.08


def test_numbers_of_few_values_are_categories_too_unless_constrained(cars: Encoded) -> None:
    wide = grow_forest(cars.rows, cars.columns, cars.scaler, replace(QUICK, wide=True, trees=2), SEED)["wide"]
    assert {"tax", "engine_size"} <= set(wide)
    assert not {"year", "mileage"} & set(wide)
    assert len(wide["tax"]) == 5
    signs = [
        1 if name == "tax" else sign for name, sign in zip(cars.columns.names, cars.columns.signs, strict=True)
    ]
    columns = replace(cars.columns, signs=signs)
    constrained = grow_forest(cars.rows, columns, cars.scaler, replace(QUICK, wide=True, trees=2), SEED)
    assert "tax" not in constrained["wide"]


@pytest.mark.parametrize(("count", "is_flagged"), [(MAX_CODES, False), (MAX_CODES + 1, True)])
def test_a_category_of_many_values_has_a_flag_whether_or_not_one_is_missing(
    cars: Encoded, count: int, is_flagged: bool
) -> None:
    matrix = cars.rows.matrix.copy()
    matrix[:, 0] = np.arange(len(matrix)) % count
    assert ("make" in choose_flags(matrix, cars.columns)) == is_flagged
    matrix[:5, 0] = np.nan
    assert ("make" in choose_flags(matrix, cars.columns)) == is_flagged


def test_the_merged_text_scores_the_mean_plus_base(cars: Encoded) -> None:
    data = lgb.Dataset(cars.rows.matrix, cars.rows.target, params={"verbosity": -1})
    boosters = [lgb.train({"seed": seed, "num_leaves": 7, "verbosity": -1}, data, 5) for seed in (1, 2, 3)]
    merged = lgb.Booster(model_str=merge_forests([each.model_to_string() for each in boosters], 0.5))
    expected = np.mean([each.predict(cars.rows.matrix) for each in boosters], axis=0) + 0.5
    np.testing.assert_allclose(merged.predict(cars.rows.matrix), expected, rtol=1e-12)
    assert merged.num_trees() == 15


def test_the_loss_is_a_gradient_and_ignores_the_odd() -> None:
    data = lgb.Dataset(np.zeros((3, 1)), np.zeros(3)).construct()
    gradient, curve = build_loss(1.0, 0.1, np.array([1.0, 1.0, 2.0]))(np.array([1e-3, 10.0, 10.0]), data)
    assert gradient[0] == pytest.approx(1e-3, rel=1e-3)
    assert gradient[1] == pytest.approx(0.1, rel=1e-3), "an absolute error has one gradient however large"
    assert gradient[2] == pytest.approx(2 * gradient[1])
    assert (curve > 0).all()


def test_listings_alike_but_for_the_price_make_a_forest_of_one_leaf(cars: Encoded) -> None:
    rows = Rows(np.repeat(cars.rows.matrix[:1], 200, axis=0), cars.rows.target[:200])
    parts = grow_forest(rows, cars.columns, cars.scaler, replace(QUICK, fits=2), SEED)
    assert predict(parts, cars, rows.matrix[:1]) == pytest.approx(np.median(rows.target), abs=0.2)


@pytest.mark.parametrize(
    "recipe", [QUICK, FREE, replace(QUICK, wide=False)], ids=["constrained", "free", "narrow"]
)
def test_old_cars_may_be_dearer_and_from_their_youngest_on_none_is_cheaper_when_newer(
    cars: Encoded, recipe: Recipe
) -> None:
    """A tenth of the cars are of 1965 to 1985, and the dearer the older."""
    year, scale = cars.columns.year, cars.scaler["year"]
    random = np.random.default_rng(5)
    matrix, target = cars.rows.matrix.copy(), cars.rows.target.copy()
    is_old = random.random(len(matrix)) < 0.1
    built = random.integers(1965, 1986, len(matrix))
    matrix[is_old, year] = (built[is_old] - scale["mean"]) / scale["scale"]
    target[is_old] = 10.5 - 0.06 * (built[is_old] - 1965) + random.normal(0, 0.05, is_old.sum())
    parts = grow_forest(Rows(matrix, target), cars.columns, cars.scaler, recipe, SEED)
    error = predict(parts, cars, matrix) - target
    assert np.abs(error[is_old]).mean() < 0.2
    asked = matrix[~is_old][::30]
    years = np.arange(1996, 2024)
    grid = np.repeat(asked, len(years), axis=0)
    grid[:, year] = np.tile((years - scale["mean"]) / scale["scale"], len(asked))
    assert (np.diff(predict(parts, cars, grid).reshape(len(asked), -1), axis=1) >= -1e-9).all()
    assert_same_scores(PriceForest(parts, cars.columns.names, cars.scaler), matrix[is_old][:40])


def test_few_old_cars_change_nothing(cars: Encoded, parts: dict[str, Any]) -> None:
    assert "year" not in parts["wide"]
    assert "since" not in grow_forest(cars.rows, cars.columns, cars.scaler, FREE, SEED)["years"]
