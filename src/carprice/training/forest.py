"""Grow the price forest: LightGBM on what the depreciation lines leave of the log price."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from carprice.frames.encoding import Floats, Scaler
from carprice.frames.scoring import find_codes, find_lines, flag_matrix, follow_lines, plain_scores
from carprice.frames.stored import MANY_ROWS
from carprice.model.forest.depreciation import ANY, Depreciation
from carprice.model.forest.price_forest import PriceForest, name_columns
from carprice.training.columns import Columns, Rows
from carprice.training.depreciation import fit_depreciation
from carprice.training.feeding import QuietDataset, WideRows, iterate_chunks
from carprice.training.masking import leave_out, leave_out_just
from carprice.training.recipes import Recipe
from carprice.training.reduced import Lacking, list_lacking

MAX_VALUES = 1000
"""A number of at most so many values is also a category: a British mpg or tax nearly identifies a variant."""
MAX_CODES = 10
"""Of a category with more values, LightGBM's splits cannot tell a missing one from the rest: a column of its own
does."""
SPAN_SHARE = 0.005
"""Of the listings of a make and model at either end of its years that its span leaves out."""
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

    def grow(self) -> str:
        """LightGBM's text. On any machine and however many are grown at once it is the same."""
        recipe, parts = self.job.recipe, self.plan.parts
        names = name_columns(self.columns.names, parts["wide"], parts["flags"])
        signs = dict(zip(self.columns.names, self.columns.signs, strict=True))
        if parts["years"]:
            del signs[parts["years"]["field"]]
        params = {**describe_params(names, signs, recipe), "seed": self.job.seed + self.number}
        if len(self.job.rows) >= MANY_ROWS:
            params["num_threads"] = PARALLEL_BOOSTERS  # of which each would grow another booster
        build = _build_data if self.lacking is None else _build_lacking
        data, weight = build(self, params)
        loss = build_loss(recipe.exponent, recipe.width, weight)
        return lgb.train({**params, "objective": loss}, data, recipe.trees).model_to_string()


Grow = Callable[[Sequence[Booster]], list[str]]
"""Grows boosters that do not depend on each other: their texts, in order."""


def grow_here(boosters: Sequence[Booster]) -> list[str]:
    """Grow PARALLEL_BOOSTERS at a time in this process, of many listings one after the other."""
    is_large = max((len(each.job.rows) for each in boosters), default=0) >= MANY_ROWS
    with ThreadPoolExecutor(1 if is_large else PARALLEL_BOOSTERS) as pool:
        return list(pool.map(Booster.grow, boosters))


def grow_forest(
    rows: Rows, columns: Columns, scaler: Scaler, recipe: Recipe, seed: int, grow: Grow = grow_here
) -> dict[str, Any]:
    """Lines and trees, the parts of model.pkl that PriceForest reads."""
    return grow_forests([Job(rows, recipe, seed)], columns, scaler, grow)[0]


def grow_forests(
    jobs: Sequence[Job], columns: Columns, scaler: Scaler, grow: Grow = grow_here
) -> list[dict[str, Any]]:
    """Forests that do not depend on each other; grow: what grows the boosters of all of them."""
    plans = [_plan(job, columns, scaler) for job in jobs]
    boosters = [
        [Booster(job, columns, plan, number) for number in range(job.fits or job.recipe.fits)]
        for job, plan in zip(jobs, plans, strict=True)
    ]
    grown = [
        {**plan.parts, "trees": merge_forests(texts, plan.base)}
        for plan, texts in zip(plans, _grow_groups(boosters, grow), strict=True)
    ]
    lacking = [
        [
            [Booster(job, columns, plan, number, each) for number in range(job.recipe.reduced)]
            for each in _list_reduced(job, columns, scaler, parts)
        ]
        for job, plan, parts in zip(jobs, plans, grown, strict=True)
    ]
    texts = iter(_grow_groups([group for groups in lacking for group in groups], grow))
    return [
        {**parts, "reduced": [_describe_reduced(group, next(texts)) for group in groups]}
        for parts, groups in zip(grown, lacking, strict=True)
    ]


