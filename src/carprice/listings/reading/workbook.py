"""The rows of an Excel workbook (.xlsx): of its first sheet that holds a table."""

import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

from carprice.errors import ListingsError
from carprice.listings.reading.byte_source import ByteSource, check_unpacked
from carprice.listings.reading.formats import EXPECTED
from carprice.listings.reading.header import Record, check_header, find_header_record, name_columns
from carprice.listings.reading.row_lines import DroppedRows, LineIndex, add_note
from carprice.listings.reading.text_tables import Text, build_table, write_value
from carprice.listings.reading.units_row import UNITS_TAKEN, join_units

BATCH_ROWS = 10_000
SAMPLE_ROWS = 100
MAX_ROWS = 1_048_576
"""Of a sheet, as Excel has it."""
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})

# What openpyxl raises of a file whose bytes were changed.
_DAMAGES = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    zlib.error,
    struct.error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    EOFError,
    OSError,
    RuntimeError,
    AssertionError,
)


class WorkbookRows:
    """The table of a workbook's first sheet that holds one. Raises ListingsError where there is none."""

    counted = "row"

    def __init__(self, source: ByteSource, is_strict: bool = False) -> None:
        self.source = source
        self.dropped = DroppedRows(source.name, self.counted, is_strict)
        self.lines = LineIndex()
        self.notes: list[str] = []
        with self._open() as workbook:
            samples = {sheet.title: _read_sample(sheet) for sheet in workbook.worksheets}
        tables = [title for title, sample in samples.items() if _is_table(sample)]
        if not tables:
            raise ListingsError(f"{source.name}: has no sheet with a table", EXPECTED)
        self._sheet = tables[0]
        if len(samples) > 1:
            others = "".join(f", not {title!r}" for title in tables[1:])
            self.notes.append(f"Read sheet {self._sheet!r}{others}")
        self._find_columns(samples[self._sheet])

    def read(self) -> Iterator[Any]:
        """Yield the rows in order, as text. Raises ListingsError where the file is damaged."""
        self.lines = LineIndex()
        self.dropped.clear()
        width, outside = len(self._names), 0
        with self._open() as workbook:
            records = _read_records(workbook[self._sheet])
            batch: list[list[Text]] = []
            for cells, row in records:
                if row < self.first_line:
                    continue
                outside += any(cells[width:])
                cells = (cells + [None] * width)[:width]
                batch.append([cell for cell, name in zip(cells, self._names, strict=True) if name is not None])
                self.lines.add_block(1, row)
                if len(batch) == BATCH_ROWS:
                    yield build_table(self.columns, batch)
                    batch = []
            yield build_table(self.columns, batch)
        add_note(self.notes, f"Cells beside the table were not read in {outside:,} rows" if outside else "")

    def _find_columns(self, sample: list[Record]) -> None:
        place = find_header_record(sample)
        names, row = sample[place]
        while names and not names[-1]:
            names.pop()
        if place:
            skipped = "row 1" if row == 2 else f"rows 1 to {row - 1}"
            self.notes.append(f"Skipped {skipped} above the header")
        if len(sample) > place + 1 and (with_units := join_units(names, sample[place + 1][0][: len(names)])):
            place, names, row = place + 1, with_units, sample[place + 1][1]
            self.notes.append(UNITS_TAKEN)
        rows = [cells for cells, _ in sample[place + 1 :]]
        check_header(names, rows, self.source.name, f"row {row}")
        self._names = name_columns(names, rows, self.notes)
        self.columns = [name for name in self._names if name is not None]
        self.first_line = row + 1

    @contextmanager
    def _open(self) -> Iterator[Any]:
        """The workbook, its sheets read row by row. Raises ListingsError where it is damaged."""
        with self.source.open() as stream, warnings.catch_warnings():
            # openpyxl warns of styles, rules and links that no table needs.
            warnings.filterwarnings("ignore", module="openpyxl")
            try:
                with zipfile.ZipFile(stream) as packed:
                    unpacked = sum(member.file_size for member in packed.infolist())
                check_unpacked(self.source.name, unpacked, self.source.size)
                workbook = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
                yield workbook
                workbook.close()
            except _DAMAGES as error:
                raise ListingsError(
                    f"{self.source.name}: is a damaged workbook ({error or type(error).__name__})",
                    "Open it in Excel and save it again, or save it as CSV.",
                ) from None


def _read_sample(sheet: Any) -> list[Record]:
    sample = []
    for cells, row in _read_records(sheet):
        sample.append(([cell or "" for cell in cells], row))
        if len(sample) == SAMPLE_ROWS:
            break
    return sample


def _read_records(sheet: Any) -> Iterator[tuple[list[Text], int]]:
    """The texts of each row that is not empty, and its number."""
    # What a sheet says of its size is often wrong, and rows would be cut.
    sheet.reset_dimensions()
    for row, values in enumerate(sheet.iter_rows(max_row=MAX_ROWS, values_only=True), 1):
        cells = [None if value in _ERRORS else write_value(value) for value in values]
        if any(cell and cell.strip() for cell in cells):
            yield cells, row


def _is_table(sample: list[Record]) -> bool:
    """Whether a header and a row, at the least, fill several cells."""
    return sum(sum(bool(cell) for cell in cells) > 1 for cells, _ in sample) > 1
