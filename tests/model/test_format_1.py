"""Bundles of the format before: they load, price as they did, and roll back; their damage has its message."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from tests.bundles import invent_uk_listings
from tests.model.cars import UK_CAR, change
from tests.model.damage import edit_pickle, put, refusal

from carprice.frames.encoding import encode_frame, fit_encoders, list_categories, read_listing
from carprice.frames.pricing import price_frame
from carprice.market.market_file import Market, dump_market, load_market
from carprice.model.bundle.manifest import RETRAIN
from carprice.model.bundle.safe_pickle import dump_plain
from carprice.model.pricer import load_pricer

VERSION = "20251124T120000Z"
CALIBRATION = {"coverage": 0.9, "low": -0.15, "high": 0.12, "rows": 1000}


@pytest.fixture(scope="module")
def uk(markets_dir: Path) -> Market:
    return load_market("uk", markets_dir)


@pytest.fixture
def old_folder(uk: Market, tmp_path: Path) -> Path:
    """A bundle as the release before wrote it."""
    frame = invent_uk_listings(uk)
    encoders, scaler = fit_encoders(frame, uk)
    matrix = encode_frame(frame, uk, encoders, scaler)
    data = lgb.Dataset(
        matrix,
        np.log(frame["price"].to_numpy()),
        feature_name=[feature.name for feature in uk.features],
        categorical_feature=list_categories(uk),
        params={"verbosity": -1},
    )
    booster = lgb.train({"num_leaves": 31, "seed": 7, "num_threads": 1, "verbosity": -1}, data, 30)
    model = {
        "trees": booster.model_to_string(),
        "columns": [feature.name for feature in uk.features],
        "transform": "log",
        "calibration": CALIBRATION,
    }
    scores = booster.predict(matrix[:5], num_threads=1)
    golden = [
        {"listing": read_listing(row, uk), **describe_price(score)}
        for row, score in zip(frame.head(5).iter_rows(named=True), scores, strict=True)
    ]
    folder = tmp_path / VERSION
    folder.mkdir()
    files = {}
    for name, value in (("encoders.pkl", encoders), ("scaler.pkl", scaler), ("model.pkl", model)):
        written = dump_plain(value)
        (folder / name).write_bytes(written)
        files[name] = {"bytes": len(written), "sha256": hashlib.sha256(written).hexdigest()}
    manifest = {"format": 1, "version": VERSION, "market": dump_market(uk), "files": files, "golden": golden}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def describe_price(score: float) -> dict[str, float]:
    low, high = (math.exp(score + CALIBRATION[key]) for key in ("low", "high"))
    return {"price": math.exp(score), "low": low, "high": high}


def test_it_prices_as_it_did(old_folder: Path) -> None:
    pricer = load_pricer(old_folder)  # which proves the golden valuations
    for golden in pricer.manifest["golden"]:
        valued = pricer.price(golden["listing"])
        assert valued.price == round(golden["price"])
        assert (valued.low, valued.high) == (round(golden["low"]), round(golden["high"]))
        assert valued.coverage == 0.9


def test_it_says_less_of_what_it_does_not_know(old_folder: Path) -> None:
    pricer = load_pricer(old_folder)
    valued = pricer.price(change(UK_CAR, make="Audi", mpg=...))
    assert [item.adds for item in valued.not_given] == [None]
    assert valued.warnings == ()  # it has no record of which model is of which make
    assert pricer.as_of is None


def test_one_car_many_cars_and_a_file_agree(old_folder: Path, uk: Market) -> None:
    pricer = load_pricer(old_folder)
    frame = invent_uk_listings(uk, 50, seed=3)
    rows = list(frame.drop("price").iter_rows())
    valued = pricer.price_rows(rows)
    assert valued == [pricer.price_values(row) for row in rows]
    assert [item.low for item in valued] == [round(low) for low in price_frame(frame, pricer)["low"]]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda model: model.pop("calibration") and None, "calibration is missing"),
        (put("calibration", value=[0.9]), "calibration: should be an object (got [0.9])"),
        (put("calibration", "low", value=None), "calibration.low: should be a number (got None)"),
        (put("calibration", "high", value=math.nan), "calibration.high: should be a finite number (got nan)"),
        (put("calibration", "low", value=0.1), "calibration.low: should be at most 0 (got 0.1)"),
        (put("calibration", "high", value=900.0), "calibration.high: should be at most 20 (got 900.0)"),
        (put("calibration", "coverage", value=1.5), "calibration.coverage: should be at most 1 (got 1.5)"),
    ],
)
def test_its_damage_is_named(old_folder: Path, edit: Any, message: str) -> None:
    edit_pickle(old_folder, "model.pkl", edit)
    assert str(refusal(old_folder)) == f"{old_folder / 'model.pkl'}: {message}\n{RETRAIN}"
