"""The service at a moved level: prices follow the file within its bound, golden listings stay as trained."""

import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.api.calls import as_json, call, find_state
from tests.api.conftest import MakeApp, wait_until
from tests.api.test_openapi import check, read_document
from tests.model.cars import UK_CAR

from carprice.api import state as module
from carprice.model import moved_level
from carprice.model.bundle.manifest import find_bundle, read_manifest
from carprice.model.moved_level import MovedLevel
from carprice.ops.rollout.gates import list_golden_shifts, read_trained


@pytest.fixture
def artifacts(small_bundle: Path, tmp_path: Path) -> Path:
    shutil.copytree(small_bundle, tmp_path / "artifacts")
    return tmp_path / "artifacts"


def write_level(artifacts: Path, level: float) -> None:
    moved = MovedLevel(find_bundle(artifacts).name, level, "2020-06-30T00:00:00+00:00", 9)
    moved_level.write_level(artifacts, moved)


def price(app: Any, query: str = "") -> Any:
    return call(app.wsgi_app, "POST", f"/predict/price{query}", as_json(UK_CAR))


def test_prices_follow_the_file(make_app: MakeApp, artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEVEL_SECONDS", 0.02)
    app = make_app(artifacts_dir=artifacts, index_bound=0.05)
    before = price(app)
    check(read_document(app), "POST", "/predict/price", before)
    assert before.json["index_moved"] == 0
    write_level(artifacts, -0.03)
    wait_until(lambda: price(app).json["index_moved"] != 0)
    after = price(app, "?explain=1").json
    assert after["index_moved"] == pytest.approx(math.expm1(-0.03), abs=1e-6)
    for name in ("price", "low", "high"):
        assert after[name] == pytest.approx(before.json[name] * math.exp(-0.03), abs=1)
    parts = after["breakdown"]
    assert parts["base"] + sum(part["amount"] for part in parts["parts"]) == after["price"]
    assert call(app.wsgi_app, "GET", "/readyz").status == 200
    (artifacts / "level.json").unlink()
    wait_until(lambda: price(app).json["price"] == before.json["price"])


def test_golden_listings_are_held_against_the_training(make_app: MakeApp, artifacts: Path) -> None:
    write_level(artifacts, 0.04)
    app = make_app(artifacts_dir=artifacts, index_bound=0.05)
    golden = read_manifest(find_bundle(artifacts))["golden"]
    answer = call(app.wsgi_app, "POST", "/predict/batch", as_json([item["listing"] for item in golden])).json
    assert answer["index_moved"] == pytest.approx(math.expm1(0.04), abs=1e-6)
    assert list(list_golden_shifts(golden, answer["results"]))
    assert list(list_golden_shifts(golden, read_trained(answer))) == []


def test_its_own_bound_holds(make_app: MakeApp, artifacts: Path) -> None:
    write_level(artifacts, 0.5)
    moved = price(make_app(artifacts_dir=artifacts, index_bound=0.02)).json["index_moved"]
    assert moved == pytest.approx(math.expm1(0.02), abs=1e-6)


def test_without_a_bound_the_file_is_not_read(make_app: MakeApp, artifacts: Path) -> None:
    plain = price(make_app(artifacts_dir=artifacts)).json
    write_level(artifacts, 0.05)
    assert price(make_app(artifacts_dir=artifacts)).json == plain
    assert "index_moved" not in plain


def test_a_damaged_file_leaves_prices_as_trained(make_app: MakeApp, artifacts: Path) -> None:
    plain = price(make_app(artifacts_dir=artifacts)).json
    (artifacts / "level.json").write_text("nonsense")
    app = make_app(artifacts_dir=artifacts, index_bound=0.05)
    assert price(app).json == {**plain, "index_moved": 0.0}
    assert "is not JSON" in find_state(app)._level_reason
