"""The range of a price: held-out errors, a forest for their usual size, and quantiles of error over size.

Normalised conformal prediction (Papadopoulos, Gammerman and Vovk, "Normalized nonconformity measures for
regression conformal prediction", 2008; Lei et al., "Distribution-free predictive inference for regression", JASA
2018), with out-of-fold errors, cross-fitted sizes, and the limits by groups of size (Mondrian: Vovk et al., 2003).
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import lightgbm as lgb
import numpy as np

from carprice.frames.encoding import Floats
from carprice.model.price_range import LEVELS, MIN_LIKE
from carprice.training.columns import Columns
from carprice.training.forest.booster import THREADS, Grow, flag_columns, grow_here
from carprice.training.held_out import HeldOut

MIN_GROUP_ROWS = 19
"""With fewer, not even the range from the lowest to the highest error holds 90 % of the next listings."""
SPREAD_TREES = 60
SPREAD_RATE, SMALL_SPREAD_RATE, FEW_VERSIONS = 0.1, 0.05, 20_000
"""Learning rates: from fewer held-out listings in all their versions, quick trees are too sure of some cars."""
SPREAD: dict[str, Any] = {
    "objective": "gamma",
    "num_leaves": 31,
    "feature_fraction_bynode": 0.5,
    "cat_smooth": 30,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": THREADS,
    "verbosity": -1,
}
LEAST_ERROR = 1e-4
"""Added to each error, in log price: a gamma needs them above 0."""
MIN_GROUPS, MAX_GROUPS, GROUP_ROWS = 3, 10, 1_000
"""By size; as many as there are of so many rows. The smallest sizes are too small, and fewer groups hide that."""
CROSS_FITS = 5
UNSEEN = 1.25
"""How many times wider, in log price, the range of a model is that training never saw, beyond what hidden models
need."""


@dataclass(frozen=True)
class Spread:
    """A spread forest to be grown: of the usual size of an error, for what is seen of each held-out version.

    seen: matrix, flags and score. part: of each row; those of the part `number` are left out. flags: as fit_range
    has them.
    """

    seen: Floats
    error: Floats
    weight: Floats
    part: np.ndarray
    columns: Columns
    flags: list[str]
    seed: int
    number: int

    def __len__(self) -> int:
        return len(self.part)

    def grow(self) -> str:
        """LightGBM's text."""
        kept = self.part != self.number
        return _grow_spread(self, self.seen[kept], self.error[kept], self.weight[kept])


def fit_range(
    held: HeldOut, columns: Columns, flags: list[str], seed: int, grow: Grow = grow_here
) -> dict[str, Any]:
    """`spread`, `range` and `costs`, as model.pkl has them. flags: of the forest that serves.

    Each fifth of the listings is standardised by a spread forest of the others; the one that serves is of all.
    """
    seen = np.column_stack([held.matrix, *flag_columns(held.matrix, columns, flags), held.score])
    part = held.listing % CROSS_FITS
    build = partial(Spread, seen, held.error, held.weight, part, columns, flags, seed)
    *crossed, spread = grow([build(number) for number in range(CROSS_FITS + 1)])
    size = np.empty(len(held.score))
    for number, text in enumerate(crossed):
        if (out := part == number).any():
            size[out] = np.log(lgb.Booster(model_str=text).predict(seen[out], num_threads=THREADS))
    edges, tables, few = tabulate(held, size, columns)
    return {
        "spread": spread,
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
    groups = int(np.clip(len(size) // GROUP_ROWS, MIN_GROUPS, MAX_GROUPS))
    edges = np.quantile(size[is_named] if is_named.any() else size, np.arange(1, groups) / groups)
    is_few = is_named & (held.like < MIN_LIKE)
    group = np.where(is_named, np.searchsorted(edges, size), groups)
    group[is_few] = -1
    standard = held.error / np.exp(size)
    tables = []
    for number in range(groups + (columns.model is not None)):
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


def _grow_spread(spread: Spread, seen: Floats, error: Floats, weight: Floats) -> str:
    columns = spread.columns
    least = int(np.clip(len(error) // 200, 20, 200))
    rate = SMALL_SPREAD_RATE if len(spread) < FEW_VERSIONS else SPREAD_RATE
    params = {**SPREAD, "seed": spread.seed, "learning_rate": rate}
    params |= {"min_data_in_leaf": least, "min_data_per_group": 2 * least}
    data = lgb.Dataset(
        seen,
        np.abs(error) + LEAST_ERROR,
        weight=weight,
        feature_name=[*columns.names, *(f"{name}.missing" for name in spread.flags), "price"],
        categorical_feature=columns.categories,
        params={**params, "feature_pre_filter": False},
    )
    return lgb.train(params, data, SPREAD_TREES).model_to_string()
