"""Numbers that no listing of a make and model comes near, such as 5.5 mpg typed for 55: questioned, and priced."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from carprice.market.kinds import Value
from carprice.model.usual_distance import SLIPS

SPAN_SHARE = 0.5
"""Of the span of its make and model's listings, so far a number may lie beyond it."""
MARKET_SHARE = 0.5
"""Of the market's standard deviation, so far it always may."""

Key = tuple[float, ...]


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

    def __init__(self, table: Mapping[str, Any] | None, names: Sequence[str], scaler: Mapping[str, Any]) -> None:
        """table: as model.pkl has it, None where it has none. names: of the columns."""
        self.spans: dict[Key, tuple[Span, ...]] = {}
        if table is None:
            return
        fields = [(names.index(name), scaler[name]["scale"]) for name in table["fields"]]
        for codes, limits in table["rows"]:
            pairs = zip(fields, limits, strict=True)
            found = tuple(_widen(index, ends[0], ends[1], spread) for (index, spread), ends in pairs if ends)
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


def _widen(index: int, low: float, high: float, spread: float) -> Span:
    margin = max(SPAN_SHARE * (high - low), MARKET_SHARE * spread)
    return Span(index, low, high, low - margin, high + margin)
