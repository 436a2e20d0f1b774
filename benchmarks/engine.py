"""Dask on three machines that are network namespaces of this one, beside the processes of this machine.

    sudo PYTHONPATH=src:. .venv/bin/python benchmarks/engine.py [--rows N | --train N] [--write]

Each worker has an address of its own. `score` runs undisturbed, then with one worker killed, one stopped (SIGSTOP)
and one cut off from the network, when a quarter of the parts is done; with --train instead `train`, in each of the
steps that workers do. What is written has to be equal to what this machine's processes write, byte for byte,
within twice the undisturbed time.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import click
from table import describe_machine, format_table, print_section
from tests.training.on_engine.commands import describe_bundle

from carprice.model.bundle.manifest import list_versions
from carprice.settings import ROOT
from carprice.system.waiting import wait_for

COMMAND = "PYTHONPATH=src:. .venv/bin/python benchmarks/engine.py --write"
NETWORK = "10.213.77"
WORKERS = 3
WORKER_TTL = "10s"
"""A worker that has been silent so long is taken for lost; docs/scale.md says the same."""
PRELOADED = "carprice.training.on_engine.boosters"
NOWHERE = "http://127.0.0.1:9"
STEPS = {
    "choosing the recipe": ("grow_booster", 1),
    "held-out listings": ("grow_booster", 9),
    "the trees": ("grow_booster", 17),
    "the range": ("grow_spread", 1),
}
"""What workers do in a training of 20,000 listings or more: under way when so many outputs of a kind are there."""
QUARTER = "a quarter of the parts"
LIMIT = 2.0
SECONDS = 900
Run = Callable[..., tuple[str, float]]
LIMITED = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Of the demo market, to be priced.")
@click.option("--train", type=int, help="Learn from so many listings instead of pricing any.")
@click.option("--artifacts", type=click.Path(path_type=Path), help="Use the champion of this folder; else train.")
@click.option("--write", is_flag=True, help="Also write the table to docs/benchmarks.md.")
def main(rows: int, train: int | None, artifacts: Path | None, write: bool) -> None:
    """Measure and print one table; exit 1 where a result differs or the limit is missed."""
    heading = f"{train or rows:,} simulated listings. {describe_machine()}"
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        run = Commands(folder, artifacts or folder / "artifacts")
        if not artifacts and not train:
            run.carprice("train", "--market", "demo")
        run.carprice("demo", "--rows", str(train or rows), "--output", str(folder / "cars.csv"))
        what = "train" if train else "score"
        steps = STEPS if train else [QUARTER]
        cases = measure_cases(run.train if train else run.score, steps, folder, stack)
    lines, is_kept = report(what, heading, cases)
    command = f"{COMMAND} --train {train}" if train else f"{COMMAND} --rows {rows}"
    print_section("Training on an engine" if train else "Engine", command, lines, write)
    sys.exit(not is_kept)


def measure_cases(run: Run, steps: Iterable[str], folder: Path, stack: ExitStack) -> dict[str, tuple[str, float]]:
    """The digest and the seconds of this machine, and of three workers with one disturbed in each way and step."""
    cases = {"this machine": run(("--workers", str(os.cpu_count())))}
    address = stack.enter_context(start_scheduler(folder))
    cluster = [stack.enter_context(open_machine(number)) for number in range(WORKERS)]
    with start_workers(cluster, address, folder):
        cases["three workers, undisturbed"] = run(("--engine", address))
    for step in steps:
        for what, disturb in (("killed", kill), ("stopped", stop), ("cut off", cut_off)):
            with start_workers(cluster, address, folder) as workers:
                cases[f"{step}: one {what}"] = run(("--engine", address), step, partial(disturb, workers[0]))
                ip("link", "set", cluster[0].cable, "up")
    return cases


class Commands:
    """Runs carprice in folders of its own."""

    def __init__(self, folder: Path, artifacts: Path) -> None:
        self.folder, self.artifacts = folder, artifacts
        places = {"ARTIFACTS": artifacts.absolute(), "VAR": folder / "var", "LOGS": folder / "logs"}
        own = {f"CARPRICE_{name}_DIR": str(path) for name, path in places.items()}
        self.environment = {
            **os.environ,
            **own,
            "CARPRICE_STACK": "local",
            "MLFLOW_TRACKING_URI": NOWHERE,
            "PYTHONPATH": str(ROOT / "src"),
        }

    def carprice(self, *argv: str) -> None:
        """Run to the end."""
        subprocess.run(
            [sys.executable, "-m", "carprice", *argv], env=self.environment, check=True, stdout=sys.stderr
        )

    def score(self, options, step=QUARTER, disturb=None) -> tuple[str, float]:
        """The digest of the prices, and the seconds they took. disturb: what is done when a quarter is there."""
        output = self.folder / "prices.csv"
        quarter = max(self.count_parts() // 4, 1)
        argv = ["score", str(self.folder / "cars.csv"), "--output", str(output), "--force", *options]
        seconds = self._time(argv, "*.work/score_part-*", quarter, disturb)
        return hashlib.sha256(output.read_bytes()).hexdigest(), seconds

    def train(self, options, step=QUARTER, disturb=None) -> tuple[str, float]:
        """The same of the model of the listings: all of its files and figures. disturb: in a step of STEPS."""
        before = set(list_versions(self.artifacts))
        kind, count = STEPS.get(step, ("", 0))
        argv = ["train", "--market", "demo", "--data", str(self.folder / "cars.csv"), *options]
        seconds = self._time(argv, f"artifacts/.work-demo/{kind}-*", count, disturb)
        [version] = set(list_versions(self.artifacts)) - before
        bundle = json.dumps(describe_bundle(self.artifacts, version), sort_keys=True)
        return hashlib.sha256(bundle.encode()).hexdigest(), seconds

    def _time(self, argv, outputs, count, disturb) -> float:
        """The seconds of a command, which is disturbed when so many outputs are there."""
        argv = [sys.executable, "-m", "carprice", *argv]
        started = time.monotonic()
        with subprocess.Popen(argv, env=self.environment, stdout=sys.stderr) as process:
            if disturb:
                assert wait_for(lambda: len(list(self.folder.glob(outputs))) >= count, SECONDS)
                disturb()
            if process.wait(SECONDS):
                sys.exit(f"Error: {' '.join(argv)} ended with {process.returncode}")
        return time.monotonic() - started

    def count_parts(self) -> int:
        """How many parts the listings have."""
        from carprice.scoring.score_file import BATCH_ROWS

        with (self.folder / "cars.csv").open("rb") as file:
            return sum(1 for _ in file) // BATCH_ROWS


class Machine:
    """A network namespace with a cable to this one."""

    def __init__(self, number: int) -> None:
        self.name = f"carprice-{os.getpid()}-{number}"
        self.cable = f"cp{os.getpid() % 100_000}-{number}"
        self.here, self.there = f"{NETWORK}.{4 * number + 1}", f"{NETWORK}.{4 * number + 2}"


@contextmanager
def open_machine(number: int) -> Iterator[Machine]:
    """A machine for the block: its address can reach this one's, and no other."""
    machine = Machine(number)
    ip("netns", "add", machine.name)
    try:
        ip("link", "add", machine.cable, "type", "veth", "peer", "name", "eth0", "netns", machine.name)
        ip("address", "add", f"{machine.here}/30", "dev", machine.cable)
        ip("link", "set", machine.cable, "up")
        ip("-n", machine.name, "address", "add", f"{machine.there}/30", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip("-n", machine.name, "link", "set", device, "up")
        ip("-n", machine.name, "route", "add", "default", "via", machine.here)
        yield machine
    finally:
        ip("netns", "delete", machine.name)


@contextmanager
def start_scheduler(folder: Path) -> Iterator[str]:
    """A scheduler for the block; its address, which the client has, for workers {port} is the same."""
    file = folder / "scheduler.json"
    argv = [dask(), "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    environment = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": WORKER_TTL}
    with run_program(argv, folder / "scheduler.log", environment):
        assert wait_for(lambda: file.exists() and file.read_text().endswith("}"), SECONDS)
        port = file.read_text().split('"address": "')[1].split('"')[0].rpartition(":")[2]
        yield f"tcp://127.0.0.1:{port}"


@contextmanager
def start_workers(cluster: list[Machine], address: str, folder: Path) -> Iterator[list]:
    """A worker on each machine for the block."""
    port = address.rpartition(":")[2]
    with ExitStack() as stack:
        workers = []
        for machine in cluster:
            argv = ["ip", "netns", "exec", machine.name, dask(), "worker", f"tcp://{machine.here}:{port}"]
            argv += ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", machine.there]
            argv += ["--preload", PRELOADED, "--local-directory", str(folder / machine.name)]
            log = folder / f"{machine.name}.log"
            workers.append((stack.enter_context(run_program(argv, log, LIMITED)), machine))
            assert wait_for(lambda log=log: "Registered to" in log.read_text(), SECONDS), log.read_text()
        yield workers


@contextmanager
def run_program(argv: list[str], log: Path, more: dict[str, str]) -> Iterator[subprocess.Popen]:
    """A program in a session of its own for the block."""
    environment = {**os.environ, **more, "PYTHONPATH": str(ROOT / "src")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield process
        finally:
            for number in (signal.SIGCONT, signal.SIGKILL):
                if process.poll() is None:
                    os.killpg(process.pid, number)
            process.wait()


def kill(worker: tuple[subprocess.Popen, Machine]) -> None:
    """End a worker, as a machine without power does."""
    os.killpg(worker[0].pid, signal.SIGKILL)


def stop(worker: tuple[subprocess.Popen, Machine]) -> None:
    """Let a worker hang: its connections stay."""
    os.killpg(worker[0].pid, signal.SIGSTOP)


def cut_off(worker: tuple[subprocess.Popen, Machine]) -> None:
    """Pull its cable."""
    ip("link", "set", worker[1].cable, "down")


def dask() -> str:
    """The program of the environment."""
    return str(Path(sys.executable).with_name("dask"))


def ip(*argv: str) -> None:
    """Run ip(8)."""
    subprocess.run(["ip", *argv], check=True)


def report(what: str, heading: str, cases: dict[str, tuple[str, float]]) -> tuple[list[str], bool]:
    """The table, and whether all are equal and within the limit."""
    digests = [digest for digest, _ in cases.values()]
    seconds = [each for _, each in cases.values()]
    rows = [
        [name, f"{took:.1f}", f"{took / seconds[1]:.2f}", "yes" if digest == digests[0] else "NO"]
        for name, (digest, took) in cases.items()
    ]
    columns = [what, "seconds", "of undisturbed", "equal bytes"]
    is_kept = len(set(digests)) == 1 and max(seconds[1:]) <= LIMIT * seconds[1]
    return [heading, "", format_table(columns, rows)], is_kept


if __name__ == "__main__":
    main()
