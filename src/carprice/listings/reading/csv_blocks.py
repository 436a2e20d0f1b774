"""CSV text in blocks of whole records, with the line of each, and whether its quotes are as they should be."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import IO

import numpy as np
import numpy.typing as npt

from carprice.errors import ListingsError
from carprice.listings.reading.row_lines import Lines

QUOTE = ord('"')
NEWLINE = ord("\n")
RETURN = ord("\r")
MEGABYTE = 1024 * 1024
MIN_HIDDEN_ROWS = 2
"""So many rows inside a quoted field, and most of its lines, show that its quote was never closed."""
NO_TABLE = "That is no table of listings; look at its start: head -c 1000 FILE"
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Some lines of the file, from first_line on; line_ends: how many end in it.

    is_sound: they are whole records, and every quote opens or closes a field, or is doubled. is_last: of the file.
    """

    data: bytes
    first_line: int
    line_ends: int
    is_sound: bool
    is_last: bool


class BlockReader:
    """Cuts the rest of a CSV stream (UTF-8, from line first_line on) into blocks.

    A block that is not sound may end inside a record: give that part back with push_back.
    """

    def __init__(
        self, stream: IO[bytes], block_bytes: int, first_line: int, delimiter: bytes, fields: int, source: str
    ) -> None:
        self.stream = stream
        self.block_bytes = block_bytes
        self.line = first_line
        self.delimiter = delimiter
        self.fields = fields
        self.source = source
        self._pending = b""

    def push_back(self, text: bytes) -> None:
        """Read this end of the last block again, before what follows it."""
        self._pending = text + self._pending
        self.line -= count_lines(text)

    def read_blocks(self) -> Iterator[Block]:
        """Yield the blocks in order. Raises ListingsError for a line that is longer than two blocks."""
        while True:
            data = self.stream.read(self.block_bytes)
            text, is_last = self._pending + data, not data
            if not text:
                return
            end, is_sound = self._find_end(text, is_last)
            self._pending = text[end:]
            if end:
                part = text[:end]
                line_ends = count_lines(part)
                self.line += line_ends
                yield Block(part, self.line - line_ends, line_ends, is_sound, is_last)
            if is_last and not self._pending:
                return

    def _find_end(self, text: bytes, is_last: bool) -> tuple[int, bool]:
        """Where to cut the text, and whether what stands before is sound."""
        quotes = Quotes(text, self.delimiter[0])
        is_sound = quotes.are_sound(is_last) and not quotes.hide_rows(self.fields)
        end = len(text) if is_last else quotes.find_end() if is_sound else text.rfind(b"\n") + 1
        if not end and len(text) > 2 * self.block_bytes:
            is_sound, end = False, text.rfind(b"\n") + 1
            if not end:
                size = f"{2 * self.block_bytes / MEGABYTE:,.0f} MB"
                raise ListingsError(f"{self.source}: line {self.line}: is longer than {size}", NO_TABLE)
        return end, is_sound and b"\0" not in text and not has_lone_return(text[:end])


class Quotes:
    """The quotes of a text that starts with a record."""

    def __init__(self, text: bytes, delimiter: int) -> None:
        self.text = text
        self.delimiter = delimiter
        self.bytes = np.frombuffer(text, np.uint8)
        has_any = b'"' in text
        self.places: Places = np.flatnonzero(self.bytes == QUOTE) if has_any else np.empty(0, np.int64)

    def are_sound(self, is_last: bool) -> bool:
        """Whether each opens or closes a field, or is doubled; the last one may be open unless is_last."""
        if not self.places.size:
            return True
        if is_last and self.places.size % 2:
            return False
        opens, closes = self.places[0::2], self.places[1::2]
        before = np.where(opens > 0, self.bytes[opens - 1], NEWLINE)
        after = self.bytes[np.minimum(closes + 1, self.bytes.size - 1)]
        after[closes == self.bytes.size - 1] = NEWLINE
        is_doubled = np.zeros(opens.size, bool)
        is_doubled[1:] = opens[1:] - 1 == closes[: opens.size - 1]
        starts = self._ends_field(before) | is_doubled
        ends = self._ends_field(after) | (after == QUOTE)
        return bool(starts.all() and ends.all())

    def hide_rows(self, fields: int) -> bool:
        """Whether quoted fields hold several lines with as many fields as the table has, which may be rows."""
        opens, closes = self.places[0::2], np.append(self.places[1::2], len(self.text))
        # A row has a delimiter between two fields, and a line end.
        is_short = closes[: opens.size] - opens <= MIN_HIDDEN_ROWS * fields
        if fields < 2 or is_short.all():
            return False
        newlines, turn = self._newlines
        same = (turn[1:] == turn[:-1]) & (turn[1:] % 2 == 1)
        if not same.any():
            return False
        delimiters = np.flatnonzero(self.bytes == self.delimiter)
        counts = np.diff(np.searchsorted(delimiters, newlines))[same]
        return int((counts == fields - 1).sum()) >= MIN_HIDDEN_ROWS

    def find_end(self) -> int:
        """Where the last whole record ends; 0 where there is none."""
        last = self.text.rfind(b"\n")
        if np.searchsorted(self.places, last) % 2 == 0:
            return last + 1
        newlines, turn = self._newlines
        outside = newlines[turn % 2 == 0]
        return int(outside[-1]) + 1 if outside.size else 0

    def find_lines(self, first_line: int) -> Lines:
        """The line of each record that is not an empty line."""
        newlines, turn = self._newlines
        ends = newlines[turn % 2 == 0]
        if not self.text.endswith(b"\n"):
            ends = np.append(ends, len(self.text))
        starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)
        size = ends - starts
        is_empty = (size == 0) | ((size == 1) & (self.bytes[np.minimum(starts, self.bytes.size - 1)] == RETURN))
        found: Lines = first_line + np.searchsorted(newlines, starts[~is_empty])
        return found

    @cached_property
    def _newlines(self) -> tuple[Places, Places]:
        """Each line end, and how many quotes stand before it."""
        newlines = np.flatnonzero(self.bytes == NEWLINE)
        return newlines, np.searchsorted(self.places, newlines)

    def _ends_field(self, found: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        ends: npt.NDArray[np.bool_] = (found == self.delimiter) | (found == NEWLINE) | (found == RETURN)
        return ends


def count_lines(text: bytes) -> int:
    """The line ends in a text: \\n, \\r\\n and lone \\r."""
    return text.count(b"\n") + (text.count(b"\r") - text.count(b"\r\n") if b"\r" in text else 0)


def has_lone_return(text: bytes) -> bool:
    """Whether there is an \\r that no \\n follows."""
    return b"\r" in text and text.count(b"\r") != text.count(b"\r\n")
