"""The page of the model: every figure is the manifest's, and what is not there is not known."""

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from flask import Flask
from tests.api.calls import call, find_state
from tests.api.conftest import MakeApp

from carprice.api.pages.model_page import UNKNOWN, build_model_page
from carprice.api.state import LoadedModel


def find_model(app: Flask) -> LoadedModel:
    model = find_state(app).model
    assert model
    return model


def read_page(app: Flask) -> str:
    result = call(app.wsgi_app, "GET", "/model")
    assert result.status == 200
    assert len(result.body) < 100_000
    return " ".join(unescape(re.sub("<[^>]+>", " ", result.body.decode())).split())


def test_it_says_how_good_the_model_is(app: Flask) -> None:
    text = read_page(app)
    assert "Half of its prices are within 4.8 % of the actual ones" in text
    assert "ranges that should hold 90 % of prices held 90 %" in text
    assert "2,000 listings of invented.csv" in text
    assert "Fiesta, Focus and Kuga" in text


def test_a_report_is_preferred_to_the_metrics(app: Flask) -> None:
    manifest = find_model(app).pricer.manifest
    part = {"name": "9498-12480", "rows": 7, "median_ape": 0.031, "coverage": 0.9}
    manifest["report"] = {
        "overall": {"rows": 70, "median_ape": 0.05, "ppe10": 0.8},
        "segments": {"price": [part]},
        "left_out": [{"name": "mpg", "fields": ["mpg"], "median_ape": 0.07, "coverage": 0.88}],
        "notes": ["Too few cars over 20 years."],
    }
    manifest["ageing"] = [{"days": 90, "median_ape": 0.06}]
    text = read_page(app)
    assert "within 5.0 % of the actual ones; 80 % are within 10 %" in text
    assert "By price, in GBP Usual error Range held Listings 9,498 to 12,480 3.1 % 90 % 7" in text
    assert "Fuel economy 7.0 % 88 %" in text
    assert "90 days 6.0 %" in text
    assert "Too few cars over 20 years." in text


@pytest.mark.parametrize("junk", [None, [], "x", {"overall": [], "segments": {"make": [1, {"name": None}]}}, 7])
def test_a_manifest_without_figures_has_a_page(app: Flask, junk: Any) -> None:
    manifest = find_model(app).pricer.manifest
    for key in ("metrics", "report", "coverage", "data", "ageing", "importance"):
        manifest[key] = junk
    assert UNKNOWN in read_page(app)


def test_it_says_how_old_the_model_is(app: Flask) -> None:
    model = find_model(app)
    facts = dict(build_model_page(model, date(2100, 1, 1)).facts)
    assert re.fullmatch(r"20\d\d-\d\d-\d\d, [\d,]+ days ago", facts["Trained"])
    assert facts["Last day learnt from"] == UNKNOWN


def test_the_run_in_mlflow_is_linked(app: Flask) -> None:
    find_model(app).pricer.manifest["mlflow"] = {"run_id": "abc", "experiment_id": "1"}
    page = call(app.wsgi_app, "GET", "/model").body.decode()
    assert 'href="http://127.0.0.1:5001/#/experiments/1/runs/abc"' in page


def test_without_a_model_it_says_so(make_app: MakeApp, tmp_path: Any) -> None:
    assert call(make_app(artifacts_dir=tmp_path / "none").wsgi_app, "GET", "/model").status == 503
