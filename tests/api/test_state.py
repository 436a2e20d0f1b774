"""Without a bundle: 503 with the reason, until one is there."""

import shutil
import time
from pathlib import Path

import pytest
from flask import Flask
from tests.api.calls import Result, as_json, call, find_state
from tests.api.conftest import MakeApp, wait_until
from tests.model.cars import UK_CAR

from carprice.api import state as state_module
from carprice.model.bundle.manifest import champion_version
from carprice.model.bundle.signing import load_signing_key, make_keys, sign_bundle
from carprice.names import CHAMPION
from carprice.system.files import write_file

GUARDED = ["/info/status", "/readyz", "/info/features", "/info/model"]


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "RETRY_SECONDS", 0.02)
    monkeypatch.setattr(state_module, "PAUSE_PER_LOAD", 0.1)


@pytest.fixture
def artifacts(small_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the small bundle that a test may damage."""
    return Path(shutil.copytree(small_bundle, tmp_path / "artifacts"))


def get(app: Flask, path: str = "/info/status") -> Result:
    return call(app.wsgi_app, "GET", path)


def test_an_unsigned_bundle_serves_once_it_is_signed(make_app: MakeApp, artifacts: Path, tmp_path: Path) -> None:
    trusted, pair = tmp_path / "trusted", make_keys(tmp_path / "ours.pem")
    trusted.mkdir()
    app = make_app(artifacts_dir=artifacts, trusted_keys=str(trusted))
    detail = get(app).problem["detail"]
    assert "CARPRICE_TRUSTED_KEYS: trusted has no public key NAME.pem" in detail
    assert str(tmp_path) not in detail
    shutil.copy(pair.public, trusted)
    wait_until(lambda: "manifest.sig: is missing" in get(app).problem["detail"])
    sign_bundle(artifacts / (champion_version(artifacts) or ""), load_signing_key(pair.private))
    wait_until(lambda: get(app).status == 200)


def test_the_image_s_own_model_needs_no_signature(make_app: MakeApp, artifacts: Path, tmp_path: Path) -> None:
    app = make_app(artifacts_dir=tmp_path / "none", fallback_dir=str(artifacts), trusted_keys=str(tmp_path))
    assert get(app).status == 200


def ask_all(app: Flask) -> list[Result]:
    """Every answer that needs a model."""
    results = [get(app, path) for path in GUARDED]
    results.append(call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR)))
    results.append(call(app.wsgi_app, "POST", "/predict/batch", as_json([UK_CAR])))
    return results


def test_without_a_bundle_every_answer_says_why(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(artifacts_dir=tmp_path / "artifacts")
    reason = "artifacts: has no champion, so there is no model to serve. Train one: ./carprice train"
    for result in ask_all(app):
        assert result.status == 503
        assert result.problem["detail"] == f"No model is loaded: {reason}"
        assert result.header("Retry-After") == "1"
        assert result.header("X-Model-Version") == "none"
    page = get(app, "/")
    assert page.status == 503
    assert b"No model is loaded yet" in page.body
    assert [get(app, path).status for path in ("/livez", "/metrics", "/api/docs")] == [200, 200, 200]


def test_a_bundle_that_appears_is_picked_up(make_app: MakeApp, small_bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    app = make_app(artifacts_dir=folder)
    assert get(app).status == 503
    version = champion_version(small_bundle)
    assert version
    shutil.copytree(small_bundle / version, folder / version)
    shutil.copy(small_bundle / CHAMPION, folder)
    wait_until(lambda: get(app).status == 200)
    results = ask_all(app)
    assert [result.status for result in results] == [200] * len(results)
    assert {result.header("X-Model-Version") for result in results} == {version}


def test_strangers_do_not_read_the_champion_file(make_app: MakeApp, artifacts: Path) -> None:
    (artifacts / CHAMPION).write_text("a secret that was linked to")
    detail = get(make_app(artifacts_dir=artifacts)).problem["detail"]
    assert detail.startswith(
        "No model is loaded: champion: should hold one version such as 20261123T124500Z. Name"
    )
    assert "secret" not in detail


def test_the_uptime_does_not_follow_the_clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 <= get(app).json["uptime_seconds"] < 600


def test_a_loaded_model_stays(make_app: MakeApp, artifacts: Path) -> None:
    app = make_app(artifacts_dir=artifacts)
    before = call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR)).json
    shutil.rmtree(artifacts)
    assert call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR)).json == before
    assert get(app).status == 200


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


@pytest.mark.parametrize("name", ["model.pkl", "scaler.pkl", "encoders.pkl", "manifest.json"])
@pytest.mark.parametrize("act", [damage, Path.unlink])
def test_a_damaged_bundle_is_named_until_it_is_mended(
    make_app: MakeApp, artifacts: Path, name: str, act: object, capsys: pytest.CaptureFixture[str]
) -> None:
    version = champion_version(artifacts)
    assert version
    path = artifacts / version / name
    whole = path.read_bytes()
    act(path)  # type: ignore[operator]
    app = make_app(artifacts_dir=artifacts)
    for result in ask_all(app):
        assert result.status == 503
        assert result.problem["detail"].startswith(f"No model is loaded: {version}/{name}: is ")
        assert str(artifacts) not in result.body.decode(), "which strangers need not know; the log has it"
    write_file(path, whole)  # whole at once: the service looks all the while
    wait_until(lambda: get(app).status == 200)
    errors = capsys.readouterr().err.splitlines()
    assert len([line for line in errors if "model not loaded" in line]) == 1, "said once, however often it looks"


def test_a_version_that_is_not_there(make_app: MakeApp, artifacts: Path) -> None:
    app = make_app(artifacts_dir=artifacts, model_version="20200101T000000Z")
    assert "has no bundle 20200101T000000Z" in get(app).problem["detail"]


def test_the_fallback_serves_until_there_is_a_champion(
    make_app: MakeApp, artifacts: Path, dated_bundle: Path
) -> None:
    champion = artifacts / CHAMPION
    version = champion.read_text()
    champion.unlink()
    app = make_app(artifacts_dir=artifacts, fallback_dir=str(dated_bundle))
    status = get(app).json
    assert (status["source"], status["market"]) == ("fallback", "dated")
    assert status["waiting_for"] == "There is no champion yet"
    champion.write_text("nonsense")
    wait_until(lambda: "should hold one version" in get(app).json["waiting_for"])
    assert get(app).json["market"] == "dated"
    champion.write_text(version)
    wait_until(lambda: get(app).json["source"] == "artifacts")
    status = get(app).json
    assert (status["market"], status["waiting_for"]) == ("uk", None)
    assert call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR)).status == 200


def test_the_version_image_asks_for_the_fallback_whatever_champion_there_is(
    make_app: MakeApp, artifacts: Path, dated_bundle: Path
) -> None:
    app = make_app(artifacts_dir=artifacts, fallback_dir=str(dated_bundle), model_version="image")
    status = get(app).json
    assert (status["source"], status["market"], status["waiting_for"]) == ("fallback", "dated", None)


def test_a_bug_in_loading_is_logged_and_tried_again(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load = state_module.load_pricer

    def fail(*_: object) -> None:
        raise ZeroDivisionError("the secret of the bug")

    monkeypatch.setattr(state_module, "load_pricer", fail)
    app = make_app()
    problem = get(app).problem
    assert problem["detail"] == "No model is loaded: The service failed on it; its log has the traceback"
    assert "ZeroDivisionError: the secret of the bug" in capsys.readouterr().err
    monkeypatch.setattr(state_module, "load_pricer", load)
    wait_until(lambda: get(app).status == 200)


def test_a_model_that_prices_otherwise_is_not_ready(app: Flask) -> None:
    model = find_state(app).model
    assert model
    model.pricer.manifest["golden"][0]["price"] *= 1.4
    problem = get(app).problem
    assert problem["status"] == 503
    assert problem["detail"].startswith("The model does not price as in training: manifest.json: golden[0].price")
