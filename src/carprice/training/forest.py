"""The price forest: what the depreciation lines leave, learnt from listings and from copies with fields left out.

Several forests of other random draws are averaged into one LightGBM text, as Breiman's bagging (1996) does, so that
the mean costs no more to serve than as many trees of one forest.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np

from carprice.frames.encoding import Floats
from carprice.model.price_forest import name_columns
from carprice.training.columns import Columns, Rows
from carprice.training.depreciation import Lines, fit_lines
from carprice.training.merging import merge_texts

PARALLEL_BOOSTERS = 2
"""Boosters grown at the same time, each in one thread: two threads in one booster save a fifth of the time on a
quiet machine and take ten times as long on a busy one, where each waits for the other at every node."""

PARAMS: dict[str, Any] = {
    "min_sum_hessian_in_leaf": 1e-9,
    "feature_fraction_bynode": 0.5,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
    "feature_pre_filter": False,
}


@dataclass(frozen=True)
class Recipe:
    """How a forest is grown.

    fits: forests averaged into one. trees, leaves, rate, least_leaf, cat_smooth, penalty: LightGBM's, of each; no
    monotone split in as many upper levels of a tree as penalty says. exponent: 1 treats large errors as absolute
    error does, towards 2 they count less and less; width: in log price, below which they count as squared error
    does. copies: of every listing with fields left out, copy_weight: of all copies of a listing together. level,
    slope: the shares of the lines' that are taken. is_wide: numbers of few values are categories too.
    """

    name: str
    fits: int = 3
    trees: int = 25
    leaves: int = 511
    rate: float = 0.4
    exponent: float = 1.25
    width: float = 0.2
    cat_smooth: float = 3.0
    least_leaf: int = 10
    copies: int = 2
    copy_weight: float = 0.5
    level: float = 1.0
    slope: float = 0.5
    is_wide: bool = True
    penalty: float = 5.0


LARGE = Recipe("large")
SMALL = Recipe("small", trees=80, leaves=63, rate=0.2, exponent=1.5, copies=4, least_leaf=30, is_wide=False)


def calm(recipe: Recipe) -> Recipe:
    """The recipe for loud noise, as in Georgia, where a third of 1,500 models is named once."""
    changes = {"cat_smooth": 30.0, "level": 0.0, "slope": 0.0, "is_wide": False, "penalty": 0.0}
    return replace(recipe, name=f"{recipe.name} calm", trees=70, leaves=255, rate=0.2, exponent=1.5, **changes)  # type: ignore[arg-type]


MAX_VALUES = 1000
"""Of more distinct values, a number is no category beside itself."""
MIN_FLAGGED_VALUES = 11
"""From so many values on, LightGBM's category splits cannot tell a missing one from the rest: a column of its own
does."""


@dataclass(frozen=True)
class Widening:
    """The columns that the trees see beside the features. values: of the numbers that are categories too, by index.

    flagged: the indexes of categories whose absence is a column. signs: of all columns.
    """

    values: Mapping[int, Floats]
    flagged: tuple[int, ...]
    names: list[str]
    categories: list[int]
    signs: list[int]

    def apply(self, matrix: Floats) -> Floats:
        """The wider matrix; a value that the fitted matrix does not have is missing."""
        wide = []
        for index, known in self.values.items():
            code = np.minimum(np.searchsorted(known, matrix[:, index]), len(known) - 1)
            wide.append(np.where(known[code] == matrix[:, index], code, np.nan))
        flags = [np.isnan(matrix[:, index]).astype(float) for index in self.flagged]
        return np.column_stack([matrix, *wide, *flags])


def fit_widening(matrix: Floats, columns: Columns, is_wide: bool) -> Widening:
    """The columns to add; a constrained number never is a category too, as its order would be lost."""
    values = {}
    for index in columns.others if is_wide else ():
        known = np.unique(matrix[:, index][~np.isnan(matrix[:, index])])
        is_number = index not in columns.categories and not columns.signs[index]
        if is_number and 2 < len(known) <= MAX_VALUES:
            values[index] = known
    flagged = [index for index in columns.categories if _count_known(matrix[:, index]) >= MIN_FLAGGED_VALUES]
    width = len(columns.names)
    added = len(values) + len(flagged)
    wide, flags = ([columns.names[index] for index in indexes] for indexes in (values, flagged))
    return Widening(
        values,
        tuple(flagged),
        names=name_columns(columns.names, wide, flags),
        categories=[*columns.categories, *range(width, width + len(values))],
        signs=[*columns.signs, *[0] * added],
    )


def _count_known(column: Floats) -> int:
    return len(np.unique(column[~np.isnan(column)]))


SINGLE_SHARE = 0.3
"""Of copies, those that lack one field alone; the others lack one to all of them, each number as likely."""
CORE_SHARES = {"mileage": 0.03, "model": 0.05, "make and model": 0.02}
"""Of copies, those that lack it besides."""


def leave_out(matrix: Floats, columns: Columns, random: np.random.Generator) -> Floats:
    """A copy of the rows with fields left out, as callers leave them out."""
    copy, rows, fields = matrix.copy(), len(matrix), columns.others
    many = random.integers(1, max(len(fields), 1) + 1, rows)
    count = np.where(random.random(rows) < SINGLE_SHARE, 1, many)
    rank = random.random((rows, len(fields))).argsort(1).argsort(1)
    for number, index in enumerate(fields):
        copy[rank[:, number] < count, index] = np.nan
    draw, edges = random.random(rows), np.cumsum(list(CORE_SHARES.values()))
    for lacking, low, high in (
        (columns.mileage, 0.0, edges[0]),
        (columns.model, edges[0], edges[2]),
        (columns.make, edges[1], edges[2]),
    ):
        if lacking is not None:
            copy[(draw >= low) & (draw < high), lacking] = np.nan
    return copy


def build_loss(
    exponent: float, width: float, weight: Floats
) -> Callable[[Floats, lgb.Dataset], tuple[Floats, Floats]]:
    """Gradient and curvature of a robust loss whose influence is r * (r^2 + width^2) ** (-exponent / 2).

    It is Barron's general loss with alpha = 2 - exponent ("A general and adaptive robust loss function",
    CVPR 2019). The curvature is the weight of iteratively reweighted least squares (Holland and Welsch,
    1977), which bounds the loss from above, so that every Newton step of a leaf goes down.
    """

    def measure(predicted: Floats, data: lgb.Dataset) -> tuple[Floats, Floats]:
        residual = predicted - np.asarray(data.get_label())
        curve = weight * width**exponent * (residual**2 + width**2) ** (-exponent / 2)
        return residual * curve, curve

    return measure


@dataclass(frozen=True)
class Forest:
    """The price: lines, base and the mean of some boosters."""

    lines: Lines
    widening: Widening
    base: float
    boosters: tuple[lgb.Booster, ...]

    def predict(self, matrix: Floats) -> Floats:
        """The log price of each row."""
        wide = self.widening.apply(matrix)
        scores = [np.asarray(booster.predict(wide, num_threads=1)) for booster in self.boosters]
        return self.lines.apply(matrix) + self.base + np.mean(scores, axis=0)

    def text(self) -> str:
        """The boosters and the base as one LightGBM text."""
        return merge_texts([booster.model_to_string() for booster in self.boosters], self.base)


@dataclass(frozen=True)
class Job:
    """One forest to grow."""

    rows: Rows
    recipe: Recipe
    seed: int


def grow_forest(rows: Rows, columns: Columns, recipe: Recipe, seed: int) -> Forest:
    """Grow one forest."""
    return grow_forests([Job(rows, recipe, seed)], columns)[0]


def grow_forests(jobs: Sequence[Job], columns: Columns) -> list[Forest]:
    """Grow forests that do not depend on each other, PARALLEL_BOOSTERS boosters at a time."""
    with ThreadPoolExecutor(PARALLEL_BOOSTERS) as pool:
        starts = [_start(job, columns) for job in jobs]
        grown = [
            [pool.submit(_grow_booster, job, start, columns, number) for number in range(job.recipe.fits)]
            for job, start in zip(jobs, starts, strict=True)
        ]
        return [
            replace(start, boosters=tuple(future.result() for future in futures))
            for start, futures in zip(starts, grown, strict=True)
        ]


def describe_params(recipe: Recipe) -> dict[str, Any]:
    """LightGBM's parameters of a recipe."""
    return {
        **PARAMS,
        "learning_rate": recipe.rate,
        "num_leaves": recipe.leaves,
        "min_data_in_leaf": recipe.least_leaf,
        "cat_smooth": recipe.cat_smooth,
    }


