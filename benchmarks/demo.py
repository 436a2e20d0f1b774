"""How well a model that saw simulated listings alone prices real British ones.

    PYTHONPATH=src .venv/bin/python benchmarks/demo.py [--rows 40000] [--write]

Needs uk.csv.gz: the folder is CARPRICE_LISTINGS, or ../shared/data beside the checkout.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import polars as pl
from table import format_table, print_section

from carprice.frames.encoding import read_listing
from carprice.listings.cleaning import load_listings
from carprice.market.market_file import load_market
from carprice.model.pricer import Pricer, load_pricer
from carprice.names import STATISTICS_FILE
from carprice.settings import ROOT, load_settings
from carprice.simulation.sampling import write_listings
from carprice.training.train import train_file

COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/demo.py --write"
LIMIT = 0.15
SEED = 7
GROUP = ("make", "model", "year")


@click.command()
@click.option("--rows", default=40_000, show_default=True, help="Simulated listings to learn from.")
@click.option("--write", is_flag=True, help="Also write the table to docs/benchmarks.md.")
def main(rows: int, write: bool) -> None:
    """Train on simulated listings, price the real ones, print one table."""
    settings = load_settings(os.environ)
    folder = Path(os.environ.get("CARPRICE_LISTINGS", ROOT.parent / "shared" / "data"))
    real = load_listings(folder / "uk.csv.gz", load_market("uk", settings.markets_dir)).frame
    with tempfile.TemporaryDirectory() as draft:
        market = load_market("demo", settings.markets_dir)
        simulated = Path(draft, "demo.csv")
        with simulated.open("wb") as output:
            write_listings(output, rows, SEED, settings.markets_dir / STATISTICS_FILE)
        started = time.monotonic()
        trained = train_file(simulated, market, load_settings({}, artifacts_dir=Path(draft)), say=_say)
        seconds = time.monotonic() - started
        ours = measure_errors(price_all(load_pricer(trained.folder), real), real)
        peer = measure_errors(look_up_medians(load_listings(simulated, market).frame, real), real)
    rows_of_table = [
        [name, f"{ape:.2%}", f"{ape / LIMIT:.2f}", f"{mae:,.0f}"]
        for name, (ape, mae) in {"carprice": ours, "median by make, model and year": peer}.items()
    ]
    heading = (
        f"{real.height:,} real listings of the United Kingdom, priced by a model that learnt from {rows:,} "
        f"simulated ones in {seconds:.0f} s; at most {LIMIT:.0%} of median error. "
        "The simulation's figures were measured from these same listings."
    )
    table = format_table(("", "median APE", "of the limit", "MAE GBP"), rows_of_table)
    print_section("The demo market", COMMAND, [heading, "", table], write)
    sys.exit(ours[0] > LIMIT)


def price_all(pricer: Pricer, listings: pl.DataFrame) -> np.ndarray:
    """The prices (rows,) of clean listings, through the pricer as it serves."""
    rows = listings.select(feature.name for feature in pricer.market.features).iter_rows(named=True)
    return np.array([pricer.price(read_listing(row, pricer.market)).price for row in rows], float)


def look_up_medians(simulated: pl.DataFrame, real: pl.DataFrame) -> np.ndarray:
    """The median simulated price of each real listing's make, model and year, else of all."""
    medians = simulated.group_by(GROUP).agg(pl.median("price").alias("guess"))
    joined = real.join(medians, on=GROUP, how="left", maintain_order="left")
    return joined["guess"].fill_null(simulated["price"].median()).to_numpy()


def measure_errors(prices: np.ndarray, listings: pl.DataFrame) -> tuple[float, float]:
    """Median absolute percentage error and mean absolute error."""
    actual = listings["price"].to_numpy()
    return float(np.median(np.abs(prices / actual - 1))), float(np.abs(prices - actual).mean())


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
