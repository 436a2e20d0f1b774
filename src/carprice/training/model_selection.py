"""The choice between recipes, by cross-validation on the training part alone, with and without fields left out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from carprice.frames.encoding import Floats, Scaler
from carprice.frames.scoring import score_matrix
from carprice.model.forest.price_forest import PriceForest
from carprice.training.columns import Columns, Rows
from carprice.training.forest.booster import Grow, Job, grow_here
from carprice.training.forest.growing import grow_forests
from carprice.training.forest.masking import forget_unseen, leave_out
from carprice.training.forest.recipes import FEW_ROWS, LARGE, LARGE_FREE, SMALL, SMALL_FREE, Recipe, calm

FOLDS = 3
MAX_ROWS = 10_000
MAX_LARGE_ROWS = 500_000
WHOLE_SHARE = 2 / 3
"""Of a recipe's error that is of whole listings; the rest is of the same with fields left out, as people ask."""
FREE_WORTH = 0.015
"""How much smaller the error of trees that are free along the year must be: they take ten times as long to price.
"""

Say = Callable[[str], None]


def choose_recipe(
    rows: Rows, columns: Columns, scaler: Scaler, fold: np.ndarray, seed: int, grow: Grow = grow_here
) -> tuple[Recipe, dict[str, float]]:
    """The recipe with the smallest mean absolute error of log price on held-out folds, and every recipe's error.

    Of whole listings, and of the same with fields left out, WHOLE_SHARE and the rest.

    fold: of each row. A sample tells what may be a calm market from others; whether it is one, and whether trees
    should be free along the year, shows only with all listings. Free ones must be better by FREE_WORTH.
    """
    step = max(1, len(rows) // MAX_ROWS)
    sample = rows.take(np.arange(0, len(rows), step))
    folds = [fold[::step] % FOLDS == number for number in range(FOLDS)]
    tried = [SMALL, calm(SMALL)]
    is_large = len(rows) >= FEW_ROWS
    can_be_free = columns.year is not None and columns.signs[columns.year] == 1
    if can_be_free and not is_large:
        tried.append(SMALL_FREE)
    errors = _cross_validate(tried, sample, columns, scaler, folds, seed, grow)
    best = _find_best(tried, errors)
    if not is_large:
        return best, errors
    if best == SMALL and not can_be_free:
        return LARGE, errors
    large = (LARGE, LARGE_FREE if best == SMALL else calm(LARGE))
    step = -(-len(rows) // MAX_LARGE_ROWS)
    most, one = rows.take(np.arange(0, len(rows), step)), [fold[::step] % FOLDS == 0]
    errors |= _cross_validate(large, most, columns, scaler, one, seed, grow)
    return _find_best(large, errors), errors


def _find_best(recipes: Sequence[Recipe], errors: dict[str, float]) -> Recipe:
    return min(recipes, key=lambda recipe: errors[recipe.name] * (1 + FREE_WORTH * recipe.free_years))


def _cross_validate(
    recipes: Sequence[Recipe],
    rows: Rows,
    columns: Columns,
    scaler: Scaler,
    folds: list[np.ndarray],
    seed: int,
    grow: Grow = grow_here,
) -> dict[str, float]:
    """The error of each recipe, by name; infinite where no fold leaves listings on both sides."""
    outs = [out for out in folds if out.any() and not out.all()]
    if not outs:
        return {recipe.name: math.inf for recipe in recipes}
    learnt = [rows.take(~out) for out in outs]
    jobs = [Job(each, replace(recipe, reduced=0), seed, fits=1) for recipe in recipes for each in learnt]
    forests = iter(grow_forests(jobs, columns, scaler, grow))
    misses = {
        recipe.name: [_measure_miss(rows, out, next(forests), columns, scaler, seed) for out in outs]
        for recipe in recipes
    }
    return {name: float(np.concatenate(each).mean()) for name, each in misses.items()}


def _measure_miss(
    rows: Rows, out: np.ndarray, parts: dict[str, Any], columns: Columns, scaler: Scaler, seed: int
) -> Floats:
    """The absolute errors of a forest that learnt from the other rows."""
    rest, forest = rows.take(out), PriceForest(parts, columns.names, scaler)
    whole = forget_unseen(rest.matrix, rows.matrix[~out], columns)
    lacking = leave_out(whole, columns, np.random.default_rng(seed))
    misses = [np.abs(rest.target - score_matrix(matrix, forest)[0]) for matrix in (whole, lacking)]
    return np.asarray(WHOLE_SHARE * misses[0] + (1 - WHOLE_SHARE) * misses[1])
