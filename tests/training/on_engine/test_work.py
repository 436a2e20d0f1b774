"""A training on an engine as a command: killed, refused, and the same bundle as without."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from tests.bundles import invent_uk_listings

from carprice.engine.steps import hold_work
from carprice.errors import EngineError
from carprice.market.market_file import Market
from carprice.model.bundle.manifest import find_bundle, read_manifest
from carprice.system.processes import wait_for_ends
from carprice.system.waiting import wait_for
from carprice.training.on_engine.work import NO_ENGINE, EngineChoice, open_work

ROWS = 300
SECONDS = 240
WORK = ".work-uk"
CHOICE = 9
"""Boosters that the recipe is chosen by: three recipes on three folds. 15 price held-out listings next."""


def write_listings(market: Market, path: Path) -> Path:
    columns = {feature.name: feature.column for feature in market.features}
    frame = invent_uk_listings(market, ROWS).rename(columns).with_columns(pl.col("year").cast(pl.Int64))
    frame.write_csv(path)
    return path


class Command:
    """`carprice train` in a process and a folder of its own."""

    def __init__(self, root: Path, folder: Path, listings: Path) -> None:
        self.artifacts = folder / "artifacts"
        places = {name: str(folder / name.lower()) for name in ("ARTIFACTS", "VAR", "LOGS")}
        own = {f"CARPRICE_{name}_DIR": place for name, place in places.items()}
        nowhere = {"CARPRICE_STACK": "local", "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
        self.environment = {**os.environ, **own, **nowhere, "PYTHONPATH": str(root / "src")}
        self.argv = [sys.executable, "-m", "carprice", "train", "--market", "uk", "--data", str(listings)]

    def run(self, *options: str) -> str:
        """Run to the end; what was said."""
        argv = [*self.argv, *options]
        done = subprocess.run(argv, env=self.environment, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def kill(self, boosters: int, *options: str) -> int:
        """Run until so many boosters are grown, then kill -9; how many there are."""
        argv = [*self.argv, *options]
        with subprocess.Popen(argv, env=self.environment, stderr=subprocess.DEVNULL) as process:
            assert wait_for(lambda: self.count() >= boosters, SECONDS)
            children = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGKILL)
        assert wait_for_ends(children, SECONDS) == []
        return self.count()

    def count(self) -> int:
        return len(list((self.artifacts / WORK).glob("grow_booster-*")))

    def learnt(self) -> Any:
        """The digests of what was learnt."""
        return read_manifest(find_bundle(self.artifacts))["files"]


@pytest.mark.slow
def test_after_kill_9_the_same_command_goes_on_to_the_same_bundle(uk: Market, tmp_path: Path, root: Path) -> None:
    listings = write_listings(uk, tmp_path / "cars.csv")
    alone, killed = (Command(root, tmp_path / name, listings) for name in ("alone", "killed"))
    alone.run()
    before = killed.kill(CHOICE + 1, "--workers", "2")
    assert not list(killed.artifacts.glob("2*"))
    said = killed.run("--workers", "2")
    assert CHOICE < before < CHOICE + 15
    assert f" of {CHOICE} parts" not in said, "of those of the choice none is grown again"
    assert f"Grow booster: 15 of 15 parts, {before - CHOICE} kept, " in said
    assert json.dumps(killed.learnt()) == json.dumps(alone.learnt())
    assert not (killed.artifacts / WORK).exists()


def test_another_training_of_the_market_is_refused(tmp_path: Path) -> None:
    with (
        hold_work(tmp_path / WORK),
        pytest.raises(EngineError, match=f"{WORK}: another command works in this folder"),
        open_work(EngineChoice(workers=1), tmp_path, "uk"),
    ):
        pass


def test_the_folder_goes_with_the_end_and_stays_where_something_failed(tmp_path: Path) -> None:
    with open_work(NO_ENGINE, tmp_path, "uk") as work:
        assert work.engine is None
    assert not (tmp_path / WORK).exists()
    with pytest.raises(KeyError), open_work(EngineChoice(workers=1), tmp_path, "uk"):
        raise KeyError
    assert (tmp_path / WORK).exists()
    with open_work(EngineChoice(workers=1), tmp_path, "uk") as work:
        assert work.engine is not None
    assert not (tmp_path / WORK).exists()
