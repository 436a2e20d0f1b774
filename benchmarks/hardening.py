"""What keys and rates cost, and what a client that floods the service takes from a quiet one.

    PYTHONPATH=src .venv/bin/python benchmarks/hardening.py [--write]

Needs wrk and a bundle. The services take turns, so that what else the machine does hits them all.
"""

import io
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from operator import sub
from pathlib import Path
from statistics import median
from typing import Any

import click
from cars import load_cars, pick_listings
from load import Round, middle, require_wrk, send_load, write_bodies
from processes import HOST, free_port, price_service, run_server, wait_for
from table import describe_machine, format_table, print_section

from carprice.access.keys import add_key
from carprice.access.scopes import PRICE
from carprice.api.serving.app import create_app
from carprice.errors import CarPriceError
from carprice.model.bundle.manifest import find_bundle, read_manifest
from carprice.model.pricer import load_pricer
from carprice.names import LISTING_SCHEMA, OPENAPI_PATH, PRICE_PATH
from carprice.settings import load_settings
from carprice.system.http import Address

CARS = 2000
CONNECTIONS = 16
OPEN, KEYED, RATED, QUOTED = "no keys", "a key", "a key with a rate", "and a quota"
ADDRESSED = "and a rate of the address"
MAX_COST = 0.03
BATCHES, BATCH = 400, 60
QUIET_PER_SECOND = 100
STRETCHES, QUIET_SECONDS = 5, 2
"""The quiet client is alone and beside the flood in turns, so that others on the machine hit both."""
FLOOD_CONNECTIONS, FLOOD_PAUSE_MS = 16, 1
"""About 10,000 requests a second, as far as the machine goes."""
MAX_TIMES_P99 = 2.0
FREE_RATE, FREE_QUOTA, FLOOD_RATE = "1000000/s", "1000000000/day", "50/s"
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/hardening.py --write"
EDGE_COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/hardening.py --edge 5000 QUIET FLOOD --write"


Costs = dict[str, list[float]]
"""The processor's microseconds of each batch, by what was asked for."""
Quiet = dict[str, tuple[list[float], float]]
"""Seconds of the quiet client's answers, and the flood's requests a second, by what it was beside."""


@click.command()
@click.option("--rounds", default=7, show_default=True, help="Turns of every service.")
@click.option("--seconds", default=3, show_default=True, help="Seconds of load in one turn.")
@click.option(
    "--edge", nargs=3, metavar="PORT QUIET FLOOD", help="A stack that runs, and two of its keys instead."
)
@click.option("--model", "version", default="", help="A bundle's version; the champion's where left out.")
@click.option("--write", is_flag=True, help="Also write the tables to docs/benchmarks.md.")
def main(rounds: int, seconds: int, edge: tuple[str, str, str] | None, version: str, write: bool) -> None:
    """Measure and print the tables; exit 1 where a limit is missed."""
    title, command = ("A flood at the edge", EDGE_COMMAND) if edge else ("Keys and rates", COMMAND)
    try:
        require_wrk()
        lines, is_kept = measure_edge(*edge) if edge else measure(rounds, seconds, version)
    except CarPriceError as error:
        sys.exit(f"Error: {error}")
    print_section(title, command, lines, write)
    sys.exit(not is_kept)


