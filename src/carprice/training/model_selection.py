"""The choice between recipes, by cross-validation on the training part alone."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from carprice.training.boosting import RECIPES, SIDE_BY_SIDE, Columns, Recipe, Rows, grow_trees, score_rows

FOLDS = 3
ROWS_AT_MOST = 20_000
TREES = 150

Say = Callable[[str], None]


def choose_recipe(
    rows: Rows, fold: np.ndarray, columns: Columns, seed: int, recipes: Sequence[Recipe] = RECIPES
) -> tuple[Recipe, dict[str, float]]:
    """The recipe with the smallest mean absolute error of log price over all folds, and every recipe's error.

    fold: of each row, 0 to 2. More than 20,000 rows are thinned out evenly: that is enough to tell recipes
    apart, and costs seconds.
    """
    step = max(1, -(-len(fold) // ROWS_AT_MOST))
    rows, fold = rows.take(np.arange(0, len(fold), step)), fold[::step]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        found = pool.map(lambda recipe: _cross_validate(recipe, rows, fold, columns, seed), recipes)
        errors = dict(zip([recipe.name for recipe in recipes], found, strict=True))
    best = min(recipes, key=lambda recipe: errors[recipe.name])
    return best, errors


def _cross_validate(recipe: Recipe, rows: Rows, fold: np.ndarray, columns: Columns, seed: int) -> float:
    missed = []
    for held_out in range(FOLDS):
        booster = grow_trees(recipe, rows.take(fold != held_out), None, columns, seed, TREES)
        rest = rows.take(fold == held_out)
        missed.append(np.abs(rest.target - score_rows(booster, rest.matrix)))
    return float(np.concatenate(missed).mean())
