"""Listings: every kind and every problem, each named without its value."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from tests.bundles import dated_market
from tests.model.cars import DATED_CAR, DATED_VALUES, UK_CAR, UK_VALUES, change

from carprice.errors import ListingsError
from carprice.market.market_file import Feature, Market, load_market
from carprice.model.listing import FieldProblem, check_listing, describe_range, parse_fields

SECRET = "xyzzy"
NUMBER = "should be a number"
YEARS = "should be from 1980 to 2021"
MILES = "should be from 0 to 500000 mi"
DATE = "should be a date such as 2020-05-31"
FLAG = "should be true or false"
TEXT = "should be a text"
HUGE = pytest.param(10**400, id="huge")
STRANGE = "is not a field of this market"


@pytest.fixture(scope="module")
def uk(markets_dir: Any) -> Market:
    return load_market("uk", markets_dir)


def test_every_kind_becomes_its_value(uk: Market) -> None:
    assert check_listing(uk, UK_CAR) == (UK_VALUES, [])
    assert check_listing(dated_market(), DATED_CAR) == (DATED_VALUES, [])


def test_a_missing_optional_value_is_none(uk: Market) -> None:
    for car in (change(UK_CAR, tax=..., mpg=None), change(UK_CAR, tax=None, mpg=...)):
        values, problems = check_listing(uk, car)
        assert not problems
        assert values == [*UK_VALUES[:6], None, None, 1.0]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("make", "  Ford ", "Ford"),
        ("make", "Fo\trd\n\x00\x1b[31m", "Fo\trd\n\x00\x1b[31m"),
        ("make", "Citroën 🚗", "Citroën 🚗"),
        ("make", "x" * 100, "x" * 100),
        ("year", 2017.0, 2017.0),
        ("year", 1980, 1980.0),
        ("mileage", 0, 0.0),
        ("mileage", -0.0, 0.0),
        ("mileage", 500_000, 500_000.0),
        ("mileage", 0.1, 0.1),
        ("engine_size", 10, 10.0),
    ],
)
def test_good_values(uk: Market, field: str, value: Any, expected: Any) -> None:
    values, problems = check_listing(uk, change(UK_CAR, **{field: value}))
    assert not problems
    assert values[[feature.name for feature in uk.features].index(field)] == expected


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("make", ..., "is required"),
        ("make", None, "is required"),
        ("make", "", TEXT),
        ("make", " \n\t", TEXT),
        ("make", 3, TEXT),
        ("make", True, TEXT),
        ("make", ["Ford"], TEXT),
        ("make", {"name": {"deep": SECRET}}, TEXT),
        ("make", b"Ford", TEXT),
        ("make", "\ud800", TEXT),
        ("make", "é\udfff", TEXT),
        ("make", "x" * 101, "should have at most 100 characters"),
        ("year", ..., "is required"),
        ("year", "2017", 'should be a whole number: send 2017, not the text "2017"'),
        ("year", "1979", "should be a whole number"),  # which is no year of the market either
        ("year", "new", "should be a whole number"),
        ("year", True, "should be a whole number"),
        ("year", 2017.5, "should be a whole number"),
        ("year", math.nan, "should be a whole number"),
        ("year", [], "should be a whole number"),
        ("year", math.inf, YEARS),
        ("year", -math.inf, YEARS),
        pytest.param("year", 10**400, YEARS, id="year-huge"),
        pytest.param("year", -(10**400), YEARS, id="year-huge-"),
        ("year", 1979, YEARS),
        ("year", 2022, YEARS),
        ("mileage", "15944", 'should be a number in mi: send 15944, not the text "15944"'),
        ("mileage", "45,000 mi", 'should be a number in mi: send 45000, not the text "45,000 mi"'),
        ("mileage", " 45k", 'should be a number in mi: send 45000, not the text " 45k"'),
        ("mileage", "72,000 km", 'should be a number in mi: send 44738.7258, not the text "72,000 km"'),
        ("mileage", "900k", NUMBER),
        ("mileage", "far", NUMBER),
        ("mileage", "45,000 kg", NUMBER),
        ("mileage", "9" * 41, NUMBER),
        ("mileage", "45,000 (was \ud800)", NUMBER),
        ("mileage", "45,000\n", NUMBER),
        ("tax", "£150", 'should be a number in GBP: send 150, not the text "£150"'),
        ("asking_price", "£9.5k", 'should be a number above 0: send 9500, not the text "£9.5k"'),
        ("asking_price", "$9,500", "should be a number above 0 in GBP"),
        ("asking_price", "dear", "should be a number above 0"),
        ("asking_price", "0", "should be a number above 0"),
        ("mileage", False, NUMBER),
        ("mileage", math.nan, NUMBER),
        ("mileage", 1j, NUMBER),
        ("mileage", {"a": SECRET}, NUMBER),
        ("mileage", -1, MILES),
        ("mileage", 600_000, f"{MILES}; 600000 km are 372823 mi"),
        ("engine_size", 1998, "should be from 0.5 to 10 l; 1998 cc are 1.998 l"),
        ("mileage", math.inf, MILES),
        pytest.param("mileage", 10**400, MILES, id="mileage-huge"),
        ("mpg", "", NUMBER),
        ("mpg", 4.9, "should be from 5 to 500 mpg"),
    ],
)
def test_bad_values(uk: Market, field: str, value: Any, detail: str) -> None:
    _, problems = check_listing(uk, change(UK_CAR, **{field: value}))
    assert problems == [FieldProblem(detail, f"#/{field}")]


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("make", "x" * 31, "should have at most 30 characters"),
        ("registered", ..., "is required"),
        ("registered", "20150301", DATE),
        ("registered", "2015-W09-7", DATE),
        ("registered", "2015-03-01T10:00:00", DATE),
        ("registered", " 2015-03-01", DATE),
        ("registered", "2015-02-30", DATE),
        ("registered", "0000-00-00", DATE),
        ("registered", "10000-01-01", DATE),
        ("registered", 16495, DATE),
        ("registered", True, DATE),
        ("registered", ["2015-03-01"], DATE),
        ("leather", ..., "is required"),
        ("leather", 1, FLAG),
        ("leather", "true", FLAG),
        ("leather", [], FLAG),
        pytest.param("seats", 10**400, NUMBER, id="seats-huge"),
        ("seats", math.inf, NUMBER),
        ("seats", -math.inf, "should be at least 1"),
        ("seats", 0, "should be at least 1"),
    ],
)
def test_bad_dates_flags_and_open_ranges(field: str, value: Any, detail: str) -> None:
    _, problems = check_listing(dated_market(), change(DATED_CAR, **{field: value}))
    assert problems == [FieldProblem(detail, f"#/{field}")]


def test_dates_have_the_limits_of_the_market_in_days() -> None:
    market = dated_market()
    limited = replace(market.features[2], min=0.0, max=18262.0)
    market = replace(market, features=(*market.features[:2], limited, *market.features[3:]))
    for text, problems in {
        "1970-01-01": [],
        "2020-01-01": [],
        "1969-12-31": [FieldProblem("should be from 1970-01-01 to 2020-01-01", "#/registered")],
        "2020-01-02": [FieldProblem("should be from 1970-01-01 to 2020-01-01", "#/registered")],
    }.items():
        assert check_listing(market, change(DATED_CAR, registered=text))[1] == problems


def test_every_problem_is_named_at_once(uk: Market) -> None:
    car = change(UK_CAR, make=..., year=1900, mileage="x", milage=5, engineSize=1, fuelType=2, **{"a/b~c": 1})
    assert check_listing(uk, car)[1] == [
        FieldProblem("is required", "#/make"),
        FieldProblem(YEARS, "#/year"),
        FieldProblem(NUMBER, "#/mileage"),
        FieldProblem("is not a field of this market; did you mean 'mileage'?", "#/milage"),
        FieldProblem("is not a field of this market; did you mean 'engine_size'?", "#/engineSize"),
        FieldProblem("is not a field of this market; did you mean 'fuel'?", "#/fuelType"),
        FieldProblem(STRANGE, "#/a~1b~0c"),
    ]


@pytest.mark.parametrize("value", [SECRET, {SECRET: SECRET}, [SECRET], HUGE, math.nan, None])
def test_no_problem_echoes_a_value(uk: Market, value: Any) -> None:
    fields = {feature.name: value for feature in uk.features if not feature.is_category}
    _, problems = check_listing(uk, {**UK_CAR, **fields, "other": value})
    assert problems
    assert SECRET not in repr(problems)


def test_field_names_are_cut_and_can_be_written(uk: Market) -> None:
    _, problems = check_listing(uk, {**UK_CAR, "z" * 100_000: 1, "\ud800": 1, "": 1})
    assert problems == [
        FieldProblem(STRANGE, "#/" + "z" * 40),
        FieldProblem(STRANGE, "#/?"),
        FieldProblem(STRANGE, "#/"),
    ]


def test_many_unknown_fields_end_at_fifty_problems(uk: Market) -> None:
    _, problems = check_listing(uk, {**UK_CAR, **{f"field{number}": 1 for number in range(100_000)}})
    assert len(problems) == 50


def test_texts_become_fields(uk: Market) -> None:
    pairs = {"make": "Ford", "year": "2017", "mileage": "1e4", "mpg": "", "other": "x"}
    assert parse_fields(uk, pairs) == {"make": "Ford", "year": 2017.0, "mileage": 10_000.0, "other": "x"}
    texts = {"leather": "Yes", "towbar": "0", "registered": "2015-03-01", "seats": "5"}
    assert parse_fields(dated_market(), texts) == {
        "leather": True,
        "towbar": False,
        "registered": "2015-03-01",
        "seats": 5.0,
    }


def test_a_text_that_is_no_number_is_refused(uk: Market) -> None:
    with pytest.raises(ListingsError) as error:
        parse_fields(uk, {"mileage": "ten"})
    assert str(error.value) == "mileage: should be a number (got 'ten')"
    with pytest.raises(ListingsError) as error:
        parse_fields(dated_market(), {"leather": "perhaps"})
    assert str(error.value) == "leather: should be true or false (got 'perhaps')"


@pytest.mark.parametrize(
    ("kind", "low", "high", "unit", "text"),
    [
        ("number", 0, 500_000, "mi", "from 0 to 500000 mi"),
        ("number", 0.5, None, "l", "at least 0.5 l"),
        ("number", None, 20, "", "at most 20"),
        ("number", None, None, "mi", ""),
        ("date", 16495.0, 18262.0, "", "from 2015-03-01 to 2020-01-01"),
        ("date", 1e12, None, "", "at least 1e+12"),
    ],
)
def test_ranges_in_words(kind: str, low: float | None, high: float | None, unit: str, text: str) -> None:
    assert describe_range(Feature("a", "a", kind, unit=unit, min=low, max=high)) == text


def test_fields_by_their_labels_and_columns_in_whatever_case(uk: Market) -> None:
    pairs = {
        "Make": "Ford",
        "engineSize": "1.6",
        "Road tax per year": "150",
        "Fuel type": "Petrol",
        "colour": "red",
    }
    assert parse_fields(uk, pairs) == {
        "make": "Ford",
        "engine_size": 1.6,
        "tax": 150.0,
        "fuel": "Petrol",
        "colour": "red",
    }
    twice = {"make": "Ford", "MAKE": "Audi"}
    assert parse_fields(uk, twice) == twice, "which is meant is not for us to say"


def test_flags_and_numbers_in_the_words_of_the_files(make_market: Callable[..., Market]) -> None:
    market = make_market(
        """
[features.cleared]
column = "Растаможен"
kind = "flag"
true = ["Да"]
false = ["Нет"]
optional = true

[features.owners]
column = "Owners"
kind = "number"
min = 0
max = 9
optional = true
"""
    )
    assert parse_fields(market, {"cleared": "нет", "owners": "2nd"}) == {"cleared": False, "owners": 2.0}
    assert parse_fields(market, {"cleared": "ДА", "owners": "4 owners"}) == {"cleared": True, "owners": 4.0}
    with pytest.raises(ListingsError, match="owners"):
        parse_fields(market, {"owners": "2 km"})
