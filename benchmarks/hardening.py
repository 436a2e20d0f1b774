"""What keys and rates cost, and what a client that floods the service takes from a quiet one.

    PYTHONPATH=src .venv/bin/python benchmarks/hardening.py [--write]

Needs wrk and a bundle. The services take turns, so that what else the machine does hits them all.
"""

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from cars import load_cars, pick_listings
from load import Round, middle, require_wrk, send_load, write_bodies
from processes import HOST, free_port, price_service, run_server, wait_for
from table import describe_machine, format_table, print_section

from carprice.access.keys import add_key
from carprice.access.scopes import PRICE
from carprice.errors import CarPriceError
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import load_pricer
from carprice.names import PRICE_PATH
from carprice.settings import load_settings
from carprice.system.http import Address

CARS = 2000
CONNECTIONS = 16
OPEN, KEYED, RATED, ADDRESSED = "no keys", "a key", "a key with a rate", "and a rate of the address"
MAX_COST = 0.03
QUIET_PER_SECOND = 100
MAX_TIMES_P99 = 2.0
FREE_RATE, FLOOD_RATE = "1000000/s", "50/s"
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/hardening.py --write"


@click.command()
@click.option("--rounds", default=7, show_default=True, help="Turns of every service.")
@click.option("--seconds", default=3, show_default=True, help="Seconds of load in one turn.")
@click.option("--model", "version", default="", help="A bundle's version; the champion's where left out.")
@click.option("--write", is_flag=True, help="Also write the tables to docs/benchmarks.md.")
def main(rounds: int, seconds: int, version: str, write: bool) -> None:
    """Measure and print the tables; exit 1 where a limit is missed."""
    try:
        require_wrk()
        lines, is_kept = measure(rounds, seconds, version)
    except CarPriceError as error:
        sys.exit(f"Error: {error}")
    print_section("Keys and rates", COMMAND, lines, write)
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
        on = {"CARPRICE_API_KEYS": str(keys)}
        addressed = {**on, "CARPRICE_ADDRESS_RATE": FREE_RATE}
        ports = {
            name: stack.enter_context(run_service(bundle, folder / name.replace(" ", "-"), changes))
            for name, changes in ((OPEN, {}), (KEYED, on), (ADDRESSED, addressed))
        }
        tried = {OPEN: (OPEN, ""), KEYED: (KEYED, "plain"), RATED: (KEYED, "fast"), ADDRESSED: (ADDRESSED, "fast")}
        found: dict[str, list[Round]] = {name: [] for name in tried}
        for turn in range(rounds + 1):
            for name, (service, own) in tried.items():
                url = f"http://{HOST}:{ports[service]}{PRICE_PATH}"
                one = send_load(url, bodies, CONNECTIONS, seconds if turn else 1, key.get(own, ""))
                found[name] += [one] if turn else []  # the first turn warms it up
        quiet = compare_quiet(ports[KEYED], bodies, key, seconds * 2)
    intro = f"{market.title}: {CONNECTIONS} connections, {rounds} turns of {seconds} s each. {machine}"
    return report(intro, found, quiet)


RATES = {"plain": "", "fast": FREE_RATE, "quiet": "", "flood": FLOOD_RATE}
"""The keys of this benchmark, by name."""


@contextmanager
def run_service(bundle: Path, folder: Path, changes: Mapping[str, str]) -> Iterator[int]:
    """`python app.py` with these settings; yields its port."""
    folder.mkdir()
    port, log = free_port(), folder / "out"
    environment = {**price_service(port, bundle, folder), **changes}
    with run_server([sys.executable, "app.py"], log, environment) as process:
        wait_for(f"http://{HOST}:{port}/info/status", process, log)
        yield port


def compare_quiet(
    port: int, bodies: Path, key: Mapping[str, str], seconds: int
) -> dict[str, tuple[list[float], float]]:
    """Seconds of a quiet client's answers alone, then beside a flood, and the flood's requests a second."""
    body = json.loads(bodies.read_text().split("\n", 1)[0])
    alone = ask_steadily(Address(HOST, port, key=key["quiet"]), body, seconds)
    flood: list[Round] = []
    url = f"http://{HOST}:{port}{PRICE_PATH}"
    flooding = threading.Thread(
        target=lambda: flood.append(send_load(url, bodies, CONNECTIONS, seconds + 2, key["flood"]))
    )
    flooding.start()
    time.sleep(1)
    beside = ask_steadily(Address(HOST, port, key=key["quiet"]), body, seconds)
    flooding.join()
    return {"alone": (alone, 0.0), "beside the flood": (beside, flood[0].rate)}


def ask_steadily(address: Address, body: object, seconds: float) -> list[float]:
    """Seconds of each answer of a client that asks QUIET_PER_SECOND times a second at most."""
    took, began = [], time.monotonic()
    for number in range(int(seconds * QUIET_PER_SECOND)):
        time.sleep(max(0.0, began + number / QUIET_PER_SECOND - time.monotonic()))
        reply = address.ask("POST", PRICE_PATH, body)
        if reply.status != 200:
            raise CarPriceError(f"the quiet client got {reply.status}: {reply.text[:200]}")
        took.append(reply.seconds)
    return sorted(took)


def report(
    intro: str, found: Mapping[str, list[Round]], quiet: Mapping[str, tuple[list[float], float]]
) -> tuple[list[str], bool]:
    """Both tables, and a line for each limit."""
    shares = {
        name: sorted(one.rate / peer.rate for one, peer in zip(turns, found[OPEN], strict=True))[len(turns) // 2]
        for name, turns in found.items()
    }
    rows = []
    for name, turns in found.items():
        one = middle(turns)
        rows.append([name, f"{one.rate:,.0f}", f"{one.p99:.2f}", f"{shares[name]:.3f}", str(one.failed)])
    cost = format_table(["", "requests/s", "p99 ms", "of no keys", "failed"], rows)
    p99 = {name: took[int(0.99 * (len(took) - 1))] * 1000 for name, (took, _) in quiet.items()}
    floods = format_table(
        ["the quiet client", "asked", "p50 ms", "p99 ms", "flood, requests/s"],
        [
            [name, f"{len(took):,}", f"{took[len(took) // 2] * 1000:.2f}", f"{p99[name]:.2f}", f"{flood:,.0f}"]
            for name, (took, flood) in quiet.items()
        ],
    )
    times = p99["beside the flood"] / p99["alone"]
    limits = [
        (
            f"keys cost {1 - shares[KEYED]:.1%} of the requests (at most {MAX_COST:.0%})",
            shares[KEYED] >= 1 - MAX_COST,
        ),
        (f"the flood raises p99 {times:.2f} times (at most {MAX_TIMES_P99:g})", times <= MAX_TIMES_P99),
    ]
    said = [f"- {text}: {'kept' if is_kept else 'missed'}" for text, is_kept in limits]
    return [intro, "", *cost.split("\n"), "", *floods.split("\n"), "", *said], all(kept for _, kept in limits)


if __name__ == "__main__":
    main()
