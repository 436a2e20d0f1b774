"""What comes beside a price: five comparables against the model, the words for asking prices, what they cost.

    PYTHONPATH=src .venv/bin/python benchmarks/evidence.py [--listings FOLDER] [--market NAME] [--write]

The model, and the listings that it shows, are of the training part alone; every figure is of the test part.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import numpy as np
import polars as pl
from judging import add_options, load_splits
from table import describe_machine, format_table, print_section

from carprice.frames.encoding import read_listing, unify_spellings
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import CAR, DAY, REF, load_listings
from carprice.market.market_file import Market
from carprice.model.bundle.safe_pickle import dump_plain
from carprice.model.evidence.comparables import ComparableFinder, open_store
from carprice.model.position import WORDS
from carprice.model.pricer import Pricer
from carprice.training import comparables
from carprice.training.comparables import build_comparables
from carprice.training.fit import Fitted, fit_listings
from carprice.training.split import Split
from carprice.training.train import SEED

ASKED = 3_000
"""Cars of the test part that are asked about."""
MILLION = 1_000_000
COUNT = 5
HOLD = """
import sys
from pathlib import Path
from carprice.model.evidence.comparable_store import ComparableStore
from carprice.system.freed_memory import release_memory
from carprice.model.bundle.safe_pickle import load_plain
def resident():
    release_memory()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
before = resident()
data = load_plain(Path(sys.argv[1]).read_bytes())
store = ComparableStore(data, list(data["columns"]), data["keys"])
del data
print(resident() - before)
"""
"""How many megabytes a process takes that holds the store of a file."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    options = parser.parse_args()
    machine = describe_machine()
    accuracy, words, again = [], [], []
    for market, split in load_splits(options):
        fitted = fit_listings(split.training, market, SEED, lambda _: None)
        pricer = fitted.pricer("20200101T000000Z")
        accuracy.append([market.name, *measure_comparables(fitted, pricer, split)])
        words.append([market.name, *count_words(pricer, split.test)])
        if market.listing.id and split.cut is not None:
            again += measure_sold_again(pricer, split, market, options.listings / f"{market.name}.csv.gz")
    head = (
        "",
        "kept",
        "cars asked",
        "model",
        "median of five",
        "ratio",
        "same model",
        "p50 ms",
        "p99 ms",
        "MB a million",
    )
    lines = [
        machine,
        "",
        format_table(head, accuracy),
        "",
        "Asking prices, that is actual ones, by their word:",
        "",
    ]
    lines.append(format_table(("", *WORDS, "not placed"), words))
    if again:
        lines += [
            "",
            "Cars sold again, by the word of their first price:",
            "",
            format_table(("", "cars", "second price of first", "lower"), again),
        ]
    print_section(
        "Evidence", "PYTHONPATH=src .venv/bin/python benchmarks/evidence.py --write", lines, options.write
    )


def measure_comparables(fitted: Fitted, pricer: Pricer, split: Split) -> list[str]:
    """Median errors of the model and of the median of five adjusted comparables; what finding these takes."""
    data = build_comparables(split.training, pricer, fitted.index)
    finder = ComparableFinder(open_store(data, pricer), pricer)
    sample = split.test.sample(min(ASKED, split.test.height), seed=SEED)
    errors, took, searches = [], [], Counter()
    for row in sample.iter_rows(named=True):
        values = pricer.read_values(read_listing(row, pricer.market))
        started = time.perf_counter()
        found = finder.find(values, COUNT, asking=row["price"])
        took.append(1000 * (time.perf_counter() - started))
        searches[len(found.same)] += 1
        if len(found.listings) == COUNT and found.median:
            alone = np.exp(pricer.log_prices([values])[0])
            errors.append([abs(amount / row["price"] - 1) for amount in (alone, found.median)])
    model, five = np.median(np.array(errors), axis=0)
    share = searches[len(finder.store.keys)] / sample.height
    middle, slow = np.quantile(took, [0.5, 0.99])
    megabytes = measure_memory(fitted, pricer, split.training)
    return [
        *(f"{data['rows']:,}", f"{len(errors):,} of {sample.height:,}", f"{model:.2%}", f"{five:.2%}"),
        *(f"{five / model:.3f}", f"{share:.1%}", f"{middle:.1f}", f"{slow:.1f}", f"{megabytes:.0f}"),
    ]


def measure_memory(fitted: Fitted, pricer: Pricer, frame: pl.DataFrame) -> float:
    """Resident megabytes that a store of a million listings takes: the market's, over and over as other cars."""
    copies = pl.concat([frame] * (MILLION // frame.height + 1)).head(MILLION)
    cars = pl.Series(CAR, np.arange(MILLION, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    with patch.object(comparables, "MAX_PER_MODEL", MILLION):
        packed = dump_plain(build_comparables(copies.with_columns(cars), pricer, fitted.index))
    with tempfile.NamedTemporaryFile(suffix=".pkl") as file:
        file.write(packed)
        file.flush()
        done = subprocess.run(
            [sys.executable, "-c", HOLD, file.name], check=True, stdout=subprocess.PIPE, text=True
        )
    return float(done.stdout)


def count_words(pricer: Pricer, test: pl.DataFrame) -> list[str]:
    """The share of each word among the actual prices of the test part."""
    words = price_frame(test, pricer, test["price"].to_numpy())["word"]
    placed = words.drop_nulls()
    return [*(f"{(placed == word).mean():.1%}" for word in WORDS), f"{words.null_count() / test.height:.1%}"]


def measure_sold_again(pricer: Pricer, split: Split, market: Market, path: Path) -> list[list[str]]:
    """Of cars of the test part that were sold before it, by the word of the first price: the second one."""
    frame = unify_spellings(load_listings(path, market).frame, market).drop(REF)
    before = frame.filter(pl.col(CAR).is_in(split.test[CAR].implode()) & (pl.col(DAY) <= split.cut))
    first = before.sort(DAY).unique(CAR, keep="last", maintain_order=True)
    second = split.test.sort(DAY).unique(CAR, keep="first").select(CAR, pl.col("price").alias("second"))
    priced = price_frame(first, pricer, first["price"].to_numpy()).join(second, on=CAR)
    rows = []
    for word in WORDS:
        part = priced.filter(pl.col("word") == word)
        ratio = part["second"] / part["price"]
        rows.append(
            [
                f"{market.name}, {word}",
                f"{part.height}",
                f"{ratio.median() or 0:.3f}",
                f"{(ratio < 1).mean() or 0:.0%}",
            ]
        )
    return rows


if __name__ == "__main__":
    main()
