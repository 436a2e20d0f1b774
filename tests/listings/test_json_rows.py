import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from carprice.errors import ListingsError
from carprice.listings.reading import json_scanner
from carprice.listings.reading.listings_file import ListingsFile

Write = Callable[..., Path]

CARS = [{"make": "Ford", "price": 5000.0}, {"make": "Škoda", "price": 12.5}]
ROWS = [{"make": "Ford", "price": "5000"}, {"make": "Škoda", "price": "12.5"}]
READABLE = {
    "array": json.dumps(CARS),
    "indented array": json.dumps(CARS, indent=2),
    "object with an array": json.dumps({"count": 2, "cars": CARS, "tags": ["a"]}),
    "array deep inside": json.dumps({"data": {"found": {"cars": CARS}}}, indent=1),
    "lines": "\n".join(map(json.dumps, CARS)),
    "lines with empty ones": "\n\n".join(map(json.dumps, CARS)) + "\n",
    "BOM": "\ufeff" + json.dumps(CARS),
    "UTF-8": json.dumps(CARS, ensure_ascii=False),
}
BAD = {
    "two arrays": ({"a": CARS, "b": CARS}, "has several arrays of objects: 'a' and 'b'"),
    "no objects": ([[1, 2], [3, 4]], "is JSON without an array of objects"),
    "by column": ({"make": {"0": "Ford", "1": "BMW"}}, "is JSON without an array of objects"),
    "empty": ([], "is JSON without an array of objects"),
}


def read(path: Path) -> tuple[list[dict[str, Any]], ListingsFile]:
    file = ListingsFile(path)
    return pl.concat(file.read_batches()).to_dicts(), file


@pytest.mark.parametrize("case", READABLE)
def test_reads(case: str, write_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (5, json_scanner.CHUNK_CHARACTERS):
        monkeypatch.setattr(json_scanner, "CHUNK_CHARACTERS", size)
        assert read(write_file(READABLE[case], "cars.json"))[0] == ROWS


@pytest.mark.parametrize("case", BAD)
def test_bad_file(case: str, write_file: Write) -> None:
    value, message = BAD[case]
    path = write_file(json.dumps(value), "cars.json")
    with pytest.raises(ListingsError) as error:
        read(path)
    assert error.value.what == f"{path}: {message}"


def test_damage(write_file: Write) -> None:
    for text in ('[{"a": 1},\n{"a": ', '[{"a": 1} {"a": 2}]', "[{" * 100_000, '{"a":' * 100_000, '[{"a":1}] x'):
        with pytest.raises(ListingsError, match=r"line \d: is damaged JSON"):
            read(write_file(text, "cars.json"))


def test_what_is_nested_becomes_columns(write_file: Write) -> None:
    car = {
        "make": "Ford",
        "engine": {"size": 1.0, "fuel": {"name": "Petrol"}},
        "tags": ["a", 2],
        "owners": [{"n": 1}],
    }
    rows, file = read(write_file(json.dumps([car, {"make": "BMW", "sold": True}])))
    assert rows == [
        {"make": "Ford", "engine.size": "1", "engine.fuel.name": "Petrol", "tags": "a; 2", "sold": None},
        {"make": "BMW", "engine.size": None, "engine.fuel.name": None, "tags": None, "sold": "true"},
    ]
    assert file.notes == ["Lists were joined by '; ' in 'tags'", "Lists of objects were left out: 'owners'"]


def test_what_is_no_object_is_dropped(write_file: Write) -> None:
    rows, file = read(write_file('{"make": "Ford"}\n\n{"make": "BM\n[1]\n{"make": "VW"}\n'))
    assert rows == [{"make": "Ford"}, {"make": "VW"}]
    assert [(row.reason, row.count, row.line) for row in file.dropped] == [("no JSON object", 2, 3)]
    assert (file.counted, file.find_lines([1, 2])) == ("line", [1, 5])
    rows, file = read(write_file('[{"make": "Ford"}, null, {"make": "VW"}]'))
    assert [(row.count, row.line) for row in file.dropped] == [(1, 2)]
    assert (file.counted, file.find_lines([1, 2])) == ("row", [1, 3])
