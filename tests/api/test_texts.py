"""A text on every way into the service: alone, among many, explained, with a curve, comparables and the page."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import as_json, call
from tests.api.conftest import MakeApp
from tests.model.cars import TITLED_CAR, change


@pytest.fixture
def titled_app(make_app: MakeApp, titled_bundle: Path) -> Flask:
    return make_app(artifacts_dir=titled_bundle)


def post(app: Flask, path: str, body: Any) -> Any:
    result = call(app.wsgi_app, "POST", path, as_json(body))
    assert result.status == 200
    return result.json


def test_one_and_many_prices(titled_app: Flask) -> None:
    cars = [change(TITLED_CAR, title=title) for title in ("BMW Sport", "BMW M Sport", None)]
    singles = [post(titled_app, "/predict/price", car)["price"] for car in cars]
    assert singles[0] < singles[1]
    assert [row["price"] for row in post(titled_app, "/predict/batch", cars)["results"]] == singles


@pytest.mark.parametrize("explain", ["1", "model"])
def test_the_breakdown_names_the_words(titled_app: Flask, explain: str) -> None:
    answer = post(titled_app, f"/predict/price?explain={explain}", TITLED_CAR)
    words = {part["feature"]: part.get("words") for part in answer["breakdown"]["parts"]}
    assert [name for name, found in words.items() if found] == ["title"]
    assert max(words["title"], key=lambda each: each["amount"])["word"] == "M Sport"


def test_a_curve_and_comparables(titled_app: Flask) -> None:
    curve = post(titled_app, "/predict/curve", {"listing": TITLED_CAR, "along": "mileage"})
    without = post(titled_app, "/predict/curve", {"listing": change(TITLED_CAR, title=None), "along": "mileage"})
    assert curve["curve"]["points"][0]["price"] > without["curve"]["points"][0]["price"]
    found = post(titled_app, "/predict/price?comparables=3", TITLED_CAR)["comparables"]["listings"]
    assert len(found) == 3
    assert all("title" in each["listing"] for each in found)


def test_the_field_and_the_form(titled_app: Flask) -> None:
    fields = call(titled_app.wsgi_app, "GET", "/info/features").json["fields"]
    [title] = [field for field in fields if field["name"] == "title"]
    assert (title["kind"], title["required"]) == ("text", False)
    page = call(titled_app.wsgi_app, "GET", "/").body.decode()
    assert re.search(r'<input[^>]* name="title"', page)


def test_a_text_that_is_too_long(titled_app: Flask) -> None:
    result = call(titled_app.wsgi_app, "POST", "/predict/price", as_json(change(TITLED_CAR, title="x " * 101)))
    assert (result.status, result.pointers) == (422, {"#/title": "should have at most 200 characters"})
