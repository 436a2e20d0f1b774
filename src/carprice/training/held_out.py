"""Listings priced by forests that never saw them: what the range of a price is measured on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from carprice.errors import TrainingError
from carprice.frames.encoding import Floats, Scaler
from carprice.frames.scoring import score_matrix
from carprice.model.forest.price_forest import PriceForest
from carprice.system.freed_memory import release_memory
from carprice.system.memory import MANY_ROWS
from carprice.training.columns import Columns, Rows
from carprice.training.forest.booster import Grow, Job, grow_here
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
HIDDEN_COPIES_SHARE = 0.3
"""Of hidden models' listings that lack other fields too."""
COPY_WEIGHT = 0.5
"""Of a held-out listing with fields left out, and of one of a hidden model, against 1 of a whole one."""


@dataclass(frozen=True)
class Versions:
    """Listings priced by forests that never saw them; arrays (versions,).

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

    @property
    def error(self) -> Floats:
        """Actual less predicted log price."""
        return self.target - self.score


@dataclass(frozen=True)
class HeldOut(Versions):
    """Each listing in several versions. costs: median errors with each field left out, and under "" with none."""

    costs: dict[str, float]


@dataclass(frozen=True)
class _Fold:
    """out: listings that the fold's forest does not learn from. hidden: those of models that it never sees."""

    number: int
    out: np.ndarray
    hidden: np.ndarray

    @property
    def learnt(self) -> np.ndarray:
        return np.asarray(~self.out & ~self.hidden)


@dataclass(frozen=True)
class _Pricing:
    """What prices the listings of a fold. learnt: the matrix that the forest learnt from."""

    rows: Rows
    columns: Columns
    learnt: Floats
    forest: PriceForest
    random: np.random.Generator

    def price_out(self, places: np.ndarray, reduced: Sequence[dict[str, Any]]) -> list[Versions]:
        """Listings that the forest did not learn from: whole, lacking any fields, and lacking what has trees."""
        whole = forget_unseen(self.rows.matrix[places], self.learnt, self.columns)
        lacking = leave_out(whole, self.columns, self.random)
        reduced_too = _lack_as_priced(whole, reduced, self.columns, self.random)
        return [
            self._price(whole, places, is_whole=True),
            self._price(lacking, places, COPY_WEIGHT),
            self._price(reduced_too, places, COPY_WEIGHT),
        ]

    def price_hidden(self, places: np.ndarray) -> list[Versions]:
        """Listings of models that the forest never saw; none where there are no places."""
        if not len(places):
            return []
        strange = _hide_model(self.rows.matrix[places], self.learnt, self.columns, self.random)
        return [self._price(strange, places, COPY_WEIGHT, is_hidden=True)]

    def measure_costs(self, whole: Versions) -> list[tuple[str, Floats]]:
        """The absolute percentage errors with each field left out, and under an empty name with none."""
        some = slice(None, None, max(1, len(whole.score) // MAX_COST_ROWS))
        matrix, target, columns = whole.matrix[some], whole.target[some], self.columns
        needed = {*columns.keys, columns.year} - {*columns.optional}
        scores = {"": whole.score[some]}
        for index, name in enumerate(columns.names):
            if index not in needed:
                scores[name] = score_matrix(hide(matrix, index), self.forest)[0]
        return [(name, np.abs(np.expm1(score - target))) for name, score in scores.items()]

    def _price(
        self,
        matrix: Floats,
        places: np.ndarray,
        weight: float = 1.0,
        is_whole: bool = False,
        is_hidden: bool = False,
    ) -> Versions:
        score, like, _ = score_matrix(matrix, self.forest)  # codes that do not count become missing in the matrix
        same = {"weight": weight, "is_whole": is_whole, "is_hidden": is_hidden}
        told = {name: np.full(len(places), value) for name, value in same.items()}
        return Versions(matrix, score, self.rows.target[places], listing=places, like=like, **told)


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
    found: list[Versions] = []
    misses = dict[str, list[Floats]]()
    parts = _make_folds(rows, columns, fold, folds, seed)
    for each, learnt, grown in _grow_folds(rows, parts, columns, scaler, recipe, seed, grow):
        random = np.random.default_rng([seed, each.number])
        pricing = _Pricing(rows, columns, learnt, PriceForest(grown, columns.names, scaler), random)
        whole, *copies = pricing.price_out(_list_places(each.out), grown["reduced"])
        for name, miss in pricing.measure_costs(whole):
            misses.setdefault(name, []).append(miss)
        found += [whole, *copies, *pricing.price_hidden(_list_places(each.hidden))]
        del learnt, pricing  # what a fold learns from is not in memory with what the next one does
        release_memory()
    costs = {name: float(np.median(np.concatenate(miss))) for name, miss in misses.items()}
    joined = {each.name: np.concatenate([getattr(one, each.name) for one in found]) for each in fields(Versions)}
    return HeldOut(**joined, costs=costs)


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
        some = list(parts[start : start + at_once])
        jobs = [Job(rows.take(each.learnt), recipe, seed + 100 + each.number) for each in some]
        rows.let_go()
        forests = grow_forests(jobs, columns, scaler, grow)
        while jobs:
            yield some.pop(0), jobs.pop(0).rows.matrix, forests.pop(0)


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


def _lack_as_priced(
    whole: Floats, reduced: Sequence[dict[str, Any]], columns: Columns, random: np.random.Generator
) -> Floats:
    """Listings that lack what some trees are for, or an optional year, each as often; any fields without these."""
    lacking = [[columns.names.index(name) for name in each["fields"]] for each in reduced]
    if columns.year is not None and columns.may_lack_year and [columns.year] not in lacking:
        lacking.append([columns.year])
    if not lacking:
        return leave_out(whole, columns, random)
    copy, drawn = whole.copy(), random.integers(len(lacking), size=len(whole))
    for number, indexes in enumerate(lacking):
        copy[np.ix_(drawn == number, indexes)] = np.nan
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
