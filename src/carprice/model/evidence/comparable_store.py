"""The listings that a bundle keeps to show beside a price: comparables.pkl, read without NumPy.

A column has few different values, so it is a table of these and a code for each row, in as many bytes as the table
needs. Codes, numbers and texts are the bytes of arrays, least byte first, and are looked into where they are. Rows
are in groups of the same make and model, each group in order of the model's score.
"""

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from carprice.errors import BundleError
from carprice.market.kinds import Value
from carprice.model.bundle.manifest import COMPARABLES, RETRAIN
from carprice.system.structs import convert

CODE_TYPES = {1: "B", 2: "H", 4: "I"}
"""Bytes of a code to the type of its array."""

Key = tuple[str | None, ...]


class _Column(msgspec.Struct):
    """table: texts, or the bytes of float64 numbers, NaN where there is none. codes: those of whole numbers."""

    table: list[str | None] | bytes
    codes: bytes


class _Texts(msgspec.Struct):
    """The links or ids: what all start with, the rest of each one after the other, and where each ends."""

    prefix: str
    rests: bytes
    ends: bytes


class _Store(msgspec.Struct):
    rows: Annotated[int, msgspec.Meta(ge=0)]
    keys: list[str]
    groups: list[list[Any]]
    columns: dict[str, Any]
    price: _Column
    day: _Column | None
    moved: _Column | None
    score: bytes
    car: bytes
    texts: _Texts | None


class Column:
    """The values of one column by row."""

    def __init__(self, name: str, column: _Column, rows: int) -> None:
        width = len(column.codes) // rows if rows else 1
        if width not in CODE_TYPES or len(column.codes) != width * rows:
            raise _refuse(f"{name}.codes", f"have a whole number for each of {rows} rows", len(column.codes))
        self._codes: Any = memoryview(column.codes).cast(CODE_TYPES[width])  # type: ignore[call-overload]
        self._table = _read_table(name, column.table)
        if rows and max(self._codes) >= len(self._table):
            raise _refuse(f"{name}.codes", f"be below {len(self._table)}", max(self._codes))

    def __getitem__(self, row: int) -> Any:
        value = self._table[self._codes[row]]
        return None if value != value else value


class ComparableStore:
    """The listings of one bundle; rows are counted from 0."""

    def __init__(self, data: Any, names: Sequence[str], keys: Sequence[str]) -> None:
        """data: of comparables.pkl. names: of the market's features. keys: of the depreciation lines.

        Raises BundleError where it does not fit.
        """
        if sys.byteorder != "little":
            raise BundleError(f"{COMPARABLES}: this machine has another order of bytes", RETRAIN)
        store = convert(data, _Store, COMPARABLES, BundleError, RETRAIN)
        if list(store.columns) != list(names) or store.keys != list(keys):
            raise _refuse("columns", f"be {', '.join(names)} by {', '.join(keys)}", ", ".join(store.columns))
        self.rows = rows = store.rows
        self.keys = store.keys
        self.groups = _read_groups(store.groups, rows, len(keys))
        self._columns = [_read_column(name, column, rows) for name, column in store.columns.items()]
        self.price = Column("price", store.price, rows)
        self.day = Column("day", store.day, rows) if store.day else None
        self._moved = Column("moved", store.moved, rows) if store.moved else None
        self.score = _read_numbers("score", store.score, "f", rows)
        self.car = _read_numbers("car", store.car, "Q", rows)
        self._texts = store.texts
        self._ends = _read_numbers("texts.ends", store.texts.ends, "I", rows) if store.texts else None

    def find_groups(self, key: Key) -> list[tuple[int, int]]:
        """The first row and the one after the last of each group whose keys start with these."""
        if len(key) == len(self.keys):
            return [self.groups[key]] if key in self.groups else []
        return [ends for each, ends in self.groups.items() if each[: len(key)] == key]

    def values(self, row: int) -> list[Value]:
        """The values of a listing in feature order."""
        return [column[row] for column in self._columns]

    def has_values(self, row: int, values: Sequence[Value]) -> bool:
        """Whether a listing's values are these."""
        return all(column[row] == value for column, value in zip(self._columns, values, strict=True))

    def moved(self, row: int) -> float:
        """How far the market has moved since the listing's day, in log price."""
        return float(self._moved[row] or 0.0) if self._moved else 0.0

    def text(self, row: int) -> str | None:
        """Its link or id, or None where there is none."""
        if self._texts is None or self._ends is None:
            return None
        start = self._ends[row - 1] if row else 0
        rest = self._texts.rests[start : self._ends[row]]
        return self._texts.prefix + rest.decode(errors="replace") if rest else None

    def find_window(self, start: int, end: int, score: float, reach: float) -> range:
        """The rows of a group whose score is within reach of another."""
        scores = self.score
        return range(
            bisect_left(scores, score - reach, start, end), bisect_right(scores, score + reach, start, end)
        )


def _read_groups(groups: Sequence[Sequence[Any]], rows: int, depth: int) -> dict[Key, tuple[int, int]]:
    """The first row of each group and the one after its last, by its keys."""
    found: dict[Key, tuple[int, int]] = {}
    at = 0
    for group in groups:
        *key, start, end = group
        if len(key) != depth or start != at or not isinstance(end, int) or not start < end <= rows:
            raise _refuse("groups", "follow each other", group)
        found[tuple(key)] = (start, end)
        at = end
    if at != rows:
        raise _refuse("groups", f"hold {rows} rows", at)
    return found


def _read_column(name: str, data: Any, rows: int) -> Column:
    where = f"columns.{name}"
    return Column(where, convert(data, _Column, f"{COMPARABLES}: {where}", BundleError, RETRAIN), rows)


def _read_table(name: str, table: list[str | None] | bytes) -> Sequence[Any]:
    if isinstance(table, list):
        return table
    if len(table) % 8:
        raise _refuse(f"{name}.table", "be numbers of 8 bytes", len(table))
    return array("d", table)


def _read_numbers(name: str, data: bytes, kind: str, rows: int) -> Any:
    size = array(kind).itemsize
    if len(data) != size * rows:
        raise _refuse(name, f"have {size * rows} bytes", len(data))
    return memoryview(data).cast(kind)  # type: ignore[call-overload]


def _refuse(key: str, what: str, found: Any) -> BundleError:
    return BundleError(f"{COMPARABLES}: {key}: should {what} (got {found})", RETRAIN)
