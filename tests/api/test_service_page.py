"""The page of the service, with a model and without one."""

import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from tests.api.calls import as_json, call, find_state
from tests.api.conftest import MakeApp
from tests.model.cars import UK_CAR

from carprice.api.pages.service_page import write_seconds


def read_page(app: Flask) -> str:
    result = call(app.wsgi_app, "GET", "/service")
    assert result.status == 200
    assert len(result.body) < 100_000
    return " ".join(unescape(re.sub("<[^>]+>", " ", result.body.decode())).split())


def test_it_says_what_serves_and_how_fast(app: Flask) -> None:
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


def test_looking_is_not_logged(app: Flask, tmp_path: Path) -> None:
    read_page(app)
    find_state(app).close()
    assert "/service" not in (tmp_path / "logs" / "api.jsonl").read_text()


@pytest.mark.parametrize(
    ("seconds", "text"), [(5.9, "5 s"), (61, "1 min 1 s"), (3_700, "1 h 1 min"), (90_000, "1 d 1 h")]
)
def test_times_are_written_in_two_units(seconds: float, text: str) -> None:
    assert write_seconds(seconds) == text
