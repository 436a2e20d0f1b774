"""A file of listings as people have it: CSV of any usual separator and encoding, to texts by field."""

import codecs
import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from carprice.market.market_file import ASKING, Feature, Market

MAX_ROWS = 1_000
SEPARATORS = ",;\t|"
SPREADSHEET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
"""What .xlsx and .xls files begin with."""
AS_CSV = (
    "In a spreadsheet: File, Save As, CSV UTF-8; then drop that file. "
    "In a terminal it is read as it is: ./carprice score cars.xlsx"
)
ASKING_NAMES = (ASKING, "asking", "price")
_OTHERS = re.compile(r"[\W_]+")


class StockError(Exception):
    """A file that cannot be priced; the text says why, and what to do."""


class StockFile(NamedTuple):
    """header and rows: as the file has them. fields: of each row the texts by field."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    fields: Sequence[Mapping[str, str]]


def read_stock(data: bytes, market: Market) -> StockFile:
    """The listings of a file. Raises StockError."""
    text = _decode(data)
    lines = text.splitlines()
    if not lines:
        raise StockError("The file is empty.")
    separator = max(SEPARATORS, key=lines[0].count)
    try:
        header, *rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(row)]
    except csv.Error as error:
        raise StockError(f"The file is no CSV: {error}.") from None
    if len(rows) > MAX_ROWS:
        raise StockError(
            f"The file has {len(rows):,} cars; here {MAX_ROWS:,} are priced at once. "
            "For more, in a terminal: ./carprice score cars.csv"
        )
    columns = match_columns(header, market)
    missing = [each.label for each in market.features if not each.optional and each.name not in columns]
    if len(missing) == sum(not each.optional for each in market.features):
        raise StockError(f"No column is called {', '.join(missing)}; the file has: {', '.join(header)[:300]}.")
    return StockFile(header, rows, [_read_row(row, columns, market) for row in rows])


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


def _read_row(row: Sequence[str], columns: Mapping[str, int], market: Market) -> dict[str, str]:
    texts = {name: row[place].strip() for name, place in columns.items() if place < len(row)}
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
    if data.startswith(SPREADSHEET):
        raise StockError(f"This is a spreadsheet or an archive, not a CSV file. {AS_CSV}")
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
