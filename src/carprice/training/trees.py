"""Grow the trees: LightGBM on log price with absolute error."""

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from carprice.training.matrix import Floats

TREES_AT_MOST = 1000
PATIENCE = 50
THREADS = 2

PARAMS: dict[str, Any] = {
    "objective": "regression_l1",
    "metric": "l1",
    "learning_rate": 0.1,
    "num_leaves": 63,
    "min_data_in_leaf": 5,
    "cat_smooth": 10.0,
    "feature_fraction": 0.8,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": THREADS,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Rows:
    """A matrix as encode_frame makes it, and the log prices beside it."""

    matrix: Floats
    target: Floats


def grow_trees(
    rows: Rows,
    held_out: Rows | None,
    names: list[str],
    categories: list[int],
    seed: int,
    count: int = TREES_AT_MOST,
) -> lgb.Booster:
    """Grow count trees, or fewer where held_out is given and has stopped getting better."""
    params = {**PARAMS, "seed": seed}
    data = _load_rows(rows, names, categories, params)
    if held_out is None:
        return lgb.train(params, data, count)
    check = lgb.Dataset(held_out.matrix, held_out.target, reference=data)
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    return lgb.train(params, data, count, valid_sets=[check], callbacks=[stop])


def measure_importance(booster: lgb.Booster) -> dict[str, float]:
    """Every feature's share of the gain, the largest first."""
    gains = booster.feature_importance("gain")
    total = float(gains.sum()) or 1.0
    shares = {name: float(gain) / total for name, gain in zip(booster.feature_name(), gains, strict=True)}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _load_rows(rows: Rows, names: list[str], categories: list[int], params: dict[str, Any]) -> lgb.Dataset:
    return lgb.Dataset(
        rows.matrix,
        rows.target,
        feature_name=names,
        categorical_feature=categories,
        params={**params, "feature_pre_filter": False},
    )


def score_rows(booster: lgb.Booster, matrix: Floats) -> Floats:
    """The log prices."""
    return np.asarray(booster.predict(matrix, num_threads=THREADS))
