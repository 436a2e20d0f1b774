"""What the words of a text are worth: errors without it, with it, and with the texts shuffled among the listings.

    PYTHONPATH=src .venv/bin/python benchmarks/texts.py [--listings FOLDER] [--market NAME] [--write]

Each market file loses the features that it reads out of the column by hand, and gets the column as kind text. All
three are learnt from the same listings, and price the same others.
"""

import argparse
import time

import polars as pl
from judging import MARKETS, add_options, learn
from msgspec.structs import replace
from table import format_table, print_section

from carprice.evaluation.error_slices import measure_errors
from carprice.frames.encoding import unify_spellings
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import load_listings
from carprice.market.market_file import Feature, Market, load_market
from carprice.settings import ROOT
from carprice.training.split import Split, split_listings

COLUMNS = {"australia": "Title", "auction": "trim", "saudi": "Options", "georgia": "Model"}
"""The text of each market."""
BY_HAND = {"trim"}
"""Features that say what the text says."""
TEXT = "text"
SEED = 1


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    options = parser.parse_args()
    rows = []
    for name in options.market or COLUMNS:
        path = options.listings / f"{name}.csv.gz"
        if name in COLUMNS and path.exists():
            market = add_text(load_market(str(MARKETS[name]), ROOT / "markets"), COLUMNS[name])
            split = split_listings(unify_spellings(load_listings(path, market).frame, market))
            rows.append(measure_market(f"{name}: {COLUMNS[name]}", market, split))
            print(rows[-1], flush=True)
    columns = ("text", "listings", "words", "without", "with", "ratio", "shuffled", "ratio", "learnt in")
    lines = [format_table(columns, rows)]
    print_section("Texts", "PYTHONPATH=src .venv/bin/python benchmarks/texts.py --write", lines, options.write)


def add_text(market: Market, column: str) -> Market:
    """The market with the column as a text, in place of what is read out of it by hand."""
    text = Feature(TEXT, column, "text", label="Text", optional=True, outside="missing")
    kept = [feature for feature in market.features if feature.name not in BY_HAND]
    return replace(market, features=(*kept, text))


def measure_market(name: str, market: Market, split: Split) -> list[str]:
    """One market's row: median errors."""
    without = replace(market, features=market.features[:-1])
    started = time.perf_counter()
    errors, words = [], 0
    for each, part in ((without, split), (market, split), (market, shuffle_texts(split))):
        pricer = learn(part, each)
        priced = price_frame(part.test, pricer)["predicted"].to_numpy()
        errors.append(measure_errors(part.test["price"].to_numpy(), priced)["median_ape"])
        words = words or len(pricer.scaler.get(TEXT, {}))
    first, *others = errors
    ratios = [text for error in others for text in (f"{error:.2%}", f"{error / first:.3f}")]
    rows = split.training.height + split.test.height
    took = time.perf_counter() - started
    return [name, f"{rows:,}", f"{words:,}", f"{first:.2%}", *ratios, f"{took:.0f} s"]


def shuffle_texts(split: Split) -> Split:
    """The same listings, each with the text of another one of its part."""
    mixed = [part.with_columns(pl.col(TEXT).shuffle(SEED)) for part in (split.training, split.test)]
    return Split(*mixed, split.cut)


if __name__ == "__main__":
    main()
