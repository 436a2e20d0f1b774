"""POST /feedback: kept once, named by request or listing, refused without room while prices go on."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import Result, as_json, call, find_state
from tests.api.conftest import MakeApp, wait_until
from tests.api.test_openapi import check, read_document
from tests.model.cars import UK_CAR, change

from carprice.feedback.samples import Samples

PATH = "/feedback"
SOLD = {"listing": UK_CAR, "price": 9000, "kind": "sold", "day": "2020-06-01"}


def post(app: Flask, body: Any) -> Result:
    return call(app.wsgi_app, "POST", PATH, as_json(body))


def price(app: Flask, request_id: str = "car-1") -> Result:
    return call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR), headers={"X-Request-ID": request_id})


def test_a_listing_is_kept_with_what_the_model_says(app: Flask) -> None:
    result, priced = post(app, SOLD), price(app).json
    check(read_document(app), "POST", PATH, result)
    names = ("model_version", "price", "low", "high")
    assert result.json == {
        "id": result.json["id"],
        "new": True,
        "kind": "sold",
        "day": "2020-06-01",
        "currency": "GBP",
        "price": 9000.0,
        "answer": {name: priced[name] for name in names},
        "ratio": round(priced["price"] / 9000, 4),
    }
    (entry,) = find_state(app).feedback.list_entries()
    assert (entry.id, entry.price, entry.listing) == (result.json["id"], 9000.0, UK_CAR)


def test_feedback_can_be_switched_off(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(feedback_rows=0)
    result = post(app, SOLD)
    check(read_document(app), "POST", PATH, result)
    assert (result.status, result.problem["detail"]) == (404, "This service keeps no feedback")
    assert not (tmp_path / "var").exists()


def test_the_same_again_is_kept_once(app: Flask) -> None:
    first, again = post(app, SOLD).json, post(app, {**SOLD, "price": 9000.0}).json
    assert again == {**first, "new": False}
    assert post(app, {**SOLD, "price": 9001}).json["new"]
    assert find_state(app).feedback.count() == 2


def test_a_request_is_found_in_the_sample(app: Flask, tmp_path: Path) -> None:
    priced = price(app).json
    wait_until(lambda: Samples(tmp_path / "logs").find("car-1"))
    said = post(app, {"request_id": "car-1", "price": 9000, "kind": "listed"}).json["answer"]
    assert said == {name: priced[name] for name in ("model_version", "price", "low", "high")}
    (entry,) = find_state(app).feedback.list_entries()
    assert (entry.request_id, entry.listing) == ("car-1", UK_CAR)


def test_a_request_that_is_not_in_the_sample_is_kept_without_an_answer(app: Flask) -> None:
    result = post(app, {"request_id": "gone", "price": 9000, "kind": "sold"})
    check(read_document(app), "POST", PATH, result)
    assert (result.json["answer"], result.json["ratio"], result.json["new"]) == (None, None, True)


def test_a_request_with_its_listing_has_an_answer(app: Flask) -> None:
    assert post(app, {**SOLD, "request_id": "gone"}).json["answer"]


PRICE = "should be a number from 300 to 200000 GBP"
DAY = "should be a date such as 2020-05-31"
REQUEST = "should be the X-Request-ID of an answer"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ([SOLD], {"#": "should be an object with price, kind, and a request_id or a listing"}),
        (
            {},
            {
                "#/price": "is required",
                "#/kind": "is required",
                "#/request_id": "should be given, or listing instead",
            },
        ),
        ({**SOLD, "price": 1}, {"#/price": PRICE}),
        ({**SOLD, "price": "£9,000"}, {"#/price": f'{PRICE}: send 9000, not the text "£9,000"'}),
        ({**SOLD, "price": "£1"}, {"#/price": PRICE}),
        (
            {**SOLD, "listing": change(UK_CAR, year="2017")},
            {"#/listing/year": 'should be a whole number: send 2017, not the text "2017"'},
        ),
        ({**SOLD, "price": True}, {"#/price": PRICE}),
        ({**SOLD, "price": 10**400}, {"#/price": PRICE}),
        ({**SOLD, "kind": "given away"}, {"#/kind": "should be sold or listed"}),
        ({**SOLD, "kind": []}, {"#/kind": "should be sold or listed"}),
        ({**SOLD, "day": "1.6.2020"}, {"#/day": DAY}),
        ({**SOLD, "day": 20200601}, {"#/day": DAY}),
        ({**SOLD, "day": "2999-01-01"}, {"#/day": "should be from 1970-01-01 to today"}),
        ({**SOLD, "request_id": "a b"}, {"#/request_id": REQUEST}),
        ({**SOLD, "request_id": 7}, {"#/request_id": REQUEST}),
        ({**SOLD, "listing": "Ford"}, {"#/listing": "should be an object with the fields of one listing"}),
        (
            {**SOLD, "listing": change(UK_CAR, year=3, make=...)},
            {"#/listing/year": "should be from 1980 to 2021", "#/listing/make": "is required"},
        ),
        ({**SOLD, "buyer": "me"}, {"#/buyer": "is not a member of feedback"}),
    ],
)
def test_what_is_wrong_is_named(app: Flask, body: Any, errors: dict[str, str]) -> None:
    result = post(app, body)
    assert (result.status, result.pointers) == (422, errors)
    check(read_document(app), "POST", PATH, result)
    assert find_state(app).feedback.count() == 0


def test_without_room_feedback_is_refused_and_prices_go_on(make_app: MakeApp) -> None:
    app = make_app(feedback_bytes=4096)
    refused = post(app, SOLD)
    assert refused.problem["detail"] == "There is no room for feedback; it was not kept"
    assert refused.status == 507
    check(read_document(app), "POST", PATH, refused)
    assert price(app).status == 200


def test_a_file_that_cannot_be_used_is_named_in_the_log_only(app: Flask, tmp_path: Path) -> None:
    path = find_state(app).settings.feedback_file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"nonsense" * 1000)
    refused = post(app, SOLD)
    assert (refused.status, refused.problem["detail"]) == (503, "Feedback cannot be kept; the log has the reason")
    wait_until(lambda: "is damaged" in (tmp_path / "logs" / "api.jsonl").read_text())


def test_without_a_model_nothing_is_kept(make_app: MakeApp, tmp_path: Path) -> None:
    assert post(make_app(artifacts_dir=tmp_path / "none"), SOLD).status == 503
