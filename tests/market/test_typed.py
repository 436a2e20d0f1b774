"""Texts as people type them become the values of a listing."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from carprice.market.market_file import Market, load_market
from carprice.market.typed import read_typed


@pytest.fixture(scope="module")
def uk_market(request: pytest.FixtureRequest) -> Market:
    return load_market("uk", request.getfixturevalue("markets_dir"))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("mileage", "45k", 45_000),
        ("mileage", "15.944", 15_944),
        ("mileage", "1.015.944 km", 631_278),
        ("mileage", "15.5", 15.5),
        ("mileage", "100 km", 62.137),
        ("year", "2017 reg", 2017),
        ("engine_size", "1.6", 1.6),
        ("engine_size", "1,998 cc", 1.998),
        ("engine_size", "1998", 1.998),
        ("engine_size", "40", 40.0),
        ("mpg", "57,7", 57.7),
        ("tax", "-5", -5),
        ("tax", "£150", 150),
        ("make", "  Ford ", "Ford"),
        ("asking_price", "£8,995", 8_995),
        ("asking_price", "9.5k GBP", 9_500),
    ],
)
def test_a_text_is_read(uk_market: Market, name: str, text: str, value: object) -> None:
    typed = read_typed(uk_market, {name: text, "utm": "x"})
    assert typed.problems == {}
    found = typed.values[name]
    assert found == (pytest.approx(value, rel=1e-4) if isinstance(value, int | float) else value)
    assert typed.texts == {name: text.strip()}


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("mileage", "far", "should be a number"),
        ("mileage", "45 hp", "should be a number in mi"),
        ("mileage", "1e999", "should be a number"),
        ("mileage", "9" * 500, "should be a number"),
        ("year", "old", "should be a whole number"),
        ("tax", "$150", "should be a number in GBP"),
        ("asking_price", "9,000 USD", "should be in GBP"),
        ("asking_price", "dear", "should be a number above 0"),
        ("asking_price", "0", "should be a number above 0"),
    ],
)
def test_what_cannot_be_read_is_a_problem(uk_market: Market, name: str, text: str, problem: str) -> None:
    typed = read_typed(uk_market, {name: text})
    assert typed.problems == {name: problem}
    assert typed.values == {}


def test_nothing_typed_is_nothing(uk_market: Market) -> None:
    assert read_typed(uk_market, {"make": "  ", "model": ""}) == ({}, {}, {})


def test_a_comma_before_three_digits_of_a_distance_is_no_fraction(uk_market: Market) -> None:
    features = tuple(replace(item, decimal=",") for item in uk_market.features)
    brazilian = replace(uk_market, features=features)
    assert read_typed(brazilian, {"mileage": "45,000"}).values == {"mileage": 45_000}
    assert read_typed(brazilian, {"mpg": "45,5"}).values == {"mpg": 45.5}


def test_what_a_file_has_replaced_is_replaced(markets_dir: Path) -> None:
    georgia = load_market("georgia", markets_dir)
    typed = read_typed(georgia, {"wheel": "Right-hand drive", "doors": " 04-May ", "make": "LADA"})
    assert typed.values == {"make": "LADA", "wheel": "Right", "doors": "4-5"}
    assert typed.texts["doors"] == "04-May"
