"""POST /predict/batch: one result or problem for each row, in order."""

import difflib
import io
import queue
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import Result, as_json, call, find_state
from tests.api.conftest import MakeApp, wait_until
from tests.bundles import DATED_MARKET, grow_bundle, invent_dated_listings
from tests.model.cars import DATED_CAR, UK_CAR, change

from carprice.api import predict
from carprice.api.state import LoadedModel, ServiceState
from carprice.market.market_file import parse_market
from carprice.model import listing
from carprice.model.listing import MAX_ROW_PROBLEMS
from carprice.model.names import suggestions

PATH = "/predict/batch"
SECRET = "xyzzy"

ODD_UK_CARS = [
    change(UK_CAR, model=" "),
    change(UK_CAR, make=" \t\n", mileage=400_000),
    change(UK_CAR, fuel="\u3000"),
    change(UK_CAR, make=" ford ", model="FIESTA", mileage=400_000),
    change(UK_CAR, make=" Frod "),
    change(UK_CAR, model="-"),
    change(UK_CAR, tax=..., mpg=..., mileage=-0.0),
]


class Held:
    """Something that waits to go on, once it has begun."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_go_on = threading.Event()

    def wait(self) -> None:
        self.begun.set()
        assert self.may_go_on.wait(20)


class HeldBody(Held):
    """A body that waits to be sent, as a slow client's does."""

    def read(self, _: int) -> bytes:
        self.wait()
        return b"[]"


