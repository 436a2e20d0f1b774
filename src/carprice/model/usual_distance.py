"""Distances that are allowed and can hardly be meant, since they do not go with the car's age."""

from collections.abc import Sequence
from typing import NamedTuple

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