def measure(rounds: int, seconds: int, version: str) -> tuple[list[str], bool]:
    """The lines of the report, and whether both limits are kept."""
    settings, machine = load_settings(os.environ), describe_machine()
    bundle = find_bundle(settings.artifacts_dir, version)
    market = load_pricer(bundle).market
    cars = pick_listings(load_cars(market, settings), market, CARS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bodies, keys = write_bodies(folder / "cars.jsonl", cars), folder / "keys"
        key = {name: add_key(keys, name, [PRICE], rate)[0] for name, rate in RATES.items()}
        on = {"api_keys": str(keys)}
        tried = {
            OPEN: ({}, ""),
            KEYED: (on, "plain"),
            RATED: (on, "fast"),
            QUOTED: (on, "daily"),
            ADDRESSED: ({**on, "address_rate": FREE_RATE}, "daily"),
        }
        costs = measure_cost(bundle, folder, tried, key)
        ports = {
            name: stack.enter_context(run_service(bundle, folder / name.replace(" ", "-"), fields))
            for name, (fields, _) in tried.items()
        }
        found: dict[str, list[Round]] = {name: [] for name in tried}
        for turn in range(rounds + 1):
            for name, (_, own) in tried.items():
                url = f"http://{HOST}:{ports[name]}{PRICE_PATH}"
                one = send_load(url, bodies, CONNECTIONS, seconds if turn else 1, key.get(own, ""))
                found[name] += [one] if turn else []  # the first turn warms it up
        quiet = compare_quiet(ports[KEYED], bodies, key)
    intro = (
        f"{market.title}. The processor's time of the application alone, without the server: medians of {BATCHES} "
        f"batches of {BATCH} prices that take turns. Then over HTTP: {CONNECTIONS} connections, {rounds} turns of "
        f"{seconds} s. {machine}"
    )
    return report(intro, costs, found, quiet)


RATES = {
    "plain": "",
    "fast": FREE_RATE,
    "daily": f"{FREE_RATE},{FREE_QUOTA}",
    "quiet": "",
    "flood": FLOOD_RATE,
}
"""The keys of this benchmark, by name."""


def measure_edge(port: str, quiet: str, flood: str) -> tuple[list[str], bool]:
    """The same of a stack that runs, whose edge refuses the flood: only what the quiet client sees."""
    machine = describe_machine()
    address = Address(HOST, int(port), key=quiet)
    listing = address.ask("GET", OPENAPI_PATH).json()["components"]["schemas"][LISTING_SCHEMA]["examples"][0]
    with tempfile.TemporaryDirectory() as folder:
        bodies = write_bodies(Path(folder) / "cars.jsonl", [listing])
        found = compare_quiet(int(port), bodies, {"quiet": quiet, "flood": flood})
    lines, limit = describe_quiet(found)
    return [f"Two replicas on Docker. {machine}", "", *lines, "", say_limit(limit)], limit[1]


@contextmanager
def run_service(bundle: Path, folder: Path, changes: Mapping[str, str]) -> Iterator[int]:
    """`python app.py` with these settings; yields its port."""
    folder.mkdir()
    port, log = free_port(), folder / "out"
    own = {f"CARPRICE_{name.upper()}": value for name, value in changes.items()}
    environment = {**price_service(port, bundle, folder), **own}
    with run_server([sys.executable, "app.py"], log, environment) as process:
        wait_for(f"http://{HOST}:{port}/info/status", process, log)
        yield port


def measure_cost(
    bundle: Path, folder: Path, changes: Mapping[str, Mapping[str, str]], key: Mapping[str, str]
) -> Costs:
    """The processor's microseconds of the application itself for a price, in batches that take turns.

    Other programs on the machine are not in it, as they are in requests a second; nor is the server.
    """
    listing = read_manifest(bundle)["golden"][0]["listing"]
    base = load_settings({**price_service(1, bundle, folder), "CARPRICE_MAX_MODEL_DAYS": "100000"})
    body = json.dumps(listing).encode()
    tried = {
        name: (create_app(replace(base, **fields)), make_environ(body, key.get(own, "")))
        for name, (fields, own) in changes.items()
    }
    found: Costs = {name: [] for name in tried}
    for _ in range(BATCHES):
        for name, (app, environ) in tried.items():
            found[name].append(time_batch(app.wsgi_app, environ))
    for app, _ in tried.values():
        app.extensions["carprice"].close()
    return found


def make_environ(body: bytes, key: str) -> dict[str, Any]:
    """A request for a price, as the server hands it to the application."""
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": PRICE_PATH,
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": HOST,
        "HTTP_AUTHORIZATION": f"Bearer {key}",
        "body": body,
    }


def time_batch(app: Any, environ: Mapping[str, Any]) -> float:
    """The processor's microseconds of this thread for each of BATCH requests."""
    began = time.thread_time()
    for _ in range(BATCH):
        app({**environ, "wsgi.input": io.BytesIO(environ["body"])}, lambda *_: None)
    return (time.thread_time() - began) / BATCH * 1e6


