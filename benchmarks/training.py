"""A whole training run as a user starts it: seconds and peak memory, against the budget, and by rows.

    PYTHONPATH=src .venv/bin/python benchmarks/training.py [--rows 100000 --rows 1000000 [--cap N]] [--write]

Without --rows it needs uk.csv.gz: the folder is CARPRICE_LISTINGS, or ../shared/data beside the checkout. --rows
draws so many listings of the demo market, again for another line. `carprice train` runs in a process of its own,
with everything it does: reading, cleaning, choosing, fitting, judging, plots and sending to MLflow where
MLFLOW_TRACKING_URI names a server (else the run is kept to be sent later).
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
from table import describe_machine, format_table, print_section

from carprice.names import STATISTICS_FILE
from carprice.settings import ROOT, load_settings
from carprice.simulation.sampling import write_listings

LIMIT_SECONDS = 90.0
LIMIT_MB = 2000.0
SEED = 7
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/training.py --write"


@dataclass(frozen=True)
class Run:
    """Seconds on the clock, seconds of processor, and the peak of resident bytes of one training."""

    seconds: float
    cpu_seconds: float
    peak: float


@click.command()
@click.option("--rows", type=int, multiple=True, help="Draw so many listings of the demo market; again for more.")
@click.option("--cap", type=int, help="Train with this cap.")
@click.option("--write", is_flag=True, help="Put the table into docs/benchmarks.md.")
def main(rows: tuple[int, ...], cap: int | None, write: bool) -> None:
    """Train on the UK listings, or on as many as asked for, and print one table."""
    if rows:
        measure_rows(rows, cap, write)
    else:
        measure_uk(write)


def measure_uk(write: bool) -> None:
    """One training on real listings, against the limits; exit code 1 beyond them."""
    folder = Path(os.environ.get("CARPRICE_LISTINGS", ROOT.parent / "shared" / "data"))
    run = run_training(folder / "uk.csv.gz", "uk")
    peak = run.peak / 1e6
    rows = [
        ["seconds", f"{run.seconds:.1f}", f"{LIMIT_SECONDS:.0f}", f"{run.seconds / LIMIT_SECONDS:.2f}"],
        ["peak memory, MB", f"{peak:,.0f}", f"{LIMIT_MB:,.0f}", f"{peak / LIMIT_MB:.2f}"],
    ]
    busy = os.getloadavg()[0]
    lines = [
        format_table(("UK listings", "carprice train", "limit", "of the limit"), rows),
        "",
        f"{run.cpu_seconds:.1f} s of processor on {os.cpu_count()} cores; load average {busy:.1f} at the end.",
    ]
    print_section("Training", COMMAND, lines, write)
    sys.exit(run.seconds > LIMIT_SECONDS or peak > LIMIT_MB)


def measure_rows(counts: tuple[int, ...], cap: int | None, write: bool) -> None:
    """A line for each number of drawn listings, ascending, with what each further row of them took."""
    machine = describe_machine()
    lines: list[list[str]] = []
    before: tuple[int, Run] | None = None
    for count in sorted(counts):
        with tempfile.TemporaryDirectory() as draft:
            listings = Path(draft, "listings.csv")
            with listings.open("wb") as file:
                write_listings(file, count, SEED, load_settings({}).markets_dir / STATISTICS_FILE)
            run = run_training(listings, "demo", *(("--cap", str(cap)) if cap else ()))
        further = "" if before is None else f"{(run.peak - before[1].peak) / (count - before[0]):,.0f}"
        spent = f"{run.cpu_seconds / count * 1e6:,.0f}"
        lines.append([f"{count:,}", f"{run.seconds:,.0f}", spent, f"{run.peak / 1e6:,.0f}", further])
        before = count, run
    head = ("listings read", "seconds", "processor s a million", "peak MB", "bytes a further row")
    command = (
        f"{COMMAND} {' '.join(f'--rows {count}' for count in sorted(counts))}{f' --cap {cap}' if cap else ''}"
    )
    title = f"Training on many listings, --cap {cap}" if cap else "Training on many listings"
    print_section(title, command, [machine, "", format_table(head, lines)], write)


def run_training(listings: Path, market: str, *options: str) -> Run:
    """Run `carprice train` to its end. Exits where it fails."""
    with tempfile.TemporaryDirectory() as draft:
        folders = {f"CARPRICE_{name}_DIR": str(Path(draft, name.lower())) for name in ("ARTIFACTS", "VAR", "LOGS")}
        environment = {**os.environ, **folders, "PYTHONPATH": str(ROOT / "src")}
        argv = [sys.executable, "-m", "carprice", "train", "--market", market, "--data", str(listings), *options]
        started = time.monotonic()
        process = subprocess.Popen(argv, env=environment, stdout=sys.stderr)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
    if status:
        sys.exit(f"carprice train ended with {os.waitstatus_to_exitcode(status)}")
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024.0)


if __name__ == "__main__":
    main()
