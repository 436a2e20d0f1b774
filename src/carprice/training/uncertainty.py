"""The range of a price: a spread forest for the usual size of an error, and quantiles of error over size by groups.

Normalised split-conformal prediction (Papadopoulos, Gammerman and Vovk, 2008; Lei et al., "Distribution-free
predictive inference for regression", JASA 2018), cross-fitted: each fifth of the held-out listings is measured by a
spread forest of the others. By groups of size, as Mondrian conformal prediction (Vovk et al., 2003) has it.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from carprice.frames.encoding import Floats
from carprice.model.price_range import LEVELS
from carprice.training.columns import Columns
from carprice.training.forest import PARALLEL_BOOSTERS, PARAMS, Widening, fit_widening
from carprice.training.held_out import HeldOut

SIZE_GROUPS = 3
CROSS_FITS = 5
SPREAD_TREES = 60
UNSEEN = 1.25
"""Times as wide, in log price, for a model or make that training never saw: from hiding every tenth model."""
LEAST_ERROR = 1e-4
MIN_GROUP_ROWS = 19
"""With fewer, not even the range from the lowest to the highest error holds 90 % of the next listings."""

_SPREAD: dict[str, Any] = {
    **PARAMS,
    "objective": "gamma",
    "num_leaves": 31,
    "learning_rate": 0.1,
    "cat_smooth": 30,
}
_LEVELS = np.arange(1, LEVELS + 1) / (LEVELS + 1)


@dataclass(frozen=True)
class Range:
    """What model.pkl has of it: the LightGBM text, two log sizes, (groups, 99) quantiles, and the flagged columns."""

    spread: str
    edges: Floats
    quantiles: Floats

    def describe(self) -> dict[str, Any]:
        """As model.pkl has it."""
        return {"edges": self.edges.tolist(), "quantiles": self.quantiles.tolist(), "unseen": UNSEEN}


def calibrate_range(held_out: HeldOut, learnt: Floats, columns: Columns, seed: int) -> Range:
    """The range of held-out listings. learnt: the matrix of all that is learnt from, for the columns of the spread."""
    widening = fit_widening(learnt, columns, is_wide=False)
    wide = widening.apply(held_out.matrix)
    part = held_out.listing % CROSS_FITS

    def grow(number: int) -> lgb.Booster:
        return grow_spread(wide, held_out, part != number, widening, seed)

    with ThreadPoolExecutor(PARALLEL_BOOSTERS) as pool:
        *crossed, final = pool.map(grow, range(CROSS_FITS + 1))
    size = np.empty(len(part))
    for number, booster in enumerate(crossed):
        out = part == number
        if out.any():
            size[out] = _predict_size(booster, wide[out], held_out.priced[out])
    edges, quantiles = tabulate(held_out, size, columns)
    return Range(final.model_to_string(), edges, quantiles)


def grow_spread(wide: Floats, held_out: HeldOut, chosen: np.ndarray, widening: Widening, seed: int) -> lgb.Booster:
    """The spread forest of the chosen rows: the mean absolute error by listing and price, by gamma deviance."""
    least = int(np.clip(chosen.sum() // 200, 20, 200))
    params = {**_SPREAD, "seed": seed, "min_data_in_leaf": least, "min_data_per_group": 2 * least}
    data = lgb.Dataset(
        np.column_stack([wide, held_out.priced])[chosen],
        np.abs(held_out.error[chosen]) + LEAST_ERROR,
        weight=held_out.weight[chosen],
        feature_name=[*widening.names, "price"],
        categorical_feature=widening.categories,
        params=params,
    )
    return lgb.train(params, data, SPREAD_TREES)


def tabulate(held_out: HeldOut, size: Floats, columns: Columns) -> tuple[Floats, Floats]:
    """The edges between the groups of size, and the quantiles of each; listings without a model are the last group.

    A group of fewer than MIN_GROUP_ROWS has the quantiles of all. size: log sizes.
    """
    is_named = np.ones(len(size), bool)
    if columns.model is not None:
        is_named = ~np.isnan(held_out.matrix[:, columns.model])
    sized = size[is_named] if is_named.any() else size
    edges = np.quantile(sized, np.arange(1, SIZE_GROUPS) / SIZE_GROUPS)
    group = np.where(is_named, np.searchsorted(edges, size), SIZE_GROUPS)
    ratio = held_out.error / np.exp(size)
    tables = []
    for number in range(SIZE_GROUPS + (columns.model is not None)):
        chosen = group == number
        tables.append(find_quantiles(ratio[chosen] if chosen.sum() >= MIN_GROUP_ROWS else ratio))
    return edges, np.array(tables)


def find_quantiles(values: Floats) -> Floats:
    """99 conformal quantiles: the floor(q(n+1))-th smallest below the median, the ceil(q(n+1))-th above."""
    ordered = np.sort(values)
    count = len(ordered)
    # 0.07 * 100 is a little more than 7, which would be one row too many.
    place = np.round(_LEVELS * (count + 1), 6)
    place = np.where(_LEVELS < 0.5, np.floor(place), np.ceil(place)).astype(int)
    return np.asarray(ordered[np.clip(place - 1, 0, count - 1)])


def _predict_size(booster: lgb.Booster, wide: Floats, priced: Floats) -> Floats:
    return np.asarray(booster.predict(np.column_stack([wide, priced]), num_threads=1, raw_score=True))
