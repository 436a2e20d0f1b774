"""POST /predict/price: one table of requests, each answered by WsgiApp itself and by Flask's route."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from msgspec import to_builtins
from msgspec.structs import replace
from tests.api.calls import JSON, WAYS, Result, as_json, call, find_state
from tests.model.cars import UK_CAR, change

from carprice.model.bundle.manifest import find_bundle
from carprice.model.input_warnings import InputWarning
from carprice.model.pricer import Pricer, load_pricer

SECRET = "xyzzy"
CHUNKED = ""
LIMIT = 65_536
YEARS = {"#/year": "should be from 1980 to 2021"}
MILES = {"#/mileage": "should be from 0 to 500000 mi"}
SENT_AS_TEXT = {
    "#/mileage": 'should be a number in mi: send 15944, not the text "15,944 mi"',
    "#/asking_price": 'should be a number above 0: send 8995, not the text "£8,995"',
}
ASKING = {"#/asking_price": "should be a number above 0"}
TEXT = "should be a text"
REQUIRED = "is required"

Way = Callable[[Flask], Any]


@dataclass(frozen=True)
class Case:
    """One request and what it gets."""

    name: str
    body: bytes
    status: int = 200
    detail: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    kind: str | None = JSON
    query: str = ""
    length: str | None = None


def good(name: str, body: Any = UK_CAR, **more: Any) -> Case:
    return Case(name, body if isinstance(body, bytes) else as_json(body), **more)


def wrong(name: str, errors: dict[str, str], **fields: Any) -> Case:
    count = "1 field is wrong" if len(errors) == 1 else f"{len(errors)} fields are wrong"
    return Case(name, as_json(change(UK_CAR, **fields)), 422, count, errors)


def raw(field_name: str, text: str) -> bytes:
    """The car with JSON text as one value."""
    return as_json(change(UK_CAR, **{field_name: "@"})).replace(b'"@"', text.encode())


def malformed(name: str, body: bytes, detail: str, **more: Any) -> Case:
    return Case(name, body, 400, detail, **more)


def double(field_name: str) -> bytes:
    """The car with one field twice."""
    return as_json(UK_CAR)[:-1] + f', "{field_name}": {json.dumps(UK_CAR[field_name])}}}'.encode()


def not_json(message: str, column: int = 1) -> str:
    return f"The body is not JSON: {message} at line 1, column {column}"


TWICE = "The body has an object with the same field twice"
CONSTANT = "The body has NaN or Infinity, which JSON does not know"
DIGITS = "The body has a number with too many digits"
NOT_OBJECT = {"#": "should be an object with the fields of one listing"}
LISTING_LIMIT = f"The body should have at most {LIMIT} bytes"
WANTS_JSON = "The body should be JSON, sent with Content-Type: application/json"
WANTS_FLAG = "The query has a wrong value: explain should be 0 or 1 or model"
WANTS_GROUP = "The query has a wrong value: group should be 0 or 1"
WANTS_COUNT = "The query has a wrong value: comparables should be a whole number from 0 to 20"
WANTS_ID = "The query has a wrong value: id should have 1 to 200 characters"
WANTS_SHARE = "The query has a wrong value: coverage should be from 0.5 to 0.98"
WANTS_KNOWN = "The query has no option 'explian'; it has explain, group, coverage, comparables, id"
UNKNOWN = "unknown_category"
COMBINATION = "unknown_combination"
OUTSIDE = "outside_training_range"

CASES = [
    good("good"),
    good("good with spaces", json.dumps(UK_CAR, indent=4).encode()),
    good("other order", dict(reversed(UK_CAR.items()))),
    good("optional left out", change(UK_CAR, tax=..., mpg=..., engine_size=...)),
    good("optional null", change(UK_CAR, tax=None, mpg=None)),
    good("whole number as 2017.0", raw("year", "2017.0")),
    good("exponent", raw("mileage", "1.5944e4")),
    good("escapes in a text", raw("make", '"\\u0046ord"')),
    good("case and spaces of a category", change(UK_CAR, make=" ford ", model="FIESTA")),
    good("charset", kind="application/json; charset=utf-8"),
    good("type in capitals", kind="Application/JSON"),
    good("in chunks", length=CHUNKED),
    good("explain=0", query="?explain=0"),
    good("explain=1", query="?explain=1"),
    good("explain=model", query="?explain=model"),
    good("explain=model, grouped", query="?group=1&explain=model"),
    good("the last explain counts", query="?explain=0&explain=1"),
    good("comparables", query="?comparables=5"),
    good("no comparables", query="?comparables=0&id=x"),
    good("comparables, explained", query="?comparables=20&explain=1&id=WVW%201"),
    good("coverage", query="?coverage=0.8"),
    good("coverage, explained", query="?coverage=0.98&explain=1"),
    good("unknown make", change(UK_CAR, make="Frod"), codes={"#/make": UNKNOWN}),
    good(
        "unknown make and model",
        change(UK_CAR, make="Q", model="Z"),
        codes={"#/make": UNKNOWN, "#/model": UNKNOWN},
    ),
    good("a model of another make", change(UK_CAR, make="Audi"), codes={"#/model": COMBINATION}),
    good("a colon in a text", change(UK_CAR, model="a:b"), codes={"#/model": UNKNOWN}),
    good("not Latin", change(UK_CAR, model="Ёлка 🚗"), codes={"#/model": UNKNOWN}),
    good("outside the training range", change(UK_CAR, mileage=400_000), codes={"#/mileage": OUTSIDE}),
    good("unknown, explained", change(UK_CAR, make="Frod"), codes={"#/make": UNKNOWN}, query="?explain=1"),
    wrong("missing field", {"#/make": REQUIRED}, make=...),
    wrong("null", {"#/make": REQUIRED}, make=None),
    wrong("text for a number", {"#/mileage": "should be a number"}, mileage=SECRET),
    wrong("number as text", SENT_AS_TEXT, mileage="15,944 mi", asking_price="£8,995"),
    wrong("number for a text", {"#/make": TEXT}, make=919191919191),
    wrong("true for a number", {"#/year": "should be a whole number"}, year=True),
    wrong("empty text", {"#/make": TEXT}, make=""),
    wrong("blank text", {"#/make": TEXT}, make=" \t"),
    wrong("long text", {"#/make": "should have at most 100 characters"}, make=SECRET * 21),
    wrong("list for a text", {"#/make": TEXT}, make=[SECRET]),
    wrong("object for a number", {"#/mileage": "should be a number"}, mileage={SECRET: 1}),
    wrong("below a limit", YEARS, year=1979),
    wrong("above a limit", MILES, mileage=1_500_001),
    wrong("below zero", MILES, mileage=-1),
    wrong("half a year", {"#/year": "should be a whole number"}, year=2017.5),
    good("an asking price", change(UK_CAR, asking_price=9995)),
    good("an asking price of null", change(UK_CAR, asking_price=None)),
    good(
        "an asking price that is read slowly",
        change(UK_CAR, asking_price=9995.5, model="a:b"),
        codes={"#/model": UNKNOWN},
    ),
    wrong("an asking price of 0", ASKING, asking_price=0),
    wrong("an asking price below 0", ASKING, asking_price=-5),
    wrong("an asking price as text", ASKING, asking_price=SECRET),
    wrong("an asking price and another field", {**YEARS, **ASKING}, asking_price=True, year=1979),
    Case("an asking price of 1e999", raw("asking_price", "1e999"), 422, "1 field is wrong", ASKING),
    malformed(
        "an asking price twice", as_json(change(UK_CAR, asking_price=1))[:-1] + b', "asking_price": 2}', TWICE
    ),
    wrong("unknown field", {"#/colour": "is not a field of this market"}, colour=SECRET),
    wrong(
        "field with a typing error",
        {"#/mileage": REQUIRED, "#/milage": "is not a field of this market; did you mean 'mileage'?"},
        mileage=...,
        milage=919191919191,
    ),
    Case("1e999", raw("mileage", "1e999"), 422, "1 field is wrong", MILES),
    Case("-1e999", raw("mileage", "-1e999"), 422, "1 field is wrong", MILES),
    Case("huge whole number", raw("year", "9" * 4000), 422, "1 field is wrong", YEARS),
    malformed("number of too many digits", raw("year", "9" * 5000), DIGITS),
    malformed("same field twice", double("make"), TWICE),
    malformed("same number twice", double("mileage"), TWICE),
    malformed("twice, once null", as_json(UK_CAR)[:-1] + b', "tax": null}', TWICE),
    malformed("NaN", raw("mileage", "NaN"), CONSTANT),
    malformed("Infinity", raw("mileage", "Infinity"), CONSTANT),
    malformed("-Infinity", raw("mileage", "-Infinity"), CONSTANT),
    malformed("nesting", b"[" * 50_000, "The body is nested too deeply"),
    Case("nesting in a field", raw("make", "[" * 900 + "]" * 900), 422, "1 field is wrong", {"#/make": TEXT}),
    malformed("not UTF-8", as_json(UK_CAR).replace(b"Ford", b"F\xffrd"), "The body is not UTF-8 at byte 11"),
    malformed("UTF-16", json.dumps(UK_CAR).encode("utf-16"), "The body is not UTF-8 at byte 0"),
    malformed("empty", b"", not_json("Expecting value")),
    malformed("cut off", as_json(UK_CAR)[:20], not_json("Unterminated string starting at", 18)),
    malformed("two values", as_json(UK_CAR) + b"{}", not_json("Extra data", 157)),
    malformed("a form", b"make=Ford&model=Fiesta", not_json("Expecting value")),
    Case("a list", as_json([UK_CAR]), 422, "1 field is wrong", NOT_OBJECT),
    Case("a text", as_json(SECRET), 422, "1 field is wrong", NOT_OBJECT),
    Case("null alone", b"null", 422, "1 field is wrong", NOT_OBJECT),
    Case("too large", b" " * (LIMIT + 1), 413, LISTING_LIMIT),
    Case("too large, in chunks", b" " * (LIMIT + 1), 413, LISTING_LIMIT, length=CHUNKED),
    Case("announced too large", b"{}", 413, LISTING_LIMIT, length=str(LIMIT + 1)),
    malformed(
        "shorter than announced", b"{}", "The body ended before the length that Content-Length gives", length="9"
    ),
    malformed("length of letters", b"{}", "Content-Length is not a number of bytes", length="two"),
    malformed("length below zero", b"{}", "Content-Length is not a number of bytes", length="-2"),
    Case("no type", as_json(UK_CAR), 415, WANTS_JSON, kind=None),
    Case("a form's type", as_json(UK_CAR), 415, WANTS_JSON, kind="application/x-www-form-urlencoded"),
    Case("nearly JSON", as_json(UK_CAR), 415, WANTS_JSON, kind="application/jsonp"),
    Case("an unknown option", as_json(UK_CAR), 422, WANTS_KNOWN, query="?explian=1&explain=1"),
    Case("explain=x", as_json(UK_CAR), 422, WANTS_FLAG, query="?explain=x"),
    Case("explain=", as_json(UK_CAR), 422, WANTS_FLAG, query="?explain="),
    Case("group=2", as_json(UK_CAR), 422, WANTS_GROUP, query="?explain=1&group=2"),
    Case("explain=true", as_json(UK_CAR), 422, WANTS_FLAG, query="?explain=true"),
    *[
        Case(f"comparables={count}", as_json(UK_CAR), 422, WANTS_COUNT, query=f"?comparables={count}")
        for count in ("", "x", "-1", "21", "1.5", "%C2%B2", "9999")
    ],
    Case("id=", as_json(UK_CAR), 422, WANTS_ID, query="?comparables=1&id="),
    Case("a long id", as_json(UK_CAR), 422, WANTS_ID, query=f"?id={'x' * 201}"),
    *[
        Case(f"coverage={share}", as_json(UK_CAR), 422, WANTS_SHARE, query=f"?coverage={share}")
        for share in ("", "x", "0", "0.49", "0.981", "1", "90", "nan", "inf")
    ],
]


def send(app: Any, case: Case) -> Result:
    return call(app, "POST", f"/predict/price{case.query}", case.body, kind=case.kind, length=case.length)


@pytest.fixture(scope="module")
def pricer(small_bundle: Path) -> Pricer:
    return load_pricer(find_bundle(small_bundle))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_both_ways_answer_the_same(app: Flask, case: Case) -> None:
    results = [send(make(app), case) for make in WAYS.values()]
    assert results[0].without_changes() == results[1].without_changes()
    result = results[0]
    assert result.status == case.status, result.body
    if case.status != 200:
        assert result.problem["detail"] == case.detail
        assert {error["pointer"]: error["detail"] for error in result.problem.get("errors", [])} == case.errors
        assert SECRET.encode() not in result.body
        assert b"919191919191" not in result.body
    else:
        assert {warned["pointer"]: warned["code"] for warned in result.json["warnings"]} == case.codes
        assert ("breakdown" in result.json) == (
            re.search(r"explain=(1|model)$", case.query) is not None or "explain=1&" in case.query
        )
        assert ("comparables" in result.json) == (re.search("comparables=[1-9]", case.query) is not None)


def test_a_good_answer_is_the_pricers(app: Flask, way: Way, pricer: Pricer) -> None:
    result = call(way(app), "POST", "/predict/price", as_json(UK_CAR))
    valuation = pricer.price(UK_CAR)
    assert result.json == {
        "price": valuation.price,
        "low": valuation.low,
        "high": valuation.high,
        "currency": "GBP",
        "model_version": pricer.version,
        "as_of": None,
        "confidence": valuation.confidence,
        "coverage": 0.9,
        "warnings": [],
        "not_given": [],
    }
    assert result.header("Content-Type") == "application/json"
    assert result.header("Content-Length") == str(len(result.body))


@pytest.mark.parametrize("share", [0.5, 0.8, 0.98])
def test_another_coverage_has_another_range(app: Flask, way: Way, pricer: Pricer, share: float) -> None:
    found = call(way(app), "POST", f"/predict/price?coverage={share}", as_json(UK_CAR)).json
    _, valuation = pricer.price_listing(UK_CAR, pricer.range.limits(share))
    assert (found["low"], found["high"], found["coverage"]) == (valuation.low, valuation.high, share)
    assert found["price"] == pricer.price(UK_CAR).price
    batch = call(way(app), "POST", f"/predict/batch?coverage={share}", as_json([UK_CAR])).json
    assert (batch["results"][0]["low"], batch["results"][0]["high"]) == (valuation.low, valuation.high)


def test_what_was_not_given_comes_with_its_cost(app: Flask, way: Way, pricer: Pricer) -> None:
    found = call(way(app), "POST", "/predict/price", as_json(change(UK_CAR, tax=..., mpg=None))).json
    assert found["not_given"] == [
        {"field": name, "adds": round(max(pricer.costs[name] - pricer.costs[""], 0), 4)} for name in ("tax", "mpg")
    ]


def test_an_asking_price_is_placed(app: Flask, way: Way, pricer: Pricer) -> None:
    cars = [change(UK_CAR, asking_price=price) for price in (9_000, 12_000.5)] + [UK_CAR]
    found = [call(way(app), "POST", "/predict/price", as_json(car)).json for car in cars]
    positions = [to_builtins(pricer.price(car).position) for car in cars[:2]]
    assert [answer.get("position", "absent") for answer in found] == [*positions, "absent"]
    assert set(positions[0]) == {"percentile", "percent_to_market", "word"}
    assert {answer["price"] for answer in found} == {pricer.price(UK_CAR).price}
    for more in ([], [change(UK_CAR, model="a:b")]):  # a text with a colon is not read the fast way
        batch = call(way(app), "POST", "/predict/batch", as_json([*cars, *more])).json["results"]
        assert [answer.get("position", "absent") for answer in batch[:3]] == [*positions, "absent"]


def test_a_car_never_seen_is_not_placed(app: Flask, way: Way) -> None:
    car = change(UK_CAR, make="Audi", asking_price=9_000)
    assert call(way(app), "POST", "/predict/price", as_json(car)).json["position"] is None
    assert call(way(app), "POST", "/predict/batch", as_json([car])).json["results"][0]["position"] is None


def test_no_share_is_promised_for_a_car_never_seen(app: Flask, way: Way) -> None:
    found = call(way(app), "POST", "/predict/price", as_json(change(UK_CAR, make="Audi"))).json
    assert (found["coverage"], found["confidence"]) == (None, "low")


def test_a_car_that_the_market_refuses_is_not_valued(
    app: Flask, way: Way, pricer: Pricer, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = replace(pricer.market, price=replace(pricer.market.price, refuse=True))
    monkeypatch.setattr(find_state(app).require_model().pricer, "market", strict)
    car = change(UK_CAR, model="Fiista", asking_price=9_000)
    result = call(way(app), "POST", "/predict/price", as_json(car))
    assert result.header("Content-Type") == "application/problem+json"
    problem, guess = result.json, pricer.price(car)
    assert {key: value for key, value in problem.items() if key != "instance"} == {
        "type": "urn:carprice:unvalued",
        "title": "Unvalued",
        "status": 422,
        "detail": "Not valued: model was not among the training listings; did you mean 'Fiesta'?",
        "next_best": f"Did you mean 'Fiesta'? By all else, a guess: {guess.low:,} to {guess.high:,} GBP",
    }
    results = call(way(app), "POST", "/predict/batch", as_json([UK_CAR, car])).json["results"]
    assert results[0]["price"] == pricer.price(UK_CAR).price
    assert results[1] == {key: value for key, value in problem.items() if key != "instance"}
    assert call(way(app), "POST", "/predict/price", as_json(UK_CAR)).status == 200


def test_an_old_model_warns_with_every_price(app: Flask, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    model = find_state(app).require_model()
    warning = InputWarning("#", "old_model", "the model is old", ())
    monkeypatch.setattr(model.pricer, "warn_of_age", lambda today, days: (warning,) if days == 90 else ())
    monkeypatch.setattr(model, "_age_warnings", None)
    expected = [{"pointer": "#", "code": "old_model", "detail": "the model is old", "suggestions": []}]
    assert call(way(app), "POST", "/predict/price", as_json(UK_CAR)).json["warnings"] == expected
    assert call(way(app), "POST", "/predict/batch", as_json([UK_CAR])).json["warnings"] == expected


def test_every_golden_listing_is_priced_as_in_training(app: Flask, way: Way, pricer: Pricer) -> None:
    for golden in pricer.manifest["golden"]:
        found = call(way(app), "POST", "/predict/price", as_json(golden["listing"])).json
        assert [found[key] for key in ("price", "low", "high")] == [
            round(golden[key]) for key in ("price", "low", "high")
        ]


def test_the_breakdown_sums_to_the_price(app: Flask, way: Way) -> None:
    for car in (UK_CAR, change(UK_CAR, make="Frod", tax=None)):
        found = call(way(app), "POST", "/predict/price?explain=1", as_json(car)).json
        parts = found["breakdown"]["parts"]
        assert [part["feature"] for part in parts] == list(UK_CAR)
        assert found["breakdown"]["base"] + sum(part["amount"] for part in parts) == found["price"]


def test_an_unknown_category_comes_with_what_may_have_been_meant(app: Flask, way: Way) -> None:
    found = call(way(app), "POST", "/predict/price", as_json(change(UK_CAR, make="Frod", model="Fiista"))).json
    assert found["warnings"] == [
        {
            "pointer": "#/make",
            "code": UNKNOWN,
            "detail": "was not among the training listings; did you mean 'Ford'?",
            "suggestions": ["Ford"],
        },
        {
            "pointer": "#/model",
            "code": UNKNOWN,
            "detail": "was not among the training listings; did you mean 'Fiesta'?",
            "suggestions": ["Fiesta"],
        },
    ]


def test_at_most_fifty_problems_are_named(app: Flask, way: Way) -> None:
    body = as_json({f"field_{number}": SECRET for number in range(500)})
    problem = call(way(app), "POST", "/predict/price", body).problem
    assert len(problem["errors"]) == 50
    assert SECRET not in str(problem)
