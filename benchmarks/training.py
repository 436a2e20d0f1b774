"""A whole training run as a user starts it: seconds and peak memory, against the budget.

    PYTHONPATH=src .venv/bin/python benchmarks/training.py [--write]

Needs uk.csv.gz: the folder is CARPRICE_LISTINGS, or ../shared/data beside the checkout. `carprice train` runs in
a process of its own, with everything it does: reading, cleaning, choosing, fitting, judging, plots and sending
to MLflow where MLFLOW_TRACKING_URI names a server (else the run is kept to be sent later).
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from table import format_table, print_section

from carprice.settings import ROOT

LIMIT_SECONDS = 60.0
LIMIT_MB = 2000.0
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/training.py --write"


@click.command()
@click.option("--write", is_flag=True, help="Put the table into docs/benchmarks.md.")
def main(write: bool) -> None:
    """Train on the UK listings and print one table."""
    folder = Path(os.environ.get("CARPRICE_LISTINGS", ROOT.parent / "shared" / "data"))
    seconds, cpu_seconds, peak = run_training(folder / "uk.csv.gz")
    rows = [
        ["seconds", f"{seconds:.1f}", f"{LIMIT_SECONDS:.0f}", f"{seconds / LIMIT_SECONDS:.2f}"],
        ["peak memory, MB", f"{peak:,.0f}", f"{LIMIT_MB:,.0f}", f"{peak / LIMIT_MB:.2f}"],
    ]
    busy = os.getloadavg()[0]
    lines = [
        format_table(("UK listings", "carprice train", "limit", "of the limit"), rows),
        "",
        f"{cpu_seconds:.1f} s of processor time on {os.cpu_count()} cores; load average {busy:.1f} at the end.",
    ]
    print_section("Training", COMMAND, lines, write)
    sys.exit(seconds > LIMIT_SECONDS or peak > LIMIT_MB)


def run_training(listings: Path) -> tuple[float, float, float]:
    """Seconds on the clock, seconds of processor and peak resident MB of `carprice train`."""
    with tempfile.TemporaryDirectory() as draft:
        folders = {f"CARPRICE_{name}_DIR": str(Path(draft, name.lower())) for name in ("ARTIFACTS", "VAR", "LOGS")}
        environment = {**os.environ, **folders, "PYTHONPATH": str(ROOT / "src")}
        argv = [sys.executable, "-m", "carprice", "train", "--market", "uk", "--data", str(listings)]
        started = time.monotonic()
        subprocess.run(argv, env=environment, check=True, stdout=sys.stderr)
        seconds = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


if __name__ == "__main__":
    main()
