"""The choice between recipes, by cross-validation on the training part alone."""

from collections.abc import Callable

import numpy as np

from carprice.frames.encoding import Scaler
from carprice.frames.scoring import score_matrix
from carprice.model.price_forest import PriceForest
from carprice.training.columns import Columns, Rows
from carprice.training.forest import Job, grow_forests
from carprice.training.recipes import FEW_ROWS, LARGE, LARGE_FREE, SMALL, SMALL_FREE, Recipe, calm

FOLDS = 3
MAX_ROWS = 10_000
FREE_WORTH = 0.015
"""How much smaller the error of trees that are free along the year must be: they take ten times as long to price.
"""

Say = Callable[[str], None]


def choose_recipe(
    rows: Rows, columns: Columns, scaler: Scaler, fold: np.ndarray, seed: int
) -> tuple[Recipe, dict[str, float]]:
    """The recipe with the smallest mean absolute error of log price over three folds, and every recipe's error.

    fold: of each row. Of more than MAX_ROWS an even sample is used, with the recipes of small markets, which
    differ as those of large ones do. A recipe of free years must be better than the others by FREE_WORTH.
    """
    step = max(1, len(rows) // MAX_ROWS)
    sample, fold = rows.take(np.arange(0, len(rows), step)), fold[::step] % FOLDS
    recipes = [SMALL, calm(SMALL)]
    if columns.year is not None and columns.signs[columns.year] == 1:
        recipes += [SMALL_FREE]
    errors = {recipe.name: _cross_validate(recipe, sample, columns, scaler, fold, seed) for recipe in recipes}
    best = min(recipes, key=lambda recipe: errors[recipe.name] * (1 + FREE_WORTH * recipe.free_years))
    if len(rows) >= FEW_ROWS:
        best = {SMALL: LARGE, SMALL_FREE: LARGE_FREE}.get(best, calm(LARGE))
    return best, errors


def _cross_validate(
    recipe: Recipe, rows: Rows, columns: Columns, scaler: Scaler, fold: np.ndarray, seed: int
) -> float:
    outs = [out for number in range(FOLDS) if (out := fold == number).any() and not out.all()]
    forests = grow_forests([Job(rows.take(~out), recipe, seed, fits=1) for out in outs], columns, scaler)
    errors = []
    for out, parts in zip(outs, forests, strict=True):
        rest = rows.take(out)
        score, _, _ = score_matrix(rest.matrix, PriceForest(parts, columns.names, scaler))
        errors.append(np.abs(rest.target - score))
    return float(np.concatenate(errors).mean())
