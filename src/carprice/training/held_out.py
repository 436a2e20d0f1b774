"""Prices of listings by forests that never saw them: whole ones, with fields left out, and of models never seen.

The out-of-fold residuals of cross-conformal prediction (Vovk, 2015), made as callers ask: a share of the listings
lacks fields, and a share is of models that were hidden from the forest, as a new model on the market would be.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from carprice.frames.encoding import Floats
from carprice.training.columns import Columns, Rows
from carprice.training.depreciation import Lines
from carprice.training.forest import Forest, Job, Recipe, grow_forests, leave_out

HIDDEN_PARTS = 10
MAX_HIDDEN_SHARE = 0.25
"""Of the listings; where one part of the models has more, hiding it would leave another market to learn from."""
UNSEEN_LACKING_SHARE = 0.3
"""Of listings of hidden models, those that lack other fields too."""
FOLD_SEED = 100
HALF = 0.5
"""The weight of a listing that lacks something, against 1 of a whole one."""


@dataclass(frozen=True)
class HeldOut:
    """Listings priced by forests that never saw them; arrays (rows,) of log prices.

    listing: the row of the learnt matrix that it is a version of. is_whole: nothing was left out of it.
    """

    matrix: Floats
    priced: Floats
    actual: Floats
    weight: Floats
    listing: np.ndarray
    is_whole: np.ndarray

    @property
    def error(self) -> Floats:
        """Actual less priced."""
        return self.actual - self.priced


@dataclass(frozen=True)
class Fold:
    """known: rows that the forest of the fold does not learn from. hidden: rows of models that it never sees."""

    number: int
    known: np.ndarray
    hidden: np.ndarray

    @property
    def learnt(self) -> np.ndarray:
        """Mask of the rows that the forest learns from."""
        return ~self.known & ~self.hidden


def make_folds(rows: Rows, columns: Columns, fold: np.ndarray, numbers: Iterable[int], seed: int) -> list[Fold]:
    """The folds of these numbers. fold: the number of each row."""
    part = name_parts(rows.matrix, columns, seed)
    found = []
    for number in numbers:
        hidden = part == number
        if hidden.mean() > MAX_HIDDEN_SHARE:
            hidden = np.zeros(len(fold), bool)
        found.append(Fold(number, (fold == number) & ~hidden, hidden))
    return [each for each in found if each.known.any() and each.learnt.any()]


def name_parts(matrix: Floats, columns: Columns, seed: int) -> np.ndarray:
    """Of each row a number from 0 to 9 by its make and model, each with about as many rows; -1 without a model."""
    part = np.full(len(matrix), -1)
    if columns.model is None:
        return part
    known = ~np.isnan(matrix[:, columns.keys]).any(axis=1)
    _, place, count = np.unique(matrix[known][:, columns.keys], axis=0, return_inverse=True, return_counts=True)
    draw = np.random.default_rng(seed).random(len(count))
    chosen, filled = np.empty(len(count), int), np.zeros(HIDDEN_PARTS)
    for number in np.lexsort((draw, -count)):
        chosen[number] = filled.argmin()
        filled[chosen[number]] += count[number]
    part[known] = chosen[place.reshape(-1)]
    return part


def jobs_of(folds: Sequence[Fold], rows: Rows, recipe: Recipe, seed: int) -> list[Job]:
    """The forests of the folds, to be grown."""
    return [Job(rows.take(fold.learnt), recipe, seed + FOLD_SEED + fold.number) for fold in folds]


def price_held_out(
    rows: Rows, columns: Columns, folds: Sequence[Fold], forests: Sequence[Forest], seed: int
) -> tuple[HeldOut, dict[str, float]]:
    """The held-out listings with their prices, and what leaving a field out costs.

    The costs are median absolute percentage errors: under the empty name of whole listings, under every field besides
    make, model and year of the same listings without it.
    """
    parts: list[HeldOut] = []
    misses: dict[str, list[Floats]] = {}
    for fold, forest in zip(folds, forests, strict=True):
        random = np.random.default_rng([seed, fold.number])
        seen = rows.matrix[fold.learnt]
        known, hidden = np.flatnonzero(fold.known), np.flatnonzero(fold.hidden)
        whole = as_served(rows.matrix[known], seen, columns, forest.lines)
        lacking = [(leave_out(whole, columns, random), HALF, False) for _ in range(2)]
        parts += [_price(forest, rows, known, *version) for version in [(whole, 1.0, True), *lacking]]
        _add_misses(misses, columns, forest, whole, parts[-3])
        if len(hidden):
            unseen = _hide_models(as_served(rows.matrix[hidden], seen, columns, forest.lines), columns, random)
            parts.append(_price(forest, rows, hidden, unseen, HALF, False))
    costs = {name: float(np.median(np.concatenate(found))) for name, found in misses.items()}
    names = HeldOut.__dataclass_fields__
    return HeldOut(*(np.concatenate([getattr(part, name) for part in parts]) for name in names)), costs


def price_others(rows: Rows, columns: Columns, recipe: Recipe, fold: np.ndarray, seed: int) -> Floats:
    """The log price of every row by a forest that learnt from the other folds alone, nothing hidden."""
    folds = [Fold(number, fold == number, np.zeros(len(fold), bool)) for number in np.unique(fold).tolist()]
    forests = grow_forests([Job(rows.take(each.learnt), recipe, seed) for each in folds], columns)
    priced = np.empty(len(rows.target))
    for each, forest in zip(folds, forests, strict=True):
        priced[each.known] = forest.predict(rows.matrix[each.known])
    return priced


def as_served(matrix: Floats, seen: Floats, columns: Columns, lines: Lines) -> Floats:
    """The rows as a forest that learnt from the rows seen would be given them: what it never saw is missing."""
    served = matrix.copy()
    for index in columns.categories:
        served[~np.isin(served[:, index], np.unique(seen[:, index])), index] = np.nan
    return lines.settle(served)


def _price(
    forest: Forest, rows: Rows, listing: np.ndarray, matrix: Floats, weight: float, is_whole: bool
) -> HeldOut:
    count = len(listing)
    return HeldOut(
        matrix=matrix,
        priced=forest.predict(matrix),
        actual=rows.target[listing],
        weight=np.full(count, weight),
        listing=listing,
        is_whole=np.full(count, is_whole),
    )


def _hide_models(matrix: Floats, columns: Columns, random: np.random.Generator) -> Floats:
    hidden = matrix.copy()
    hidden[:, columns.model] = np.nan
    lacking = leave_out(hidden, columns, random)
    chosen = random.random(len(hidden)) < UNSEEN_LACKING_SHARE
    hidden[chosen] = lacking[chosen]
    return hidden


def _add_misses(
    misses: dict[str, list[Floats]], columns: Columns, forest: Forest, whole: Floats, priced: HeldOut
) -> None:
    misses.setdefault("", []).append(np.abs(np.expm1(-priced.error)))
    for index, name in enumerate(columns.names):
        if index not in (*columns.keys, columns.year):
            lacking = whole.copy()
            lacking[:, index] = np.nan
            found = np.abs(np.expm1(forest.predict(lacking) - priced.actual))
            misses.setdefault(name, []).append(found)
