"""`import carprice`: prices equal to the API's, of either kind of frame; trainings and reports."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from tests.api.calls import as_json, call, find_state
from tests.bundles import invent_uk_listings
from tests.model.cars import DATED_CAR, UK_CAR, change

import carprice
from carprice.api.serving.app import create_app
from carprice.errors import BundleError, ListingsError
from carprice.market.market_file import load_market
from carprice.settings import Settings

CARS = [UK_CAR, change(UK_CAR, mpg=...), change(UK_CAR, make="Frod"), change(UK_CAR, year=3)]


@pytest.fixture(autouse=True)
def _artifacts(small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(small_bundle))


@pytest.fixture
def answers(small_bundle: Path, tmp_path: Path) -> Iterator[list[dict[str, Any]]]:
    """What the API says of CARS."""
    app = create_app(Settings(artifacts_dir=small_bundle, logs_dir=tmp_path / "logs", var_dir=tmp_path / "var"))
    yield call(app.wsgi_app, "POST", "/predict/batch", as_json(CARS)).json["results"]
    find_state(app).close()


def test_one_listing_has_the_price_of_the_api(answers: list[dict[str, Any]]) -> None:
    pricer = carprice.load_pricer()
    found = pricer.price(UK_CAR)
    assert [found.price, found.low, found.high] == [answers[0][name] for name in ("price", "low", "high")]
    breakdown = pricer.explain(UK_CAR)
    assert breakdown.base + sum(part.amount for part in breakdown.parts) == found.price
    assert repr(pricer) == f"<pricer {pricer.version} of market uk>"


def test_both_kinds_of_frames_have_the_prices_of_the_api(answers: list[dict[str, Any]]) -> None:
    pricer = carprice.load_pricer()
    extra = [{**car, "seller": "a"} for car in CARS]
    ours, theirs = pricer.price_frame(pl.DataFrame(extra)), pricer.price_frame(pd.DataFrame(extra))
    assert ours["price"].to_list() == [answer.get("price") for answer in answers]
    assert ours["problem"].to_list() == [None, None, None, "year: should be from 1980 to 2021"]
    assert ours["warnings"][2] == "unknown_category:make"
    assert theirs.astype(object).where(theirs.notna(), None).to_dict("records") == ours.to_dicts()


def test_flags_and_dates_of_a_frame(dated_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(dated_bundle))
    pricer = carprice.load_pricer()
    car = {**DATED_CAR, "registered": date.fromisoformat(DATED_CAR["registered"])}
    assert pricer.price_frame(pl.DataFrame([car]))["price"].to_list() == [pricer.price(DATED_CAR).price]


def test_a_frame_without_rows_or_fields() -> None:
    pricer = carprice.load_pricer()
    assert pricer.price_frame(pl.DataFrame(CARS).head(0)).height == 0
    assert "is required" in pricer.price_frame(pl.DataFrame({"x": [1]}))["problem"][0]


def test_what_is_wrong_is_named() -> None:
    pricer = carprice.load_pricer()
    with pytest.raises(ListingsError, match="year: should be from 1980 to 2021"):
        pricer.price(change(UK_CAR, year=3))
    with pytest.raises(TypeError, match=r"should be a DataFrame of pandas or polars \(got list\)"):
        pricer.price_frame(CARS)
    with pytest.raises(BundleError, match="has no bundle 20000101T000000Z"):
        carprice.load_pricer("20000101T000000Z")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        carprice.nothing  # noqa: B018


@pytest.mark.slow
def test_it_trains_and_reports(
    markets_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_training: None
) -> None:
    monkeypatch.setenv("CARPRICE_ARTIFACTS_DIR", str(tmp_path / "artifacts"))
    market = load_market("uk", markets_dir)
    columns = {feature.name: feature.column for feature in market.features}
    invent_uk_listings(market, 600).rename(columns).write_csv(tmp_path / "cars.csv")
    said: list[str] = []
    pricer = carprice.train(tmp_path / "cars.csv", market="uk", say=said.append)
    assert pricer.price(UK_CAR).price > 0
    assert said[0] == f"Reading {tmp_path / 'cars.csv'} ..."
    assert carprice.report(pricer.version)["overall"]["rows"] > 100


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, carprice; print(sorted(set(sys.modules) & {'polars', 'numpy', 'msgspec'}))"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_page_has_every_name(root: Path) -> None:
    page = (root / "docs" / "python.md").read_text()
    assert set(re.findall(r"^\| `(\w+)\(", page, re.MULTILINE)) == {"load_pricer", "train", "report"}
    assert {"load_pricer", "train", "report"} < set(dir(carprice))
