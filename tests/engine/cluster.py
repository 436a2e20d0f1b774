"""A Dask cluster as docs/scale.md has it: a scheduler and workers, processes that can be lost and replaced."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import Client

from carprice.engine.start import THREADS
from carprice.system.waiting import wait_for

SECONDS = 300
PAUSE_SECONDS = 0.02
"""Small boosters are grown in a tenth of a second: a worker that is at work has to be seen before it has ended."""
PRELOADED = "carprice.training.on_engine.boosters"
WORKER_TTL = "10s"
"""A worker that has been silent so long is taken for lost."""


class Cluster:
    """Workers by their names. All processes run in a folder, and import what the tests import."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        path = os.pathsep.join([str(root / "src"), str(root)])
        self._environment = {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONPATH": path}
        self._environment["DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL"] = WORKER_TTL
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._lost = set[str]()

    @contextmanager
    def run(self, workers: int) -> Iterator[None]:
        """A scheduler and workers for the block."""
        file = self._folder / "scheduler.json"
        scheduler = self._start("scheduler", "--port", "0", "--host", "127.0.0.1", "--scheduler-file", str(file))
        try:
            assert wait_for(lambda: file.exists() and file.read_text().endswith("}"), SECONDS)
            self.address = json.loads(file.read_text())["address"]
            for _ in range(workers):
                self.start_worker()
            with Client(self.address, set_as_default=False) as self._client:
                self._client.wait_for_workers(workers, SECONDS)
                yield
        finally:
            for process in (*self._workers.values(), scheduler):
                process.kill()
                process.wait()

    def lose_worker(self, how: signal.Signals) -> None:
        """Wait until one is at work, and send it a signal that it does not get over."""
        name = wait_for(self._find_busy, SECONDS, pause=PAUSE_SECONDS, max_pause=PAUSE_SECONDS)
        assert name, "no worker is at work"
        self._workers[name].send_signal(how)
        self._lost.add(name)

    def start_worker(self) -> None:
        """Start one more."""
        name = f"worker-{len(self._workers)}"
        options = ("--name", name, "--nthreads", "1", "--no-nanny", "--preload", PRELOADED)
        self._workers[name] = self._start("worker", self.address, *options)

    def _find_busy(self) -> str:
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        tasks = self._client.processing()
        busy = [facts["name"] for address, facts in workers.items() if tasks.get(address)]
        return next((name for name in busy if name not in self._lost), "")

    def _start(self, *argv: str) -> "subprocess.Popen[bytes]":
        program = str(Path(sys.executable).with_name("dask"))
        with (self._folder / f"{argv[0]}-{len(self._workers)}.log").open("wb") as log:
            return subprocess.Popen(
                [program, *argv, "--no-dashboard"],
                env=self._environment,
                cwd=self._folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )


@contextmanager
def start_cluster(folder: Path, root: Path, workers: int) -> Iterator[Cluster]:
    """A cluster for the block."""
    folder.mkdir()
    cluster = Cluster(folder, root)
    with cluster.run(workers):
        yield cluster
