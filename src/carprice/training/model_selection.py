"""The choice of a recipe, by cross-validation on what is learnt from alone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from carprice.training.columns import Columns, Rows
from carprice.training.forest import LARGE, SMALL, Recipe, calm
from carprice.training.held_out import price_others

FEW_ROWS = 20_000
"""Below, smaller trees and more of them."""
FOLDS = 3
MAX_ROWS = 10_000

Say = Callable[[str], None]


def choose_recipe(rows: Rows, fold: np.ndarray, columns: Columns, seed: int) -> tuple[Recipe, dict[str, float]]:
    """The recipe for so many rows, calm where its calm sister has the smaller error; and the error of either.

    fold: of each row, from 0. The errors are the mean absolute ones of log price over three folds, one small forest
    each; of more than MAX_ROWS rows an even sample is used, as either noise shows at once.
    """
    step = max(1, len(fold) // MAX_ROWS)
    sample, part = rows.take(np.arange(0, len(fold), step)), fold[::step] % FOLDS
    errors = {}
    for tried in (SMALL, calm(SMALL)):
        priced = price_others(sample, columns, replace(tried, fits=1), part, seed)
        errors[tried.name] = float(np.abs(sample.target - priced).mean())
    recipe = LARGE if len(fold) >= FEW_ROWS else SMALL
    steady, calmed = errors.values()
    return (recipe if steady <= calmed else calm(recipe)), errors
