"""A forest that is free along the year made monotone in it: never cheaper when newer.

Constraining the trees themselves costs up to 5 % of accuracy where listings tell the variants well apart. Instead
they are asked for every year in which such a car was listed, and the score of a year is the mean of the largest of
the years up to it and the smallest of the years from it on: Mukarjee and Stern, "Feasible nonparametric estimation
of multiargument monotone functions" (JASA, 1994).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
Key = tuple[float, ...]


class YearEnvelope:
    """The years to ask for, by make and model. index: of the year's column."""

    def __init__(self, table: Mapping[str, Any], columns: Sequence[str], figures: Mapping[str, float]) -> None:
        """figures: mean and scale of the year, as scaler.pkl has them."""
        self.index = columns.index(table["field"])
        mean, scale = figures["mean"], figures["scale"]
        self.spans: dict[Key, tuple[float, ...]] = {
            tuple(span[:-2]): tuple((year - mean) / scale for year in range(int(span[-2]), int(span[-1]) + 1))
            for span in table["spans"]
        }

    def find_years(self, key: Key, year: float) -> tuple[tuple[float, ...], int]:
        """The scaled years to ask for and the place of the car's own among them.

        key: of its depreciation line. A year before or after them counts as the first or last; a missing one is
        asked for as it is.
        """
        if year != year:
            return (year,), 0
        span = self.spans[key]
        place = 0
        while place < len(span) - 1 and span[place] < year:
            place += 1
        return span, place


def find_middle(scores: Sequence[float], place: int) -> float:
    """The score of a place among scores by year, monotone in it."""
    return (max(scores[: place + 1]) + min(scores[place:])) / 2


def repeat(column: Iterable[T], counts: Iterable[int]) -> list[T]:
    """Each value as often as its count says."""
    return [value for value, count in zip(column, counts, strict=True) for _ in range(count)]
