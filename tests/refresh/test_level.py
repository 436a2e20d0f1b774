"""The index between trainings: moved by what came back, bounded, journalled, off until it is set."""

import json
import shutil
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.bundles import invent_uk_listings
from tests.model.damage import edit_manifest, edit_pickle, put

from carprice.cli.main import main
from carprice.errors import BundleError, SettingsError
from carprice.feedback.entry import Feedback
from carprice.feedback.store import FeedbackStore
from carprice.frames.encoding import read_listing
from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import find_bundle
from carprice.model.moved_level import read_level
from carprice.model.pricer import load_pricer
from carprice.refresh.level import LevelMove, move_level, reset_level
from carprice.settings import Settings, load_settings

Cars = list[dict[str, Any]]
AS_OF = date(2020, 6, 1)
INDEX = {"step": 0.002, "day_effect": 0.006, "variance": 1e-5}


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path) -> Settings:
    """Of a champion that has learnt up to AS_OF, and has an index."""
    shutil.copytree(small_bundle, tmp_path / "artifacts")
    folder = find_bundle(tmp_path / "artifacts")
    edit_pickle(folder, "model.pkl", put("as_of", value=(AS_OF - date(1970, 1, 1)).days))
    edit_manifest(folder, put("index", value=INDEX))
    return Settings(artifacts_dir=tmp_path / "artifacts", var_dir=tmp_path / "var", index_bound=0.05)


@pytest.fixture(scope="module")
def cars(markets_dir: Path) -> list[dict[str, Any]]:
    market = load_market("uk", markets_dir)
    return [read_listing(row, market) for row in invent_uk_listings(market, 500, 77).iter_rows(named=True)]


def sell(
    settings: Settings,
    cars: Cars,
    factor: float,
    days: int = 14,
    kind: Any = "listed",
    late: int = 1,
) -> list[Feedback]:
    """Each car, for the model's price times a factor, over so many days from `late` after AS_OF on."""
    pricer = load_pricer(find_bundle(settings.artifacts_dir))
    return [
        Feedback(
            str(number),
            "",
            kind,
            pricer.price(car).price * factor * (0.95 + number % 11 / 100),
            (AS_OF + timedelta(days=late + number % days)).isoformat(),
            listing=car,
        )
        for number, car in enumerate(cars)
    ]


def test_prices_that_fell_move_the_level(settings: Settings, cars: Cars) -> None:
    found = move_level(settings, sell(settings, cars, 0.97))
    assert found[:2] == (find_bundle(settings.artifacts_dir).name, 0.0)
    assert found.level == pytest.approx(-0.027, abs=0.008)
    assert (found.days, found.reason) == (14, "")
    assert read_level(settings.artifacts_dir, found.version, 0.05) == found.level
    again = move_level(settings, sell(settings, cars, 0.97))
    assert (again.before, again.level) == (found.level, found.level)
    lines = [json.loads(line) for line in (settings.artifacts_dir / "level.jsonl").read_text().splitlines()]
    assert [(line["before"], line["level"], line["rows"]) for line in lines] == [
        (0.0, found.level, found.rows),
        (found.level, found.level, found.rows),
    ]
    assert lines[0]["who"]


def test_it_never_moves_beyond_its_bound(settings: Settings, cars: Cars) -> None:
    assert move_level(settings, sell(settings, cars, 1.5)).level == 0.05
    assert move_level(settings, sell(settings, cars, 0.5)).level == -0.05
    assert read_level(settings.artifacts_dir, find_bundle(settings.artifacts_dir).name, 0.01) == -0.01


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "sold"}, "0 prices (listed) of 0 days after 2020-06-01 came back; 100 of 3 days are needed"),
        ({"late": -20}, "0 prices (listed) of 0 days"),
        ({"days": 2}, "prices (listed) of 2 days after 2020-06-01"),
    ],
)
def test_it_stays_without_evidence(settings: Settings, cars: Cars, changes: dict[str, Any], reason: str) -> None:
    found = move_level(settings, sell(settings, cars, 0.9, **changes))
    assert reason in found.reason
    assert (found.before, found.level) == (0.0, 0.0)
    assert not list(settings.artifacts_dir.glob("level*"))


def test_a_dry_run_changes_nothing(settings: Settings, cars: Cars) -> None:
    assert move_level(settings, sell(settings, cars, 0.97), dry_run=True).level < -0.02
    assert not list(settings.artifacts_dir.glob("level*"))


def test_it_can_be_put_back(settings: Settings, cars: Cars) -> None:
    moved = move_level(settings, sell(settings, cars, 0.97))
    assert reset_level(settings) == LevelMove(moved.version, moved.level, 0.0, 0, 0)
    assert read_level(settings.artifacts_dir, moved.version, 0.05) == 0


def test_another_models_level_is_not_used(settings: Settings, cars: Cars) -> None:
    move_level(settings, sell(settings, cars, 0.97))
    assert read_level(settings.artifacts_dir, "20200101T000000Z", 0.05) == 0


def test_it_is_off_until_it_is_set(small_bundle: Path) -> None:
    with pytest.raises(SettingsError, match="CARPRICE_INDEX_BOUND is 0"):
        move_level(Settings(artifacts_dir=small_bundle), [])
    with pytest.raises(SettingsError, match=r"CARPRICE_INDEX_BOUND: should be at most 0.1 \(got 0.2\)"):
        load_settings({"CARPRICE_INDEX_BOUND": "0.2"})


def test_a_model_without_an_index_is_refused(small_bundle: Path) -> None:
    with pytest.raises(BundleError, match="has no price index"):
        move_level(Settings(artifacts_dir=small_bundle, index_bound=0.05), [])


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"version": 3}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "level.json").write_text(text)
    assert read_level(tmp_path, "v", 0.0) == 0
    with pytest.raises(BundleError, match=r"level\.json: .*\n.*carprice index"):
        read_level(tmp_path, "v", 0.05)


def test_the_command_says_what_moved(
    settings: Settings,
    cars: Cars,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = _make_run(settings, capfd, monkeypatch)
    assert run()[0] == 3
    store = FeedbackStore(settings.feedback_file, settings.feedback_rows, settings.feedback_bytes)
    store.add(sell(settings, cars, 0.9))
    said = (
        f"Prices of {find_bundle(settings.artifacts_dir).name} %s from +0.00%% to -4.88%%, by 497 that came back"
    )
    assert run("--dry-run") == (0, f"{said % 'would move'}\n")
    assert run() == (0, f"{said % 'moved'}\n")
    assert json.loads(run("--reset", "--json")[1])["data"]["before"] == -0.05


def _make_run(
    settings: Settings, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    for name in ("artifacts", "var"):
        monkeypatch.setenv(f"CARPRICE_{name.upper()}_DIR", str(getattr(settings, f"{name}_dir")))
    monkeypatch.setenv("CARPRICE_INDEX_BOUND", "0.05")

    def run(*argv: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["carprice", "index", *argv])
        try:
            code = main()
        except SystemExit as error:
            code = int(str(error.code))
        return code, capfd.readouterr().out

    return run
