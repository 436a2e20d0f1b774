"""A file of listings as people have it: CSV of any usual separator and encoding, or Excel, to texts by field."""

import codecs
import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from carprice.api.pages.stock_workbook import Cell, TooManyRowsError, WorkbookError, read_workbook
from carprice.market.market_file import ASKING, Feature, Market

MAX_ROWS = 1_000
MAX_TITLES = 10
"""Rows above the one that names the columns."""
SEPARATORS = ",;\t|"
ZIP = b"PK\x03\x04"
"""What .xlsx files begin with."""
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
"""What .xls files begin with, and any workbook with a password."""
AS_CSV = "In the spreadsheet: File, Save As, CSV UTF-8 or .xlsx without a password; then drop that file."
MORE = "For more, in a terminal: ./carprice score"
ASKING_NAMES = (ASKING, "asking", "price")
_OTHERS = re.compile(r"[\W_]+")


class StockError(Exception):
    """A file that cannot be priced; the text says why, and what to do."""


class StockFile(NamedTuple):
    """header and rows: as the file has them. fields: of each row the texts by field."""

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    fields: Sequence[Mapping[str, str]]


def read_stock(data: bytes, market: Market) -> StockFile:
    """The listings of a file. Raises StockError."""
    table = _read_sheet(data) if data.startswith(ZIP) else _read_text(data)
    if not table:
        raise StockError("The file is empty.")
    place = _find_header(table, market)
    header, rows = [write_cell(cell) for cell in table[place]], table[place + 1 :]
    if len(rows) > MAX_ROWS:
        raise StockError(f"The file has {len(rows):,} cars; here {MAX_ROWS:,} are priced at once. {MORE} cars.csv")
    columns = match_columns(header, market)
    needed = [each for each in market.features if not each.optional]
    if not any(each.name in columns for each in needed):
        names = ", ".join(each.label for each in needed)
        raise StockError(f"No column is called {names}; the file has: {', '.join(header)[:300]}.")
    return StockFile(header, rows, [_read_row(row, columns, market) for row in rows])


def write_cell(cell: Cell, decimal: str = ".") -> str:
    """A cell as text; a number with the decimal mark that such numbers have."""
    return cell if isinstance(cell, str) else f"{cell:.15g}".replace(".", decimal)


def _read_sheet(data: bytes) -> list[list[Cell]]:
    try:
        return read_workbook(data, MAX_ROWS + MAX_TITLES)
    except TooManyRowsError:
        raise StockError(f"The sheet has over {MAX_ROWS:,} cars, the most at once. {MORE} cars.xlsx") from None
    except WorkbookError as error:
        raise StockError(f"This looks like an Excel workbook, and {error}. {AS_CSV}") from None


def _read_text(data: bytes) -> list[list[str]]:
    text = _decode(data)
    lines = text.splitlines()
    separator = max(SEPARATORS, key=lines[0].count) if lines else ","
    try:
        return [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(row)]
    except csv.Error as error:
        raise StockError(f"The file is no CSV: {error}.") from None


def _find_header(table: Sequence[Sequence[Cell]], market: Market) -> int:
    """The first row that names a column, behind titles; else the first row."""
    first = table[: MAX_TITLES + 1]
    named = (place for place, row in enumerate(first) if match_columns([write_cell(cell) for cell in row], market))
    return next(named, 0)


def match_columns(header: Sequence[str], market: Market) -> dict[str, int]:
    """The place of each field's column, by its name, its column in the market file or its label."""
    places = {_squash(name): place for place, name in reversed(list(enumerate(header)))}
    found = {}
    for feature in market.features:
        names = (feature.name, feature.column, feature.label)
        place = next((places[_squash(name)] for name in names if _squash(name) in places), None)
        if place is not None:
            found[feature.name] = place
    asking = (*ASKING_NAMES[:2], market.price.column, ASKING_NAMES[2])
    place = next((places[_squash(name)] for name in asking if _squash(name) in places), None)
    return found if place is None else {**found, ASKING: place}


def _read_row(row: Sequence[Cell], columns: Mapping[str, int], market: Market) -> dict[str, str]:
    marks = {ASKING: market.price.decimal, **{each.name: each.decimal for each in market.features}}
    texts = {
        name: write_cell(row[place], marks[name]).strip() for name, place in columns.items() if place < len(row)
    }
    for feature in market.features:
        if feature.name in texts:
            texts[feature.name] = _translate(texts[feature.name], feature)
    return texts


def _translate(text: str, feature: Feature) -> str:
    """The text of a column as the market file has it, as it would be typed."""
    if text in feature.missing:
        return ""
    if text in feature.true or text in feature.false:
        return "yes" if text in feature.true else "no"
    return feature.replace.get(text, text)


def _decode(data: bytes) -> str:
    if data.startswith(OLD_WORKBOOK):
        raise StockError(f"This is an old Excel workbook (.xls), or one with a password. {AS_CSV}")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data:
        raise StockError(f"This is no text. {AS_CSV}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _squash(name: str) -> str:
    return _OTHERS.sub("", name.casefold())
