"""Listings for the benchmarks: as varied as real ones, in the market of the bundle that is measured."""

import os
import random
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from carprice.errors import ListingsError
from carprice.market.cleaning import load_listings
from carprice.market.demo import write_listings
from carprice.market.figures import FIGURES_FILE
from carprice.market.market import Market
from carprice.settings import ROOT, Settings
from carprice.training.matrix import read_listing

SEED = 7
DEMO_MARKET = "demo"


def load_cars(market: Market, settings: Settings) -> pl.DataFrame:
    """A clean frame of the market: the listings in CARPRICE_LISTINGS or ../shared/data, or simulated ones.

    Raises ListingsError where the market is not the demo market and its listings are not there.
    """
    if market.name == DEMO_MARKET:
        return _draw_cars(market, settings)
    path = Path(os.environ.get("CARPRICE_LISTINGS", ROOT.parent / "shared" / "data"), f"{market.name}.csv.gz")
    if not path.exists():
        raise ListingsError(f"{path} is missing", "Set CARPRICE_LISTINGS to the folder with the listings")
    return load_listings(path, market).frame


def pick_listings(frame: pl.DataFrame, market: Market, count: int) -> list[dict[str, Any]]:
    """As many listings of the frame, drawn at random with a fixed seed, as the API takes them."""
    places = random.Random(SEED).choices(range(frame.height), k=count)
    return [read_listing(row, market) for row in frame[places].iter_rows(named=True)]


def _draw_cars(market: Market, settings: Settings, rows: int = 20_000) -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "demo.csv")
        with path.open("wb") as output:
            write_listings(output, rows, SEED, settings.markets_dir / FIGURES_FILE)
        return load_listings(path, market).frame
