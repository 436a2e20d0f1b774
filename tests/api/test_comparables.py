"""?comparables=N: the listings that the finder finds, read only when they are asked for."""

import shutil
from pathlib import Path

import pytest
from flask import Flask
from msgspec import to_builtins
from tests.api.calls import as_json, call, find_state
from tests.api.conftest import MakeApp
from tests.model.cars import UK_CAR, change

from carprice.model.bundle.manifest import COMPARABLES, find_bundle, read_manifest, write_manifest
from carprice.model.evidence.comparables import NOT_KEPT, ComparableFinder, load_finder
from carprice.model.pricer import load_pricer

PATH = "/predict/price?comparables=5"


@pytest.fixture(scope="module")
def finder(small_bundle: Path) -> ComparableFinder:
    folder = find_bundle(small_bundle)
    found = load_finder(folder, load_pricer(folder))
    assert found
    return found


def test_they_are_the_finders(app: Flask, finder: ComparableFinder) -> None:
    for car in (UK_CAR, change(UK_CAR, model="Focus", tax=None), change(UK_CAR, make="Frod")):
        found = call(app.wsgi_app, "POST", PATH, as_json(car)).json["comparables"]
        expected = finder.find(finder.pricer.read_values(car), 5)
        assert found == {**to_builtins(expected), "same": list(expected.same), "listings": found["listings"]}
        assert found["listings"] == [to_builtins(each) for each in expected.listings]
        plain = call(app.wsgi_app, "POST", "/predict/price", as_json(car)).json
        assert "comparables" not in plain


def test_a_car_asked_at_another_price_is_another_car(app: Flask, finder: ComparableFinder) -> None:
    row = finder.find(finder.pricer.read_values(UK_CAR), 1).listings[0]
    assert row.alike > 0
    found = [
        call(app.wsgi_app, "POST", PATH, as_json({**row.listing, **asked})).json["comparables"]["listings"]
        for asked in ({}, {"asking_price": row.price}, {"asking_price": row.price + 1})
    ]
    assert found[0] == found[1]
    assert [each["listing"] == row.listing for each in found[0]] == [False] * 5
    assert found[2][0]["listing"] == row.listing
    assert found[2][0]["alike"] == 1.0


def test_listings_are_read_only_when_they_are_asked_for(
    make_app: MakeApp, small_bundle: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(small_bundle, tmp_path / "artifacts")
    path = find_bundle(folder) / COMPARABLES
    path.write_bytes(path.read_bytes()[:-1])
    app = make_app(artifacts_dir=folder)
    assert call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR)).status == 200
    problem = call(app.wsgi_app, "POST", PATH, as_json(UK_CAR)).problem
    assert problem["status"] == 503
    assert problem["detail"].startswith(f"The comparables cannot be read: {path}: is truncated: ")


def test_a_model_without_listings_says_so(make_app: MakeApp, small_bundle: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(small_bundle, tmp_path / "artifacts")
    bundle = find_bundle(folder)
    manifest = read_manifest(bundle)
    del manifest["files"][COMPARABLES], manifest["comparables"]
    (bundle / COMPARABLES).unlink()
    write_manifest(bundle, manifest)
    app = make_app(artifacts_dir=folder)
    found = call(app.wsgi_app, "POST", PATH, as_json(UK_CAR)).json["comparables"]
    assert found == {"search": NOT_KEPT, "same": [], "days": None, "median": None, "listings": []}
    assert find_state(app).require_model().pricer.price(UK_CAR).price > 0
