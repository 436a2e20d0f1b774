"""Grow the price forest: its lines, then its boosters, then those of listings that lack fields."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from carprice.frames.encoding import Floats, Scaler
from carprice.frames.scoring import find_lines, plain_scores
from carprice.model.forest.depreciation import ANY, Depreciation
from carprice.model.forest.price_forest import PriceForest
from carprice.model.forest.year_envelope import scale_years
from carprice.system.memory import MANY_ROWS
from carprice.training.columns import Columns, Rows
from carprice.training.forest.booster import Booster, Grow, Job, Plan, follow, grow_here
from carprice.training.forest.depreciation import ODD_SHARE, fit_depreciation
from carprice.training.forest.feeding import iterate_chunks
from carprice.training.forest.recipes import Recipe
from carprice.training.forest.reduced import Lacking, list_lacking

MAX_VALUES = 1000
"""A number of at most so many values is also a category: a British mpg or tax nearly identifies a variant."""
MAX_CODES = 10
"""Of a category with more values, LightGBM's splits cannot tell a missing one from the rest: a column of its own
does."""
OWN_LEAVES = 255
"""Of a tree of listings that lack fields: with 511 they are hardly better, and take twice the room."""
CLASSIC_AGE = 30
"""From which age on, in years before the newest car, an older car may be the dearer."""
MIN_CLASSICS, MIN_CLASSIC_SHARE = 30, 0.005
"""The listings of such an age that takes, and their share of all."""


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
            [Booster(_reduce_job(job), columns, plan, number, each) for number in range(job.recipe.reduced)]
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


def _reduce_job(job: Job) -> Job:
    return replace(job, recipe=replace(job.recipe, leaves=min(job.recipe.leaves, OWN_LEAVES)))


def _describe_reduced(boosters: Sequence[Booster], texts: list[str]) -> dict[str, Any]:
    """One of `reduced`, as model.pkl has it."""
    [first, *_] = boosters
    assert first.lacking is not None
    fields = [first.columns.names[index] for index in first.lacking.fields]
    loose = {"loose": True} if first.lacking.is_loose else {}
    return {"fields": fields, "trees": merge_forests(texts, first.plan.base), **loose}


def _plan(job: Job, columns: Columns, scaler: Scaler) -> Plan:
    parts = _prepare(job, columns, scaler)
    followed = follow(job.rows.matrix, Depreciation(parts["depreciation"], columns.names))
    return Plan(parts, float(np.median(job.rows.target - followed)))


def _prepare(job: Job, columns: Columns, scaler: Scaler) -> dict[str, Any]:
    """All but the trees."""
    matrix, recipe = job.rows.matrix, job.recipe
    depreciation = fit_depreciation(job.rows, columns, recipe)
    wide = _choose_wide(matrix, columns) if recipe.wide else {}
    years = None
    if columns.year is not None and columns.signs[columns.year] == 1:
        name = columns.names[columns.year]
        classics = _list_classics(_read_years(matrix[:, columns.year], scaler[name]))
        if recipe.free_years:
            years = _list_spans(matrix, columns, depreciation, scaler)
            years |= {"since": classics[-1] + 1} if classics else {}
        elif classics:
            wide[name] = list(scale_years(classics, scaler[name]["mean"], scaler[name]["scale"]))
    return {"depreciation": depreciation, "years": years, "wide": wide, "flags": choose_flags(matrix, columns)}


def _read_years(column: Floats, figures: Mapping[str, float]) -> Floats:
    """The years of a scaled column; NaN where missing."""
    return np.rint(column * figures["scale"] + figures["mean"])


def _list_classics(years: Floats) -> list[int]:
    """The years of cars so old that age may make them dearer; none where few of the listings are."""
    years = years[~np.isnan(years)]
    if not len(years):
        return []
    last = int(np.quantile(years, 1 - ODD_SHARE)) - CLASSIC_AGE
    is_enough = (years <= last).sum() >= max(MIN_CLASSICS, MIN_CLASSIC_SHARE * len(years))
    return list(range(int(years.min()), last + 1)) if is_enough else []


def choose_flags(matrix: Floats, columns: Columns) -> list[str]:
    """The categories of more than MAX_CODES values."""
    return [columns.names[index] for index in columns.categories if _count_known(matrix[:, index]) > MAX_CODES]


def _count_known(column: Floats) -> int:
    return len(np.unique(column[~np.isnan(column)]))


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
    years = _read_years(matrix[:, columns.year or 0], scaler[name])
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
        ends = np.quantile(known, [ODD_SHARE, 1 - ODD_SHARE]) if len(known) else (newest, newest)
        spans.append([*map(int, key), int(np.floor(ends[0])), int(np.ceil(ends[1]))])
    return {"field": name, "spans": spans}


def _scale_line(line: str, added: float, count: int) -> str:
    key, _, values = line.partition("=")
    if key not in ("leaf_value", "internal_value"):
        return line
    return f"{key}=" + " ".join(repr((float(value) + added) / count) for value in values.split())
