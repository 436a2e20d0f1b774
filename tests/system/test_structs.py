"""Data into Structs: each wrong value is named by its path, with what it should be and what it is."""

import math
from typing import Annotated, Any, Literal

import msgspec
import pytest

from carprice.errors import BundleError, MarketError
from carprice.system.structs import NotNegative, Number, Positive, Text, convert


class Engine(msgspec.Struct, forbid_unknown_fields=True):
    """A Struct inside another."""

    litres: Positive
    fuel: Literal["petrol", "diesel"] = "petrol"


class Car(msgspec.Struct, forbid_unknown_fields=True):
    """A Struct with a field of every type."""

    make: Text
    year: int
    price: Number
    engine: Engine | None = None
    engines: list[Engine] = []
    owners: Annotated[list[str], msgspec.Meta(min_length=1)] = msgspec.field(default_factory=lambda: ["nobody"])
    names: dict[str, str] = {}
    sold: bool = False
    mileage: NotNegative = 0
    doors: Annotated[int, msgspec.Meta(ge=2, le=5)] = 5


GOOD: dict[str, Any] = {"make": "Saab", "year": 1999, "price": 900}
ENGINE = {"litres": 2.0}

WRONG = {
    "text": ({"make": 3}, "make: should be a text (got 3)"),
    "empty": ({"make": ""}, "make: should be a text that is not empty (got '')"),
    "null": ({"make": None}, "make: should be a text (got None)"),
    "whole number": ({"year": 1999.5}, "year: should be a whole number (got 1999.5)"),
    "true for a number": ({"year": True}, "year: should be a whole number (got True)"),
    "number": ({"price": "ten"}, "price: should be a number (got 'ten')"),
    "infinite": ({"price": -math.inf}, "price: should be a finite number (got -inf)"),
    "not a number": ({"mileage": math.nan}, "mileage: should be a finite number (got nan)"),
    "larger than a float": ({"price": 10**400}, f"price: should be a finite number (got 1{'0' * 59}…)"),
    "one for true": ({"sold": 1}, "sold: should be true or false (got 1)"),
    "at least": ({"mileage": -1}, "mileage: should be at least 0 (got -1)"),
    "above": ({"engines": [ENGINE, {"litres": 0}]}, "engines[1].litres: should be above 0 (got 0)"),
    "at most": ({"doors": 6}, "doors: should be at most 5 (got 6)"),
    "list": ({"owners": "me"}, "owners: should be a list (got 'me')"),
    "empty list": ({"owners": []}, "owners: should be a list that is not empty (got [])"),
    "in a list": ({"owners": ["me", {}]}, "owners[1]: should be a text (got {})"),
    "table": ({"names": []}, "names: should be a table (got [])"),
    "in a table": ({"names": {"a": "b", "c d": 3, "e": 4}}, "names.c d: should be a text (got 3)"),
    "table or nothing": ({"engine": "V8"}, "engine: should be a table (got 'V8')"),
    "one of": (
        {"engines": [{**ENGINE, "fuel": "gas"}]},
        "engines[0].fuel: should be one of petrol, diesel (got 'gas')",
    ),
    "missing": ({"engine": {}}, "engine: litres is missing"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_value(case: str) -> None:
    change, message = WRONG[case]
    with pytest.raises(MarketError) as error:
        convert({**GOOD, **change}, Car, "car.toml", MarketError, "Read: docs/markets.md")
    assert str(error.value) == f"car.toml: {message}\nRead: docs/markets.md"


def test_good_data_become_a_struct() -> None:
    assert convert(GOOD, Car, "car.toml", MarketError) == Car("Saab", 1999, 900.0)
    assert convert({**ENGINE, "fuel": "diesel"}, Engine, "car.toml", MarketError) == Engine(2.0, "diesel")


def test_a_table_inside_a_file() -> None:
    with pytest.raises(MarketError) as error:
        convert({"litres": "2"}, Engine, "car.toml: engines.main", MarketError)
    assert str(error.value) == "car.toml: engines.main.litres: should be a number (got '2')"


@pytest.mark.parametrize("where", ["car.toml", "car.toml: engine", "car.json"])
def test_the_whole_is_wrong(where: str) -> None:
    name = "an object" if where == "car.json" else "a table"
    with pytest.raises(BundleError) as error:
        convert([3], Engine, where, BundleError)
    assert str(error.value) == f"{where}: should be {name} (got [3])"
    with pytest.raises(BundleError) as error:
        convert({}, Engine, where, BundleError)
    assert str(error.value) == f"{where}: litres is missing"


def test_an_unknown_key_names_the_known_ones() -> None:
    with pytest.raises(MarketError) as error:
        convert({**GOOD, "engines": [{**ENGINE, "power": 90}]}, Car, "car.toml", MarketError, "Another hint")
    assert str(error.value) == "car.toml: engines[0]: 'power' is not a key here\nKnown keys: fuel, litres"
