"""The range of a price: limits of the error over its usual size, by groups, and the confidence that follows."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from carprice.model.valuation import Confidence

COVERAGE = 0.9
"""The share of prices that a range holds where nothing else is asked for."""
MIN_COVERAGE, MAX_COVERAGE = 0.5, 0.98
LEVELS = 99
"""Quantiles that are kept: of 1, 2 ... 99 %."""
CLOSE = 0.1
"""Confidence is about the price being within this share."""
HIGH, MEDIUM = 0.75, 0.5
"""Confidence is high or medium where at least this share of prices is that close."""
MIN_LIKE = 3
"""Listings of the same make and model below which a car is of few: its range has a table of its own, and it is not
valued where the market file has refuse = true."""
_STEPS = 60
_LARGEST_LOG = 20.0


class Limits(NamedTuple):
    """Of each group the lower and the upper limit of error over size, for a range that holds that share."""

    coverage: float
    of_groups: tuple[tuple[float, float], ...]


class PriceRange:
    """The limits of one bundle.

    A group of listings has one table of quantiles: groups by the size of the error, then listings without a known
    model, then, where the bundle has it, those of models with fewer than MIN_LIKE listings.
    """

    def __init__(self, table: Mapping[str, Any], has_model: bool) -> None:
        self.edges: list[float] = table["edges"]
        self.quantiles: list[list[float]] = table["quantiles"]
        self.unseen: float = table["unseen"]
        self.nameless = len(self.quantiles) - 1 if has_model else None
        self.few = None
        if table.get("few"):
            self.few = len(self.quantiles)
            self.quantiles = [*self.quantiles, table["few"]]
        self.factors = tuple(
            self.unseen if group == self.nameless else 1.0 for group in range(len(self.quantiles))
        )
        self.usual = self.limits(COVERAGE)
        self.high = tuple(self._largest_size(group, HIGH) for group in range(len(self.quantiles)))
        self.medium = tuple(self._largest_size(group, MEDIUM) for group in range(len(self.quantiles)))

    def limits(self, coverage: float) -> Limits:
        """The limits of a coverage, the same share left out at either end; a range always holds its price."""
        share = (1 - coverage) / 2
        return Limits(
            coverage,
            tuple(
                (min(find_quantile(table, share), 0.0), max(find_quantile(table, 1 - share), 0.0))
                for table in self.quantiles
            ),
        )

    def group(self, size: float, is_named: bool, rows: int) -> int:
        """The group of a listing. size: the log of the usual error. rows: listings of its make and model."""
        if self.nameless is not None and not is_named:
            return self.nameless
        if self.few is not None and rows < MIN_LIKE:
            return self.few
        return bisect_left(self.edges, size)

    def within(self, size: float, group: int, share: float = CLOSE) -> float:
        """The chance that the actual price is within that share of the price."""
        scale = math.exp(size) * self.factors[group]
        table = self.quantiles[group]
        return find_level(table, math.log1p(share) / scale) - find_level(table, math.log1p(-share) / scale)

    def level(self, error: float, scale: float, group: int) -> float:
        """The share of prices, from 0 to 1, that lie at most that far from the price. error: in log price, signed.

        scale: of the car's range. Beyond the quantiles that are kept it is 0 or 1.
        """
        return find_level(self.quantiles[group], error / scale)

    def confidence(self, size: float, group: int) -> Confidence:
        """`high`, `medium` or `low`."""
        if size <= self.high[group]:
            return "high"
        return "medium" if size <= self.medium[group] else "low"

    def _largest_size(self, group: int, chance: float) -> float:
        """The largest log size with at least that chance to be close: the chance falls as the size grows."""
        low, high = -_LARGEST_LOG, _LARGEST_LOG
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if self.within(middle, group) >= chance:
                low = middle
            else:
                high = middle
        return low


def find_quantile(table: Sequence[float], level: float) -> float:
    """The quantile of a level from 0 to 1, linear between the ones that are kept."""
    place = min(max(round(level * (LEVELS + 1) - 1, 9), 0.0), LEVELS - 1.0)
    index = min(int(place), LEVELS - 2)
    return table[index] + (place - index) * (table[index + 1] - table[index])


def find_level(table: Sequence[float], value: float) -> float:
    """The level from 0 to 1 of a value: the inverse of find_quantile; 0 or 1 beyond the kept ones."""
    if value < table[0]:
        return 0.0
    if value > table[-1]:
        return 1.0
    index = max(bisect_left(table, value), 1)
    step = table[index] - table[index - 1]
    return (index + ((value - table[index - 1]) / step if step else 0.0)) / (LEVELS + 1)
