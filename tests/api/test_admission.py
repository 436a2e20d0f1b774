"""Requests with and without a key, of each scope, too many, whichever way they take; keys that change."""

import json
import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import Result, as_json, call, find_state
from tests.api.conftest import MakeApp
from tests.api.test_wsgi import PATHS, read_lines
from tests.model.cars import UK_CAR

from carprice.access import keys
from carprice.access.keys import KEYS_FILE, add_key, revoke_key
from carprice.api import admission
from carprice.api.admission import BAD_KEY, NO_KEY, SPENT
from carprice.api.responses import RefusedError
from carprice.system.rates import DAY_SECONDS
from carprice.system.waiting import wait_for

Way = Callable[[Flask], Any]
OPEN = ("/livez", "/readyz", "/info/status")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the keys, looked at for every request."""
    monkeypatch.setattr(admission, "LOOK_SECONDS", 0.0)
    return tmp_path / "keys"


@pytest.fixture
def guarded(make_app: MakeApp, folder: Path) -> Flask:
    return make_app(api_keys=str(folder))


def make_key(folder: Path, name: str = "dealer", scopes: str = "price", **values: str) -> str:
    return add_key(folder, name, scopes.split(), **values)[0]


def price(app: Any, secret: str = "", **headers: str) -> Result:
    given = {"Authorization": f"Bearer {secret}"} if secret else {}
    return call(app, "POST", "/predict/price", as_json(UK_CAR), headers={**given, **headers})


def test_without_the_setting_nobody_needs_a_key(app: Flask, way: Way) -> None:
    assert find_state(app).admission is None
    assert price(way(app)).status == 200


@pytest.mark.parametrize("path", PATHS)
def test_every_path_but_the_open_ones_needs_a_key(guarded: Flask, folder: Path, path: str) -> None:
    secret = make_key(folder, scopes="price admin")
    found = call(guarded.wsgi_app, "GET", path)
    given = call(guarded.wsgi_app, "GET", path, headers={"Authorization": f"Bearer {secret}"})
    assert given.status in (200, 404)
    if path in OPEN:
        assert found.status == 200
    else:
        assert (found.status, found.problem["detail"]) == (401, NO_KEY)
        assert found.header("WWW-Authenticate") == 'Bearer realm="carprice"'
        assert found.header("X-Release") == "r1"


def test_the_key_may_be_a_password_as_browsers_send_it(guarded: Flask, way: Way, folder: Path) -> None:
    secret = make_key(folder)
    app = way(guarded)
    asked = price(app, ACCEPT="text/html,*/*")
    assert (asked.status, asked.header("WWW-Authenticate")) == (401, 'Basic realm="carprice", charset="UTF-8"')
    for login in (f"anyone:{secret}", f":{secret}"):
        assert price(app, AUTHORIZATION=f"Basic {b64encode(login.encode()).decode()}").status == 200
    assert price(app, AUTHORIZATION=f"bearer {secret}").status == 200, "RFC 9110: in any case of letters"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic", "Basic ", "", " "])
def test_no_key(guarded: Flask, way: Way, folder: Path, header: str) -> None:
    make_key(folder)
    assert price(way(guarded), AUTHORIZATION=header).status == 401


@pytest.mark.parametrize(
    "header",
    [
        *("Bearer x", "Bearer {}x", "Bearer ÿ\0", "Bearer {},Bearer {}"),
        *("Basic !", "Basic /w==", "Basic eA==", "Basic {}", "Digest {}", "{}"),
    ],
)
def test_wrong_keys(guarded: Flask, way: Way, folder: Path, header: str) -> None:
    found = price(way(guarded), AUTHORIZATION=header.replace("{}", make_key(folder)))
    assert (found.status, found.problem["title"]) == (401, "Unauthorized")


def test_an_unknown_key_is_said_to_be_one(guarded: Flask, way: Way) -> None:
    found = price(way(guarded), "carprice_unknown")
    assert found.problem["detail"] == BAD_KEY
    assert found.header("WWW-Authenticate") == 'Bearer realm="carprice", error="invalid_token"'


@pytest.mark.parametrize(
    ("path", "scope"),
    [("/predict/price", "price"), ("/feedback", "feedback"), ("/metrics", "admin"), ("/service", "admin")],
)
def test_a_key_of_another_scope_is_refused(guarded: Flask, folder: Path, path: str, scope: str) -> None:
    others = " ".join({"price", "feedback", "admin"} - {scope})
    method = "GET" if scope == "admin" else "POST"

    def ask(secret: str) -> Result:
        body = None if method == "GET" else b"{}"
        return call(guarded.wsgi_app, method, path, body, headers={"Authorization": f"Bearer {secret}"})

    refused = ask(make_key(folder, "others", others))
    assert (refused.status, refused.problem["detail"]) == (
        403,
        f"The API key is not for this path, which needs the scope {scope}",
    )
    assert refused.header("WWW-Authenticate") == (
        f'Bearer realm="carprice", error="insufficient_scope", scope="{scope}"'
    )
    assert ask(make_key(folder, "own", scope)).status == (200 if method == "GET" else 422)


def test_the_rate_of_a_key(guarded: Flask, way: Way, folder: Path) -> None:
    app = way(guarded)
    secret, other = make_key(folder, "slow", rate="2/s"), make_key(folder, "fast")
    found = [price(app, secret) for _ in range(3)]
    assert [each.status for each in found] == [200, 200, 429]
    assert found[2].problem["detail"] == "More requests came than the rate allows; try again later"
    assert found[2].header("Retry-After") == "1"
    assert price(app, other).status == 200
    make_key(folder, "third")
    assert price(app, secret).status == 429, "what was used of its rate outlasts a change of the keys"


MIDNIGHT = 1830297600.0
"""The end of 31 December 2027."""


def test_the_quota_of_a_key(guarded: Flask, way: Way, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = way(guarded)
    monkeypatch.setattr(admission.time, "time", lambda: MIDNIGHT - 90)
    secret, other = make_key(folder, "few", rate="2/day"), make_key(folder, "free")
    found = [price(app, secret) for _ in range(4)]
    assert [each.status for each in found] == [200, 200, 429, 429]
    assert found[2].problem["detail"] == SPENT
    assert found[2].header("Retry-After") == "90"
    assert price(app, other).status == 200
    make_key(folder, "third")
    assert price(app, secret).status == 429, "what was used of its day outlasts a change of the keys"
    monkeypatch.setattr(admission.time, "time", lambda: MIDNIGHT)
    assert [price(app, secret).status for _ in range(3)] == [200, 200, 429]


def test_what_the_rate_refuses_is_not_taken_off_the_quota(guarded: Flask, way: Way, folder: Path) -> None:
    app = way(guarded)
    secret = make_key(folder, rate="1/s,2/day")
    assert [price(app, secret).status for _ in range(3)] == [200, 429, 429]

    def answer() -> Result | None:
        found = price(app, secret)
        is_rate = found.status == 429 and found.problem["detail"] != SPENT
        return None if is_rate else found

    second, third = wait_for(answer, 10.0), wait_for(answer, 10.0)
    assert second is not None
    assert second.status == 200
    assert third is not None
    assert third.problem["detail"] == SPENT


def test_keys_come_and_go_without_a_restart(guarded: Flask, way: Way, folder: Path) -> None:
    app = way(guarded)
    assert price(app, "carprice_any").status == 401, "without a file"
    secret = make_key(folder)
    assert price(app, secret).status == 200
    revoke_key(folder, "dealer")
    assert price(app, secret).status == 401
    secret = make_key(folder)
    assert price(app, secret).status == 200
    (folder / KEYS_FILE).unlink()
    assert price(app, secret).status == 401


def test_the_file_is_not_looked_at_for_every_request(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(api_keys=str(tmp_path / "keys")).wsgi_app
    secret = make_key(tmp_path / "keys")
    looked: list[Any] = []
    stat = os.stat

    def look(path: Any, **options: Any) -> os.stat_result:
        looked.append(path)
        return stat(path, **options)

    monkeypatch.setattr(admission.os, "stat", look)
    monkeypatch.setattr(admission, "LOOK_SECONDS", 3600.0)
    assert [price(app, secret).status for _ in range(5)] == [200] * 5
    assert [Path(path).name for path in looked].count(KEYS_FILE) == 1


def test_a_damaged_file_takes_no_key_away_and_is_logged(
    guarded: Flask, way: Way, folder: Path, tmp_path: Path
) -> None:
    app = way(guarded)
    secret = make_key(folder)
    assert price(app, secret).status == 200
    (folder / KEYS_FILE).write_text("{")
    assert [price(app, secret).status for _ in range(3)] == [200] * 3
    find_state(guarded).close()
    lines = [line for line in read_lines(tmp_path / "logs" / "api.jsonl") if line["event"] == "API keys not read"]
    assert len(lines) == 1
    assert lines[0]["reason"].endswith("keys.json: is not JSON")


def test_a_key_ends_with_its_day(guarded: Flask, way: Way, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = way(guarded)
    secret = make_key(folder, until="2027-12-31")
    assert price(app, secret).status == 200
    monkeypatch.setattr(admission.time, "time", lambda: MIDNIGHT - 1)
    assert price(app, secret).status == 200
    monkeypatch.setattr(admission.time, "time", lambda: MIDNIGHT)
    assert price(app, secret).status == 401


def test_a_clock_that_jumps_ends_a_key_no_longer_than_it_is_wrong(
    guarded: Flask, way: Way, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = way(guarded)
    secret, sooner = make_key(folder, until="2027-12-31"), make_key(folder, "sooner", until="2027-12-30")
    found = []
    for days in (-1.5, 400, -0.5, -1.5, -20_000):
        monkeypatch.setattr(admission.time, "time", lambda days=days: MIDNIGHT + days * DAY_SECONDS)
        found.append([price(app, each).status for each in (secret, sooner)])
    assert found == [[200, 200], [401, 401], [200, 401], [200, 200], [200, 200]]


def test_a_clock_that_jumps_gives_no_second_quota(
    guarded: Flask, way: Way, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = way(guarded)
    secret = make_key(folder, rate="1/day")
    found = []
    for days in (0, 0, 1, 0, 1, -3, 0, 1):
        monkeypatch.setattr(admission.time, "time", lambda days=days: MIDNIGHT + days * DAY_SECONDS)
        found.append(price(app, secret).status)
    assert found == [200, 429, 200, 429, 429, 200, 429, 429]


def test_a_clock_that_jumps_changes_no_rate(guarded: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = make_key(folder, rate="2/s")
    guard = find_state(guarded).admission
    assert guard
    found = []
    for now in (MIDNIGHT, 0.0, MIDNIGHT, 0.0, 2 * MIDNIGHT):
        monkeypatch.setattr(admission.time, "time", lambda now=now: now)
        try:
            guard.check({"HTTP_AUTHORIZATION": f"Bearer {secret}"}, "/predict/price", 100.0)
            found.append(200)
        except RefusedError as refused:
            found.append(refused.status)
    assert found == [200, 200, 429, 429, 429]


def test_the_log_names_the_key_and_never_has_it(guarded: Flask, way: Way, folder: Path, tmp_path: Path) -> None:
    secret = make_key(folder)
    app = way(guarded)
    price(app, secret, X_REQUEST_ID="one")
    price(app, "carprice_wrong", X_REQUEST_ID="two")
    find_state(guarded).close()
    lines = {line["request_id"]: line for line in read_lines(tmp_path / "logs" / "api.jsonl") if "path" in line}
    assert lines["one"]["key"] == "dealer"
    assert (lines["two"]["status"], "key" in lines["two"]) == (401, False)
    text = (tmp_path / "logs" / "api.jsonl").read_text() + (tmp_path / "logs" / "requests.jsonl").read_text()
    assert secret not in text
    assert "carprice_wrong" not in text


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_the_rate_of_an_address(make_app: MakeApp, first: str, second: str, is_same: bool) -> None:
    app = make_app(address_rate="1/s").wsgi_app

    def ask(address: str, path: str = "/nothing") -> Result:
        return call(lambda environ, start: app({**environ, "REMOTE_ADDR": address}, start), "GET", path)

    assert ask(first).status == 404
    found = ask(second)
    assert found.status == (429 if is_same else 404)
    assert [ask(first, path).status for path in OPEN] == [200] * 3


def test_a_full_length_file_of_keys_is_read(guarded: Flask, folder: Path) -> None:
    secret = make_key(folder)
    data = json.loads((folder / KEYS_FILE).read_text())
    data["keys"] += [
        {"name": f"k{number}", "sha256": f"{number:064x}", "scopes": ["price"], "rate": "50/s"}
        for number in range(keys.MAX_KEYS - 1)
    ]
    (folder / KEYS_FILE).write_text(json.dumps(data))
    assert price(guarded.wsgi_app, secret).status == 200
