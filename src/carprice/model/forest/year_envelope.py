"""A forest that is free along the year made monotone in it: never cheaper when newer.

Constraining the trees themselves costs up to 5 % of accuracy where listings tell the variants well apart. Instead
they are asked for every year in which such a car was listed, and the score of a year is the mean of the largest of
the years up to it and the smallest of the years from it on: Mukarjee and Stern, "Feasible nonparametric estimation
of multiargument monotone functions" (JASA, 1994). A year before or after these is asked for too, with those
between. Cars from before a year, where there is one, have the score of their own year: old ones may be the dearer.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

MAX_BEYOND = 200
"""Years before the first or after the last one of a span."""

T = TypeVar("T")
Key = tuple[float, ...]


class Years(NamedTuple):
    """Scaled years in order. first, last: the places of the span's ends. own: that of the car's year."""

    values: tuple[float, ...]
    first: int
    last: int
    own: int


class YearEnvelope:
    """The years to ask for, by make and model. index: of the column. since: the first year they are asked for."""

    def __init__(self, table: Mapping[str, Any], columns: Sequence[str], figures: Mapping[str, float]) -> None:
        """figures: mean and scale of the year, as scaler.pkl has them."""
        self.index = columns.index(table["field"])
        self.since: float = table.get("since", -math.inf)
        self._mean, self._scale = figures["mean"], figures["scale"]
        self._spans: dict[Key, tuple[int, int, tuple[float, ...]]] = {
            tuple(key): (first, last, self._scale_years(first, last))
            for *key, first, last in map(self._cut_span, table["spans"])
        }

    def find_years(self, key: Key, year: float) -> Years:
        """The years to ask for a car of a scaled year. key: of its depreciation line.

        A missing year is asked for as it is, and so is one from before `since`.
        """
        if year != year or round(year * self._scale + self._mean) < self.since:
            return Years((year,), 0, 0, 0)
        first, last, values = self._spans[key]
        # Of a year that no market has, only so many are asked for.
        own = min(max(round(year * self._scale + self._mean), first - MAX_BEYOND), last + MAX_BEYOND)
        if own < first:
            values = self._scale_years(own, first - 1) + values
        elif own > last:
            values = values + self._scale_years(last + 1, own)
        start = min(own, first)
        return Years(values, first - start, last - start, own - start)

    def _cut_span(self, span: Sequence[int]) -> Sequence[int]:
        """The span without the years before `since`."""
        *key, first, last = span
        return [*key, *(int(max(year, self.since)) for year in (first, last))]

    def _scale_years(self, first: int, last: int) -> tuple[float, ...]:
        return scale_years(range(first, last + 1), self._mean, self._scale)


def scale_years(years: Iterable[int], mean: float, scale: float) -> tuple[float, ...]:
    """Years as the trees see them, computed as the encoder does it."""
    return tuple((year - mean) / scale for year in years)


def find_middle(scores: Sequence[float], years: Years) -> float:
    """The score of a car's own year among the scores by year, monotone in the year."""
    _, first, last, own = years
    if own < first:
        return min(min(scores[own:first]), find_middle(scores, years._replace(own=first)))
    if own > last:
        return max(max(scores[last + 1 : own + 1]), find_middle(scores, years._replace(own=last)))
    return (max(scores[first : own + 1]) + min(scores[own : last + 1])) / 2


def repeat(column: Iterable[T], counts: Iterable[int]) -> list[T]:
    """Each value as often as its count says."""
    return [value for value, count in zip(column, counts, strict=True) for _ in range(count)]
