"""From a raw file to a model with the draft as it stands, beside plain LightGBM on columns parsed by hand.

    PYTHONPATH=src .venv/bin/python benchmarks/files.py [--listings FOLDER] [--market NAME] [--write]

The reference parses each file by the market file that was written by hand for it, and learns as anybody would: L1
on the logarithm of the price. Both learn from the same rows, and price the same others.
"""

import argparse
import time
from pathlib import Path

import polars as pl
from accuracy import price_plain
from judging import MARKETS, add_options, learn
from table import format_table, print_section

from carprice.drafting.draft import Answers, draft_market
from carprice.evaluation.error_slices import measure_errors
from carprice.frames.encoding import unify_spellings
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import Cleaner
from carprice.listings.reading.listings_file import ListingsFile
from carprice.market.market_file import Market, load_market
from carprice.settings import ROOT
from carprice.training.split import Split, split_listings

ROW = "@row"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    options = parser.parse_args()
    rows = []
    for name in options.market or MARKETS:
        path = options.listings / f"{name}.csv.gz"
        if path.exists():
            rows.append(measure_file(name, path))
            print(rows[-1], flush=True)
    columns = (
        "file",
        "listings",
        "draft MAE",
        "by hand",
        "ratio",
        "draft median",
        "by hand",
        "ratio",
        "draft took",
    )
    lines = [format_table(columns, rows)]
    print_section("Raw files", "PYTHONPATH=src .venv/bin/python benchmarks/files.py --write", lines, options.write)


def measure_file(name: str, path: Path) -> list[str]:
    """One file's row: errors with the draft and by hand."""
    by_hand = load_market(str(MARKETS[name]), ROOT / "markets")
    started = time.perf_counter()
    drafted = draft_market(path, Answers(currency=by_hand.currency, distance=by_hand.distance_unit)).market
    took = time.perf_counter() - started
    raw = pl.concat(ListingsFile(path).read_batches())
    hand, draft = (clean_rows(raw, market) for market in (by_hand, drafted))
    split = split_listings(hand.join(draft.select(ROW), ROW, "semi", maintain_order="left"))
    ours = Split(
        *(draft.filter(pl.col(ROW).is_in(part[ROW].implode())) for part in (split.training, split.test)), split.cut
    )
    errors = measure_errors(ours.test["price"].to_numpy(), price_ours(ours, drafted))
    reference = measure_errors(split.test["price"].to_numpy(), price_plain(split, by_hand))
    return [
        path.name,
        f"{ours.training.height + ours.test.height:,}",
        f"{errors['mae']:,.0f}",
        f"{reference['mae']:,.0f}",
        f"{errors['mae'] / reference['mae']:.3f}",
        f"{errors['median_ape']:.2%}",
        f"{reference['median_ape']:.2%}",
        f"{errors['median_ape'] / reference['median_ape']:.3f}",
        f"{took:.0f} s",
    ]


def clean_rows(raw: pl.DataFrame, market: Market) -> pl.DataFrame:
    """The clean listings, with the number of the row of the file that each is."""
    frame = Cleaner(market, "file").mark_problems(raw, 2).with_row_index(ROW)
    return unify_spellings(frame.filter(pl.col("problem").is_null()).drop("problem"), market)


def price_ours(split: Split, market: Market):
    """What `carprice train` judges, with the drafted market."""
    return price_frame(split.test, learn(split, market))["predicted"].to_numpy()


if __name__ == "__main__":
    main()
