"""The rows of a damaged piece of CSV, line by line: what can be read is written well, what cannot is dropped."""

import re
from dataclasses import dataclass, field

import numpy as np

from carprice.listings.reading.csv_blocks import MIN_HIDDEN_ROWS, Block, count_lines
from carprice.listings.reading.row_lines import DroppedRows, Lines

FEW_FIELDS = 3
"""In a table of so few, a line of prose has as many by chance: all lines must be rows."""
MOST_LINES = 0.5
HIDDEN_BYTES = 64 * 1024
"""How far behind an open quote rows are looked for."""
MAX_QUOTED_BYTES = 1024 * 1024
"""A quoted field is no longer: else its quote was never closed."""
TOO_FEW = "too few fields"
TOO_MANY = "too many fields"
OPEN_QUOTE = "a quote is opened and never closed"
NOT_UTF8 = "bytes that are not UTF-8"
ZERO_BYTE = "a zero byte"

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|$)")


@dataclass
class Recovered:
    """Rows as sound CSV of one line each or as they were; the line of each; lines whose stray quotes were kept.

    rest: the start of a record that goes on behind the text.
    """

    rows: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    stray: int = 0
    rest: bytes = b""

    def as_array(self) -> Lines:
        """The lines, for a LineIndex."""
        return np.array(self.lines, np.int64)


@dataclass(frozen=True)
class _Record:
    fields: list[bytes]
    end: int
    is_stray: bool


class Recovery:
    """Recovers the rows of one file's damaged blocks."""

    def __init__(self, delimiter: bytes, fields: int, dropped: DroppedRows) -> None:
        self.delimiter = delimiter
        self.fields = fields
        self.dropped = dropped
        mark = re.escape(delimiter)
        end = rb"[ ]*(?=" + mark + rb"|[\r\n]|\Z)"
        self._quoted = re.compile(rb'[ ]*"')
        self._strict = re.compile(rb'[ ]*"([^"]*+(?:""[^"]*+)*+)"' + end)
        self._lenient = re.compile(rb'[ ]*"([^\r\n]*?)"' + end)
        self._plain = re.compile(rb"[^\r\n" + mark + rb"]*")

    def recover(self, block: Block) -> Recovered:
        """The rows of a block that starts with a record; what is no row goes to `dropped`."""
        found = Recovered()
        text, line, at = block.data, block.first_line, 0
        while at < len(text):
            end = _end_of_line(text, at)
            if text[at:end].strip():
                taken = self._take_record(text, at, end, line, found)
                if taken is None and not block.is_last and len(text) - at < MAX_QUOTED_BYTES:
                    found.rest = text[at:]
                    return found
                if taken is None:
                    self.dropped.add(OPEN_QUOTE, line, _decode(text[at:end].rstrip(b"\r\n")))
                end = taken or end
            line += count_lines(text[at:end])
            at = end
        return found

    def _take_record(self, text: bytes, at: int, end: int, line: int, found: Recovered) -> int | None:
        """Take the record of the line from at to end; the place behind it, None where it may go on."""
        raw = text[at:end].rstrip(b"\r\n")
        if b"\0" in raw:
            self.dropped.add(ZERO_BYTE, line, _decode(raw))
            return end
        if b'"' not in raw:
            self._take_fields(raw, raw.count(self.delimiter) + 1, line, raw, found)
            return end
        record = self._split(text, at)
        if record is None:
            if self._hides_rows(text[end : end + HIDDEN_BYTES], is_closed=False):
                self.dropped.add(OPEN_QUOTE, line, _decode(raw))
                return end
            return None
        fits = len(record.fields) == self.fields
        if record.end > end and self._hides_rows(text[end : record.end], MIN_HIDDEN_ROWS if fits else 1):
            self.dropped.add(OPEN_QUOTE, line, _decode(raw))
            return end
        found.stray += record.is_stray and fits
        row = self.delimiter.join(b'"' + value.replace(b'"', b'""') + b'"' for value in record.fields)
        self._take_fields(row, len(record.fields), line, raw, found)
        return record.end

    def _take_fields(self, row: bytes, count: int, line: int, raw: bytes, found: Recovered) -> None:
        if count != self.fields:
            reason = TOO_FEW if count < self.fields else TOO_MANY
            detail = f"should have {self.fields} fields, has {count}"
            self.dropped.add(reason, line, _decode(raw.rstrip(b"\r\n")), detail)
        elif not _is_utf8(row):
            self.dropped.add(NOT_UTF8, line, _decode(raw.rstrip(b"\r\n")))
        else:
            found.rows.append(row)
            found.lines.append(line)

    def _split(self, text: bytes, at: int) -> "_Record | None":
        """The record at a place; None where a quote stays open."""
        fields: list[bytes] = []
        is_stray = False
        limit = min(len(text), at + MAX_QUOTED_BYTES)
        while True:
            if self._quoted.match(text, at, limit):
                match = self._strict.match(text, at, limit)
                value = match[1].replace(b'""', b'"') if match else b""
                if match is None:
                    is_stray = True
                    match = self._lenient.match(text, at, limit)
                    if match is None:
                        return None
                    value = match[1]
            else:
                match = self._plain.match(text, at, limit)
                assert match is not None
                value = match[0]
                is_stray = is_stray or b'"' in value
            fields.append(value)
            at = match.end()
            if text[at : at + 1] != self.delimiter:
                return _Record(fields, at + _line_end_size(text, at), is_stray)
            at += 1

    def _hides_rows(self, text: bytes, least: int = MIN_HIDDEN_ROWS, is_closed: bool = True) -> bool:
        """Whether of the lines behind the one that opens a quote so many, and most, are rows of the table.

        The last line is no evidence: it may close the quote, or go on; nor, where the quote is closed, is a line
        with quotes, which may close one field and open the next.
        """
        lines = text.splitlines()[:-1]
        rows = sum(
            line.count(self.delimiter) == self.fields - 1 for line in lines if not (is_closed and b'"' in line)
        )
        share = 1.0 if self.fields <= FEW_FIELDS else MOST_LINES
        return self.fields > 1 and rows >= least and rows >= share * len(lines)


def _end_of_line(text: bytes, at: int) -> int:
    match = _LINE.match(text, at)
    assert match is not None
    return match.end()


def _line_end_size(text: bytes, at: int) -> int:
    if text[at : at + 2] == b"\r\n":
        return 2
    return int(text[at : at + 1] in (b"\r", b"\n"))


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decode(text: bytes) -> str:
    return text.decode(errors="replace")
