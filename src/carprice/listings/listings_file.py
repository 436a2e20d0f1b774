"""Listings files: CSV, gzipped CSV and Parquet, read in batches of raw text so that memory stays flat."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.csv  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]

from carprice.errors import ListingsError
from carprice.listings.csv_errors import EXPECTED, csv_error, explain_head

BATCH_ROWS = 100_000
BLOCK_BYTES = 4 * 1024 * 1024
HEAD_BYTES = 64 * 1024
DELIMITERS = (",", ";", "\t")

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_ZIP_ERRORS = (EOFError, gzip.BadGzipFile, zlib.error)


class ListingsFile:
    """A listings file whose head was read: its format, delimiter and columns are known.

    Raises ListingsError where the file is missing, empty or of no known format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        magic = _read_magic(path)
        self.is_gzip = magic.startswith(_GZIP)
        self.is_parquet = magic.startswith(_PARQUET)
        self.delimiter = ""
        self._lines_differ = False
        if self.is_parquet:
            self.columns = _open_parquet(path).schema_arrow.names
        else:
            self.delimiter, self.columns = self._read_header()
        self._check_columns()

    def read_batches(self, batch_rows: int = BATCH_ROWS) -> Iterator[pl.DataFrame]:
        """Yield the rows in order, at most batch_rows at a time, every column as raw text.

        Raises ListingsError with file, line and value where the file is damaged, no table, or has no rows.
        """
        rows = 0
        for batch in self._read_parquet(batch_rows) if self.is_parquet else self._read_csv():
            frame = cast(pl.DataFrame, pl.from_arrow(batch))
            for part in frame.iter_slices(batch_rows):
                rows += part.height
                yield part
        if not rows:
            raise ListingsError(f"{self.path}: has a header and no listings", EXPECTED)

    @property
    def first_line(self) -> int:
        """The line of the first row, counted from 1; Parquet has rows only."""
        return 1 if self.is_parquet else 2

    def find_lines(self, counted: Sequence[int]) -> list[int]:
        """The true line numbers of rows that were counted as one line each from first_line on.

        Call it once the rows were read: only a file with empty lines or line ends inside quotes is
        read again, by the slower parser that counts lines.
        """
        if not self._lines_differ or not counted:
            return list(counted)
        with self.open_text() as text:
            reader = csv.reader(text, delimiter=self.delimiter)
            starts = list(islice(_line_starts(reader), max(counted)))
        return [starts[line - 1] for line in counted]

    def open_bytes(self) -> IO[bytes]:
        """The file's bytes, unzipped."""
        return cast(IO[bytes], gzip.open(self.path) if self.is_gzip else self.path.open("rb"))

    def open_text(self) -> IO[str]:
        """The file's text, unzipped, line ends kept; bytes that are not UTF-8 become U+FFFD."""
        return io.TextIOWrapper(self.open_bytes(), encoding="utf-8-sig", errors="replace", newline="")

    def _read_header(self) -> tuple[str, list[str]]:
        try:
            with self.open_bytes() as raw:
                head = raw.read(HEAD_BYTES)
        except _ZIP_ERRORS as error:
            raise _gzip_error(self.path, error) from None
        if problem := explain_head(head):
            raise ListingsError(f"{self.path}: {problem}", EXPECTED)
        text = head.decode("utf-8-sig", errors="replace")
        if "\ufffd" in text.splitlines()[0]:
            raise csv_error(self, "its header is not UTF-8")
        delimiter = max(DELIMITERS, key=text.splitlines()[0].count)
        return delimiter, next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))

    def _check_columns(self) -> None:
        self.columns = [column.strip() for column in self.columns]
        for column in self.columns:
            if self.columns.count(column) > 1:
                raise ListingsError(
                    f"{self.path}: line 1: column {column!r} is there twice", "Rename one of them."
                )

    def _read_csv(self) -> Iterator[pa.RecordBatch]:
        with _CountingFile(self.open_bytes()) as source:
            rows = 0
            try:
                for batch in self._open_csv(source):
                    rows += batch.num_rows
                    yield batch
            except pa.ArrowInvalid as error:
                raise csv_error(self, str(error)) from None
            except _ZIP_ERRORS as error:
                raise _gzip_error(self.path, error) from None
            self._lines_differ = source.newlines not in (rows, rows + 1)

    def _open_csv(self, source: Any) -> pa.csv.CSVStreamingReader:
        return pa.csv.open_csv(
            pa.PythonFile(source, mode="r"),
            pa.csv.ReadOptions(block_size=BLOCK_BYTES, skip_rows_after_names=1, column_names=self.columns),
            pa.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
            pa.csv.ConvertOptions(column_types={name: pa.string() for name in self.columns}),
        )

    def _read_parquet(self, batch_rows: int) -> Iterator[pa.RecordBatch]:
        try:
            for batch in _open_parquet(self.path).iter_batches(batch_rows):
                flat = {
                    name: column
                    for name, column in zip(self.columns, batch.columns, strict=True)
                    if not pa.types.is_nested(column.type)
                }
                yield pa.RecordBatch.from_pydict({name: _as_text(column) for name, column in flat.items()})
        except (pa.ArrowException, OSError) as error:
            raise ListingsError(f"{self.path}: is damaged Parquet ({error})") from None


def _as_text(column: pa.Array) -> pa.Array:
    """A column as a CSV has it; NaN is a missing number, as the programs that write Parquet mean it."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    return column.cast(pa.string())


class _CountingFile(io.RawIOBase):
    """Bytes passed on, with the line ends in them counted."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.raw = raw
        self.newlines = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self.raw.read(size)
        self.newlines += data.count(b"\n")
        return data

    def close(self) -> None:
        self.raw.close()
        super().close()


def _read_magic(path: Path) -> bytes:
    try:
        with path.open("rb") as raw:
            magic = raw.read(8)
    except FileNotFoundError:
        raise ListingsError(f"{path}: no such file", EXPECTED) from None
    except IsADirectoryError:
        raise ListingsError(f"{path}: is a folder, not a file", EXPECTED) from None
    except OSError as error:
        raise ListingsError(f"{path}: cannot be read ({error.strerror})") from None
    if not magic:
        raise ListingsError(f"{path}: is empty", EXPECTED)
    return magic


def _open_parquet(path: Path) -> pa.parquet.ParquetFile:
    try:
        return pa.parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise ListingsError(f"{path}: is damaged Parquet ({error})") from None


def _gzip_error(path: Path, error: Exception) -> ListingsError:
    if isinstance(error, EOFError):
        return ListingsError(f"{path}: is gzip and ends too early", "Copy or download it again.")
    return ListingsError(f"{path}: is damaged gzip ({error})", "Copy or download it again.")


def _line_starts(reader: Any) -> Iterator[int]:
    line = 1
    for fields in reader:
        if fields:
            yield line
        line = reader.line_num + 1
