"""What a value usually is for such a car, and how far such values usually are from it: small cross-fitted forests.

A row's expectation comes from folds of cars that it does not belong to: a wrong value never vouches for itself.
The rows learnt from are capped, so that fitting takes a constant time and the rest is linear in rows.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

if TYPE_CHECKING:
    import lightgbm as lgb

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MIN_ROWS = 300
"""With fewer, a neighbourhood is too small to say what is usual."""
MAX_FIT_ROWS = 60_000
FEW_ROWS = 30_000
FOLDS, FOLDS_OF_FEW = 2, 5
"""Up to FEW_ROWS each forest learns from four fifths of them, for its error falls with every row."""
CHUNK_ROWS = 200_000
"""Predicted at a time, so that memory stays bounded."""
PARALLEL_FITS = 2
SHRINK_ROWS = 5
"""The median of all counts in a category's median as much as so many of its rows."""
TREES, SPREAD_TREES = 90, 25
PARAMS: dict[str, Any] = {
    "objective": "huber",
    "alpha": 0.3,  # of a log: what is farther off pulls no harder
    "learning_rate": 0.12,
    "num_leaves": 63,
    "min_data_in_leaf": 12,
    "feature_fraction_bynode": 0.7,
    "max_bin": 127,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
    "seed": 7,
}
SPREAD_PARAMS = {**PARAMS, "alpha": 1.0, "num_leaves": 15, "min_data_in_leaf": 60}
LEAST_SPREAD = 0.02
"""Of a log: no kind of car is surer."""
LEAST_DISTANCE = 1e-3


@dataclass(frozen=True)
class Expectation:
    """Of each row (rows,): the expected log value, and the usual absolute distance from it, both natural logs."""

    middle: Floats
    spread: Floats


def expect_values(frame: pl.DataFrame, names: Sequence[str], target: Floats, cars: pl.Series) -> Expectation:
    """What the target (rows,), a log, is expected to be from the columns called names.

    NaN in target is no value: the row is not learnt from, but has its expectation. cars, UInt64: rows of one car
    are in one fold.
    """
    place = cars.to_numpy()
    is_known = np.isfinite(target)
    is_fit = is_known & _choose_rows(place, int(is_known.sum()))
    folds = FOLDS_OF_FEW if is_fit.sum() <= FEW_ROWS else FOLDS
    fold = (place % folds).astype(np.int64)
    fitted = _fit_folds(frame, names, target, is_fit, fold, folds)
    middle, spread = np.empty(len(target)), np.empty(len(target))
    matrices, sizes = [], []
    for rows, matrix in _encode_rows(frame, fitted, fold):
        middle[rows] = fitted[fold[rows[0]]].booster.predict(matrix, num_threads=1)
        chosen = is_fit[rows]
        matrices.append(np.column_stack([matrix, middle[rows]])[chosen])
        sizes.append(np.abs(target[rows] - middle[rows])[chosen])
    predict_spread = _fit_spread(np.concatenate(matrices), np.concatenate(sizes))
    for rows, matrix in _encode_rows(frame, fitted, fold):
        spread[rows] = predict_spread(np.column_stack([matrix, middle[rows]]))
    return Expectation(middle, np.maximum(spread, LEAST_SPREAD))


@dataclass(frozen=True)
class _Fitted:
    """The forest of all folds but one, with its encoder."""

    encoder: "_Encoder"
    booster: "lgb.Booster"


class _Encoder:
    """Categories as the shrunk median of what they are worth, numbers as they are."""

    def __init__(self, frame: pl.DataFrame, names: Sequence[str], target: Floats) -> None:
        texts = [name for name in names if frame.schema[name] == pl.String]
        self.numbers = [name for name in names if name not in texts]
        keys = [[name] for name in texts] + ([["make", "model"]] if {"make", "model"} <= {*texts} else [])
        # A frame of no columns has no rows either, and takes no column of some.
        work = pl.DataFrame([*frame.select(texts), pl.Series("@target", target - np.median(target))])
        code = (pl.median("@target") * pl.len() / (pl.len() + SHRINK_ROWS)).alias("@code")
        self.tables = [(each, work.group_by(each).agg(code)) for each in keys]

    def encode(self, frame: pl.DataFrame) -> Floats:
        """The matrix of the rows (rows, columns); NaN where a value is missing or was never seen."""
        codes = [
            frame.select(keys).join(table, on=keys, how="left", maintain_order="left", nulls_equal=True)["@code"]
            for keys, table in self.tables
        ]
        return np.column_stack([column.to_numpy() for column in (*codes, *frame.select(self.numbers))])


def _choose_rows(place: npt.NDArray[np.uint64], count: int) -> Mask:
    """At most about MAX_FIT_ROWS of count rows, whole cars, by digits that the folds do not use."""
    share = min(1.0, MAX_FIT_ROWS / max(count, 1))
    found: Mask = (place // 10) % 10_000 < round(10_000 * share)
    return found


def _fit_folds(
    frame: pl.DataFrame,
    names: Sequence[str],
    target: Floats,
    is_fit: Mask,
    fold: npt.NDArray[np.int64],
    folds: int,
) -> list[_Fitted]:
    with ThreadPoolExecutor(PARALLEL_FITS) as pool:
        parts = [np.flatnonzero(is_fit & (fold != number)) for number in range(folds)]
        jobs = [pool.submit(_fit_part, frame[rows], names, target[rows]) for rows in parts]
        return [job.result() for job in jobs]


def _fit_part(frame: pl.DataFrame, names: Sequence[str], target: Floats) -> _Fitted:
    import lightgbm as lgb  # takes a second to import, and pricing a file never needs it

    encoder = _Encoder(frame, names, target)
    return _Fitted(encoder, lgb.train(PARAMS, lgb.Dataset(encoder.encode(frame), target), TREES))


def _fit_spread(matrix: Floats, sizes: Floats) -> Callable[[Floats], Floats]:
    import lightgbm as lgb

    booster = lgb.train(SPREAD_PARAMS, lgb.Dataset(matrix, np.log(sizes + LEAST_DISTANCE)), SPREAD_TREES)
    return lambda rows: np.exp(booster.predict(rows, num_threads=1))


def _encode_rows(
    frame: pl.DataFrame, fitted: Sequence[_Fitted], fold: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], Floats]]:
    """Row numbers of one fold, at most CHUNK_ROWS, and their matrix, until every row had its turn."""
    for start in range(0, len(fold), CHUNK_ROWS):
        for number, each in enumerate(fitted):
            rows = np.flatnonzero(fold[start : start + CHUNK_ROWS] == number) + start
            if len(rows):
                yield rows, each.encoder.encode(frame[rows])
