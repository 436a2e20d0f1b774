"""POST /predict/curve: the pricer's own prices, each wrong member named."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from msgspec.structs import replace
from tests.api.calls import as_json, call, find_state
from tests.api.conftest import MakeApp
from tests.api.test_openapi import check, read_document
from tests.model.cars import DATED_CAR, UK_CAR, change

from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import Pricer, load_pricer

PATH = "/predict/curve"
SECRET = "xyzzy"


@dataclass(frozen=True)
class Case:
    """One order and what is wrong with it."""

    name: str
    errors: dict[str, str]
    order: dict[str, Any] = field(default_factory=dict)
    listing: Any = field(default_factory=lambda: UK_CAR)


NUMBERS = "should be one of year, mileage, tax, mpg, engine_size"
EITHER = "should name a number of the listing, unless years is given instead"
POINTS = "should be a whole number from 2 to 50"
YEARS = "should be a whole number from 1 to 15"
MILES = "should be from 0 to 500000 mi"
ALONG = {"along": "mileage"}
WITH_YEARS = "goes with years, not with along"
NOT_BELOW = "should be a number of at least 0"
WRONG_LISTING = {"#/listing/year": "should be from 1980 to 2021", "#/listing/make": "is required"}

CASES = [
    Case("neither along nor years", {"#/along": EITHER}),
    Case("both", {"#/along": EITHER}, {"along": "mileage", "years": 3}),
    Case("a field that is none", {"#/along": NUMBERS}, {"along": SECRET}),
    Case("a category", {"#/along": NUMBERS}, {"along": "fuel"}),
    Case("a list", {"#/along": NUMBERS}, {"along": ["mileage"]}),
    *(
        Case(f"points {value!r}", {"#/points": POINTS}, {**ALONG, "points": value})
        for value in (1, 51, 2.5, True, "9")
    ),
    Case("from as text", {"#/from": "should be a number"}, {**ALONG, "from": SECRET}),
    Case(
        "from as a number in words",
        {"#/from": 'should be a number in mi: send 45000, not the text "45k"'},
        {**ALONG, "from": "45k"},
    ),
    Case(
        "a distance a year in words",
        {"#/distance_per_year": f'{NOT_BELOW}: send 8000, not the text "8,000 mi"'},
        {"years": 2, "distance_per_year": "8,000 mi"},
    ),
    Case("from outside", {"#/from": MILES}, {**ALONG, "from": -1}),
    Case("to outside", {"#/to": MILES}, {**ALONG, "to": 500_001}),
    Case("to as true", {"#/to": "should be a number"}, {**ALONG, "to": True}),
    Case("half a year", {"#/from": "should be a whole number"}, {"along": "year", "from": 2010.5}),
    Case("ends the wrong way", {"#/to": "should be above from"}, {**ALONG, "from": 10, "to": 10}),
    Case("distance without years", {"#/distance_per_year": WITH_YEARS}, {**ALONG, "distance_per_year": 1}),
    *(Case(f"years {value!r}", {"#/years": YEARS}, {"years": value}) for value in (0, 16, 1.5, False, "3")),
    *(
        Case(f"{name} with years", {f"#/{name}": "goes with along, not with years"}, {"years": 2, name: 5})
        for name in ("from", "to", "points")
    ),
    *(
        Case(f"distance {value!r}", {"#/distance_per_year": NOT_BELOW}, {"years": 2, "distance_per_year": value})
        for value in (-1, True, SECRET)
    ),
    Case("a member that is none", {"#/step": "is not a member of a curve"}, {**ALONG, "step": SECRET}),
    Case("no listing", {"#/listing": "should be an object with the fields of one listing"}, ALONG, None),
    Case("a wrong listing", WRONG_LISTING, ALONG, change(UK_CAR, year=3, make=...)),
]


@pytest.fixture(scope="module")
def pricer(small_bundle: Path) -> Pricer:
    return load_pricer(find_bundle(small_bundle))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_wrong_member_is_named(app: Flask, case: Case) -> None:
    result = call(app.wsgi_app, "POST", PATH, as_json({"listing": case.listing, **case.order}))
    assert result.status == 422
    assert result.pointers == case.errors
    assert SECRET.encode() not in result.body


@pytest.mark.parametrize(
    ("body", "status"), [(b"nonsense", 400), (b"[]", 422), (b'{"along": NaN}', 400), (b" " * 70_000, 413)]
)
def test_a_body_that_is_no_order(app: Flask, body: bytes, status: int) -> None:
    assert call(app.wsgi_app, "POST", PATH, body).status == status
    assert call(app.wsgi_app, "POST", PATH, b"{}", kind="text/plain").status == 415


def test_each_point_is_the_pricers_price(app: Flask, pricer: Pricer) -> None:
    order = {"listing": UK_CAR, "along": "mileage", "from": 1_000, "to": 300_000, "points": 7}
    result = call(app.wsgi_app, "POST", PATH, as_json(order))
    found, own = result.json["curve"], pricer.price(UK_CAR)
    assert (found["price"], found["low"], found["high"]) == (own.price, own.low, own.high)
    assert (found["along"], found["unit"], found["notes"]) == ("mileage", "mi", [])
    assert [point["value"] for point in found["points"]] == [1000, 50833, 100667, 150500, 200333, 250167, 300000]
    for point in found["points"]:
        expected = pricer.price({**UK_CAR, "mileage": point["value"]})
        assert [point[name] for name in ("price", "low", "high", "coverage")] == [
            *(expected.price, expected.low, expected.high),
            expected.coverage,
        ]
        assert point["seen"] == (point["value"] <= pricer.scaler["mileage"]["max"])
    assert not found["points"][-1]["seen"]
    check(read_document(app), "POST", PATH, result)


def test_whole_years_come_once_and_the_listings_ends_are_the_usual_ones(app: Flask, pricer: Pricer) -> None:
    result = call(app.wsgi_app, "POST", PATH, as_json({"listing": UK_CAR, "along": "year", "points": 50}))
    values = [point["value"] for point in result.json["curve"]["points"]]
    figures = pricer.scaler["year"]
    assert values == list(range(round(figures["min"]), round(figures["max"]) + 1))
    assert all(point["seen"] for point in result.json["curve"]["points"])


def test_the_years_to_come(app: Flask, pricer: Pricer) -> None:
    result = call(app.wsgi_app, "POST", PATH, as_json({"listing": UK_CAR, "years": 3}))
    found = result.json["curve"]
    assert found["along"] == "years"
    assert found["notes"] == [
        "prices are at today's level: nobody knows where the market goes, so its index is carried flat",
        "the car goes 8,000 mi a year",
    ]
    fields = [{"year": 2017 - step, "mileage": 15_944 + 8_000 * step} for step in range(4)]
    assert [point["fields"] for point in found["points"]] == fields
    assert [point["price"] for point in found["points"]] == [
        pricer.price({**UK_CAR, **each}).price for each in fields
    ]
    prices = [point["price"] for point in found["points"]]
    assert prices == sorted(prices, reverse=True)
    check(read_document(app), "POST", PATH, result)


def test_the_distance_may_be_given_and_the_curve_ends_with_the_market(app: Flask) -> None:
    order = {"listing": change(UK_CAR, year=1982), "years": 5, "distance_per_year": 0}
    found = call(app.wsgi_app, "POST", PATH, as_json(order)).json["curve"]
    assert [point["fields"] for point in found["points"]] == [
        {"year": 1982 - step, "mileage": 15_944} for step in range(3)
    ]
    assert found["notes"][-1] == "the curve ends where year leaves the limits of the market"
    assert [point["seen"] for point in found["points"]] == [False] * 3


def test_a_market_of_dates_goes_along_them_and_has_no_years(make_app: MakeApp, dated_bundle: Path) -> None:
    app = make_app(artifacts_dir=dated_bundle)
    order = {"listing": DATED_CAR, "along": "registered", "from": "2015-01-01", "to": "2016-01-01", "points": 3}
    found = call(app.wsgi_app, "POST", PATH, as_json(order)).json["curve"]
    assert [point["value"] for point in found["points"]] == ["2015-01-01", "2015-07-02", "2016-01-01"]
    refused = call(app.wsgi_app, "POST", PATH, as_json({"listing": DATED_CAR, "years": 1}))
    assert refused.pointers == {"#/years": "needs a market whose cars have a year"}
    wrong = call(app.wsgi_app, "POST", PATH, as_json({**order, "from": "1.1.2015"}))
    assert wrong.pointers == {"#/from": "should be a date such as 2020-05-31"}


def test_a_model_that_knows_no_distance_asks_for_one(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_state(app).require_model().pricer, "distance_per_year", None)
    result = call(app.wsgi_app, "POST", PATH, as_json({"listing": UK_CAR, "years": 1}))
    assert result.pointers == {
        "#/distance_per_year": "is needed: the model does not know how far cars go in a year"
    }


def test_what_the_market_refuses_has_no_price(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    pricer = find_state(app).require_model().pricer
    strict = replace(pricer.market, price=replace(pricer.market.price, refuse=True))
    monkeypatch.setattr(pricer, "market", strict)
    car = change(UK_CAR, mileage=400_000)
    found = call(app.wsgi_app, "POST", PATH, as_json({"listing": car, "along": "year", "from": 1985, "points": 2}))
    assert [point["price"] is None for point in found.json["curve"]["points"]] == [True, False]
    unknown = call(app.wsgi_app, "POST", PATH, as_json({"listing": change(UK_CAR, make="Frod"), **ALONG}))
    assert (unknown.status, unknown.json["title"]) == (422, "Unvalued")