def _grow_groups(groups: Sequence[Sequence[Booster]], grow: Grow) -> list[list[str]]:
    """The texts of each group, all grown together."""
    texts = iter(grow([each for group in groups for each in group]))
    return [list(islice(texts, len(group))) for group in groups]


def _list_reduced(job: Job, columns: Columns, scaler: Scaler, parts: dict[str, Any]) -> list[Lacking]:
    """What has trees of its own."""
    if not job.recipe.reduced:
        return []
    forest = PriceForest(parts, columns.names, scaler)
    return list_lacking(job.rows, columns, lambda matrix: plain_scores(matrix, forest))


def _describe_reduced(boosters: Sequence[Booster], texts: list[str]) -> dict[str, Any]:
    """One of `reduced`, as model.pkl has it."""
    [first, *_] = boosters
    assert first.lacking is not None
    fields = [first.columns.names[index] for index in first.lacking.fields]
    return {"fields": fields, "trees": merge_forests(texts, first.plan.base)}


def _plan(job: Job, columns: Columns, scaler: Scaler) -> Plan:
    parts = _prepare(job, columns, scaler)
    followed = _follow(job.rows.matrix, Depreciation(parts["depreciation"], columns.names))
    return Plan(parts, float(np.median(job.rows.target - followed)))


def _prepare(job: Job, columns: Columns, scaler: Scaler) -> dict[str, Any]:
    """All but the trees."""
    matrix, recipe = job.rows.matrix, job.recipe
    depreciation = fit_depreciation(job.rows, columns, recipe)
    years = None
    if recipe.free_years and columns.year is not None and columns.signs[columns.year] == 1:
        years = _list_spans(matrix, columns, depreciation, scaler)
    wide = _choose_wide(matrix, columns) if recipe.wide else {}
    return {"depreciation": depreciation, "years": years, "wide": wide, "flags": choose_flags(matrix, columns)}


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


def choose_flags(matrix: Floats, columns: Columns) -> list[str]:
    """The categories of more than MAX_CODES values."""
    return [columns.names[index] for index in columns.categories if _count_known(matrix[:, index]) > MAX_CODES]


def _count_known(column: Floats) -> int:
    return len(np.unique(column[~np.isnan(column)]))


def flag_columns(matrix: Floats, columns: Columns, flags: Sequence[str]) -> list[Floats]:
    """A column for each flagged category, by name: 1 where it is missing, else 0."""
    return flag_matrix(matrix, [columns.names.index(name) for name in flags])


def merge_forests(texts: list[str], base: float) -> str:
    """One LightGBM text whose score is the mean of the texts' scores plus base.

    Every leaf is divided by their number; base goes into the first tree of each.
    """
    trees = []
    head = ""
    for text in texts:
        head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
        for number, block in enumerate(blocks):
            added = base if number == 0 else 0.0
            lines = [_scale_line(line, added, len(texts)) for line in block.split("\n")[1:]]
            trees.append("\n".join(lines))
    blocks = [f"Tree={number}\n{tree}" for number, tree in enumerate(trees)]
    sizes = " ".join(str(len(block) + 1) for block in blocks)
    lines = [f"tree_sizes={sizes}" if line.startswith("tree_sizes=") else line for line in head.split("\n")]
    return "\n".join([*lines, *blocks]) + "\nend of trees\n"


def _build_data(booster: Booster, params: dict[str, Any]) -> tuple[lgb.Dataset, Singles]:
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
    left = [(target - _follow(matrix, table) - plan.base).astype(np.float32) for target, matrix in targets]
    copied = sum(map(len, copies))
    weight = np.ones(len(rows) + copied, np.float32)
    weight[len(rows) :] = recipe.copy_weight * len(rows) / max(copied, 1)
    return _bin_rows([rows.matrix, *copies], np.concatenate(left), columns, parts, params), weight


