"""A refresh beside the local stack: what an earlier one left undone is done first."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tests.bundles import invent_uk_listings

from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import champion_version, read_manifest, set_champion, write_manifest
from carprice.names import STATUS_PATH
from carprice.settings import Settings
from carprice.system.http import Address

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.slow
def test_a_champion_that_a_killed_refresh_left_waiting_serves(
    settings: Settings, run: Run, markets_dir: Path, tmp_path: Path
) -> None:
    assert run("up", "-d").returncode == 0
    served = champion_version(settings.artifacts_dir)
    assert served
    later = "20991231T235959Z"
    shutil.copytree(settings.artifacts_dir / served, settings.artifacts_dir / later)
    old = read_manifest(settings.artifacts_dir / served)
    write_manifest(settings.artifacts_dir / later, old | {"version": later})
    set_champion(settings.artifacts_dir, later)
    market = load_market("uk", markets_dir)
    columns = {feature.name: feature.column for feature in market.features}
    listings = invent_uk_listings(market, 300, seed=3).rename(columns)
    listings.with_columns(pl.col("year").cast(pl.Int64)).write_csv(tmp_path / "few.csv")
    done = run("refresh", str(tmp_path / "few.csv"), "--market", "uk", "--local")
    assert done.returncode == 3, done.stderr  # too few to learn from, and that is no matter here
    assert f"before: the champion {later} did not serve yet, now it does" in done.stderr
    answer = Address("127.0.0.1", settings.port).ask("GET", STATUS_PATH)
    assert answer.headers["x-model-version"] == later
