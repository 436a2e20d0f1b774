"""Listings for the benchmarks: as varied as real ones, in the market of the bundle that is measured."""

import gzip
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from carprice.errors import ListingsError
from carprice.frames.encoding import read_listing
from carprice.listings.cleaning import load_listings
from carprice.market.market_file import Market
from carprice.names import STATISTICS_FILE
from carprice.settings import ROOT, Settings
from carprice.simulation.sampling import write_listings

SEED = 7
DEMO_MARKET = "demo"
DEMO_ROWS = 20_000


def load_cars(market: Market, settings: Settings) -> pl.DataFrame:
    """A clean frame of the market's listings. Raises ListingsError where there are none."""
    with find_file(market, settings) as path:
        return load_listings(path, market).frame


def pick_listings(frame: pl.DataFrame, market: Market, count: int) -> list[dict[str, Any]]:
    """As many listings of the frame, drawn at random with a fixed seed, as the API takes them."""
    places = random.Random(SEED).choices(range(frame.height), k=count)
    return [read_listing(row, market) for row in frame[places].iter_rows(named=True)]


@contextmanager
def find_file(market: Market, settings: Settings) -> Iterator[Path]:
    """A gzipped CSV file of the market: in CARPRICE_LISTINGS or ../shared/data, or simulated for the demo market.

    Raises ListingsError where the market is not the demo market and its file is not there.
    """
    if market.name == DEMO_MARKET:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "demo.csv.gz")
            with gzip.open(path, "wb", 1) as output:
                write_listings(output, DEMO_ROWS, SEED, settings.markets_dir / STATISTICS_FILE)
            yield path
        return
    path = Path(os.environ.get("CARPRICE_LISTINGS", ROOT.parent / "shared" / "data"), f"{market.name}.csv.gz")
    if not path.exists():
        raise ListingsError(f"{path} is missing", "Set CARPRICE_LISTINGS to the folder with the listings")
    yield path
