"""One of the fits of a price forest: LightGBM on what the depreciation lines leave of the log price."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from carprice.frames.encoding import Floats
from carprice.frames.scoring import find_codes, find_lines, flag_matrix, follow_lines
from carprice.model.forest.depreciation import Depreciation
from carprice.model.forest.price_forest import name_columns
from carprice.system.freed_memory import release_memory
from carprice.system.memory import MANY_ROWS
from carprice.training.columns import Columns, Rows
from carprice.training.forest.feeding import QuietDataset, WideRows, iterate_chunks
from carprice.training.forest.masking import leave_out, leave_out_just
from carprice.training.forest.recipes import Recipe
from carprice.training.forest.reduced import Lacking

THREADS = 1
"""Of one booster: two save a fifth of the time on a quiet machine and take ten times as long on a busy one, where
each waits for the other at every node. Boosters that do not depend on each other are grown in parallel instead."""
PARALLEL_BOOSTERS = 2
MAX_COPIES = 500_000
"""Listings with fields left out that one booster learns from; beyond, a part of them, which weighs the more."""

PARAMS: dict[str, Any] = {
    "min_sum_hessian_in_leaf": 1e-9,
    "feature_fraction_bynode": 0.5,
    "deterministic": True,
    "force_row_wise": True,
    "feature_pre_filter": False,
    "num_threads": THREADS,
    "verbosity": -1,
}

Singles = npt.NDArray[np.float32]
Loss = Callable[[Floats, lgb.Dataset], tuple[Singles, Singles]]


@dataclass(frozen=True)
class Job:
    """A forest to grow. fits: instead of the recipe's."""

    rows: Rows
    recipe: Recipe
    seed: int
    fits: int | None = None


@dataclass(frozen=True)
class Plan:
    """All of a forest but its trees: parts as model.pkl has them, and the median of what the lines leave."""

    parts: dict[str, Any]
    base: float


@dataclass(frozen=True)
class Booster:
    """One of the fits of a forest, to be grown: on the listings, and on copies of them with fields left out.

    lacking: or on copies that lack just these fields.
    """

    job: Job
    columns: Columns
    plan: Plan
    number: int
    lacking: Lacking | None = None

    def __len__(self) -> int:
        return len(self.job.rows)

    def grow(self, network: Mapping[str, Any] | None = None, rare: Sequence[int] = ()) -> str:
        """LightGBM's text. On any machine and however many are grown at once it is the same.

        network: LightGBM's parameters of the machines that grow it together, each from rows of its own. rare: of
        the columns, categories that are numbers here.
        """
        recipe, parts = self.job.recipe, self.plan.parts
        names = name_columns(self.columns.names, parts["wide"], parts["flags"])
        signs = dict(zip(self.columns.names, self.columns.signs, strict=True))
        if parts["years"]:
            del signs[parts["years"]["field"]]
        params = {**describe_params(names, signs, recipe), "seed": self.job.seed + self.number, **(network or {})}
        if len(self.job.rows) >= MANY_ROWS:
            params["num_threads"] = PARALLEL_BOOSTERS  # of which each would grow another booster
        build = _build_data if self.lacking is None else _build_lacking
        data, weight = build(self, params, rare)
        loss = build_loss(recipe.exponent, recipe.width, weight)
        return lgb.train({**params, "objective": loss}, data, recipe.trees).model_to_string()


class Growable(Protocol):
    """A booster of any kind; its length is the listings that it learns from."""

    def __len__(self) -> int: ...

    def grow(self) -> str:
        """LightGBM's text."""
        ...


Grow = Callable[[Sequence[Growable]], list[str]]
"""Grows boosters that do not depend on each other: their texts, in order."""


def grow_here(boosters: Sequence[Growable], progress: Callable[[int], None] | None = None) -> list[str]:
    """Grow PARALLEL_BOOSTERS at a time in this process, of many listings one after the other.

    progress: gets how many are grown, in order, 0 first.
    """
    is_large = max(map(len, boosters), default=0) >= MANY_ROWS
    with ThreadPoolExecutor(1 if is_large else PARALLEL_BOOSTERS) as pool:
        texts: list[str] = []
        growing = pool.map(_grow_and_release, boosters)
        if progress:
            progress(0)
        for text in growing:
            texts.append(text)
            if progress:
                progress(len(texts))
        return texts


def _grow_and_release(booster: Growable) -> str:
    text = booster.grow()
    release_memory()
    return text


def build_loss(exponent: float, width: float, weight: Floats | Singles | float = 1.0) -> Loss:
    """Gradient and curvature of a robust loss whose influence is r * (r^2 + width^2) ** (-exponent / 2).

    It is Barron's general loss with alpha = 2 - exponent ("A general and adaptive robust loss function",
    CVPR 2019). The curvature is the weight of iteratively reweighted least squares (Holland and Welsch,
    1977), which bounds the loss from above, so that every Newton step of a leaf goes down.
    """

    def measure(predicted: Floats, data: lgb.Dataset) -> tuple[Singles, Singles]:
        label, weights = np.asarray(data.get_label()), np.broadcast_to(weight, predicted.shape)
        gradient, curvature = (np.empty(len(predicted), np.float32) for _ in range(2))
        for part in iterate_chunks(len(predicted)):
            residual = predicted[part] - label[part]
            curve = weights[part].astype(float) * width**exponent * (residual**2 + width**2) ** (-exponent / 2)
            gradient[part], curvature[part] = residual * curve, curve
        return gradient, curvature

    return measure


