"""The page of the service, with a model and without one."""

import re
import shutil
import socket
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from tests.api.calls import as_json, call, find_state
from tests.api.conftest import MakeApp, wait_until
from tests.model.cars import UK_CAR

from carprice.api import replicas
from carprice.api.pages.service_page import write_seconds
from carprice.names import RELEASES_FILE
from carprice.ops.journal import Journal
from carprice.ops.rollout.history import publish_releases


def read_page(app: Flask) -> str:
    result = call(app.wsgi_app, "GET", "/service")
    assert result.status == 200
    assert len(result.body) < 100_000
    return " ".join(unescape(re.sub("<[^>]+>", " ", result.body.decode())).split())


def test_it_says_what_serves_and_how_fast(app: Flask) -> None:
    call(app.wsgi_app, "GET", "/static/pages.css")
    assert "No request but those of probes and of this page." in read_page(app)
    for body in (UK_CAR, {}):
        call(app.wsgi_app, "POST", "/predict/price", as_json(body))
    text = read_page(app)
    assert text.index("Ready Release r1") > 0
    assert find_state(app).version in text
    assert "refused (4xx) 50 %" in text
    assert re.search(r"/predict/price [\d.,]+ [\d.]+ ms", text)
    assert "./carprice status" in text, "what it does not know, and who does"


def test_without_a_model_it_says_why(make_app: MakeApp, tmp_path: Path) -> None:
    text = read_page(make_app(artifacts_dir=tmp_path / "none"))
    assert "Not ready : " in text
    assert "Model none is loaded" in text
    assert str(tmp_path) not in text


def test_it_says_how_the_rollouts_went(make_app: MakeApp, small_bundle: Path, tmp_path: Path) -> None:
    artifacts = shutil.copytree(small_bundle, tmp_path / "artifacts")
    app = make_app(artifacts_dir=artifacts)
    assert "No rollout is known here: ./carprice releases" in read_page(app)
    journal = Journal(tmp_path / "journal", publish=partial(publish_releases, path=artifacts / RELEASES_FILE))
    journal.add("begin", release="r7", image="i", model="m1", by="nobody-you-know")
    journal.add("done", release="r7", outcome="failed", seconds=21.4, requests=900, failed=0, reason="gate golden")
    journal.add("begin", release="r8", image="i", model="m2", by="nobody-you-know")
    journal.add("step", step="bake", release="r8", seconds=1)
    text = read_page(app)
    begun = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    assert re.search(
        f"r8 {begun} m2 under way, after bake – – – r7 {begun} m1 failed: gate golden 21 s 900 0", text
    )
    assert "nobody-you-know" not in text
    (artifacts / RELEASES_FILE).write_text("[{}]")
    assert "No rollout is known here" in read_page(app)


def test_it_asks_the_replicas_by_their_names(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Not known here: ./carprice status" in read_page(make_app())
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setattr(replicas, "API_PORT", deaf.getsockname()[1])
        monkeypatch.setattr(replicas, "ANSWER_SECONDS", 0.05)
        app = make_app(replica_names="localhost no-such-host.invalid")
        assert "They are being asked." in read_page(app)
        wait_until(lambda: "127.0.0.1 live – – no answer within 0.05 s" in read_page(app))


def test_prices_stand_beside_those_of_the_training(app: Flask) -> None:
    assert "Not known: no such answer is in the sample." in read_page(app)
    call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR))
    wait_until(lambda: "of the newest 1 answers" in read_page(app))
    text = read_page(app)
    assert "Price, in GBP of the newest 1 answers" in text
    assert re.search(r"\d to \d{1,3},\d{3} ", text), "as people write amounts"
    shares = [int(share) for share in re.findall(r" (\d+) % \d+ %", text.split("judged by")[1])]
    assert sorted(shares) == [0] * (len(shares) - 1) + [100]


def test_the_monitor_s_states_stand_there(app: Flask) -> None:
    wait_until(lambda: "cars known: 0, needed: 100" in read_page(app))


def test_looking_is_not_logged(app: Flask, tmp_path: Path) -> None:
    read_page(app)
    find_state(app).close()
    assert "/service" not in (tmp_path / "logs" / "api.jsonl").read_text()


@pytest.mark.parametrize(
    ("seconds", "text"), [(5.9, "5 s"), (61, "1 min 1 s"), (3_700, "1 h 1 min"), (90_000, "1 d 1 h")]
)
def test_times_are_written_in_two_units(seconds: float, text: str) -> None:
    assert write_seconds(seconds) == text
