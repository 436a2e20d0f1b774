"""The range of a price: held-out errors, a forest for their usual size, and quantiles of error over size.

Normalised conformal prediction (Papadopoulos, Gammerman and Vovk, "Normalized nonconformity measures for
regression conformal prediction", 2008; Lei et al., "Distribution-free predictive inference for regression", JASA
2018), with out-of-fold errors, cross-fitted sizes, and the limits by groups of size (Mondrian: Vovk et al., 2003).
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from carprice.errors import TrainingError
from carprice.frames.encoding import Floats, Scaler
from carprice.frames.scoring import score_matrix
from carprice.frames.stored import MANY_ROWS
from carprice.model.forest.price_forest import PriceForest
from carprice.model.price_range import LEVELS, MIN_LIKE
from carprice.training.columns import Columns, Rows
from carprice.training.forest.booster import PARALLEL_BOOSTERS, THREADS, Grow, Job, flag_columns, grow_here
from carprice.training.forest.depreciation import group_rows
from carprice.training.forest.growing import grow_forests
from carprice.training.forest.masking import forget_unseen, hide, leave_out
from carprice.training.forest.recipes import Recipe

PARTS = 10
"""Of the models: each is hidden from the forest of one fold."""
MAX_HELD_ROWS = 100_000
"""Of a fold that are held out to be priced: with so many each quantile of the errors is known within 0.1 %."""
MAX_HIDDEN_SHARE = 0.25
"""Of the listings; where one part of the models has more, the forest would learn another market without it."""
MAX_COST_ROWS = 2_000
"""Of a fold: enough for a median, and each is priced again without each of the fields."""
MIN_GROUP_ROWS = 19
"""With fewer, not even the range from the lowest to the highest error holds 90 % of the next listings."""
HIDDEN_COPIES_SHARE = 0.3
"""Of hidden models' listings that lack other fields too."""
COPY_WEIGHT = 0.5
"""Of a held-out listing with fields left out, and of one of a hidden model, against 1 of a whole one."""
SPREAD_TREES = 60
SPREAD: dict[str, Any] = {
    "objective": "gamma",
    "num_leaves": 31,
    "learning_rate": 0.1,
    "feature_fraction_bynode": 0.5,
    "cat_smooth": 30,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": THREADS,
    "verbosity": -1,
}
LEAST_ERROR = 1e-4
"""Added to each error, in log price: a gamma needs them above 0."""
SIZE_GROUPS = 3
CROSS_FITS = 5
UNSEEN = 1.25
"""How many times wider, in log price, the range of a model is that training never saw, beyond what hidden models
need."""


_Versions = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class HeldOut:
    """Listings priced by forests that never saw them, each in several versions; arrays (versions,).

    matrix: the rows as they were priced. score: log price. listing: its row in what was learnt from.
    is_whole: nothing was left out. is_hidden: the forest had no listing of its model. like: listings of the same
    make and model that the forest had.
    """

    matrix: Floats
    score: Floats
    target: Floats
    weight: Floats
    listing: np.ndarray
    is_whole: np.ndarray
    is_hidden: np.ndarray
    like: np.ndarray
    costs: dict[str, float]

    @property
    def error(self) -> Floats:
        """Actual less predicted log price."""
        return self.target - self.score


@dataclass(frozen=True)
class _Fold:
    """out: listings that the fold's forest does not learn from. hidden: those of models that it never sees."""

    number: int
    out: np.ndarray
    hidden: np.ndarray

    @property
    def learnt(self) -> np.ndarray:
        return np.asarray(~self.out & ~self.hidden)


