"""Distillation: a few large trees that price as well as many accurate ones, in a quarter of the time.

Teachers that would be too slow to serve learn from the listings; the student learns their predictions, on the
listings and on augmented rows. Buciluă, Caruana and Niculescu-Mizil, "Model compression" (KDD 2006).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from carprice.frames.encoding import Floats
from carprice.training.boosting import PARALLEL_BOOSTERS, PARAMS, Columns, Recipe, Rows, grow_trees, score_rows

MIN_DISTILLED_ROWS = 20_000
"""Fewer listings do not fill the student's leaves: with Georgia's 10,000 its error is 6 % larger."""
TEACHERS = 3
TEACHER_TREES = 150
TEACHER = Recipe("teacher", leaves=255, cat_smooth=3, exponent=1.25, rate=0.2)
MAX_VALUES = 1000
"""A number with at most so many distinct values is also a category for the teachers: a British mpg or tax nearly
identifies a variant."""
COPIES = 4
SWAPPED_SHARE = 0.25
OWN_WEIGHT = 4.0
"""Of a real listing, against 1 of an augmented one."""
TRUST = 0.7
"""Weight of the teachers' prediction for a real listing, against its actual price."""
STUDENT_TREES = 60
STUDENT: dict[str, Any] = {
    "objective": "l2",
    "learning_rate": 0.2,
    "num_leaves": 1023,
    "min_data_in_leaf": 3,
    "cat_smooth": 1,
    "cat_l2": 1,
    "max_bin": 1023,
    **{name: PARAMS[name] for name in ("deterministic", "force_row_wise", "num_threads", "verbosity")},
}


def distill(rows: Rows, columns: Columns, kept: Sequence[int], seed: int) -> lgb.Booster:
    """Teach the student. kept: the indexes of the columns that say which model a car is, never swapped."""
    widen = _Widening(rows.matrix, columns)
    teachers = _grow_teachers(widen, rows, seed)
    augmented = augment_rows(rows.matrix, kept, seed)
    matrix = np.concatenate([rows.matrix, augmented])
    target = np.mean([score_rows(teacher, widen.apply(matrix)) for teacher in teachers], axis=0)
    own = len(rows.target)
    target[:own] = TRUST * target[:own] + (1 - TRUST) * rows.target
    weight = np.concatenate([np.full(own, OWN_WEIGHT), np.ones(len(augmented))])
    params = describe_student(seed)
    data = lgb.Dataset(
        matrix,
        target,
        weight=weight,
        feature_name=columns.names,
        categorical_feature=columns.categories,
        params={**params, "feature_pre_filter": False},
    )
    return lgb.train(params, data, STUDENT_TREES)


def describe_student(seed: int) -> dict[str, Any]:
    """LightGBM's parameters of the student."""
    return {**STUDENT, "seed": seed}


def augment_rows(matrix: Floats, kept: Sequence[int], seed: int) -> Floats:
    """COPIES times as many rows: real ones with some values from other rows that have the same kept values."""
    random = np.random.default_rng(seed)
    groups = _Groups(matrix[:, list(kept)])
    swapped = [index for index in range(matrix.shape[1]) if index not in kept]
    copies = []
    for _ in range(COPIES):
        copy = matrix.copy()
        for index in swapped:
            chosen = np.flatnonzero(random.random(len(copy)) < SWAPPED_SHARE)
            copy[chosen, index] = matrix[groups.pick(chosen, random), index]
        copies.append(copy)
    return np.concatenate(copies)


class _Groups:
    """Rows that are equal in all of some columns."""

    def __init__(self, keys: Floats) -> None:
        # Without any key all rows are one group; NaN would be unequal to itself.
        keys = np.column_stack([np.zeros(len(keys)), np.nan_to_num(keys, nan=-1.0)])
        _, group, sizes = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
        self._group = group.reshape(-1)
        self._order = np.argsort(self._group, kind="stable")
        self._sizes = sizes
        self._starts = np.cumsum(sizes) - sizes

    def pick(self, rows: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.intp]:
        """For each row a random row of its group, which may be itself."""
        group = self._group[rows]
        offset = (random.random(len(rows)) * self._sizes[group]).astype(np.intp)
        picked: NDArray[np.intp] = self._order[self._starts[group] + offset]
        return picked


class _Widening:
    """Adds to a matrix its numbers of few distinct values once more as categories, for the teachers alone."""

    def __init__(self, matrix: Floats, columns: Columns) -> None:
        numbers = [index for index in range(matrix.shape[1]) if index not in columns.categories]
        values = {index: np.unique(matrix[:, index][~np.isnan(matrix[:, index])]) for index in numbers}
        self._values = {index: known for index, known in values.items() if 0 < len(known) <= MAX_VALUES}
        width = matrix.shape[1]
        self.columns = Columns(
            columns.names + [f"{columns.names[index]}_category" for index in self._values],
            columns.categories + list(range(width, width + len(self._values))),
        )

    def apply(self, matrix: Floats) -> Floats:
        """The wider matrix; a value that the fitted matrix does not have is missing."""
        codes = []
        for index, known in self._values.items():
            code = np.minimum(np.searchsorted(known, matrix[:, index]), len(known) - 1)
            codes.append(np.where(known[code] == matrix[:, index], code, np.nan))
        return np.column_stack([matrix, *codes])


def _grow_teachers(widen: _Widening, rows: Rows, seed: int) -> list[lgb.Booster]:
    wide = Rows(widen.apply(rows.matrix), rows.target)
    seeds = range(seed, seed + TEACHERS)
    with ThreadPoolExecutor(PARALLEL_BOOSTERS) as pool:
        grown = pool.map(lambda each: grow_trees(TEACHER, wide, None, widen.columns, each, TEACHER_TREES), seeds)
        return list(grown)
