"""What every answer has, whichever way it took: ids, headers, methods, crashes."""

import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import WAYS, as_json, call, find_state
from tests.api.conftest import wait_until
from tests.model.cars import UK_CAR

from carprice.api.responses import STATUS_LINES, RefusedError
from carprice.model.encoding import Encoder

Way = Callable[[Flask], Any]

PATHS = [
    "/",
    "/livez",
    "/readyz",
    "/metrics",
    "/model",
    "/service",
    "/stock",
    "/info/status",
    "/info/features",
    "/info/model",
    "/api/docs",
]
PATHS += ["/api/openapi.json", "/api/docs/swagger-ui.css", "/static/pages.css", "/nothing"]
NO_SUCH = "There is nothing at this path; GET /api/docs lists what there is"
CRASHED = "The service failed on this request; its log has the reason"

TITLES = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def price(app: Any, **headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(app, "POST", "/predict/price", as_json(UK_CAR), headers=names)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_these_headers(app: Flask, path: str) -> None:
    result = call(app.wsgi_app, "GET", path, headers={"X-Request-ID": "abc"})
    assert result.header("X-Request-ID") == "abc"
    assert result.header("X-Model-Version") == find_state(app).version
    assert result.header("X-Release") == "r1"
    assert result.header("X-Content-Type-Options") == "nosniff"
    assert result.header("Referrer-Policy") == "no-referrer"
    assert (result.header("Server-Timing") or "").startswith("app;dur=")
    assert result.header("Content-Length") == str(len(result.body))
    assert result.header("Cache-Control")


@pytest.mark.parametrize("request_id", ["a", "4bf92f35-77b3", "A.b_c:d/e+f=", "x" * 128])
def test_a_good_request_id_comes_back(app: Flask, way: Way, request_id: str) -> None:
    assert price(way(app), X_Request_ID=request_id).header("X-Request-ID") == request_id


@pytest.mark.parametrize("request_id", ["", "x" * 129, "a b", "a\r\nSet-Cookie: b", "<script>", "é", '"', "a,b"])
def test_a_bad_request_id_is_replaced(app: Flask, way: Way, request_id: str) -> None:
    gate = way(app)
    found = [price(gate, X_Request_ID=request_id).header("X-Request-ID") for _ in range(3)]
    assert request_id not in found
    assert len(set(found)) == 3


def test_a_trace_is_logged_with_the_request(app: Flask, way: Way, tmp_path: Path) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    gate = way(app)
    price(gate, X_Request_ID="one", traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    price(gate, X_Request_ID="two", traceparent=f"00-{trace}")
    find_state(app).close()
    lines = {line["request_id"]: line for line in read_lines(tmp_path / "logs" / "api.jsonl") if "path" in line}
    assert lines["one"]["trace_id"] == trace
    assert "trace_id" not in lines["two"]


@pytest.mark.parametrize("path", ["/predict/price", "/predict/batch"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "BREW"])
def test_another_method_names_the_right_one(app: Flask, path: str, method: str) -> None:
    results = [call(make(app), method, path) for make in WAYS.values()]
    assert results[0].without_changes() == results[1].without_changes()
    assert results[0].status == 405
    assert results[0].header("Allow") == "OPTIONS, POST"
    if method != "HEAD":
        assert results[0].problem["detail"] == "This path takes OPTIONS, POST"


@pytest.mark.parametrize(
    ("path", "methods"), [("/predict/price", "OPTIONS, POST"), ("/info/status", "GET, HEAD, OPTIONS")]
)
def test_options_names_the_methods(app: Flask, path: str, methods: str) -> None:
    result = call(app.wsgi_app, "OPTIONS", path)
    assert (result.status, result.body, result.header("Allow")) == (204, b"", methods)
    assert result.header("Content-Type") is None


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_a_body(app: Flask, path: str) -> None:
    head, get = (call(app.wsgi_app, method, path) for method in ("HEAD", "GET"))
    assert head.status == get.status
    assert head.body == b""
    names = {"Content-Type", "Cache-Control", "Content-Security-Policy"}
    assert {name: head.header(name) for name in names} == {name: get.header(name) for name in names}


@pytest.mark.parametrize("path", ["/nothing", "/predict/price/", "/predict", "/static/../app.py", "/\xff"])
def test_nothing_there(app: Flask, path: str) -> None:
    result = call(app.wsgi_app, "GET", path)
    assert (result.status, result.problem["detail"]) == (404, NO_SUCH)


def test_titles_do_not_depend_on_the_version_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of http.HTTPStatus for 413 and 422 are others from 3.13 on."""
    for status in HTTPStatus:
        monkeypatch.setattr(status, "phrase", "Of another Python")
    titles = {status: RefusedError(status, "").problem().title for status in TITLES}
    assert titles == TITLES
    assert [STATUS_LINES[status] for status in TITLES] == [f"{status} {title}" for status, title in TITLES.items()]


def crash(*_: Any) -> None:
    raise ZeroDivisionError("the secret of the crash")


def test_a_bug_is_logged_and_not_told(
    app: Flask, way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Encoder, "encode", crash)
    result = price(way(app), X_Request_ID="abc")
    assert (result.status, result.problem["detail"]) == (500, CRASHED)
    assert b"secret" not in result.body
    found = wait_until(lambda: [x for x in read_lines(tmp_path / "logs" / "api.jsonl") if "traceback" in x])
    assert found[0]["level"] == "error"
    assert found[0]["event"] == "request failed"
    assert found[0]["request_id"] == "abc"
    assert "ZeroDivisionError: the secret of the crash" in found[0]["traceback"]
    assert len(found) == 1
    error = capsys.readouterr().err.strip()
    assert json.loads(error)["traceback"] == found[0]["traceback"]


def test_a_bug_in_a_view_is_logged_and_not_told(app: Flask, tmp_path: Path) -> None:
    app.view_functions["info.status"] = crash
    result = call(app.wsgi_app, "GET", "/info/status", headers={"X-Request-ID": "abc"})
    assert (result.status, result.problem["detail"]) == (500, CRASHED)
    assert b"secret" not in result.body
    found = wait_until(lambda: [x for x in read_lines(tmp_path / "logs" / "api.jsonl") if "traceback" in x])
    assert [(line["path"], line["request_id"]) for line in found] == [("/info/status", "abc")]
    assert "ZeroDivisionError: the secret of the crash" in found[0]["traceback"]


def test_a_redirect_does_not_say_where_this_site_is(app: Flask) -> None:
    """What the request calls it may be anything, and a proxy before it may have another scheme."""
    result = call(app.wsgi_app, "GET", "//info//status?a=1", headers={"Host": "evil.example"})
    assert (result.status, result.header("Location")) == (308, "/info/status?a=1")
    assert "evil" not in str(result)
    assert result.header("Cache-Control") == "no-store"
