"""The rows of CSV text: parsed in blocks by pyarrow, line by line only where a block is damaged."""

import codecs
from collections.abc import Callable, Iterator
from typing import IO

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv  # type: ignore[import-untyped]

from carprice.errors import ListingsError
from carprice.listings.reading.csv_blocks import Block, BlockReader, Quotes
from carprice.listings.reading.csv_recovery import Recovery
from carprice.listings.reading.formats import EXPECTED
from carprice.listings.reading.header import SAMPLE_LINES, find_header
from carprice.listings.reading.row_lines import DroppedRows, LineIndex, add_note

BLOCK_BYTES = 4 * 1024 * 1024
HEAD_BYTES = 256 * 1024
TELLING_ROWS = 1_000
"""Of so many rows most should be rows of the table."""


class CsvRows:
    """The table in CSV text. open_text: opens it as UTF-8, from its start.

    Raises ListingsError where it has no header.
    """

    counted = "line"

    def __init__(self, source: str, open_text: Callable[[], IO[bytes]], is_strict: bool = False) -> None:
        self.source = source
        self.open_text = open_text
        self.dropped = DroppedRows(source, self.counted, is_strict)
        self.lines = LineIndex()
        head = self._read_head()
        header = find_header([line.decode(errors="replace") for line in head[:SAMPLE_LINES]], source)
        self.delimiter = header.delimiter
        self.notes = header.notes
        self.names = header.columns
        self.columns = [name for name in header.columns if name is not None]
        self.first_line = header.lines + 1
        self._header_bytes = sum(len(line) for line in head[: header.lines])

    def read(self) -> Iterator[pa.Table]:
        """Yield the rows in order, all columns as text. Raises ListingsError where most of them are none."""
        self.lines = LineIndex()
        self.dropped.clear()
        with self.open_text() as stream:
            stream.read(self._header_bytes)
            mark = self.delimiter.encode()
            blocks = BlockReader(stream, BLOCK_BYTES, self.first_line, mark, len(self.names), self.source)
            recovery = Recovery(mark, len(self.names), self.dropped)
            stray = 0
            for block in blocks.read_blocks():
                table = self._parse_sound(block) if block.is_sound else None
                if table is None:
                    found = recovery.recover(block)
                    blocks.push_back(found.rest)
                    stray += found.stray
                    table = self._parse(b"\n".join(found.rows))
                    self.lines.add_block(table.num_rows, found.as_array())
                if block.is_last or self.lines.rows + self.dropped.count > TELLING_ROWS:
                    self._refuse_most_dropped()
                yield table
        self._refuse_most_dropped()
        add_note(self.notes, f"Quotes inside of fields were kept as text in {stray:,} lines" if stray else "")

    def _parse_sound(self, block: Block) -> pa.Table | None:
        """The rows of a sound block; None where one of them is no row."""
        try:
            table = self._parse(block.data)
        except pa.ArrowInvalid:
            return None
        if table.num_rows == block.line_ends + (not block.data.endswith(b"\n")):
            self.lines.add_block(table.num_rows, block.first_line)
            return table
        lines = Quotes(block.data, ord(self.delimiter)).find_lines(block.first_line)
        if lines.size != table.num_rows:
            return None
        self.lines.add_block(table.num_rows, lines)
        return table

    def _parse(self, data: bytes) -> pa.Table:
        names = [name if name is not None else f"\0{place}" for place, name in enumerate(self.names)]
        if not data.strip(b"\r\n"):
            return pa.table({name: pa.array([], pa.string()) for name in self.columns})
        return pa.csv.read_csv(
            pa.BufferReader(data),
            pa.csv.ReadOptions(block_size=len(data) + 1, column_names=names),
            pa.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
            pa.csv.ConvertOptions(
                column_types={name: pa.string() for name in self.columns}, include_columns=self.columns
            ),
        )

    def _refuse_most_dropped(self) -> None:
        if self.dropped.count > self.lines.rows:
            raise ListingsError(f"{self.source}: {self.dropped.first}", EXPECTED)

    def _read_head(self) -> list[bytes]:
        """The first lines, whole ones."""
        with self.open_text() as stream:
            head = stream.read(HEAD_BYTES)
        lines = head.splitlines(keepends=True)
        if len(head) == HEAD_BYTES:
            if len(lines) == 1:
                raise ListingsError(f"{self.source}: line 1: is longer than {HEAD_BYTES // 1024} kB", EXPECTED)
            lines.pop()
        if not head.removeprefix(codecs.BOM_UTF8).strip():
            raise ListingsError(f"{self.source}: is empty", EXPECTED)
        return lines
