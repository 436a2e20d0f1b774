"""The rows of JSON and JSON lines: each object a row, what is nested in it a column of its own."""

import io
import json
from collections.abc import Callable, Iterator
from typing import IO, Any

from carprice.errors import ListingsError
from carprice.listings.reading.byte_source import read_whole_lines
from carprice.listings.reading.header import MAX_COLUMNS
from carprice.listings.reading.json_scanner import JsonScanner, Path, make_decoder
from carprice.listings.reading.row_lines import DroppedRows, LineIndex
from carprice.listings.reading.text_tables import Text, build_table, write_value

BATCH_ROWS = 10_000
NO_OBJECT = "no JSON object"
JOINED_BY = "; "
MAX_NESTED = 20
RECORDS_HINT = "Export the listings as an array of objects, one for each; with pandas: to_json(orient='records')"


class JsonRows:
    """The table in JSON (one array of objects, wherever it is) or in JSON lines, of which it is read twice.

    open_text: opens it as UTF-8. Raises ListingsError where there is no such array, or several.
    """

    first_line = 1

    def __init__(self, source: str, open_text: Callable[[], IO[bytes]], is_strict: bool = False) -> None:
        self.source = source
        self.open_text = open_text
        self.notes: list[str] = []
        self.lines = LineIndex()
        self._decoder = make_decoder()
        self._is_lines = self._has_lines()
        self.counted = "line" if self._is_lines else "row"
        self.dropped = DroppedRows(source, self.counted, is_strict=False)
        self._joined: dict[str, None] = {}
        self._left_out: dict[str, None] = {}
        self.columns = self._find_columns()
        self.dropped = DroppedRows(source, self.counted, is_strict)
        if self._joined:
            self.notes.append(f"Lists were joined by {JOINED_BY!r} in {', '.join(map(repr, self._joined))}")
        if self._left_out:
            self.notes.append(f"Lists of objects were left out: {', '.join(map(repr, self._left_out))}")

    def read(self) -> Iterator[Any]:
        """Yield the rows in order, as text. Raises ListingsError where the JSON is damaged."""
        self.lines = LineIndex()
        self.dropped.clear()
        batch: list[list[Text]] = []
        for row, place in self._read_rows():
            batch.append([row.get(name) for name in self.columns])
            self.lines.add_block(1, place)
            if len(batch) == BATCH_ROWS:
                yield build_table(self.columns, batch)
                batch = []
        yield build_table(self.columns, batch)

    def _has_lines(self) -> bool:
        """Whether the first line is an object by itself, and no object that holds the table."""
        with self.open_text() as stream:
            first = stream.readline(MAX_FIRST_LINE).strip()
            while first == b"" and (line := stream.readline(MAX_FIRST_LINE)):
                first = line.strip()
            follows = any(stream.readline(MAX_FIRST_LINE).strip() for _ in range(2))
        try:
            value = self._decoder.decode(first.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and (follows or _is_row(value))

    def _find_columns(self) -> list[str]:
        columns: dict[str, None] = {}
        for row, _ in self._read_rows():
            columns.update(dict.fromkeys(row))
            if len(columns) > MAX_COLUMNS:
                raise ListingsError(
                    f"{self.source}: its objects have more than {MAX_COLUMNS:,} keys", RECORDS_HINT
                )
        if not columns:
            raise ListingsError(f"{self.source}: is JSON without an array of objects", RECORDS_HINT)
        return list(columns)

    def _read_rows(self) -> Iterator[tuple[dict[str, Text], int]]:
        """Each object, flat, and its place; others are dropped."""
        for value, place, text in self._read_lines() if self._is_lines else self._read_array():
            if isinstance(value, dict):
                row: dict[str, Text] = {}
                self._flatten(value, "", row, 0)
                yield row, place
            else:
                self.dropped.add(NO_OBJECT, place, text or json.dumps(value))

    def _read_lines(self) -> Iterator[tuple[Any, int, str]]:
        place = 0
        with self.open_text() as stream:
            for part in read_whole_lines(stream, self.source):
                for line in part.split(b"\n"):
                    place += 1
                    if line.strip():
                        text = line.decode("utf-8-sig", errors="replace").strip()
                        yield self._decode_line(text), place, text
                place -= part.endswith(b"\n")

    def _decode_line(self, text: str) -> Any:
        try:
            return self._decoder.decode(text)
        except (ValueError, RecursionError):
            return None

    def _read_array(self) -> Iterator[tuple[Any, int, str]]:
        table: Path | None = None
        with self.open_text() as stream:
            text = io.TextIOWrapper(io.BufferedReader(stream), "utf-8-sig", errors="replace")  # type: ignore[type-var]
            for number, (path, value) in enumerate(JsonScanner(text, self.source).read_arrays(), 1):
                if table not in (None, path):
                    names = " and ".join(repr(".".join(keys)) for keys in (table, path) if keys is not None)
                    raise ListingsError(
                        f"{self.source}: has several arrays of objects: {names}",
                        f"Keep one: jq .{'.'.join(path)} {self.source} > listings.json",
                    )
                table = path
                yield value, number, ""

    def _flatten(self, value: dict[str, Any], prefix: str, row: dict[str, Text], depth: int) -> None:
        for key, inner in value.items():
            name = f"{prefix}{key}"
            if isinstance(inner, str):
                row[name] = inner
            elif isinstance(inner, dict):
                if depth < MAX_NESTED:
                    self._flatten(inner, f"{name}.", row, depth + 1)
            elif not isinstance(inner, list):
                row[name] = write_value(inner)
            elif any(isinstance(item, dict | list) for item in inner):
                self._left_out[name] = None
            else:
                self._joined[name] = None
                row[name] = JOINED_BY.join(write_value(item) or "" for item in inner) or None


MAX_FIRST_LINE = 1024 * 1024


def _is_row(value: dict[str, Any]) -> bool:
    """Whether an object is one listing: no table, neither by rows nor by columns."""
    return not _holds_table(value) and not all(isinstance(inner, dict) for inner in value.values())


def _holds_table(value: dict[str, Any]) -> bool:
    """Whether an array of objects is somewhere in it."""
    return any(
        _holds_table(inner) if isinstance(inner, dict) else isinstance(inner, list) and _starts_with_object(inner)
        for inner in value.values()
    )


def _starts_with_object(value: list[Any]) -> bool:
    return bool(value) and isinstance(value[0], dict)