def _build_lacking(booster: Booster, params: dict[str, Any]) -> tuple[lgb.Dataset, Singles]:
    """The same of listings that lack just the booster's fields."""
    job, columns, plan, lacking = booster.job, booster.columns, booster.plan, booster.lacking
    assert lacking is not None
    random = np.random.default_rng([job.seed, booster.number, *lacking.fields])
    rows = job.rows.take(lacking.find(job.rows.matrix))
    rows = rows.take(_choose_copied(len(rows), 1, random))
    matrix = leave_out_just(rows.matrix, lacking.fields, columns, random)
    left = rows.target - _follow(matrix, Depreciation(plan.parts["depreciation"], columns.names)) - plan.base
    return _bin_rows([matrix], left.astype(np.float32), columns, plan.parts, params), np.ones(
        len(rows), np.float32
    )


def _bin_rows(
    matrices: Sequence[Floats], left: Singles, columns: Columns, parts: Mapping[str, Any], params: dict[str, Any]
) -> lgb.Dataset:
    width = len(columns.names)
    data = QuietDataset(
        WideRows(matrices, partial(_widen, columns=columns, parts=parts)),
        left,
        feature_name=name_columns(columns.names, parts["wide"], parts["flags"]),
        categorical_feature=[*columns.categories, *range(width, width + len(parts["wide"]))],
        params=params,
    )
    return data.construct()


def _choose_copied(rows: int, copies: int, random: np.random.Generator) -> Any:
    """Which rows one copy of the listings is of: all, or of more than MAX_COPIES in all some, evenly spread."""
    if rows * copies <= MAX_COPIES:
        return slice(None)
    step = rows * copies / MAX_COPIES
    return np.arange(random.random() * step, rows, step).astype(np.int64)


def _follow(matrix: Floats, table: Depreciation) -> Floats:
    """The log price of each row by its line; the matrix stays as it is."""
    followed = np.empty(len(matrix))
    for part in iterate_chunks(len(matrix)):
        lines, place, _ = find_lines(matrix[part].copy(), table)
        followed[part] = follow_lines(matrix[part], lines, place, table)
    return followed


def _widen(matrix: Floats, columns: Columns, parts: Mapping[str, Any]) -> Floats:
    wide = [
        find_codes(matrix[:, columns.names.index(name)], {value: float(code) for code, value in enumerate(known)})
        for name, known in parts["wide"].items()
    ]
    return np.column_stack([matrix, *wide, *flag_columns(matrix, columns, parts["flags"])])


def _choose_wide(matrix: Floats, columns: Columns) -> dict[str, list[float]]:
    """The numbers of few values that are categories too; none along which a price is monotone."""
    found = {}
    for index, name in enumerate(columns.names):
        if index in columns.categories or index in columns.numbers or columns.signs[index]:
            continue
        known = np.unique(matrix[:, index][~np.isnan(matrix[:, index])])
        if 2 < len(known) <= MAX_VALUES:
            found[name] = known.tolist()
    return found


def _list_spans(
    matrix: Floats, columns: Columns, depreciation: Mapping[str, Any], scaler: Scaler
) -> dict[str, Any]:
    """Of each line the first and the last year of its listings, without a few odd ones."""
    name = columns.names[columns.year or 0]
    years = np.rint(matrix[:, columns.year or 0] * scaler[name]["scale"] + scaler[name]["mean"])
    table = Depreciation(depreciation, columns.names)
    by_line: dict[tuple[float, ...], list[Floats]] = {}
    for part in iterate_chunks(len(matrix), MANY_ROWS):
        lines, place, _ = find_lines(matrix[part].copy(), table)
        for number, line in enumerate(lines):
            found = years[part][place == number]
            for depth in range(len(line.key) + 1):
                key = line.key[:depth] + (ANY,) * (len(line.key) - depth)
                by_line.setdefault(key, []).append(found[~np.isnan(found)])
    newest = int(np.nanmax(years)) if np.isfinite(years).any() else 0
    spans = []
    for key, parts in by_line.items():
        known = np.concatenate(parts)
        ends = np.quantile(known, [SPAN_SHARE, 1 - SPAN_SHARE]) if len(known) else (newest, newest)
        spans.append([*map(int, key), int(np.floor(ends[0])), int(np.ceil(ends[1]))])
    return {"field": name, "spans": spans}


def _scale_line(line: str, added: float, count: int) -> str:
    key, _, values = line.partition("=")
    if key not in ("leaf_value", "internal_value"):
        return line
    return f"{key}=" + " ".join(repr((float(value) + added) / count) for value in values.split())
