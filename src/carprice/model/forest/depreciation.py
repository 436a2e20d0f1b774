"""Straight lines of log price along year and mileage, by make and model: where trees stop, these go on."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

MISSING = math.nan
ANY = -1
"""Instead of a code: the line is for every value of that key."""


class Line(NamedTuple):
    """One line: log price at the center, and its slope along each number.

    key: its codes. rows: how many listings it was learnt from. steps: what each key adds to the level, the line
    of all first.
    """

    key: tuple[float, ...]
    rows: int
    level: float
    slopes: tuple[float, ...]
    steps: tuple[float, ...]


class Depreciation:
    """The lines of one bundle. A row is a list of numbers in feature order, as Encoder makes it."""

    def __init__(self, table: Mapping[str, Any], columns: Sequence[str]) -> None:
        self.keys = tuple(columns.index(name) for name in table["keys"])
        self.numbers = tuple(columns.index(name) for name in table["numbers"])
        self.center = tuple(table["center"])
        starts = table.get("starts") or [None] * len(self.numbers)
        count = len(self.keys)
        levels = {tuple(line[:count]): line[count + 1] for line in table["lines"]}
        self.lines = {
            tuple(line[:count]): Line(
                tuple(line[:count]),
                int(line[count]),
                line[count + 1],
                tuple(line[count + 2 :]),
                _list_steps(tuple(line[:count]), levels),
            )
            for line in table["lines"]
        }
        self.of_all = self.lines[(ANY,) * count]
        floors = [-math.inf if start is None else start for start in starts]
        self.axes = tuple(zip(self.numbers, self.center, floors, strict=True))

    def find(self, row: list[float]) -> tuple[Line, bool]:
        """The line of a row, and whether its keys are known together.

        A key counts only where the ones before it are known, and all of them only where they were seen together:
        those that do not count become missing in the row.
        """
        key = tuple([row[index] for index in self.keys])
        line = self.lines.get(key)
        return (line, True) if line is not None else self._find_wider(row, key)

    def _find_wider(self, row: list[float], key: tuple[float, ...]) -> tuple[Line, bool]:
        known = next((depth for depth, code in enumerate(key) if code != code), len(key))
        is_known = known < len(key)
        wider = key[:known] + (ANY,) * (len(key) - known)
        line = self.lines.get(wider) if is_known else None
        for index in self.keys[known if line else 0 :]:
            row[index] = MISSING
        return line or self.of_all, is_known

    def value(self, row: Sequence[float], line: Line) -> float:
        """The log price of a row by its line; a missing number counts as the center."""
        value = line.level
        for slope, (index, center, floor) in zip(line.slopes, self.axes, strict=True):
            number = row[index]
            if number > floor:  # NaN is not
                value += slope * (number - center)
        return value

    def parts(self, row: Sequence[float], line: Line) -> tuple[dict[int, float], float]:
        """What each column adds, by index, and the level of all; they sum to the value."""
        parts = dict(zip(self.keys, line.steps[1:], strict=True))
        for slope, (index, center, floor) in zip(line.slopes, self.axes, strict=True):
            number = row[index]
            parts[index] = slope * (number - center) if number > floor else 0.0
        return parts, line.steps[0]

    def others_with(self, row: Sequence[float]) -> list[int]:
        """The codes of the first key that the row's last key was seen with."""
        last = row[self.keys[-1]]
        return sorted(int(key[0]) for key in self.lines if key[-1] == last)


def _list_steps(key: tuple[float, ...], levels: Mapping[tuple[float, ...], float]) -> tuple[float, ...]:
    wider = [key[:depth] + (ANY,) * (len(key) - depth) for depth in range(len(key) + 1)]
    found: list[float] = []
    for each in wider:
        found.append(levels.get(each, found[-1] if found else 0.0))
    return (found[0], *(after - before for before, after in pairwise(found)))
