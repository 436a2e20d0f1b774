"""Where the rows of a file stand in it, and the rows that reading drops: every row is counted once."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from carprice.errors import ListingsError

SHOWN_CHARACTERS = 60

Lines = npt.NDArray[np.int64]


def shorten(text: str) -> str:
    """The text in quotes as messages show values: on one line, cut after 60 characters."""
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…")


def add_note(notes: list[str], note: str) -> None:
    """Add what a reading found, once however often the file is read; empty is nothing."""
    if note and note not in notes:
        notes.append(note)


class LineIndex:
    """The line of each row, in a few bytes per block of rows that fill one line each."""

    def __init__(self) -> None:
        self.rows = 0
        self._starts: list[int] = []
        self._blocks: list[int | Lines] = []

    def add_block(self, rows: int, lines: int | Lines) -> None:
        """Add rows of one line each from line `lines` on, or rows (rows,) that start at `lines`."""
        if not rows:
            return
        before = self._blocks[-1] if self._blocks else None
        goes_on = isinstance(before, int) and before + self.rows - self._starts[-1] == lines
        if not isinstance(lines, int) or not goes_on:
            self._starts.append(self.rows)
            self._blocks.append(lines if isinstance(lines, int) else lines.astype(np.int32))
        self.rows += rows

    def find(self, row: int) -> int:
        """The line of a row, counted from 0, that was added."""
        place = bisect_right(self._starts, row) - 1
        block, inside = self._blocks[place], row - self._starts[place]
        return block + inside if isinstance(block, int) else int(block[inside])


@dataclass
class DroppedRow:
    """Why rows were dropped while the file was read: how many, the first one's line and text."""

    reason: str
    count: int
    line: int
    value: str


class DroppedRows:
    """The rows of one file that are no rows of its table. With is_strict the first one is an error."""

    def __init__(self, source: str, counted: str, is_strict: bool) -> None:
        self.source = source
        self.counted = counted
        self.is_strict = is_strict
        self.count = 0
        self.first = ""
        self._found: dict[str, DroppedRow] = {}

    def add(self, reason: str, line: int, value: str, detail: str = "") -> None:
        """Count a row. detail: what was expected; the reason where it says enough. Raises ListingsError."""
        self.count += 1
        if not self.first:
            self.first = f"{self.counted} {line}: {detail or reason}: {shorten(value)}"
        if self.is_strict:
            raise ListingsError(
                f"{self.source}: {self.first}", "Correct it, or leave --strict out: such rows are dropped."
            )
        found = self._found.setdefault(reason, DroppedRow(reason, 0, line, value[: 2 * SHOWN_CHARACTERS]))
        found.count += 1

    def clear(self) -> None:
        """Forget them, as the file is read again."""
        self.count = 0
        self.first = ""
        self._found = {}

    def __iter__(self) -> Iterator[DroppedRow]:
        return iter(self._found.values())