def hold_out(
    rows: Rows,
    columns: Columns,
    scaler: Scaler,
    recipe: Recipe,
    fold: np.ndarray,
    folds: Sequence[int],
    seed: int,
    grow: Grow = grow_here,
) -> HeldOut:
    """Price every listing of some folds by a forest of the others, from which a tenth of the models is hidden too.

    fold: of each row. Each listing is priced whole and with fields left out, and each field in turn is left out
    for its cost. Raises TrainingError where no fold leaves listings on both sides.
    """
    found: list[_Versions] = []
    misses = dict[str, list[Floats]]()
    parts = _make_folds(rows, columns, fold, folds, seed)
    for each, learnt, grown in _grow_folds(rows, parts, columns, scaler, recipe, seed, grow):
        forest = PriceForest(grown, columns.names, scaler)
        random = np.random.default_rng([seed, each.number])
        places = _list_places(each.out)
        whole = forget_unseen(rows.matrix[places], learnt, columns)
        scores = []
        copies = [leave_out(whole, columns, random), _lack_as_priced(whole, grown["reduced"], columns, random)]
        for copy, version in enumerate([whole, *copies]):
            score, like = _score(version, forest)
            scores.append(score)
            weight = COPY_WEIGHT if copy else 1.0
            found.append(_describe(version, score, rows.target[places], weight, places, not copy, False, like))
        some = slice(None, None, max(1, len(places) // MAX_COST_ROWS))
        for name, miss in _measure_costs(whole[some], scores[0][some], rows.target[places][some], columns, forest):
            misses.setdefault(name, []).append(miss)
        places = _list_places(each.hidden)
        if len(places):
            strange = _hide_model(rows.matrix[places], learnt, columns, random)
            score, like = _score(strange, forest)
            found.append(_describe(strange, score, rows.target[places], COPY_WEIGHT, places, False, True, like))
    costs = {name: float(np.median(np.concatenate(miss))) for name, miss in misses.items()}
    matrix, score, target, weights, listing, is_whole, is_hidden, like = map(
        np.concatenate, zip(*found, strict=True)
    )
    return HeldOut(matrix, score, target, weights, listing, is_whole, is_hidden, like, costs)


def _grow_folds(
    rows: Rows,
    parts: Sequence[_Fold],
    columns: Columns,
    scaler: Scaler,
    recipe: Recipe,
    seed: int,
    grow: Grow,
) -> Iterator[tuple[_Fold, Floats, dict[str, Any]]]:
    """Each fold with the rows that its forest learnt from, and the forest; of many rows one after the other."""
    at_once = 1 if len(rows) >= MANY_ROWS else len(parts)
    for start in range(0, len(parts), at_once):
        some = parts[start : start + at_once]
        jobs = [Job(rows.take(each.learnt), recipe, seed + 100 + each.number) for each in some]
        for each, job, grown in zip(some, jobs, grow_forests(jobs, columns, scaler, grow), strict=True):
            yield each, job.rows.matrix, grown


def _list_places(chosen: np.ndarray) -> np.ndarray:
    """The rows of a mask, or MAX_HELD_ROWS of them, evenly spread."""
    places = np.flatnonzero(chosen)
    return places if len(places) <= MAX_HELD_ROWS else places[:: -(-len(places) // MAX_HELD_ROWS)]


def _make_folds(rows: Rows, columns: Columns, fold: np.ndarray, folds: Sequence[int], seed: int) -> list[_Fold]:
    tenth = _deal_models(rows.matrix, columns, seed)
    found = []
    for number in folds:
        hidden = tenth == number
        if hidden.mean() > MAX_HIDDEN_SHARE:
            hidden = np.zeros(len(rows), bool)
        found.append(_Fold(number, (fold == number) & ~hidden, hidden))
    found = [each for each in found if each.out.any() and each.learnt.any()]
    if not found:
        raise TrainingError(
            f"{len(rows)} listings are of too few cars to measure a range by",
            "Train on more listings; ./carprice market check LISTINGS shows why rows were dropped.",
        )
    return found


def fit_range(held: HeldOut, columns: Columns, flags: list[str], seed: int) -> dict[str, Any]:
    """`spread`, `range` and `costs`, as model.pkl has them. flags: of the forest that serves.

    Each fifth of the listings is standardised by a spread forest of the others; the one that serves is of all.
    """
    seen = np.column_stack([held.matrix, *flag_columns(held.matrix, columns, flags), held.score])
    part = held.listing % CROSS_FITS

    def grow(number: int) -> lgb.Booster:
        kept = part != number
        return _grow_spread(seen[kept], held.error[kept], held.weight[kept], columns, flags, seed)

    with ThreadPoolExecutor(PARALLEL_BOOSTERS) as pool:
        *crossed, spread = pool.map(grow, range(CROSS_FITS + 1))
    size = np.empty(len(held.score))
    for number, booster in enumerate(crossed):
        if (out := part == number).any():
            size[out] = np.log(booster.predict(seen[out], num_threads=THREADS))
    edges, tables, few = tabulate(held, size, columns)
    return {
        "spread": spread.model_to_string(),
        "range": {"edges": edges, "quantiles": tables, "few": few, "unseen": UNSEEN},
        "costs": held.costs,
    }


def tabulate(held: HeldOut, size: Floats, columns: Columns) -> tuple[list[float], list[list[float]], list[float]]:
    """The log sizes between the groups, the quantiles of error over size of each, and of models of few listings.

    size: log, of each version. Of the groups the one without a model comes last. One of fewer than MIN_GROUP_ROWS
    has the quantiles of all; models of few listings then none of their own.
    """
    is_named = np.ones(len(size), bool)
    if columns.model is not None:
        is_named = ~np.isnan(held.matrix[:, columns.model])
    edges = np.quantile(size[is_named] if is_named.any() else size, np.arange(1, SIZE_GROUPS) / SIZE_GROUPS)
    is_few = is_named & (held.like < MIN_LIKE)
    group = np.where(is_named, np.searchsorted(edges, size), SIZE_GROUPS)
    group[is_few] = -1
    standard = held.error / np.exp(size)
    tables = []
    for number in range(SIZE_GROUPS + (columns.model is not None)):
        chosen = group == number
        tables.append(conformal_quantiles(standard[chosen] if chosen.sum() >= MIN_GROUP_ROWS else standard))
    few = conformal_quantiles(standard[is_few]) if is_few.sum() >= MIN_GROUP_ROWS else []
    return edges.tolist(), tables, few


def conformal_quantiles(values: Floats) -> list[float]:
    """99 conformal quantiles: the floor(q(n+1))-th smallest below the median, the ceil(q(n+1))-th from it on."""
    ordered, count = np.sort(values), len(values)
    levels = np.arange(1, LEVELS + 1) / (LEVELS + 1)
    exact = np.round(levels * (count + 1), 6)  # 0.9 * 10 is a little more than 9
    place = np.where(levels < 0.5, np.floor(exact), np.ceil(exact)).astype(int)
    limits: list[float] = ordered[np.clip(place - 1, 0, count - 1)].tolist()
    return limits


def _describe(
    matrix: Floats,
    score: Floats,
    target: Floats,
    weight: float,
    places: np.ndarray,
    whole: bool,
    hidden: bool,
    like: np.ndarray,
) -> _Versions:
    count = len(score)
    return (
        matrix,
        score,
        target,
        np.full(count, weight),
        places,
        np.full(count, whole),
        np.full(count, hidden),
        like,
    )


def _score(matrix: Floats, forest: PriceForest) -> tuple[Floats, np.ndarray]:
    """Scores and listings alike. Codes that do not count become missing in the matrix."""
    return score_matrix(matrix, forest)[:2]


def _measure_costs(
    whole: Floats, score: Floats, target: Floats, columns: Columns, forest: PriceForest
) -> list[tuple[str, Floats]]:
    """The absolute percentage errors with each field left out, and under an empty name with none."""
    left = [index for index in range(whole.shape[1]) if index not in columns.keys and index != columns.year]
    scores = {columns.names[index]: _score(hide(whole, index), forest)[0] for index in left}
    return [(name, np.abs(np.expm1(each - target))) for name, each in {"": score, **scores}.items()]


def _lack_as_priced(
    whole: Floats, reduced: Sequence[dict[str, Any]], columns: Columns, random: np.random.Generator
) -> Floats:
    """Listings that lack what some trees are for, each combination as often; any fields where there are none."""
    if not reduced:
        return leave_out(whole, columns, random)
    copy, drawn = whole.copy(), random.integers(len(reduced), size=len(whole))
    for number, each in enumerate(reduced):
        for name in each["fields"]:
            copy[drawn == number, columns.names.index(name)] = np.nan
    return copy


def _hide_model(matrix: Floats, learnt: Floats, columns: Columns, random: np.random.Generator) -> Floats:
    """Listings of models that a forest never saw, some with other fields left out too."""
    copy = forget_unseen(matrix, learnt, columns)
    copy[:, columns.model] = np.nan
    lacking = leave_out(copy, columns, random)
    chosen = random.random(len(copy)) < HIDDEN_COPIES_SHARE
    copy[chosen] = lacking[chosen]
    return copy


def _deal_models(matrix: Floats, columns: Columns, seed: int) -> np.ndarray:
    """Of each listing a number from 0 to 9 by its make and model, each of about as many listings; else -1."""
    part = np.full(len(matrix), -1)
    if columns.model is None:
        return part
    random = np.random.default_rng(seed)
    groups = sorted(group_rows(matrix[:, columns.keys]), key=lambda group: (-len(group[1]), random.random()))
    filled = np.zeros(PARTS)
    for _, rows in groups:
        chosen = int(filled.argmin())
        part[rows] = chosen
        filled[chosen] += len(rows)
    return part


def _grow_spread(
    seen: Floats, error: Floats, weight: Floats, columns: Columns, flags: list[str], seed: int
) -> lgb.Booster:
    least = int(np.clip(len(error) // 200, 20, 200))
    params = {**SPREAD, "seed": seed, "min_data_in_leaf": least, "min_data_per_group": 2 * least}
    data = lgb.Dataset(
        seen,
        np.abs(error) + LEAST_ERROR,
        weight=weight,
        feature_name=[*columns.names, *(f"{name}.missing" for name in flags), "price"],
        categorical_feature=columns.categories,
        params={**params, "feature_pre_filter": False},
    )
    return lgb.train(params, data, SPREAD_TREES)