def _start(job: Job, columns: Columns) -> Forest:
    lines = fit_lines(job.rows, columns, job.recipe.level, job.recipe.slope)
    widening = fit_widening(job.rows.matrix, columns, job.recipe.is_wide)
    base = float(np.median(job.rows.target - lines.apply(job.rows.matrix)))
    return Forest(lines, widening, base, ())


def _grow_booster(job: Job, start: Forest, columns: Columns, number: int) -> lgb.Booster:
    recipe, matrix, count = job.recipe, job.rows.matrix, len(job.rows.target)
    random = np.random.default_rng([job.seed, number])
    rows = np.concatenate([matrix, *(leave_out(matrix, columns, random) for _ in range(recipe.copies))])
    label = np.tile(job.rows.target, recipe.copies + 1) - start.lines.apply(rows) - start.base
    weight = np.ones(len(label))
    weight[count:] = recipe.copy_weight / max(recipe.copies, 1)
    params = {**describe_params(recipe), "seed": job.seed + number}
    if any(start.widening.signs):
        params |= {"monotone_constraints": start.widening.signs, "monotone_penalty": recipe.penalty}
    data = lgb.Dataset(
        start.widening.apply(rows),
        label,
        feature_name=start.widening.names,
        categorical_feature=start.widening.categories,
        params=params,
    )
    loss = build_loss(recipe.exponent, recipe.width, weight)
    return lgb.train({**params, "objective": loss}, data, recipe.trees)