def describe_params(columns: list[str], signs: Mapping[str, int], recipe: Recipe) -> dict[str, Any]:
    """LightGBM's parameters of a recipe."""
    params = {
        **PARAMS,
        "learning_rate": recipe.rate,
        "num_leaves": recipe.leaves,
        "cat_smooth": recipe.cat_smooth,
        "min_data_in_leaf": recipe.least_leaf,
    }
    constraints = [signs.get(name, 0) for name in columns]
    if any(constraints):
        params |= {"monotone_constraints": constraints, "monotone_penalty": recipe.penalty}
    return params


def flag_columns(matrix: Floats, columns: Columns, flags: Sequence[str]) -> list[Floats]:
    """A column for each flagged category, by name: 1 where it is missing, else 0."""
    return flag_matrix(matrix, [columns.names.index(name) for name in flags])


def follow(matrix: Floats, table: Depreciation) -> Floats:
    """The log price of each row by its line; the matrix stays as it is."""
    followed = np.empty(len(matrix))
    for part in iterate_chunks(len(matrix)):
        lines, place, _ = find_lines(matrix[part].copy(), table)
        followed[part] = follow_lines(matrix[part], lines, place, table)
    return followed


def _build_data(booster: Booster, params: dict[str, Any], rare: Sequence[int]) -> tuple[lgb.Dataset, Singles]:
    """What is left of each log price by the lines, binned, and the weight of each row."""
    job, columns, plan = booster.job, booster.columns, booster.plan
    rows, recipe, parts = job.rows, job.recipe, plan.parts
    random = np.random.default_rng([job.seed, booster.number])
    chosen = [_choose_copied(len(rows), recipe.copies, random) for _ in range(recipe.copies)]
    copies = [leave_out(rows.matrix[each], columns, random) for each in chosen]
    table = Depreciation(parts["depreciation"], columns.names)
    targets = [
        (rows.target, rows.matrix),
        *((rows.target[each], copy) for each, copy in zip(chosen, copies, strict=True)),
    ]
    left = [(target - follow(matrix, table) - plan.base).astype(np.float32) for target, matrix in targets]
    copied = sum(map(len, copies))
    weight = np.ones(len(rows) + copied, np.float32)
    weight[len(rows) :] = recipe.copy_weight * len(rows) / max(copied, 1)
    return _bin_rows([rows.matrix, *copies], np.concatenate(left), columns, parts, params, rare), weight


def _build_lacking(booster: Booster, params: dict[str, Any], rare: Sequence[int]) -> tuple[lgb.Dataset, Singles]:
    """The same of listings that lack just the booster's fields."""
    job, columns, plan, lacking = booster.job, booster.columns, booster.plan, booster.lacking
    assert lacking is not None
    random = np.random.default_rng([job.seed, booster.number, *lacking.fields])
    places = np.flatnonzero(lacking.find(job.rows.matrix))
    rows = job.rows.take(places[_choose_copied(len(places), 1, random)])
    matrices = [leave_out_just(rows.matrix, lacking.fields, columns, random)]
    if lacking.is_loose:
        matrices.append(leave_out(matrices[0], columns, random))
    table = Depreciation(plan.parts["depreciation"], columns.names)
    left = np.concatenate([rows.target - follow(matrix, table) - plan.base for matrix in matrices])
    data = _bin_rows(matrices, left.astype(np.float32), columns, plan.parts, params, rare)
    return data, np.ones(len(left), np.float32)


def _bin_rows(
    matrices: Sequence[Floats],
    left: Singles,
    columns: Columns,
    parts: Mapping[str, Any],
    params: dict[str, Any],
    rare: Sequence[int],
) -> lgb.Dataset:
    data = QuietDataset(
        WideRows(matrices, partial(_widen, columns=columns, parts=parts)),
        left,
        feature_name=name_columns(columns.names, parts["wide"], parts["flags"]),
        categorical_feature=_list_categories(columns, parts, rare),
        params=params,
    )
    # Of several machines the bins are those of all rows: they are found when the machines are connected.
    return data if "machines" in params else data.construct()


def _list_categories(columns: Columns, parts: Mapping[str, Any], rare: Sequence[int]) -> list[int]:
    """The places of the categories and the wide columns, but for that of old years, which stay in order."""
    numbers = {columns.names[index] for index in (*columns.numbers, *rare)}
    wide = [len(columns.names) + place for place, name in enumerate(parts["wide"]) if name not in numbers]
    return [*(index for index in columns.categories if index not in rare), *wide]


def _choose_copied(rows: int, copies: int, random: np.random.Generator) -> Any:
    """Which rows one copy of the listings is of: all, or of more than MAX_COPIES in all some, evenly spread."""
    if rows * copies <= MAX_COPIES:
        return slice(None)
    step = rows * copies / MAX_COPIES
    return np.arange(random.random() * step, rows, step).astype(np.int64)


def _widen(matrix: Floats, columns: Columns, parts: Mapping[str, Any]) -> Floats:
    wide = [
        find_codes(matrix[:, columns.names.index(name)], {value: float(code) for code, value in enumerate(known)})
        for name, known in parts["wide"].items()
    ]
    return np.column_stack([matrix, *wide, *flag_columns(matrix, columns, parts["flags"])])
