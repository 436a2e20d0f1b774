"""Clients of other model servers: what their routes cost a price, and rows a second by protocol.

    PYTHONPATH=src .venv/bin/python benchmarks/clients.py --before REV [--write]

REV is a commit of this checkout without them. Needs a bundle. What is compared takes turns, so that what else the
machine does hits all of it.
"""

import csv
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import click
from cars import load_cars, pick_listings
from processes import HOST, free_port, price_service, run_server, wait_for
from table import describe_machine, format_table, print_section

from carprice.errors import CarPriceError
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import load_pricer
from carprice.names import BATCH_PATH
from carprice.settings import ROOT, load_settings
from carprice.system.http import Address

TITLE = "Clients of other model servers"
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/clients.py --before {} --write"
MAX_COST = 0.03
BATCHES = 100
ROWS = 1000
JSON, CSV, BINARY = "application/json", "text/csv", "application/octet-stream"
INFER = "/v2/models/cars/infer"
HEADER_LENGTH = "Inference-Header-Content-Length"
WORKER = f"""
import json, os, sys, tempfile
from pathlib import Path
from hardening import make_environ, time_batch
from carprice.api.serving.app import create_app
from carprice.model.bundle.manifest import read_manifest
from carprice.settings import load_settings
app = create_app(load_settings(os.environ))
body = json.dumps(read_manifest(Path(sys.argv[1]))["golden"][0]["listing"]).encode()
environ = make_environ(body, "")
time_batch(app.wsgi_app, environ)
found = [time_batch(app.wsgi_app, environ) for _ in range({BATCHES})]
app.extensions["carprice"].close()
print(min(found))
"""
"""Prints the processor's microseconds of a price in the fastest batch, of whichever source is on PYTHONPATH."""

Listings = Sequence[Mapping[str, Any]]
Body = tuple[str, bytes, str, Mapping[str, str]]
"""Path, body, its type, more headers."""


@click.command()
@click.option("--before", required=True, metavar="REV", help="A commit without these routes.")
@click.option("--rounds", default=11, show_default=True, help="Turns of each.")
@click.option("--model", "version", default="", help="A bundle's version; the champion's where left out.")
@click.option("--write", is_flag=True, help="Also write the table to docs/benchmarks.md.")
def main(before: str, rounds: int, version: str, write: bool) -> None:
    """Measure and print the table; exit 1 where a price costs more than the limit."""
    machine = describe_machine()
    try:
        settings = load_settings(os.environ)
        bundle = find_bundle(settings.artifacts_dir, version)
        pricer = load_pricer(bundle)
        listings = pick_listings(load_cars(pricer.market, settings), pricer.market, ROWS)
        with tempfile.TemporaryDirectory() as name:
            cost = measure_cost(bundle, Path(name), before, rounds)
            rates = measure_rates(bundle, Path(name), listings, rounds)
    except CarPriceError as error:
        sys.exit(f"Error: {error}")
    lines = report(f"{pricer.market.title}. {machine}", before, cost, rates)
    print_section(TITLE, COMMAND.format(before), lines, write)
    sys.exit(cost > MAX_COST)


def measure_cost(bundle: Path, folder: Path, before: str, rounds: int) -> float:
    """By which share a price takes more of the processor than at a commit before: the median over the turns."""
    archive = subprocess.run(["git", "archive", before, "src"], cwd=ROOT, check=True, capture_output=True).stdout
    (folder / "before").mkdir()
    subprocess.run(["tar", "-x", "-C", folder / "before"], input=archive, check=True)
    sources = (folder / "before" / "src", ROOT / "src")
    ratios = []
    for turn in range(rounds):
        order = sources if turn % 2 else sources[::-1]
        took = {source: time_price(source, bundle, folder) for source in order}
        ratios.append(took[sources[1]] / took[sources[0]])
    return median(ratios) - 1


