"""Many prices at once: a batch over HTTP, and `score` on a file, against LightGBM alone on the same rows.

    PYTHONPATH=src .venv/bin/python benchmarks/batch.py [--write]

Needs a bundle: the champion's. LightGBM gets rows that are encoded already and returns the bare scores of both
forests, the price's and the range's. One thread against one for HTTP, which prices a batch with one; all cores
against all for a file. They take turns.
"""

import gzip
import http.client
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import click
import lightgbm
import numpy as np
from cars import find_file, load_cars, pick_listings
from peers import Cars, encode_cars, run_ours
from table import describe_machine, format_table, print_section

from carprice.errors import CarPriceError
from carprice.market.market_file import Market
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import Pricer, load_pricer
from carprice.scoring.score_file import score_file, write_scores
from carprice.settings import Settings, load_settings

LIMIT = 0.7
BATCH_ROWS = 5000
FILE_ROWS = 50_000
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/batch.py --write"


@click.command()
@click.option("--rounds", default=7, show_default=True, help="Turns of each.")
@click.option("--model", "version", default="", help="A bundle's version; the champion's where left out.")
@click.option("--write", is_flag=True, help="Also write the table to docs/benchmarks.md.")
def main(rounds: int, version: str, write: bool) -> None:
    """Measure and print one table; exit 1 where the limit is missed."""
    try:
        text, reached = measure(rounds, version)
    except CarPriceError as error:
        sys.exit(f"Error: {error}")
    print_section("Many prices at once", COMMAND, text, write)
    sys.exit(not reached)


def measure(rounds: int, version: str) -> tuple[list[str], bool]:
    """The lines of the report, and whether both ratios keep the limit."""
    settings, machine = load_settings(os.environ), describe_machine()
    bundle = find_bundle(settings.artifacts_dir, version)
    pricer = load_pricer(bundle)
    with tempfile.TemporaryDirectory() as folder:
        over_http = measure_http(bundle, pricer, settings, rounds, Path(folder))
        on_file = measure_file(bundle, pricer, settings, rounds, Path(folder))
    return report(f"{pricer.market.title}. {machine}", over_http, on_file)


def measure_http(
    bundle: Path, pricer: Pricer, settings: Settings, rounds: int, folder: Path
) -> list[tuple[float, float]]:
    """Rows a second over HTTP and of the forests alone, turn by turn, on one thread each."""
    listings = pick_listings(load_cars(pricer.market, settings), pricer.market, BATCH_ROWS)
    cars = encode_cars(pricer, listings)
    predict = load_forests(bundle, pricer, cars)
    body = json.dumps(listings).encode()
    with run_ours(bundle, cars, folder) as server:
        url = server.url.replace("/price", "/batch")
        return take_turns(lambda: post_batch(url, body), lambda: predict(1), BATCH_ROWS, rounds)


def measure_file(
    bundle: Path, pricer: Pricer, settings: Settings, rounds: int, folder: Path
) -> list[tuple[float, float]]:
    """Rows a second of a CSV file scored to another, and of the forests alone, on all cores."""
    path, rows = write_csv(pricer.market, settings, folder / "listings.csv")
    listings = pick_listings(load_cars(pricer.market, settings), pricer.market, rows)
    predict = load_forests(bundle, pricer, encode_cars(pricer, listings))

    def score() -> None:
        with (folder / "scored.csv").open("wb") as output:
            write_scores(score_file(path, pricer), output, as_parquet=False)

    return take_turns(score, lambda: predict(os.cpu_count() or 1), rows, rounds)


def load_forests(bundle: Path, pricer: Pricer, cars: Cars) -> Callable[[int], object]:
    """A function of a number of threads that asks both forests of a bundle for the scores of these cars."""
    model = read_bundle(bundle).model
    trees, spread = (lightgbm.Booster(model_str=model[key]) for key in ("trees", "spread"))
    rows = np.array(cars.rows, float)
    flags = rows[:, rows.shape[1] - len(pricer.forest.flags) :]
    seen = np.column_stack([rows[:, : len(pricer.market.features)], flags, trees.predict(rows)])
    return lambda threads: (trees.predict(rows, num_threads=threads), spread.predict(seen, num_threads=threads))


def take_turns(
    ours: Callable[[], object], peer: Callable[[], object], rows: int, rounds: int
) -> list[tuple[float, float]]:
    """Rows a second of both, one after the other, after one turn that does not count."""
    ours(), peer()
    return [(rows / time_act(ours), rows / time_act(peer)) for _ in range(rounds)]


def time_act(act: Callable[[], object]) -> float:
    """Seconds that the act takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def post_batch(url: str, body: bytes) -> None:
    """Send a batch and read the whole answer."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc)
    connection.request("POST", place.path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    if answer.status != 200:
        raise CarPriceError(f"POST {place.path}: answered {answer.status}: {data[:200]!r}")


def write_csv(market: Market, settings: Settings, path: Path) -> tuple[Path, int]:
    """The market's listings as plain CSV with about FILE_ROWS rows, whole copies after each other."""
    with find_file(market, settings) as source, gzip.open(source, "rb") as packed:
        head, text = packed.readline(), packed.read()
    count = text.count(b"\n")
    copies = max(1, FILE_ROWS // count)
    path.write_bytes(head + text * copies)
    return path, count * copies


def report(
    heading: str, over_http: list[tuple[float, float]], on_file: list[tuple[float, float]]
) -> tuple[list[str], bool]:
    """The table and whether the limit is kept in both rows."""
    cases = {
        f"POST /predict/batch, {BATCH_ROWS:,} rows, 1 thread": over_http,
        f"score on a CSV file, {os.cpu_count()} threads": on_file,
    }
    ratios = [statistics.median(ours / peer for ours, peer in turns) for turns in cases.values()]
    rows = [
        [
            name,
            f"{statistics.median(ours for ours, _ in turns):,.0f}",
            f"{statistics.median(peer for _, peer in turns):,.0f}",
            f"{ratio:.2f}",
            f"{LIMIT:g}",
        ]
        for (name, turns), ratio in zip(cases.items(), ratios, strict=True)
    ]
    columns = ["", "rows/s", "LightGBM alone, rows/s", "ratio", "at least"]
    intro = f"{heading} Medians over {len(over_http)} turns."
    return [intro, "", format_table(columns, rows)], min(ratios) >= LIMIT


if __name__ == "__main__":
    main()