@pytest.fixture(scope="module")
def limited_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A champion of the dated market, whose first registration here lies from 1980 to 2020."""
    registered = {**DATED_MARKET["features"]["registered"], "min": 3652, "max": 18627}
    tables = {**DATED_MARKET, "features": {**DATED_MARKET["features"], "registered": registered}}
    folder = tmp_path_factory.mktemp("limited") / "artifacts"
    grow_bundle(folder, invent_dated_listings(), parse_market(tables, "dated.toml"))
    return folder


def test_each_row_gets_what_it_gets_alone(app: Flask) -> None:
    result = check_rows(
        app,
        UK_CAR,
        [
            UK_CAR,
            change(UK_CAR, make="Frod", mileage=400_000),
            change(UK_CAR, tax=None),
            change(UK_CAR, model="FIESTA"),
            change(UK_CAR, year=1900, colour=SECRET),
            change(UK_CAR, mileage="45,000 mi"),
            {},
            [UK_CAR],
            None,
            SECRET,
        ],
    )
    assert result.json["currency"] == "GBP"
    assert result.json["model_version"] == find_state(app).version
    assert SECRET.encode() not in result.body


def test_odd_rows_get_what_they_get_alone(app: Flask) -> None:
    rows = check_rows(app, UK_CAR, ODD_UK_CARS).json["results"]
    assert [row.get("status", 200) for row in rows] == [422, 422, 422, 200, 200, 200, 200]


def test_odd_dates_get_what_they_get_alone(make_app: MakeApp, limited_bundle: Path) -> None:
    cars = [
        change(DATED_CAR, registered="1979-12-31"),
        change(DATED_CAR, registered="1980-01-01"),
        change(DATED_CAR, registered="2021-01-01", colour="\t"),
        change(DATED_CAR, inspected="0001-01-01"),
        change(DATED_CAR, colour=..., towbar=...),
        change(DATED_CAR, colour=" BLACK ", seats=40),
    ]
    rows = check_rows(make_app(artifacts_dir=limited_bundle), DATED_CAR, cars).json["results"]
    assert [row.get("status", 200) for row in rows] == [422, 200, 422, 200, 200, 200]


def check_rows(app: Flask, usual: dict[str, Any], cars: list[Any]) -> Result:
    """Each car gets in a batch what it gets alone: among usual ones, and among one that is not a listing."""
    alone = [price_alone(app, car) for car in cars]
    for others in ([usual], [{}], []):
        result = call(app.wsgi_app, "POST", PATH, as_json([*others, *cars, *others]))
        assert result.status == 200
        expected = [price_alone(app, car) for car in others]
        assert result.json["results"] == [*expected, *alone, *expected]
    return result


def price_alone(app: Flask, car: Any) -> dict[str, Any]:
    answer = call(app.wsgi_app, "POST", "/predict/price", as_json(car)).json
    of_all = ("currency", "model_version", "as_of", "instance")
    found = {key: value for key, value in answer.items() if key not in of_all}
    if "errors" in found:
        found["errors"] = found["errors"][:MAX_ROW_PROBLEMS]
    return found


def test_a_small_batch_has_no_great_answer(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """30 KB of `{}` used to be answered with 3.8 MB, unknown fields with fifty errors a row."""
    bodies = [b"[" + b",".join([b"{}"] * 1000) + b"]"]
    bodies.append(as_json([{**UK_CAR, **{f"mileag{letter}": 1 for letter in "abcdefghijklmnopqrst"}}] * 1000))
    for body in bodies:
        result = call(app.wsgi_app, "POST", PATH, body)
        assert len(result.body) < 1_000_000
        assert {len(row["errors"]) for row in result.json["results"]} == {MAX_ROW_PROBLEMS}
    monkeypatch.setattr(predict, "MAX_ANSWER_BYTES", 1000)
    problem = call(app.wsgi_app, "POST", PATH, bodies[0]).problem
    assert (problem["status"], problem["detail"]) == (
        413,
        "The answer would have more than 1000 bytes; send fewer listings",
    )


def test_a_wrong_name_is_searched_for_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[str] = []
    found = difflib.get_close_matches

    def count(word: str, *rest: Any, **more: Any) -> list[str]:
        searches.append(word)
        return found(word, *rest, **more)

    for module in (listing, suggestions):
        monkeypatch.setattr(module, "get_close_matches", count)
    rows = [change(UK_CAR, make="Frodx"), change(UK_CAR, milaegex=1)] * 500
    results = call(app.wsgi_app, "POST", PATH, as_json(rows)).json["results"]
    assert results[-2]["warnings"][0]["suggestions"] == ["Ford"]
    assert "did you mean 'mileage'?" in results[-1]["errors"][0]["detail"]
    assert sorted(searches) == ["frodx", "milaegex"]


def test_a_row_that_is_not_json_does_not_fail_the_others(app: Flask) -> None:
    good = as_json(UK_CAR)
    rows = [good, good.replace(b"Ford", b"F\xffrd"), good[:-1] + b', "make": "Audi"}', good]
    results = call(app.wsgi_app, "POST", PATH, b"[" + b",".join(rows) + b"]").json["results"]
    assert [row.get("status", 200) for row in results] == [200, 400, 400, 200]
    assert results[1]["detail"] == "The body is not UTF-8 at byte 11"
    assert results[2]["detail"] == "The body has an object with the same field twice"
    assert results[0] == results[3]


def test_an_empty_batch_is_empty(app: Flask) -> None:
    assert call(app.wsgi_app, "POST", PATH, b"[]").json["results"] == []


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (as_json(UK_CAR), 422, "The body is not a list"),
        (b"null", 422, "The body is not a list"),
        (b"[{}", 400, "The body is not JSON: Input data was truncated"),
        (b"[NaN]", 400, "The body is not JSON: JSON is malformed: invalid character (byte 1)"),
        (b"", 400, "The body is not JSON: Input data was truncated"),
        (b"[{}, ]", 400, "The body is not JSON: JSON is malformed: trailing comma in array (byte 5)"),
        (b"[" * 50_000, 400, "The body is nested too deeply"),
        (b"[" + b"[" * 50_000, 400, "The body is nested too deeply"),
        (b"[" + b"3," * 20 + b"3]", 413, "A batch should have at most 20 listings"),
        (b" " * 60_001, 413, "The body should have at most 60000 bytes"),
    ],
)
def test_a_wrong_body(make_app: MakeApp, body: bytes, status: int, detail: str) -> None:
    app = make_app(max_batch_rows=20, max_body_bytes=60_000)
    for length in (None, ""):
        result = call(app.wsgi_app, "POST", PATH, body, length=length)
        assert (result.status, result.problem["detail"]) == (status, detail)


def test_a_wrong_type(app: Flask) -> None:
    assert call(app.wsgi_app, "POST", PATH, b"[]", kind="text/csv").status == 415


def test_more_batches_at_once_than_allowed_are_sent_away(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(max_batches=2)
    held = {row: Held() for row in (b"[1]", b"[2]")}
    price_batch = predict._price_batch

    def hold_batch(service: ServiceState, model: LoadedModel, body: bytes, limits: Any) -> dict[str, Any]:
        if body in held:
            held[body].wait()
        return price_batch(service, model, body, limits)

    monkeypatch.setattr(predict, "_price_batch", hold_batch)
    answers = [start_batch(app, io.BytesIO(row)) for row in held]
    wait_until(lambda: all(one.begun.is_set() for one in held.values()))
    result = call(app.wsgi_app, "POST", PATH, b"[]")
    assert result.status == 429
    assert result.header("Retry-After") == "1"
    assert result.problem["detail"] == "2 batches are being priced already; try again"
    assert call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR)).status == 200
    for one in held.values():
        one.may_go_on.set()
    assert [answer.get(timeout=20) for answer in answers] == [200, 200]
    assert call(app.wsgi_app, "POST", PATH, b"[]").status == 200


def test_a_slow_body_takes_no_place_of_a_batch(make_app: MakeApp) -> None:
    app = make_app(max_batches=1)
    bodies = [HeldBody(), HeldBody()]
    answers = [start_batch(app, body) for body in bodies]
    wait_until(lambda: all(body.begun.is_set() for body in bodies))
    assert call(app.wsgi_app, "POST", PATH, b"[]").status == 200
    for body, answer in zip(bodies, answers, strict=True):
        body.may_go_on.set()
        assert answer.get(timeout=20) == 200


def start_batch(app: Flask, body: Any) -> "queue.Queue[int]":
    """Send a batch from a thread of its own; its status comes with the queue."""
    status: queue.Queue[int] = queue.Queue()

    def send() -> None:
        environ = {"wsgi.input": body, "CONTENT_TYPE": "application/json", "carprice.request_id": "a"}
        if isinstance(body, HeldBody):
            environ["CONTENT_LENGTH"] = str(len(b"[]"))
        with app.test_request_context(PATH, method="POST", environ_overrides=environ):
            status.put(app.full_dispatch_request().status_code)

    threading.Thread(target=send, daemon=True).start()
    return status


def test_a_batch_that_fails_gives_its_place_back(make_app: MakeApp) -> None:
    app = make_app(max_batches=1)
    for body in (b"nonsense", b"{}", b"[]", b"[]"):
        assert call(app.wsgi_app, "POST", PATH, body).status != 429


def test_the_largest_batch(app: Flask) -> None:
    cars = [change(UK_CAR, mileage=number) for number in range(10_000)]
    results = call(app.wsgi_app, "POST", PATH, as_json(cars)).json["results"]
    assert len(results) == 10_000
    assert all("price" in row for row in results)
