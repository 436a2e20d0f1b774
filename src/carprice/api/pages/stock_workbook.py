"""The cells of an Excel workbook (.xlsx), read within bounds that no sender can stretch.

Only what a table needs of ECMA-376, part 1: rows, cells, shared texts, and which numbers are dates. Parts are
unpacked piece by piece and their elements counted, so no small archive and no short XML takes much memory or time.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Protocol
from xml.parsers import expat

from carprice.names import KIB, MIB

Cell = str | float

MAX_UNPACKED = 8 * MIB
MAX_ELEMENTS = 500_000
MAX_CHARACTERS = 4 * MIB
"""Of all cells, a text as often as it is repeated."""
MAX_COLUMNS = 200
"""Cells further to the right are left out."""
MAX_SHEETS = 10
PIECE_BYTES = 64 * KIB
WORKBOOK, STRINGS, STYLES = "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    LookupError,
)
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_DATE_LETTERS = re.compile("[dy]", re.IGNORECASE)
_NO_LETTERS = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_COLUMN = re.compile("[A-Z]{1,3}")


class WorkbookError(Exception):
    """A workbook that cannot be read; the text says why."""


class TooManyRowsError(WorkbookError):
    """More rows than are wanted."""


def read_workbook(data: bytes, max_rows: int) -> list[list[Cell]]:
    """The rows with a cell of the first sheet that has two of them. Raises WorkbookError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read_sheets(_Parts(archive), max_rows)
    except _DAMAGES:
        raise WorkbookError("it is damaged, or no workbook") from None


def _read_sheets(parts: "_Parts", max_rows: int) -> list[list[Cell]]:
    book, strings, styles = _Book(), _Strings(), _Styles()
    parts.walk(WORKBOOK, book)
    parts.walk(RELATIONS, book)
    for name, handler in ((STRINGS, strings), (STYLES, styles)):
        if name in parts.names:
            parts.walk(name, handler)
    for path in book.list_sheets():
        sheet = _Sheet(strings.texts, styles, book.first_day, max_rows)
        parts.walk(path, sheet)
        if len(sheet.rows) > 1:
            return sheet.rows
    raise WorkbookError("it has no sheet with a table")


