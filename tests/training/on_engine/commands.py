"""A training as a command in a process and a folder of its own, and what came of it."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import psutil
from tests.bundles import invent_uk_listings

from carprice.market.market_file import Market
from carprice.model.bundle.manifest import MANIFEST, find_bundle, read_manifest
from carprice.system.processes import wait_for_ends
from carprice.system.waiting import wait_for

SECONDS = 600
PAUSE = 0.01
"""Small boosters are grown in no time: how many there are has to be seen before all are."""
WORK = ".work-uk"
DYING = str(Path(__file__).with_name("dying.py"))
CHOICE = 9
"""Boosters that the recipe is chosen by: three recipes on three folds."""
HELD_OUT = 15
"""Those that price held-out listings, next: three fits on five folds."""
OF_THE_RUN = ("version", "created", "took_seconds")
"""What two trainings of the same model do not share."""


def write_listings(market: Market, path: Path, rows: int) -> Path:
    """A file of invented listings."""
    columns = {feature.name: feature.column for feature in market.features}
    frame = invent_uk_listings(market, rows).rename(columns).with_columns(pl.col("year").cast(pl.Int64))
    frame.write_csv(path)
    return path


def describe_bundle(artifacts: Path, version: str | None = None) -> dict[str, Any]:
    """All of a bundle that the same listings give again: the digest of each file, and what is said of it."""
    folder = find_bundle(artifacts, version)
    manifest = {name: value for name, value in read_manifest(folder).items() if name not in OF_THE_RUN}
    files = [path for path in sorted(folder.iterdir()) if path.name != MANIFEST]
    return {**{path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}, MANIFEST: manifest}


class Command:
    """`carprice` with the words of a training, which can be killed in its midst."""

    def __init__(self, root: Path, folder: Path, *words: str) -> None:
        self.artifacts = folder / "artifacts"
        places = {name: str(folder / name.lower()) for name in ("ARTIFACTS", "VAR", "LOGS")}
        own = {f"CARPRICE_{name}_DIR": place for name, place in places.items()}
        nowhere = {"CARPRICE_STACK": "local", "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
        self.environment = {**os.environ, **own, **nowhere, "PYTHONPATH": str(root / "src")}
        self._words = words
        self._log = folder.with_suffix(".log")
        self._steps = folder.with_suffix(".steps")

    def run(self, *options: str, meanwhile: Callable[[], None] = lambda: None) -> str:
        """Run to the end; what was said. meanwhile: what is done while it runs."""
        return self._finish(["-m", "carprice"], options, meanwhile)

    def run_logged(self, *options: str) -> None:
        """Run to the end as dying.py, which logs its steps."""
        self._let_die("none", 0)
        self._finish([DYING], options)

    def die(self, step: str, number: int, *options: str) -> None:
        """Run until it kills itself in a step, as dying.py has it."""
        self._let_die(step, number)
        with self._log.open("w") as log, self._start([DYING], options, log) as process:
            assert process.wait(SECONDS) == -signal.SIGKILL, f"{step}: {self._log.read_text()}"

    def list_steps(self) -> list[str]:
        """The outputs of steps that dying.py has written, in order."""
        return self._steps.read_text().splitlines()

    def _let_die(self, step: str, number: int) -> None:
        own = {"LOG": self._steps, "STEP": step, "NUMBER": number}
        self.environment |= {f"DYING_{name}": str(value) for name, value in own.items()}

    def _finish(
        self, argv: list[str], options: Sequence[str], meanwhile: Callable[[], None] = lambda: None
    ) -> str:
        with self._log.open("w") as log, self._start(argv, options, log) as process:
            try:
                meanwhile()
                assert process.wait(SECONDS) == 0, self._log.read_text()
            finally:
                process.kill()
        return self._log.read_text()

    def kill(self, boosters: int, *options: str) -> int:
        """Run until so many boosters are grown, then kill -9; how many there are."""
        with self._start(["-m", "carprice"], options, subprocess.DEVNULL) as process:
            assert wait_for(lambda: self.count() >= boosters, SECONDS, pause=PAUSE, max_pause=PAUSE)
            children = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGKILL)
        assert wait_for_ends(children, SECONDS) == []
        return self.count()

    def _start(self, argv: list[str], options: Sequence[str], output: Any) -> "subprocess.Popen[bytes]":
        argv = [sys.executable, *argv, *self._words, *options]
        return subprocess.Popen(argv, env=self.environment, stdout=output, stderr=output, start_new_session=True)

    def count(self) -> int:
        """How many boosters are grown."""
        return len(list((self.artifacts / WORK).glob("grow_booster-*")))
