"""Auctions week by week beside Manheim's MMR of the day: learnt to the day before, the next seven days priced.

    PYTHONPATH=src .venv/bin/python benchmarks/auctions.py [--listings FOLDER] [--write]

MMR is what the professionals of that market go by; it is read from the file as the reference, and no model sees
it.
"""

import argparse
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from table import format_table, print_section

from carprice.evaluation.error_slices import measure_errors
from carprice.frames.encoding import unify_spellings
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import CAR, DAY, load_listings
from carprice.listings.deduplication import hash_features
from carprice.market.kinds import EPOCH
from carprice.market.market_file import Market, load_market
from carprice.settings import ROOT
from carprice.training.fit import fit_listings
from carprice.training.train import SEED

LAST_DAYS = (date(2015, 1, 12), date(2015, 1, 26), date(2015, 2, 8))
WEEK = 7
MMR = "mmr"
MARKET_FILE = Path(__file__).parent / "markets" / "auction.toml"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listings", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md")
    options = parser.parse_args()
    market = load_market(str(MARKET_FILE), ROOT / "markets")
    frame = load_with_reference(options.listings / "auction.csv.gz", market)
    rows = [row for last in LAST_DAYS for row in measure_week(frame, market, last)]
    columns = ("week after", "", "cars", "MAE USD", "median APE", "of MMR", "median ratio", "held by 90 %")
    lines = [f"{market.title}: prices paid.", "", format_table(columns, rows)]
    command = "PYTHONPATH=src .venv/bin/python benchmarks/auctions.py --write"
    print_section("Auctions beside MMR", command, lines, options.write)


def load_with_reference(path: Path, market: Market) -> pl.DataFrame:
    """The clean listings, and MMR beside each: joined by car, day and price, which no two sales share."""
    frame = unify_spellings(load_listings(path, market).frame, market)
    raw = pl.read_csv(path, columns=["car", "saledate", "sellingprice", MMR], infer_schema_length=None)
    return frame.join(load_keys(raw, market), on=[CAR, DAY, "price"], how="left", maintain_order="left")


def load_keys(raw: pl.DataFrame, market: Market) -> pl.DataFrame:
    """MMR by the columns that cleaning gives a sale."""
    days = (raw["saledate"].str.to_date("%Y-%m-%d").cast(pl.Int32).cast(pl.Float64)).alias(DAY)
    cars = hash_features(raw.select(pl.col(market.listing.id).cast(pl.String))).alias(CAR)
    prices = raw["sellingprice"].cast(pl.Float64).alias("price")
    return pl.DataFrame([cars, days, prices, raw[MMR].cast(pl.Float64)]).unique([CAR, DAY, "price"], keep="first")


def measure_week(frame: pl.DataFrame, market: Market, last: date) -> list[list[str]]:
    """Ours and MMR on the sales of the week after a day, of cars that were not sold before it."""
    day = float((last - EPOCH).days)
    week = frame.filter((pl.col(DAY) > day) & (pl.col(DAY) <= day + WEEK) & pl.col(MMR).is_not_null())
    learnt = frame.filter((pl.col(DAY) <= day) & ~pl.col(CAR).is_in(week[CAR].implode()))
    fitted = fit_listings(learnt.drop(MMR), market, SEED, lambda _: None)
    priced = price_frame(week.drop(MMR), fitted.pricer("judged"))
    actual = week["price"].to_numpy()
    held = float(((priced["price"] >= priced["low"]) & (priced["price"] <= priced["high"])).mean() or 0)
    ours, mmr = priced["predicted"].to_numpy(), week[MMR].to_numpy()
    reference = measure_errors(actual, mmr)
    rows = []
    for name, prices, share in (("ours", ours, f"{held:.1%}"), ("MMR", mmr, "")):
        errors = measure_errors(actual, prices)
        ratio = float(np.median(prices / actual))
        beside = errors["median_ape"] / reference["median_ape"]
        figures = [f"{errors['mae']:,.0f}", f"{errors['median_ape']:.2%}", f"{beside:.3f}", f"{ratio:.3f}"]
        rows.append([f"{last:%-d %B %Y}", name, f"{week.height:,}", *figures, share])
    return rows


if __name__ == "__main__":
    main()
