"""The choice of a recipe: by held-out error, the dear one only where it is worth it."""

from dataclasses import replace

import numpy as np
import pytest
from tests.training.conftest import QUICK, Encoded

from carprice.training import model_selection
from carprice.training.model_selection import FOLDS, FREE_WORTH, choose_recipe
from carprice.training.recipes import FEW_ROWS, LARGE, LARGE_FREE, SMALL, SMALL_FREE, Recipe, calm
from carprice.training.split import fold_of

SEED = 7


def choose(
    cars: Encoded, errors: dict[str, float], monkeypatch: pytest.MonkeyPatch, rows: int = 100
) -> tuple[Recipe, dict[str, float]]:
    """The choice among recipes of these errors, of a market of so many listings."""
    monkeypatch.setattr(model_selection, "_cross_validate", lambda recipe, *_: errors[recipe.name])
    taken = cars.rows.take(np.arange(rows) % len(cars.rows))
    return choose_recipe(taken, cars.columns, cars.scaler, np.zeros(rows, int), SEED)


@pytest.mark.parametrize(
    ("small", "calmed", "free", "chosen", "chosen_large"),
    [
        (0.10, 0.11, 0.11, SMALL, LARGE),
        (0.10, 0.09, 0.11, calm(SMALL), calm(LARGE)),
        (0.10, 0.11, 0.10 * (1 - FREE_WORTH / 2), SMALL, LARGE),
        (0.10, 0.11, 0.10 * (1 - FREE_WORTH * 2), SMALL_FREE, LARGE_FREE),
    ],
)
def test_the_smallest_error_wins_and_free_years_must_earn_their_cost(
    cars: Encoded, monkeypatch: pytest.MonkeyPatch, small: float, calmed: float, free: float, chosen: Recipe,
    chosen_large: Recipe,
) -> None:  # fmt: skip
    errors = {SMALL.name: small, calm(SMALL).name: calmed}
    few = {**errors, SMALL_FREE.name: free}
    assert choose(cars, few, monkeypatch) == (chosen, few)
    many = {**errors, LARGE.name: small, LARGE_FREE.name: free}
    assert choose(cars, many, monkeypatch, FEW_ROWS)[0] == chosen_large


def test_years_that_are_not_constrained_cannot_be_freed(cars: Encoded, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = {SMALL.name: 0.2, calm(SMALL).name: 0.1}
    for columns in (replace(cars.columns, year=None), replace(cars.columns, signs=[0] * len(cars.columns.signs))):
        assert choose(replace(cars, columns=columns), errors, monkeypatch) == (calm(SMALL), errors)


def test_the_error_is_of_listings_that_were_not_learnt_from(cars: Encoded) -> None:
    fold = [fold_of(cars.frame) % FOLDS == number for number in range(FOLDS)]
    recipe = replace(QUICK, least_leaf=1, leaves=255)
    random = cars.rows.target.copy()
    np.random.default_rng(1).shuffle(random)
    honest = model_selection._cross_validate(recipe, cars.rows, cars.columns, cars.scaler, fold, SEED)
    noise = model_selection._cross_validate(
        recipe, replace(cars.rows, target=random), cars.columns, cars.scaler, fold, SEED
    )
    assert honest < 0.15
    assert noise > np.abs(random - np.median(random)).mean() * 0.9
