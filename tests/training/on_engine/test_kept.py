"""What a training keeps: of many listings by itself, and only for the same files, market and cap."""

import io
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace
from polars.testing import assert_frame_equal
from tests.training.on_engine.commands import WORK, describe_bundle, write_listings

from carprice.engine.steps import hold_work
from carprice.errors import EngineError
from carprice.listings import cap, stored
from carprice.listings.cleaning import load_listings
from carprice.listings.stored import StoredFrame, load_frame
from carprice.market.market_file import Market
from carprice.settings import Settings
from carprice.training.on_engine import work as work_module
from carprice.training.on_engine.work import NO_ENGINE, EngineChoice, open_work
from carprice.training.train import train_file

ROWS = 900


@pytest.fixture
def dated(uk: Market) -> Market:
    return replace(uk, listing=replace(uk.listing, seen="seen"))


@pytest.fixture
def cars(uk: Market, tmp_path: Path) -> Path:
    """Listings of 30 days."""
    path = write_listings(uk, tmp_path / "cars.csv", ROWS)
    days = [str(date(2020, 1, 1) + timedelta(days=row % 30)) for row in range(ROWS)]
    pl.read_csv(path).with_columns(pl.Series("seen", days)).write_csv(path)
    return path


@pytest.fixture
def keep_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_module, "MIN_KEPT_ROWS", 1)


def teach(path: Path, market: Market, artifacts: Path, choice: EngineChoice = NO_ENGINE) -> dict[str, object]:
    training = train_file(path, market, Settings(artifacts_dir=artifacts), say=lambda _: None, choice=choice)
    assert not (artifacts / WORK).exists()
    return describe_bundle(artifacts, training.version)


def test_the_bundle_is_the_same_whatever_is_kept(
    dated: Market, cars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grow_quickly: object
) -> None:
    expected = teach(cars, dated, tmp_path / "not kept")
    assert expected["manifest.json"]["index"], "listings have days"  # type: ignore[index]
    assert teach(cars, dated, tmp_path / "engine", EngineChoice(workers=1)) == expected
    monkeypatch.setattr(work_module, "MIN_KEPT_ROWS", 1)
    assert teach(cars, dated, tmp_path / "kept") == expected
    monkeypatch.setattr(stored, "MANY_ROWS", 1)
    assert teach(cars, dated, tmp_path / "stored") == expected


def read_and_fail(path: Path, market: Market, artifacts: Path, most: int | None = None) -> list[str]:
    """Which listings are kept after a training that read these and failed then."""
    with suppress(KeyError), open_work(NO_ENGINE, artifacts, "uk") as work:
        work.read(path, market, most)
        raise KeyError
    return sorted(path.name for path in (artifacts / WORK).glob("load_listings-*"))


def test_other_files_another_market_or_cap_start_from_nothing(
    dated: Market, cars: Path, tmp_path: Path, keep_any: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cap, "MIN_CAP", 1)
    first = read_and_fail(cars, dated, tmp_path)
    assert len(first) == 1
    assert read_and_fail(cars, dated, tmp_path) == first
    assert len(read_and_fail(cars, dated, tmp_path, 20)) == 2
    assert len(read_and_fail(cars, replace(dated, title="Other"), tmp_path)) == 3
    cars.write_text(cars.read_text().replace("2020-01-30", "2020-01-29"))
    assert len(read_and_fail(cars, dated, tmp_path)) == 4
    assert len(read_and_fail(cars.rename(tmp_path / "others.csv"), dated, tmp_path)) == 5, (
        "the manifest names them"
    )


@pytest.mark.parametrize("many", [1, ROWS + 1], ids=["stored", "in memory"])
def test_kept_listings_are_those_that_were_read(
    many: int, dated: Market, cars: Path, tmp_path: Path, keep_any: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "MANY_ROWS", many)
    expected = load_listings(cars, dated, cap=None)
    with open_work(NO_ENGINE, tmp_path, "uk") as work:
        for _ in range(2):
            found = work.read(cars, dated)
            assert isinstance(found.frame, StoredFrame) == (many == 1)
            assert_frame_equal(load_frame(found.frame), expected.frame)
            assert (found.report, found.fingerprint) == (expected.report, expected.fingerprint)


def test_few_listings_are_not_kept(dated: Market, cars: Path, tmp_path: Path) -> None:
    with hold_work(tmp_path / WORK), open_work(NO_ENGINE, tmp_path, "uk") as work:
        assert work.read(cars, dated).report.rows_kept
        assert work.folder is None


def test_another_training_that_keeps_is_refused(dated: Market, cars: Path, tmp_path: Path, keep_any: None) -> None:
    with (
        hold_work(tmp_path / WORK),
        pytest.raises(EngineError, match=f"{WORK}: another command works in this folder"),
        open_work(NO_ENGINE, tmp_path, "uk") as work,
    ):
        work.read(cars, dated)


def test_standard_input_is_read_each_time(
    dated: Market, cars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grow_quickly: Callable[..., None]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(cars.read_bytes())))
    bundle = teach(Path("-"), dated, tmp_path / "artifacts", EngineChoice(workers=1))
    assert bundle["model.pkl"] == teach(cars, dated, tmp_path / "named")["model.pkl"]
