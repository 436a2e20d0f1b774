"""What the service says of itself."""

import shutil
from pathlib import Path

import pytest
from flask import Flask
from tests.api.calls import call, find_state
from tests.api.conftest import MakeApp

from carprice.model.bundle.manifest import champion_version, read_manifest, write_manifest


def get(app: Flask, path: str) -> object:
    result = call(app.wsgi_app, "GET", path)
    assert result.status == 200
    assert result.header("Content-Type") == "application/json"
    return result.json


def test_status(app: Flask) -> None:
    status = get(app, "/info/status")
    assert isinstance(status, dict)
    assert status.pop("uptime_seconds") >= 0
    assert status == {
        "status": "ready",
        "model_version": find_state(app).version,
        "release": "r1",
        "market": "uk",
        "source": "artifacts",
        "waiting_for": None,
        "demo": False,
        "artifacts": {"encoders": "loaded", "scaler": "loaded", "model": "loaded"},
    }
    assert set(get(app, "/readyz")) == {*status, "uptime_seconds"}  # type: ignore[call-overload]
    assert get(app, "/livez") == {"status": "alive"}


def test_features(app: Flask) -> None:
    features = get(app, "/info/features")
    assert isinstance(features, dict)
    assert features["market"] == "uk"
    fields = {field["name"]: field for field in features["fields"]}
    assert list(fields) == [
        "make",
        "model",
        "year",
        "transmission",
        "mileage",
        "fuel",
        "tax",
        "mpg",
        "engine_size",
    ]
    assert fields["make"]["values"] == ["Audi", "BMW", "Ford", "Skoda", "Toyota", "Vauxhall"]
    mileage = fields["mileage"]
    assert (mileage["kind"], mileage["unit"], mileage["required"]) == ("number", "mi", True)
    assert (mileage["min"], mileage["max"]) == (0, 500_000)
    low, high = mileage["training_range"]
    assert 0 < low < mileage["typical"] < high < 200_000
    assert fields["tax"]["required"] is False
    assert abs(sum(field["importance"] for field in fields.values()) - 1) < 1e-6


def test_features_of_every_kind(make_app: MakeApp, dated_bundle: Path) -> None:
    features = get(make_app(artifacts_dir=dated_bundle), "/info/features")
    assert isinstance(features, dict)
    fields = {field["name"]: field for field in features["fields"]}
    registered = fields["registered"]
    low, high = registered["training_range"]
    assert "2009-01-01" < low < registered["typical"] < high == "2020-06-30"
    assert registered["min"] is None
    assert fields["seats"]["training_range"] == [2, 5]
    assert "training_range" not in fields["leather"]


def test_model(app: Flask) -> None:
    model = get(app, "/info/model")
    assert isinstance(model, dict)
    state = find_state(app)
    manifest = read_manifest(state.settings.artifacts_dir / state.version)
    for key in ("format", "version", "created", "data", "metrics", "baselines", "coverage", "importance", "files"):
        assert model[key] == manifest[key]
    assert model["market"] == {
        "name": "uk",
        "title": "Used cars in the United Kingdom",
        "currency": "GBP",
        "distance_unit": "mi",
    }
    assert model["mlflow"] is None
    assert "golden" not in model


@pytest.mark.parametrize(
    "urls",
    [
        {"mlflow_public_url": "http://mlflow.example:5001"},
        {"mlflow_public_url": "http://alice:s3cret@mlflow.example:5001"},
        {"mlflow_url": "http://alice:s3cret@mlflow.example:5001"},
        {"mlflow_url": "http://alice:s3/cr@t@mlflow.example:5001"},
    ],
    ids=["public", "public with a password", "a password", "a password badly written"],
)
def test_the_model_links_to_its_run(
    make_app: MakeApp, small_bundle: Path, tmp_path: Path, urls: dict[str, str]
) -> None:
    artifacts = Path(shutil.copytree(small_bundle, tmp_path / "artifacts"))
    version = champion_version(artifacts)
    assert version
    manifest = read_manifest(artifacts / version)
    manifest["mlflow"] = {"run_id": "abc", "experiment_id": "7"}
    write_manifest(artifacts / version, manifest)
    app = make_app(artifacts_dir=artifacts, **urls)
    run = get(app, "/info/model")["mlflow"]  # type: ignore[index]
    assert run == {
        "run_id": "abc",
        "experiment_id": "7",
        "url": "http://mlflow.example:5001/#/experiments/7/runs/abc",
    }


def test_a_run_that_is_sent_later_is_found(make_app: MakeApp, small_bundle: Path, tmp_path: Path) -> None:
    artifacts = tmp_path / "later"
    shutil.copytree(small_bundle, artifacts)
    app = make_app(artifacts_dir=artifacts)
    assert get(app, "/info/model")["mlflow"] is None  # type: ignore[index]
    folder = artifacts / (champion_version(artifacts) or "")
    write_manifest(folder, read_manifest(folder) | {"mlflow": {"run_id": "abc", "experiment_id": "7"}})
    assert get(app, "/info/model")["mlflow"]["run_id"] == "abc"  # type: ignore[index]
    shutil.rmtree(folder)
    assert get(app, "/info/model")["mlflow"]["run_id"] == "abc"  # type: ignore[index]