class _Handler(Protocol):
    """What is done with the elements of a part. name: without its namespace. text: behind the last tag."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None: ...

    def end(self, name: str, text: str) -> None: ...


class _Parts:
    """The parts of a workbook, and what may still be unpacked and seen of them."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.names = set(archive.namelist())
        self._bytes = MAX_UNPACKED
        self._elements = MAX_ELEMENTS

    def walk(self, name: str, handler: _Handler) -> None:
        """Give each element of a part to a handler. Raises WorkbookError, or one of _DAMAGES."""
        info = self._archive.getinfo(name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise WorkbookError("it is packed in an unusual way")
        parser = self._make_parser(handler)
        with self._archive.open(info) as stream:
            while piece := stream.read(PIECE_BYTES):
                self._bytes -= len(piece)
                self._check()
                parser.Parse(piece)
        parser.Parse(b"", True)

    def _make_parser(self, handler: _Handler) -> expat.XMLParserType:
        parser, texts = expat.ParserCreate(namespace_separator=" "), list[str]()
        parser.buffer_text = True

        def start(name: str, attributes: dict[str, str]) -> None:
            self._elements -= 1
            self._check()
            texts.clear()
            handler.start(_drop_namespace(name), {_drop_namespace(key): each for key, each in attributes.items()})

        def end(name: str) -> None:
            handler.end(_drop_namespace(name), "".join(texts))
            texts.clear()

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = texts.append
        parser.StartDoctypeDeclHandler = _refuse_doctype
        return parser

    def _check(self) -> None:
        if self._bytes < 0 or self._elements < 0:
            raise WorkbookError("it unpacks to more than a table of so many cars takes")


def _refuse_doctype(*_: object) -> None:
    raise WorkbookError("it declares a document type, which no workbook does")


def _drop_namespace(name: str) -> str:
    return name.rpartition(" ")[2]


class _Book:
    """Which sheets there are, where, and from when on days are counted."""

    def __init__(self) -> None:
        self.first_day = date(1899, 12, 30)
        self._sheets: list[str] = []
        self._targets: dict[str, str] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self.first_day = date(1904, 1, 1)
        elif name == "sheet":
            self._sheets.append(attributes["id"])
        elif name == "Relationship":
            self._targets[attributes["Id"]] = attributes["Target"]

    def end(self, name: str, text: str) -> None:
        """Nothing of it is a text."""

    def list_sheets(self) -> list[str]:
        targets = [self._targets[name] for name in self._sheets[:MAX_SHEETS]]
        return [each[1:] if each.startswith("/") else f"xl/{each}" for each in targets]


class _Strings:
    """The shared texts; of those in pieces, their pieces together, without how they are pronounced."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._pieces: list[str] = []
        self._is_spoken = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._is_spoken = self._is_spoken or name == "rPh"

    def end(self, name: str, text: str) -> None:
        if name == "t" and not self._is_spoken:
            self._pieces.append(text)
        elif name == "rPh":
            self._is_spoken = False
        elif name == "si":
            self.texts.append("".join(self._pieces))
            self._pieces.clear()


class _Styles:
    """Which styles of cells show a number as a date."""

    def __init__(self) -> None:
        self._dates = set(_DATE_FORMATS)
        self._formats: list[int] = []
        self._is_of_cells = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "numFmt" and _DATE_LETTERS.search(_NO_LETTERS.sub("", attributes["formatCode"])):
            self._dates.add(int(attributes["numFmtId"]))
        elif name == "cellXfs":
            self._is_of_cells = True
        elif name == "xf" and self._is_of_cells:
            self._formats.append(int(attributes.get("numFmtId", "0")))

    def end(self, name: str, text: str) -> None:
        if name == "cellXfs":
            self._is_of_cells = False

    def is_date(self, style: int) -> bool:
        return style < len(self._formats) and self._formats[style] in self._dates


class _Sheet:
    """The rows of a sheet that have a cell, at most so many."""

    def __init__(self, strings: list[str], styles: _Styles, first_day: date, max_rows: int) -> None:
        self.rows: list[list[Cell]] = []
        self._strings, self._styles, self._first_day, self._max_rows = strings, styles, first_day, max_rows
        self._characters = MAX_CHARACTERS
        self._row: list[Cell] = []
        self._cell: Mapping[str, str] = {}
        self._place = 0
        self._text = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "row":
            self._row, self._place = [], 0
        elif name == "c":
            self._cell, self._text = attributes, ""
            if found := _COLUMN.match(attributes.get("r", "")):
                self._place = _count_column(found[0])

    def end(self, name: str, text: str) -> None:
        if name == "v":
            self._text = text
        elif name == "t":
            self._text += text
        elif name == "c":
            self._add_cell()
        elif name == "row" and any(cell != "" for cell in self._row):
            if len(self.rows) == self._max_rows:
                raise TooManyRowsError("it has more rows")
            self.rows.append(self._row)

    def _add_cell(self) -> None:
        if self._place < MAX_COLUMNS and (value := self._read_cell()) != "":
            self._characters -= len(value) if isinstance(value, str) else 1
            if self._characters < 0:
                raise WorkbookError("it has more text than a table of so many cars")
            self._row += [""] * (self._place + 1 - len(self._row))
            self._row[self._place] = value
        self._place += 1

    def _read_cell(self) -> Cell:
        kind, text = self._cell.get("t", "n"), self._text
        if kind == "s":
            return self._strings[int(text)] if text else ""
        if kind == "b":
            return "yes" if text == "1" else "no"
        if kind != "n" or not text:
            return "" if kind == "e" else text  # an error such as #N/A is no value
        number = float(text)
        if self._styles.is_date(int(self._cell.get("s", "0"))):
            with suppress(OverflowError, ValueError):
                return (self._first_day + timedelta(days=int(number))).isoformat()
        return number


def _count_column(letters: str) -> int:
    """A is 0, Z is 25, AA is 26."""
    place = 0
    for letter in letters:
        place = 26 * place + ord(letter) - ord("A") + 1
    return place - 1
