"""Listings files of every known format, read in batches of raw text so that memory stays flat."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import polars as pl

from carprice.errors import ListingsError
from carprice.listings.reading.archives import is_workbook, unpack_tar, unpack_zip
from carprice.listings.reading.byte_source import ByteSource, ReadPlace, spool, unpack_gzip
from carprice.listings.reading.csv_rows import CsvRows
from carprice.listings.reading.encodings import find_encoding, open_utf8
from carprice.listings.reading.entities import unescape_entities
from carprice.listings.reading.formats import (
    EXPECTED,
    GZIP,
    PARQUET,
    ZIP,
    find_refused,
    find_refused_text,
    is_json,
    is_tar,
)
from carprice.listings.reading.json_rows import JsonRows
from carprice.listings.reading.parquet_rows import ParquetRows
from carprice.listings.reading.row_lines import DroppedRow, DroppedRows, LineIndex, add_note
from carprice.listings.reading.workbook import WorkbookRows
from carprice.system.remote import describe_remote, is_remote, open_remote, write_path

BATCH_ROWS = 100_000
STANDARD_INPUT = "-"
ENTITIES_READ = "HTML entities such as &amp; are read as the characters that they stand for"
MAX_LAYERS = 3
"""Archives inside archives are unpacked so deep."""


class Rows(Protocol):
    """The table in a file of one format. counted: how the place of a row is given, by `line` or by `row`.

    lines and dropped are of the last reading; notes say how the file was understood.
    """

    counted: str
    first_line: int
    columns: list[str]
    notes: list[str]
    dropped: DroppedRows
    lines: LineIndex

    def read(self) -> Iterator[Any]:
        """Yield Arrow tables of the rows in order, each column as text."""
        ...


class ListingsFile:
    """A listings file whose head was read: its format and columns are known.

    encoding: what its text is in, where that is not to be found out. is_strict: a row that is none of the table is
    an error, and not dropped. Raises ListingsError where the file is missing, empty or of no known format.
    """

    def __init__(self, path: Path, encoding: str = "", is_strict: bool = False) -> None:
        self.path = path
        stored = _open_path(path)
        self.size = 0 if str(path) == STANDARD_INPUT else stored.size
        self._place = ReadPlace()
        self._is_begun = False
        source = _unpack(self._place.watch(stored))
        self._rows = _open_rows(source, encoding, is_strict)
        if source.name.startswith(f"{stored.name}:"):
            self._rows.notes.insert(0, f"Read {source.name.removeprefix(f'{stored.name}:')} of the archive")
        self.columns = self._rows.columns

    def read_batches(self, batch_rows: int = BATCH_ROWS) -> Iterator[pl.DataFrame]:
        """Yield the rows in order, at most batch_rows at a time, every column as raw text.

        Raises ListingsError with file, line and value where the file is damaged, no table, or has no rows.
        """
        rows, self._is_begun = 0, True
        for table in _read_ahead(self._rows.read()):
            frame, has_entities = unescape_entities(cast(pl.DataFrame, pl.from_arrow(table)))
            add_note(self._rows.notes, ENTITIES_READ if has_entities else "")
            for part in frame.iter_slices(batch_rows) if frame.height else ():
                rows += part.height
                yield part
        if not rows:
            raise ListingsError(
                f"{write_path(self.path)}: {self._rows.dropped.first or 'has a header and no listings'}", EXPECTED
            )

    @property
    def bytes_read(self) -> int:
        """How far read_batches has come, in bytes as stored; a batch is read ahead."""
        return min(self._place.tell(), self.size) if self._is_begun else 0

    @property
    def first_line(self) -> int:
        """The line of the first row, counted from 1, where rows are counted as one line each."""
        return self._rows.first_line

    @property
    def counted(self) -> str:
        """How the place of a row is given: by `line` or by `row`."""
        return self._rows.counted

    @property
    def notes(self) -> list[str]:
        """How the file was understood, where that is not plain; complete once it was read."""
        return self._rows.notes

    @property
    def dropped(self) -> list[DroppedRow]:
        """The rows that were no rows of the table, by reason; read_batches leaves them out."""
        return list(self._rows.dropped)

    def find_lines(self, counted: Sequence[int]) -> list[int]:
        """The true lines of rows that were counted as one line each from first_line on, once they were read."""
        return [self._rows.lines.find(line - self.first_line) for line in counted]


def _read_ahead(tables: Iterator[Any]) -> Iterator[Any]:
    """The same, each made while the one before it is worked on."""
    with ThreadPoolExecutor(1, "reading") as pool:
        pending = pool.submit(next, tables, None)
        while (table := pending.result()) is not None:
            pending = pool.submit(next, tables, None)
            yield table


def _open_path(path: Path) -> ByteSource:
    if str(path) == STANDARD_INPUT:
        source = spool("standard input", sys.stdin.buffer)
        if not source.size:
            raise ListingsError("standard input: is empty", EXPECTED)
        return source
    if is_remote(path):
        size, _ = describe_remote(path)
        if not size:
            raise ListingsError(f"{write_path(path)}: is empty", EXPECTED)
        return ByteSource(write_path(path), lambda: open_remote(path), size)
    try:
        with path.open("rb") as raw:
            is_empty = not raw.read(1)
    except FileNotFoundError:
        raise ListingsError(f"{path}: no such file", EXPECTED) from None
    except IsADirectoryError:
        raise ListingsError(f"{path}: is a folder, not a file", EXPECTED) from None
    except OSError as error:
        raise ListingsError(f"{path}: cannot be read ({error.strerror})") from None
    if is_empty:
        raise ListingsError(f"{path}: is empty", EXPECTED)
    return ByteSource(str(path), lambda: path.open("rb"), path.stat().st_size)


def _unpack(source: ByteSource) -> ByteSource:
    """What the file holds behind its gzip, zip and tar."""
    for _ in range(MAX_LAYERS + 1):
        head = source.read_head()
        if head.startswith(GZIP):
            source = unpack_gzip(source)
        elif is_tar(head):
            source = unpack_tar(source)
        elif head.startswith(ZIP) and not is_workbook(source := source.as_file()):
            source = unpack_zip(source)
        else:
            return source
    raise ListingsError(f"{source.name}: is packed more than {MAX_LAYERS} times", "Unpack it first.")


def _open_rows(source: ByteSource, encoding: str, is_strict: bool) -> Rows:
    head = source.read_head()
    name, hint = find_refused(head)
    if name:
        raise ListingsError(f"{source.name}: is {name}, no table of listings", hint)
    if head.startswith(PARQUET):
        return ParquetRows(source.as_file(), is_strict)
    if head.startswith(ZIP):
        return WorkbookRows(source.as_file(), is_strict)
    found = find_encoding(source, encoding, has_lines=not is_json(head.decode(errors="replace")))
    with open_utf8(source, found.codec) as stream:
        text = stream.read(len(head)).decode(errors="replace")
    if what := find_refused_text(text):
        raise ListingsError(f"{source.name}: is {what}, no table of listings", EXPECTED)
    has_lone_returns = "\r" in text and "\n" not in text
    open_text = partial(open_utf8, source, found.codec, has_lone_returns)
    rows: Rows = (JsonRows if is_json(text) else CsvRows)(source.name, open_text, is_strict)
    if found.note:
        rows.notes.insert(0, found.note)
    return rows
