"""The choice of a recipe: by held-out error, the dear one only where it is worth it."""

from dataclasses import replace

import numpy as np
import pytest
from tests.training.conftest import QUICK, Encoded

from carprice.training import model_selection
from carprice.training.forest.recipes import FEW_ROWS, LARGE, LARGE_FREE, SMALL, SMALL_FREE, Recipe, calm
from carprice.training.model_selection import FOLDS, FREE_WORTH, choose_recipe
from carprice.training.split import fold_of

SEED = 7


def choose(
    cars: Encoded, errors: dict[str, float], monkeypatch: pytest.MonkeyPatch, rows: int = 100
) -> tuple[Recipe, dict[str, float]]:
    """The choice among recipes of these errors, of a market of so many listings."""
    monkeypatch.setattr(
        model_selection, "_cross_validate", lambda recipes, *_: {each.name: errors[each.name] for each in recipes}
    )
    taken = cars.rows.take(np.arange(rows) % len(cars.rows))
    return choose_recipe(taken, cars.columns, cars.scaler, np.zeros(rows, int), SEED)


WORTH_IT, NOT_WORTH_IT = 0.10 * (1 - FREE_WORTH * 2), 0.10 * (1 - FREE_WORTH / 2)


@pytest.mark.parametrize(
    ("calmed", "free", "chosen"),
    [
        (0.11, 0.11, SMALL),
        (0.09, 0.11, calm(SMALL)),
        (0.11, NOT_WORTH_IT, SMALL),
        (0.11, WORTH_IT, SMALL_FREE),
    ],
)
def test_the_smallest_error_wins_and_free_years_must_earn_their_cost(
    cars: Encoded, monkeypatch: pytest.MonkeyPatch, calmed: float, free: float, chosen: Recipe
) -> None:
    errors = {SMALL.name: 0.10, calm(SMALL).name: calmed, SMALL_FREE.name: free}
    assert choose(cars, errors, monkeypatch) == (chosen, errors)


@pytest.mark.parametrize(
    ("calmed", "free", "chosen"),
    [
        (0.11, 0.11, LARGE),
        (0.09, WORTH_IT, calm(LARGE)),
        (0.11, NOT_WORTH_IT, LARGE),
        (0.11, WORTH_IT, LARGE_FREE),
    ],
)
def test_a_large_market_is_asked_whole_whether_years_should_be_free(
    cars: Encoded, monkeypatch: pytest.MonkeyPatch, calmed: float, free: float, chosen: Recipe
) -> None:
    errors = {SMALL.name: 0.10, calm(SMALL).name: calmed, LARGE.name: 0.10, LARGE_FREE.name: free}
    errors[calm(LARGE).name] = 0.09
    assert choose(cars, errors, monkeypatch, FEW_ROWS)[0] == chosen


def test_what_is_calm_in_a_sample_must_be_so_in_all(cars: Encoded, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = {SMALL.name: 0.10, calm(SMALL).name: 0.09, LARGE.name: 0.10, calm(LARGE).name: 0.11}
    assert choose(cars, errors, monkeypatch, FEW_ROWS) == (LARGE, errors)


def test_fields_that_are_left_out_count_too(cars: Encoded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two recipes that price whole listings alike, the one that knows listings without fields wins."""
    blind, asked = (replace(QUICK, name=name, copies=copies) for name, copies in (("blind", 0), ("asked", 2)))
    folds = [fold_of(cars.frame) % FOLDS == 0]
    errors = model_selection._cross_validate([blind, asked], cars.rows, cars.columns, cars.scaler, folds, SEED)
    monkeypatch.setattr(model_selection, "WHOLE_SHARE", 1.0)
    whole = model_selection._cross_validate([blind, asked], cars.rows, cars.columns, cars.scaler, folds, SEED)
    assert whole["blind"] < whole["asked"]
    assert errors["asked"] < errors["blind"]


def test_listings_of_one_fold_tell_nothing(cars: Encoded) -> None:
    _, errors = choose_recipe(cars.rows.take(np.arange(60)), cars.columns, cars.scaler, np.zeros(60, int), SEED)
    assert set(errors.values()) == {np.inf}


def test_years_that_are_not_constrained_cannot_be_freed(cars: Encoded, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = {SMALL.name: 0.2, calm(SMALL).name: 0.1}
    for columns in (replace(cars.columns, year=None), replace(cars.columns, signs=[0] * len(cars.columns.signs))):
        assert choose(replace(cars, columns=columns), errors, monkeypatch) == (calm(SMALL), errors)


def test_the_error_is_of_listings_that_were_not_learnt_from(cars: Encoded) -> None:
    fold = fold_of(cars.frame) % FOLDS
    folds = [fold == number for number in range(FOLDS)]
    recipe = replace(QUICK, least_leaf=1, leaves=255)
    random = cars.rows.target.copy()
    np.random.default_rng(1).shuffle(random)
    honest, noise = (
        model_selection._cross_validate([recipe], rows, cars.columns, cars.scaler, folds, SEED)[recipe.name]
        for rows in (cars.rows, replace(cars.rows, target=random))
    )
    assert honest < 0.15
    assert noise > np.abs(random - np.median(random)).mean() * 0.9