def compare_quiet(port: int, bodies: Path, key: Mapping[str, str]) -> Quiet:
    """Seconds of a quiet client's answers alone, then beside a flood, and the flood's requests a second."""
    body = json.loads(bodies.read_text().split("\n", 1)[0])
    address, url = Address(HOST, port, key=key["quiet"]), f"http://{HOST}:{port}{PRICE_PATH}"
    alone: list[float] = []
    beside: list[float] = []
    flood: list[Round] = []

    def send_flood() -> None:
        flood.append(send_load(url, bodies, FLOOD_CONNECTIONS, QUIET_SECONDS + 1, key["flood"], FLOOD_PAUSE_MS))

    for _ in range(STRETCHES):
        alone += ask_steadily(address, body, QUIET_SECONDS)
        flooding = threading.Thread(target=send_flood)
        flooding.start()
        time.sleep(0.5)
        beside += ask_steadily(address, body, QUIET_SECONDS)
        flooding.join()
    return {"alone": (sorted(alone), 0.0), "beside the flood": (sorted(beside), middle(flood).rate)}


def ask_steadily(address: Address, body: object, seconds: float) -> list[float]:
    """Seconds of each answer of a client that asks QUIET_PER_SECOND times a second at most."""
    took, began = [], time.monotonic()
    for number in range(int(seconds * QUIET_PER_SECOND)):
        time.sleep(max(0.0, began + number / QUIET_PER_SECOND - time.monotonic()))
        reply = address.ask("POST", PRICE_PATH, body)
        if reply.status != 200:
            raise CarPriceError(f"the quiet client got {reply.status}: {reply.text[:200]}")
        took.append(reply.seconds)
    return took


def report(intro: str, costs: Costs, found: Mapping[str, list[Round]], quiet: Quiet) -> tuple[list[str], bool]:
    """Both tables, and a line for each limit."""
    more = {name: median(map(sub, own, costs[OPEN])) for name, own in costs.items()}
    usual = median(costs[OPEN])
    rows = []
    for name, turns in found.items():
        one = middle(turns)
        cost = [f"{median(costs[name]):.1f}", f"{more[name]:+.2f}", f"{more[name] / usual:+.1%}"]
        rows.append([name, *cost, f"{one.rate:,.0f}", f"{one.p99:.2f}", str(one.failed)])
    columns = ["", "CPU µs a price", "more", "share", "requests/s", "p99 ms", "failed"]
    floods, limit = describe_quiet(quiet)
    share = more[KEYED] / usual
    limits = [
        (f"a key costs {share:.1%} of a price (at most {MAX_COST:.0%})", share <= MAX_COST),
        limit,
    ]
    lines = [intro, "", *format_table(columns, rows).split("\n"), "", *floods, "", *map(say_limit, limits)]
    return lines, all(is_kept for _, is_kept in limits)


def describe_quiet(quiet: Quiet) -> tuple[list[str], tuple[str, bool]]:
    """The table of the quiet client, and its limit."""
    p99 = {name: took[int(0.99 * (len(took) - 1))] * 1000 for name, (took, _) in quiet.items()}
    rows = [
        [name, f"{len(took):,}", f"{took[len(took) // 2] * 1000:.2f}", f"{p99[name]:.2f}", f"{flood:,.0f}"]
        for name, (took, flood) in quiet.items()
    ]
    times = p99["beside the flood"] / p99["alone"]
    table = format_table(["the quiet client", "asked", "p50 ms", "p99 ms", "flood, requests/s"], rows)
    text = f"the flood raises p99 {times:.2f} times (at most {MAX_TIMES_P99:g})"
    return table.split("\n"), (text, times <= MAX_TIMES_P99)


def say_limit(limit: tuple[str, bool]) -> str:
    """One line of markdown."""
    text, is_kept = limit
    return f"- {text}: {'kept' if is_kept else 'missed'}"


if __name__ == "__main__":
    main()
