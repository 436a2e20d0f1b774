"""Numbers that are allowed and can hardly be meant: questioned, and priced.

A distance that does not go with the car's age, and what no listing of its make and model comes near,
such as 5.5 mpg typed for 55.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from carprice.market.kinds import Value

FEW, MANY = 1 / 8, 5.0
"""Of the distance that such cars go: below and above these a distance is questioned."""
NEW_YEARS = 2.0
"""A car up to this age may have gone nearly nothing."""
LEAST_YEARS, MOST_YEARS = 0.5, 15.0
"""An older car than that is often kept for little use."""
SLIPS = (1000.0, 100.0, 10.0, 0.1, 0.01, 0.001)
"""What a mistyped number is wrong by."""
NEAR = (0.3, 3.0)
"""A corrected distance is suggested where it is within these shares of the usual one."""

SPAN_SHARE = 0.5
"""Of the span of its make and model's listings, so far a number may lie beyond it."""
MARKET_SHARE = 0.5
"""Of the market's standard deviation, so far it always may."""

NEWER_YEARS = 2.0
"""Than the newest listing of its make and model a car may be: a later one may be of another generation."""

Key = tuple[float, ...]


class UsualDistance(NamedTuple):
    """How far cars have gone by their age. mileage, year: their indexes. yearly: in a year. newest: age 0."""

    mileage: int
    year: int
    yearly: float
    newest: float

    def usual(self, year: float) -> float:
        """How far cars of a year have gone."""
        return self.yearly * min(max(self.newest - year, LEAST_YEARS), MOST_YEARS)

    def is_unlikely(self, distance: Value, year: Value) -> bool:
        """Whether a distance is far from what cars of that year have gone; not where one of them is missing."""
        if distance is None or year is None:
            return False
        usual = self.usual(year)  # type: ignore[arg-type]
        if distance > max(usual, self.yearly * NEW_YEARS) * MANY:  # type: ignore[operator]
            return True
        return distance < usual * FEW and self.newest - year > NEW_YEARS  # type: ignore[operator]

    def applies(self, values: Sequence[Value]) -> bool:
        """The same for a listing's values in feature order."""
        return self.is_unlikely(values[self.mileage], values[self.year])

    def suggest(self, distance: float, year: float) -> float | None:
        """The distance that may have been meant, None where no slip explains it."""
        usual = self.usual(year)
        return next((distance * slip for slip in SLIPS if NEAR[0] <= distance * slip / usual <= NEAR[1]), None)


class Span(NamedTuple):
    """A number, by its column; from where to where listings go; and beyond what it is questioned."""

    column: int
    low: float
    high: float
    least: float
    most: float

    def suggest(self, value: float) -> float | None:
        """What may have been meant: a slip of 10 to 1,000 that lands among the listings, else None."""
        return next((value * slip for slip in SLIPS if self.low <= value * slip <= self.high), None)


class UsualValues:
    """The spans by the codes of make and model, as keys of the depreciation lines."""

    def __init__(
        self,
        table: Mapping[str, Any] | None,
        names: Sequence[str],
        scaler: Mapping[str, Any],
        year: int | None = None,
    ) -> None:
        """table: as model.pkl has it, None where it has none. names: of the columns. year: the index of one."""
        self.spans: dict[Key, tuple[Span, ...]] = {}
        if table is None:
            return
        fields = [(names.index(name), scaler[name]["scale"]) for name in table["fields"]]
        beyond = (table.get("older", math.inf), NEWER_YEARS)
        for codes, limits in table["rows"]:
            pairs = zip(fields, limits, strict=True)
            found = tuple(
                _widen(index, ends[0], ends[1], spread, beyond if index == year else (math.inf, math.inf))
                for (index, spread), ends in pairs
                if ends
            )
            self.spans[tuple(map(float, codes))] = found

    def find(self, key: Key, values: Sequence[Value]) -> list[Span]:
        """The spans that a car is outside of. key: the codes of make and model. values: in feature order."""
        return [
            span
            for span in self.spans.get(key, ())
            if (value := values[span.column]) is not None and not span.least <= value <= span.most  # type: ignore[operator]
        ]

    def find_rows(self, keys: Sequence[Sequence[float]], rows: Sequence[Sequence[Value]]) -> set[int]:
        """The indexes of rows outside any span. keys: the columns of make and model."""
        if not self.spans:
            return set()
        find, pairs = self.find, zip(zip(*keys, strict=True), rows, strict=True)
        return {number for number, (key, values) in enumerate(pairs) if find(key, values)}


def _widen(index: int, low: float, high: float, spread: float, most: tuple[float, float]) -> Span:
    """most: below the lowest, and above the highest."""
    margin = max(SPAN_SHARE * (high - low), MARKET_SHARE * spread)
    return Span(index, low, high, low - min(margin, most[0]), high + min(margin, most[1]))
