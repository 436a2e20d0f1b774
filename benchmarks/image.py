"""The image's size over its base, its start and its memory, in a container limited as compose limits it.

    PYTHONPATH=src .venv/bin/python benchmarks/image.py [--write]

Needs a Docker Engine and the built image: docker compose build. The container serves the demo model.
PSS counts a page that several processes share once, RSS counts it for each.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from table import format_table, print_section

IMAGE = "car-price-prediction:latest"
BASE = "python:3.11-slim"
SIZE_LIMIT = 80.0
START_LIMIT = 1.0
MEMORY_LIMIT = 100.0
MEGABYTE = 1e6
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/image.py --write"
HARDENED = (
    "--read-only",
    "--tmpfs",
    "/tmp:size=16m,mode=1777",
    "--cap-drop",
    "ALL",
    "--cpus",
    "2",
    "--memory",
    "2g",
)
PROBE = Path(__file__).with_name("replica.py")


@click.command()
@click.option("--image", default=IMAGE, show_default=True, help="The image to measure.")
@click.option("--starts", default=5, show_default=True, help="Starts to take the medians of.")
@click.option("--write", is_flag=True, help="Also write the table to docs/benchmarks.md.")
def main(image: str, starts: int, write: bool) -> None:
    """Measure and print one table; exit 1 where a limit is missed."""
    size = (read_size(image) - read_size(BASE)) / MEGABYTE
    found = [start_once(image) for _ in range(starts)]
    text, reached = report(size, found)
    print_section("Image", COMMAND, text, write)
    sys.exit(not reached)


def read_size(image: str) -> int:
    """The bytes of an image, unpacked."""
    return int(run(["docker", "image", "inspect", "--format", "{{.Size}}", image]))


def start_once(image: str) -> dict[str, Any]:
    """Seconds from the process' start to its first 200, and the memory of each process after some use."""
    argv = ["docker", "run", "--rm", "--interactive", *HARDENED, "--entrypoint", "python", image, "-"]
    found: dict[str, Any] = json.loads(run(argv, PROBE.read_text()).splitlines()[-1])
    return found


def run(argv: list[str], text: str = "") -> str:
    """What a program prints; the benchmark ends where it fails."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"Error: {' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def report(size: float, found: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """The table, with the limits beside the figures."""
    seconds = statistics.median(one["seconds"] for one in found)
    pss, rss = (statistics.median(sum(one[kind]) for one in found) for kind in ("pss", "rss"))
    figures = [
        ("image over its base, MB", size, SIZE_LIMIT, ".0f"),
        ("process start to first 200, s", seconds, START_LIMIT, ".2f"),
        ("memory of a replica's processes, PSS, MB", pss, MEMORY_LIMIT, ".0f"),
    ]
    rows = [
        [name, f"{value:{kind}}", f"{limit:g}", f"{value / limit:.2f}"] for name, value, limit, kind in figures
    ]
    rows.append(["the same, RSS, MB", f"{rss:.0f}", "", ""])
    parts = " + ".join(f"{part:.0f}" for part in found[-1]["pss"])
    intro = f"{len(found)} starts, medians. PSS by process: {parts} MB. {os.cpu_count()} cores."
    columns = ["", "measured", "limit", "of the limit"]
    return [intro, "", format_table(columns, rows)], all(value <= limit for _, value, limit, _ in figures)


if __name__ == "__main__":
    main()
