"""The score of a row: its depreciation line and the trees together, along the year monotone."""

from array import array
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from carprice.errors import BundleError
from carprice.model.bundle.manifest import RETRAIN
from carprice.model.forest.depreciation import MISSING, Depreciation, Line
from carprice.model.forest.lightgbm_capi import Trees
from carprice.model.forest.reduced_trees import ReducedTrees
from carprice.model.forest.year_envelope import YearEnvelope, find_middle, repeat

Row = list[float]


class PriceForest:
    """Lines and trees of one bundle. Rows are numbers in feature order, as Encoder makes them."""

    def __init__(
        self, model: Mapping[str, Any], names: Sequence[str], scaler: Mapping[str, Mapping[str, float]]
    ) -> None:
        """model: as model.pkl has it. Raises BundleError where the trees have other columns."""
        self.depreciation = Depreciation(model["depreciation"], names)
        self.wide = [
            (names.index(name), {value: float(code) for code, value in enumerate(known)})
            for name, known in model["wide"].items()
        ]
        self.flags = [names.index(name) for name in model["flags"]]
        self.years = None
        if model["years"]:
            self.years = YearEnvelope(model["years"], names, scaler[model["years"]["field"]])
        self.trees = Trees(model["trees"])
        self.reduced = ReducedTrees(model["reduced"], names) if model.get("reduced") else None
        for trees in (self.trees, *(self.reduced or ())):
            check_columns("trees", trees.columns, name_columns(names, model["wide"], model["flags"]))

    def flag(self, row: Sequence[float]) -> Row:
        """1 for each flagged category that is missing, else 0."""
        return [1.0 if row[index] != row[index] else 0.0 for index in self.flags]

    def flag_columns(self, columns: Sequence[Sequence[float]]) -> list[Row]:
        """The same of many rows, column by column."""
        return [[1.0 if value != value else 0.0 for value in columns[index]] for index in self.flags]

    def score(self, row: Row, line: Line) -> float:
        """Line and trees together of one row."""
        if self.years is None:
            return self.plain_score(row, line)
        wide = self.widen(row)
        index = self.years.index
        years = self.years.find_years(line.key, row[index])
        scores = []
        for year in years.values:
            wide[index] = year
            scores.append(self.depreciation.value(wide, line) + self._predict(wide))
        return find_middle(scores, years)

    def plain_score(self, row: Row, line: Line) -> float:
        """The same without what the years around it make of it."""
        return self.depreciation.value(row, line) + self._predict(self.widen(row))

    def score_columns(self, columns: list[Row]) -> tuple[Row, set[int]]:
        """The scores of rows given as columns, and the rows whose keys were never seen together.

        Codes that do not count become missing in the columns, as Depreciation.find does it in a row.
        """
        lines, strange = self._find_lines(columns)
        if self.years is None:
            return self._add_trees(columns, lines), strange
        index = self.years.index
        own = columns[index]
        found = [self.years.find_years(line.key, year) for line, year in zip(lines, own, strict=True)]
        counts = [len(years.values) for years in found]
        repeated = [repeat(column, counts) for column in columns]
        repeated[index] = [year for years in found for year in years.values]
        scores, start = self._add_trees(repeated, repeat(lines, counts)), 0
        middles = []
        for years, count in zip(found, counts, strict=True):
            middles.append(find_middle(scores[start : start + count], years))
            start += count
        return middles, strange

    def count_like(self, columns: Sequence[Sequence[float]]) -> list[int]:
        """The listings that each row's line was learnt from. columns: as score_columns has left them."""
        table = self.depreciation
        if not table.keys:
            return [table.of_all.rows] * len(columns[0])
        keys = zip(*(columns[index] for index in table.keys), strict=True)
        return [table.lines.get(key, table.of_all).rows for key in keys]

    def leaf_rows(self, columns: list[Row]) -> list[Sequence[float]]:
        """Of rows given as columns the leaf in each tree. Changes the columns as score_columns does."""
        self._find_lines(columns)
        leaves, count = self.trees.leaves(join_columns(self._widen_columns(columns))), self.trees.count
        return [leaves[start : start + count] for start in range(0, len(leaves), count or 1)]

    def contributions(self, row: Row, line: Line) -> tuple[Row, float]:
        """What each column adds to the score, and the base; they sum to the score."""
        parts, base = self.depreciation.parts(row, line)
        *added, trees_base = self._explain(self.widen(row))
        sources = [*range(len(row)), *(index for index, _ in self.wide), *self.flags]
        amounts = [0.0] * len(row)
        for index, amount in chain(parts.items(), zip(sources, added, strict=True)):
            amounts[index] += amount
        if self.years:
            # The trees' own score of the year is not yet what the years around it make of it.
            score = self.depreciation.value(row, line) + sum(added) + trees_base
            amounts[self.years.index] += self.score(row, line) - score
        return amounts, base + trees_base

    def widen(self, row: Row) -> Row:
        """The row with the columns that only the trees see."""
        return [*row, *[codes.get(row[index], MISSING) for index, codes in self.wide], *self.flag(row)]

    def _predict(self, wide: Row) -> float:
        """The trees' score, the forest's own for most rows."""
        score = self.trees.predict_row(wide)
        own = self.reduced.find(wide) if self.reduced else None
        return score if own is None else own.weigh(score, own.trees.predict_row(wide))

    def _explain(self, wide: Row) -> Row:
        """What each column adds to the trees' score, and last the base."""
        added = self.trees.contributions(wide)
        own = self.reduced.find(wide) if self.reduced else None
        if own is None:
            return added
        return list(map(own.weigh, added, own.trees.contributions(wide)))

    def _predict_columns(self, columns: Sequence[Sequence[float]]) -> Row:
        """The same as _predict of rows given as all columns that the trees see."""
        scores = self.trees.predict_rows(join_columns(columns), by_column=True).tolist()
        for own, rows in self.reduced.place(columns) if self.reduced else ():
            some = join_columns([[column[row] for row in rows] for column in columns])
            for row, score in zip(rows, own.trees.predict_rows(some, by_column=True), strict=True):
                scores[row] = own.weigh(scores[row], score)
        return scores

    def _add_trees(self, columns: Sequence[Sequence[float]], lines: Sequence[Line]) -> Row:
        """Line and trees together of each row."""
        trends = [line.level for line in lines]
        for number, (index, center, floor) in enumerate(self.depreciation.axes):
            trends = [
                trend + line.slopes[number] * (value - center) if value > floor else trend
                for trend, line, value in zip(trends, lines, columns[index], strict=True)
            ]
        scores = self._predict_columns(self._widen_columns(columns))
        return [trend + score for trend, score in zip(trends, scores, strict=True)]

    def _widen_columns(self, columns: Sequence[Sequence[float]]) -> list[Sequence[float]]:
        wide = [[codes.get(value, MISSING) for value in columns[index]] for index, codes in self.wide]
        return [*columns, *wide, *self.flag_columns(columns)]

    def _find_lines(self, columns: list[Row]) -> tuple[list[Line], set[int]]:
        keys, lines = self.depreciation.keys, self.depreciation.lines
        if not keys:
            return [self.depreciation.of_all] * len(columns[0]), set()
        found = [lines.get(key) for key in zip(*(columns[index] for index in keys), strict=True)]
        strange = set()
        for number in [number for number, line in enumerate(found) if line is None]:
            row = [column[number] for column in columns]
            found[number], is_known = self.depreciation.find(row)
            if not is_known:
                strange.add(number)
            for index in keys:
                columns[index][number] = row[index]
        return found, strange  # type: ignore[return-value]


def name_columns(names: Sequence[str], wide: Sequence[str] | Mapping[str, Any], flags: Sequence[str]) -> list[str]:
    """The columns that the trees see."""
    return [*names, *(f"{name}.category" for name in wide), *(f"{name}.missing" for name in flags)]


def check_columns(key: str, found: Sequence[str], names: Sequence[str]) -> None:
    """Raises BundleError where a part of model.pkl has other columns than it should."""
    if list(found) != list(names):
        raise BundleError(
            f"model.pkl: {key}: should be {', '.join(names)} (got {', '.join(map(str, found))})", RETRAIN
        )


def join_columns(columns: Sequence[Sequence[float]]) -> "array[float]":
    """The columns one after the other, as Trees.predict_rows takes them."""
    return array("d", list(chain.from_iterable(columns)))
