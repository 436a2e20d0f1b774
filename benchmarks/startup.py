"""Process start to the first 200 on /info/status, and the resident memory of all its processes.

    PYTHONPATH=src .venv/bin/python benchmarks/startup.py [--write]

Needs a bundle: the champion's. Memory is read after some load on every kind of answer. PSS counts a page that
several processes share once, RSS counts it for each.
"""

import os
import statistics
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import click
from cars import load_cars, pick_listings
from load import require_wrk, send_load, write_bodies
from processes import HOST, family_of, free_port, price_service, run_server, wait_for
from table import describe_machine, format_table, print_section

from carprice.errors import CarPriceError
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import load_pricer
from carprice.settings import load_settings

START_LIMIT = 1.0
MEMORY_LIMIT = 100.0
PAUSE = 0.005
CARS = 1000
MEGABYTE = 1e6
PATHS = ("/info/status", "/info/features", "/info/model", "/metrics", "/api/openapi.json", "/", "/api/docs")
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/startup.py --write"


@dataclass(frozen=True)
class Start:
    """One start: seconds to the first 200, and PSS and RSS in megabytes, process by process."""

    seconds: float
    pss: list[float]
    rss: list[float]


@click.command()
@click.option("--starts", default=5, show_default=True, help="Starts to take the medians of.")
@click.option("--model", "version", default="", help="A bundle's version; the champion's where left out.")
@click.option("--write", is_flag=True, help="Also write the table to docs/benchmarks.md.")
def main(starts: int, version: str, write: bool) -> None:
    """Measure and print one table; exit 1 where a limit is missed."""
    try:
        require_wrk()
        text, reached = measure(starts, version)
    except CarPriceError as error:
        sys.exit(f"Error: {error}")
    print_section("Start and memory", COMMAND, text, write)
    sys.exit(not reached)


def measure(starts: int, version: str) -> tuple[list[str], bool]:
    """The lines of the report, and whether both limits are kept."""
    settings, machine = load_settings(os.environ), describe_machine()
    bundle = find_bundle(settings.artifacts_dir, version)
    pricer = load_pricer(bundle)
    listings = pick_listings(load_cars(pricer.market, settings), pricer.market, CARS)
    with tempfile.TemporaryDirectory() as folder:
        bodies = write_bodies(Path(folder, "listings.jsonl"), listings)
        found = [start_once(bundle, bodies, Path(folder)) for _ in range(starts)]
    model_size = (bundle / "model.pkl").stat().st_size / MEGABYTE
    return report(f"model.pkl has {model_size:.1f} MB. {machine}", found)


def start_once(bundle: Path, bodies: Path, folder: Path) -> Start:
    """Start the service, wait for its first 200, load it a little, read its memory and stop it."""
    port = free_port()
    started = time.monotonic()
    log = folder / "ours.log"
    with run_server([sys.executable, "app.py"], log, price_service(port, bundle, folder)) as process:
        wait_for(f"http://{HOST}:{port}/info/status", process, log, pause=PAUSE)
        seconds = time.monotonic() - started
        for path in PATHS:
            urllib.request.urlopen(f"http://{HOST}:{port}{path}").read()
        send_load(f"http://{HOST}:{port}/predict/price", bodies, 16, 2)
        memory = [one.memory_full_info() for one in family_of(process)]
    return Start(seconds, [one.pss / MEGABYTE for one in memory], [one.rss / MEGABYTE for one in memory])


def report(heading: str, found: list[Start]) -> tuple[list[str], bool]:
    """The table, with the limits beside the figures."""
    seconds = statistics.median(one.seconds for one in found)
    pss, rss = (statistics.median(sum(getattr(one, kind)) for one in found) for kind in ("pss", "rss"))
    parts = " + ".join(f"{size:.0f}" for size in found[-1].pss)
    columns = ["", "measured", "limit", "of the limit"]
    rows = [
        ["process start to first 200, s", f"{seconds:.2f}", f"{START_LIMIT:g}", f"{seconds / START_LIMIT:.2f}"],
        ["memory of all processes, PSS, MB", f"{pss:.0f}", f"{MEMORY_LIMIT:g}", f"{pss / MEMORY_LIMIT:.2f}"],
        ["the same, RSS, MB", f"{rss:.0f}", "", ""],
    ]
    intro = f"{len(found)} starts, medians; {heading} PSS by process: {parts} MB."
    return [intro, "", format_table(columns, rows)], seconds <= START_LIMIT and pss <= MEMORY_LIMIT


if __name__ == "__main__":
    main()
