"""Grow the trees: LightGBM on log price, with a loss that is robust to a few odd prices."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from carprice.frames.encoding import Floats

MAX_TREES = 400
PATIENCE = 30
THREADS = 1
"""Of one booster: two save a fifth of the time on a quiet machine and take ten times as long on a busy one, where
each waits for the other at every node. Boosters that do not depend on each other are grown in parallel instead."""

PARALLEL_BOOSTERS = 2
"""Boosters grown at the same time."""

PARAMS: dict[str, Any] = {
    "metric": "l1",
    "min_data_in_leaf": 10,
    "min_sum_hessian_in_leaf": 1e-9,
    "feature_fraction_bynode": 0.5,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": THREADS,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Recipe:
    """Parameters to grow trees with: the number of leaves, and how little an outlier counts.

    exponent: 1 treats large errors as absolute error does, towards 2 they count less and less.
    width: in log price, below which errors count as squared error does. rate: LightGBM's learning rate.
    """

    name: str
    leaves: int
    cat_smooth: float
    exponent: float
    width: float = 0.2
    rate: float = 0.1


RECIPES = (
    Recipe("steady", leaves=127, cat_smooth=10, exponent=1.0, width=0.1),
    Recipe("fine", leaves=255, cat_smooth=3, exponent=1.25),
    Recipe("coarse", leaves=127, cat_smooth=10, exponent=1.5),
)


@dataclass(frozen=True)
class Rows:
    """A matrix as encode_frame makes it, and the log prices beside it."""

    matrix: Floats
    target: Floats

    def take(self, chosen: np.ndarray) -> "Rows":
        """The rows that a mask or a list of indexes chooses."""
        return Rows(self.matrix[chosen], self.target[chosen])


@dataclass(frozen=True)
class Columns:
    """The matrix's columns: their names, and the indexes of the categories among them."""

    names: list[str]
    categories: list[int]


def grow_trees(
    recipe: Recipe, rows: Rows, held_out: Rows | None, columns: Columns, seed: int, count: int = MAX_TREES
) -> lgb.Booster:
    """Grow count trees, or fewer where held_out is given and its error has stopped falling."""
    params = describe_params(recipe, seed)
    base = float(np.median(rows.target))
    data = _load_rows(rows, columns, params, base)
    objective = {**params, "objective": build_loss(recipe.exponent, recipe.width)}
    if held_out is None:
        booster = lgb.train(objective, data, count)
    else:
        start = np.full(len(held_out.target), base)
        check = lgb.Dataset(held_out.matrix, held_out.target, reference=data, init_score=start, params=data.params)
        stop = lgb.early_stopping(PATIENCE, verbose=False)
        booster = lgb.train(objective, data, count, valid_sets=[check], callbacks=[stop])
    _add_base(booster, base)
    return booster


def build_loss(exponent: float, width: float) -> Callable[[Floats, lgb.Dataset], tuple[Floats, Floats]]:
    """Gradient and curvature of a robust loss whose influence is r * (r^2 + width^2) ** (-exponent / 2).

    It is Barron's general loss with alpha = 2 - exponent ("A general and adaptive robust loss function",
    CVPR 2019). The curvature is the weight of iteratively reweighted least squares (Holland and Welsch,
    1977), which bounds the loss from above, so that every Newton step of a leaf goes down.
    """

    def measure(predicted: Floats, data: lgb.Dataset) -> tuple[Floats, Floats]:
        residual = predicted - np.asarray(data.get_label())
        weight = width**exponent * (residual**2 + width**2) ** (-exponent / 2)
        return residual * weight, weight

    return measure


def describe_params(recipe: Recipe, seed: int) -> dict[str, Any]:
    """LightGBM's parameters of a recipe."""
    own = {"learning_rate": recipe.rate, "num_leaves": recipe.leaves, "cat_smooth": recipe.cat_smooth}
    return {**PARAMS, **own, "seed": seed}


def measure_importance(booster: lgb.Booster) -> dict[str, float]:
    """Every feature's share of the gain, the largest first."""
    gains = booster.feature_importance("gain")
    total = float(gains.sum()) or 1.0
    shares = {name: float(gain) / total for name, gain in zip(booster.feature_name(), gains, strict=True)}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def score_rows(booster: lgb.Booster, matrix: Floats) -> Floats:
    """The log prices."""
    return np.asarray(booster.predict(matrix, num_threads=0))


def _load_rows(rows: Rows, columns: Columns, params: dict[str, Any], base: float) -> lgb.Dataset:
    return lgb.Dataset(
        rows.matrix,
        rows.target,
        feature_name=columns.names,
        categorical_feature=columns.categories,
        init_score=np.full(len(rows.target), base),
        params={**params, "feature_pre_filter": False},
    )


def _add_base(booster: lgb.Booster, base: float) -> None:
    """Put the start of the boosting into the first tree, so that the trees alone are the whole model."""
    leaves = booster.dump_model(num_iteration=1)["tree_info"][0]["num_leaves"]
    for leaf in range(leaves):
        booster.set_leaf_output(0, leaf, booster.get_leaf_output(0, leaf) + base)
