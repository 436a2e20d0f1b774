"""`score` on files too large for one go, beside LightGBM alone: rows a second and peak memory, by rows.

    PYTHONPATH=src .venv/bin/python benchmarks/scoring.py [--rows N ...] [--write]

Needs a champion of the demo market. Its listings are simulated, one file for each size; `carprice score` prices
them in parts on all cores, in processes of its own. LightGBM gets PEER_ROWS rows that are encoded already and
returns the bare scores of both forests, on all cores too, just before and after. On a machine that others use, the
ratio of processor time holds better, LightGBM's on one thread: threads that wait for each other use time too.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import psutil
from batch import load_forests, time_act
from cars import SEED, load_cars, pick_listings
from peers import encode_cars
from table import describe_machine, format_table, print_section

from carprice.errors import CarPriceError
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import load_pricer
from carprice.names import STATISTICS_FILE
from carprice.settings import ROOT, Settings, load_settings
from carprice.simulation.sampling import write_listings
from carprice.system.processes import measure_memory

LIMIT = 0.7
SIZES = (1_000_000, 10_000_000)
PEER_ROWS = 30_000
LOOK_SECONDS = 0.5
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/scoring.py --write"


@click.command()
@click.option(
    "--rows", "sizes", type=int, multiple=True, default=SIZES, show_default=True, help="Of a file; again."
)
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the files here, and go on where it was.")
@click.option("--write", is_flag=True, help="Also write the table to docs/benchmarks.md.")
def main(sizes: tuple[int, ...], folder: Path | None, write: bool) -> None:
    """Measure and print one table; exit 1 where the limit is missed."""
    heading = describe_machine()
    try:
        with tempfile.TemporaryDirectory() as name:
            rows = [measure(size, folder or Path(name), load_settings(os.environ)) for size in sizes]
    except CarPriceError as error:
        sys.exit(f"Error: {error}")
    columns = ["rows of the demo market", "seconds", "rows/s", "LightGBM alone", "ratio", "of processor time"]
    columns += ["at least", "peak MB"]
    lines = [f"{heading} Peak: all processes together.", "", format_table(columns, [row for row, _ in rows])]
    print_section("Many rows", COMMAND, lines, write)
    sys.exit(min(ratio for _, ratio in rows) < LIMIT)


def measure(size: int, folder: Path, settings: Settings) -> tuple[list[str], float]:
    """A row of the table, and the ratio."""
    bundle = find_bundle(settings.artifacts_dir, "")
    pricer = load_pricer(bundle)
    path = folder / f"{size}.csv"
    if not path.exists():
        with path.open("wb") as output:
            write_listings(output, size, SEED, settings.markets_dir / STATISTICS_FILE)
    cars = encode_cars(pricer, pick_listings(load_cars(pricer.market, settings), pricer.market, PEER_ROWS))
    predict = load_forests(bundle, pricer, cars)
    cores = os.cpu_count() or 1
    alone = time_processor(lambda: predict(1))
    before = time_act(lambda: predict(cores))
    seconds, busy, peak = score(path, folder / f"{size}-prices.csv")
    peer = 2 * PEER_ROWS / (before + time_act(lambda: predict(cores)))
    ratio, busy_ratio = size / seconds / peer, size / busy / (PEER_ROWS / alone)
    cells = [f"{size:,}", f"{seconds:.1f}", f"{size / seconds:,.0f}", f"{peer:,.0f}", f"{ratio:.2f}"]
    return [*cells, f"{busy_ratio:.2f}", f"{LIMIT:g}", f"{peak / 1e6:,.0f}"], busy_ratio


def time_processor(act: Callable[[], object]) -> float:
    """Seconds of processor time that the act takes."""
    started = time.process_time()
    act()
    return time.process_time() - started


def score(path: Path, output: Path) -> tuple[float, float, int]:
    """Seconds of `carprice score` with its start, those of processors, and the most bytes that all of it held."""
    argv = [sys.executable, "-m", "carprice", "score", str(path), "--output", str(output), "--force"]
    argv += ["--workers", str(os.cpu_count())]
    peak, started, before = 0, time.monotonic(), os.times()
    with subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}) as process:
        while process.poll() is None:
            peak = max(peak, measure_memory(process.pid))
            psutil.wait_procs([psutil.Process(process.pid)], LOOK_SECONDS)
    if process.returncode:
        sys.exit(f"Error: {' '.join(argv)} ended with {process.returncode}")
    after = os.times()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - started, busy, peak


if __name__ == "__main__":
    main()
