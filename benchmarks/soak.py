"""Whether memory, files and logs stay flat over time, and every answer is the asker's own.

    PYTHONPATH=src .venv/bin/python benchmarks/soak.py [--minutes 10] [--write]

Needs a bundle. Clients that keep their connections ask for different cars, each request with an id of its own;
what comes back has to be the price of that car under that id.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import psutil
from cars import load_cars, pick_listings
from processes import HOST, family_of, free_port, price_service, run_server, wait_for
from table import describe_machine, format_table, print_section

from carprice.errors import CarPriceError
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import load_pricer
from carprice.names import PRICE_PATH
from carprice.settings import load_settings

CLIENTS = 30
PER_SECOND = 10
"""Of each client."""
CARS = 1000
PARTS = 4
"""Of the time, of each of which the table has a row."""
LOOK_SECONDS = 2.0
MAX_GROWTH_MB, MAX_MORE_FILES = 3.0, 5
"""From the second part to the last: the first fills caches and buffers."""
MAX_LOG_BYTES = 60_000
"""A second: 100 lines of the log and 10 of the sample."""
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/soak.py --minutes 10 --write"


@dataclass
class Look:
    """What the service had at one moment."""

    at: float
    rss: float
    files: int
    log_bytes: int


@dataclass
class Found:
    """What the clients saw, and what the looks did."""

    asked: int = 0
    failed: int = 0
    mixed_up: int = 0
    seconds: list[float] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)


@click.command()
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--write", is_flag=True, help="Also write the table to docs/benchmarks.md.")
def main(minutes: float, write: bool) -> None:
    """Ask for so long and print one row for each part of the time; exit 1 where something grew or was mixed up."""
    try:
        lines, is_kept = measure(minutes * 60)
    except CarPriceError as error:
        sys.exit(f"Error: {error}")
    print_section("A soak", COMMAND.replace("10", f"{minutes:g}"), lines, write)
    sys.exit(not is_kept)


def measure(seconds: float) -> tuple[list[str], bool]:
    """The lines of the report, and whether every limit is kept."""
    settings, machine = load_settings(os.environ), describe_machine()
    bundle = find_bundle(settings.artifacts_dir, "")
    pricer = load_pricer(bundle)
    cars = pick_listings(load_cars(pricer.market, settings), pricer.market, CARS)
    priced = [(json.dumps(car).encode(), pricer.price(car).price) for car in cars]
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        environment = price_service(port, bundle, folder)
        with run_server([sys.executable, "app.py"], folder / "out", environment) as process:
            wait_for(f"http://{HOST}:{port}/info/status", process, folder / "out")
            found = asyncio.run(soak(port, priced, seconds, process, folder / "logs"))
    intro = (
        f"{pricer.market.title}: {seconds:.0f} s, {CLIENTS} clients that keep their connections, {PER_SECOND} "
        f"requests a second each, {len(priced):,} different cars. {machine}"
    )
    return report(intro, found)


async def soak(
    port: int, priced: Sequence[tuple[bytes, int]], seconds: float, process: psutil.Process, logs: Path
) -> Found:
    """Let every client ask, and look at the service now and then."""
    found, ends = Found(), time.monotonic() + seconds
    clients = [ask_on(port, priced, number, ends, found) for number in range(CLIENTS)]
    await asyncio.gather(*clients, look_on(process, logs, ends, found))
    return found


async def ask_on(port: int, priced: Sequence[tuple[bytes, int]], client: int, ends: float, found: Found) -> None:
    """Ask for one car after the other on one connection."""
    reader, writer = await asyncio.open_connection(HOST, port)
    number = 0
    while time.monotonic() < ends:
        body, price = priced[(client * 37 + number) % len(priced)]
        own = f"client-{client}-{number}"
        head = f"POST {PRICE_PATH} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        head += f"X-Request-ID: {own}\r\nContent-Length: {len(body)}\r\n\r\n"
        began = time.monotonic()
        writer.write(head.encode() + body)
        status, headers, content = await read_answer(reader)
        found.seconds.append(time.monotonic() - began)
        found.asked += 1
        found.failed += status != 200
        found.mixed_up += headers.get("x-request-id") != own or (status == 200 and content.get("price") != price)
        number += 1
        await asyncio.sleep(max(0.0, 1 / PER_SECOND - (time.monotonic() - began)))
    writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, Mapping[str, str], Any]:
    """Status, headers with names in lower case, and the JSON of one answer."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, json.loads(await reader.readexactly(int(headers["content-length"])))


async def look_on(process: psutil.Process, logs: Path, ends: float, found: Found) -> None:
    """Look every LOOK_SECONDS."""
    while (now := time.monotonic()) < ends:
        family = family_of(process)
        sizes = sum(path.stat().st_size for path in logs.glob("*.jsonl*"))
        rss = sum(member.memory_info().rss for member in family) / 1e6
        found.looks.append(Look(now, rss, sum(member.num_fds() for member in family), sizes))
        await asyncio.sleep(LOOK_SECONDS)


def report(intro: str, found: Found) -> tuple[list[str], bool]:
    """The table of the parts, and one line for each limit."""
    count = len(found.looks) // PARTS
    parts = [found.looks[number * count : (number + 1) * count] for number in range(PARTS)]
    step = len(found.seconds) // PARTS
    rows, rates = [], []
    for number, looks in enumerate(parts):
        took = sorted(found.seconds[number * step : (number + 1) * step])
        first, last = looks[0], looks[-1]
        rates.append((last.log_bytes - first.log_bytes) / (last.at - first.at))
        figures = [f"{took[len(took) // 2] * 1000:.2f}", f"{took[int(0.99 * (len(took) - 1))] * 1000:.2f}"]
        rows.append(
            [f"{number + 1} of {PARTS}", f"{last.rss:.1f}", str(last.files), f"{rates[-1]:,.0f}", *figures]
        )
    growth, more = (
        parts[-1][-1].rss - parts[1][0].rss,
        parts[-1][-1].files - parts[1][0].files,
    )
    limits = [
        (
            f"{found.asked:,} answers, {found.mixed_up} mixed up, {found.failed} failed (0)",
            not found.mixed_up and not found.failed,
        ),
        (
            f"memory grows by {growth:.1f} MB after the first part (at most {MAX_GROWTH_MB:g})",
            growth <= MAX_GROWTH_MB,
        ),
        (f"descriptors by {more} (at most {MAX_MORE_FILES})", more <= MAX_MORE_FILES),
        (
            f"log lines of {max(rates):,.0f} bytes a second (at most {MAX_LOG_BYTES:,})",
            max(rates) <= MAX_LOG_BYTES,
        ),
    ]
    columns = ["part of the time", "RSS MB", "descriptors", "log bytes/s", "p50 ms", "p99 ms"]
    said = [f"- {text}: {'kept' if is_kept else 'missed'}" for text, is_kept in limits]
    return [intro, "", *format_table(columns, rows).split("\n"), "", *said], all(is_kept for _, is_kept in limits)


if __name__ == "__main__":
    main()
