"""The rows of a Parquet file as text."""

from collections.abc import Iterator
from typing import IO, Any

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]

from carprice.errors import ListingsError
from carprice.listings.reading.byte_source import ByteSource
from carprice.listings.reading.header import name_columns
from carprice.listings.reading.row_lines import DroppedRows, LineIndex

BATCH_ROWS = 100_000

# What pyarrow raises of a file whose bytes were changed; it decodes names and values too.
DAMAGES = (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError, MemoryError, ValueError, KeyError)


class ParquetRows:
    """The table in a Parquet file; columns that hold lists or objects are left out.

    Raises ListingsError where the file is damaged.
    """

    counted = "row"
    first_line = 1

    def __init__(self, source: ByteSource, is_strict: bool = False) -> None:
        self.source = source
        self.dropped = DroppedRows(source.name, self.counted, is_strict)
        self.lines = LineIndex()
        self.notes: list[str] = []
        try:
            with source.open() as stream:
                schema = _open(stream).schema_arrow
                self._places = [place for place, field in enumerate(schema) if not pa.types.is_nested(field.type)]
                names = [schema.field(place).name for place in self._places]
        except DAMAGES as error:
            raise self._damage(error) from None
        rows = [["?"] * len(names)]
        self.columns = [name for name in name_columns(names, rows, self.notes) if name is not None]

    def read(self) -> Iterator[pa.Table]:
        """Yield the rows in order, all columns as text. Raises ListingsError where the file is damaged."""
        self.lines = LineIndex()
        self.dropped.clear()
        with self.source.open() as stream:
            batches = self._read_batches(stream)
            while True:
                try:
                    table = next(batches, None)
                except (*DAMAGES, pl.exceptions.PolarsError) as error:
                    raise self._damage(error) from None
                if table is None:
                    return
                self.lines.add_block(table.num_rows, 1 + self.lines.rows)
                yield table

    def _read_batches(self, stream: IO[bytes]) -> Iterator[pa.Table]:
        for batch in _open(stream).iter_batches(BATCH_ROWS):
            batch.validate(full=True)
            arrays = [_as_text(batch.column(place)) for place in self._places]
            yield pa.table(dict(zip(self.columns, arrays, strict=True)))

    def _damage(self, error: BaseException) -> ListingsError:
        return ListingsError(f"{self.source.name}: is damaged Parquet ({_first_line(error)})", "Copy it again.")


def _open(stream: IO[bytes]) -> Any:
    return pa.parquet.ParquetFile(pa.PythonFile(stream, mode="r"))


def _as_text(column: Any) -> Any:
    """A column as a CSV has it; NaN is a missing number, as the programs that write Parquet mean it."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    return column.cast(pa.string())


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