def time_price(source: Path, bundle: Path, folder: Path) -> float:
    """The processor's microseconds of a price, in a process of its own."""
    path = os.pathsep.join((str(source), str(Path(__file__).parent)))
    environment = {**os.environ, **price_service(1, bundle, folder), "PYTHONPATH": path}
    argv = [sys.executable, "-c", WORKER, str(bundle)]
    done = subprocess.run(argv, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def measure_rates(bundle: Path, folder: Path, listings: Listings, rounds: int) -> dict[str, float]:
    """Rows a second by protocol, in the fastest turn: in others something else had the processor."""
    bodies: dict[str, Body] = {name: write(listings) for name, write in FORMS.items()}
    port, log = free_port(), folder / "log"
    took: dict[str, list[float]] = {name: [] for name in bodies}
    with run_server([sys.executable, "app.py"], log, price_service(port, bundle, folder)) as process:
        wait_for(f"http://{HOST}:{port}/info/status", process, log)
        for _ in range(rounds):
            for name, (path, body, kind, more) in bodies.items():
                began = time.perf_counter()
                reply = Address(HOST, port).ask("POST", path, body, headers={"Content-Type": kind, **more})
                took[name].append(time.perf_counter() - began)
                if reply.status != 200:
                    raise CarPriceError(f"{path} answers {reply.status}: {reply.text[:200]}")
    return {name: len(listings) / min(times) for name, times in took.items()}


def report(intro: str, before: str, cost: float, rates: Mapping[str, float]) -> list[str]:
    """The lines of the section."""
    usual = rates[BATCH_PATH]
    rows = [[name, f"{rate:,.0f}", f"{rate / usual:.2f}"] for name, rate in rates.items()]
    kept = "kept" if cost <= MAX_COST else "MISSED"
    return [
        f"{ROWS:,} cars a request over HTTP, one client, bodies written beforehand; the fastest turn. {intro}",
        "",
        format_table(["", "rows/s", "of the batch"], rows),
        "",
        f"`POST /predict/price` takes {cost:+.1%} of the processor's time against {before}, without these routes "
        f"(limit {MAX_COST:+.0%}): {kept}.",
    ]


def write_batch(listings: Listings) -> Body:
    """The service's own form."""
    return BATCH_PATH, json.dumps(listings).encode(), JSON, {}


def write_records(listings: Listings) -> Body:
    """MLflow's records."""
    return "/invocations", json.dumps({"dataframe_records": listings}).encode(), JSON, {}


def write_split(listings: Listings) -> Body:
    """MLflow's frame, as its client sends it."""
    names = list_names(listings)
    data = {"columns": names, "data": [[each.get(name) for name in names] for each in listings]}
    return "/invocations", json.dumps({"dataframe_split": data}).encode(), JSON, {}


def write_csv(listings: Listings) -> Body:
    """A CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list_names(listings))
    writer.writeheader()
    writer.writerows(listings)
    return "/invocations", text.getvalue().encode(), CSV, {}


def write_v1(listings: Listings) -> Body:
    """KServe's and Vertex AI's."""
    return "/v1/models/cars:predict", json.dumps({"instances": listings}).encode(), JSON, {}


def write_v2(listings: Listings) -> Body:
    """A tensor for each field, as JSON."""
    inputs = [
        {"name": name, "shape": [len(listings)], "datatype": kind, "data": data}
        for name, kind, data in list_tensors(listings)
    ]
    return INFER, json.dumps({"inputs": inputs}).encode(), JSON, {}


def write_v2_bytes(listings: Listings) -> Body:
    """The same as bytes, as tritonclient sends it."""
    inputs, rest = [], b""
    for name, kind, data in list_tensors(listings):
        if kind == "BYTES":
            texts = [(each or "").encode() for each in data]
            piece = b"".join(struct.pack("<I", len(text)) + text for text in texts)
        else:
            piece = struct.pack(f"<{len(data)}d", *(float("nan") if each is None else each for each in data))
        rest += piece
        sizes = {"binary_data_size": len(piece)}
        inputs.append({"name": name, "shape": [len(listings)], "datatype": kind, "parameters": sizes})
    head = json.dumps({"inputs": inputs}).encode()
    return INFER, head + rest, BINARY, {HEADER_LENGTH: str(len(head))}


def list_names(listings: Listings) -> list[str]:
    """Every field that one of the listings has."""
    return list(dict.fromkeys(name for listing in listings for name in listing))


def list_tensors(listings: Listings) -> list[tuple[str, str, list[Any]]]:
    """Each field with its datatype and its values."""
    found = []
    for name in list_names(listings):
        data = [listing.get(name) for listing in listings]
        is_text = any(isinstance(value, str) for value in data)
        found.append((name, "BYTES" if is_text else "FP64", data))
    return found


FORMS: dict[str, Callable[[Listings], Body]] = {
    BATCH_PATH: write_batch,
    "MLflow, records": write_records,
    "MLflow, split": write_split,
    "MLflow, CSV": write_csv,
    "KServe V1, Vertex AI": write_v1,
    "V2, JSON": write_v2,
    "V2, bytes": write_v2_bytes,
}

if __name__ == "__main__":
    main()
