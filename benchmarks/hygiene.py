"""What hygiene finds of faults that are put into real listings, and what a model learns from the rest.

A fault of each kind is put into one listing in a hundred, all kinds at once, in cars of three years and more (a
nearly new car with 10 miles is no fault) that the untouched file has nothing to say of. Recall: the share of them
that is dropped or marked. Precision: of all listings found for such a reason, the share with a fault or found in
the untouched file too; beside it the share with a fault alone. A small LightGBM learns from what is kept of either
file, and prices the same listings without faults. Hygiene brings back no listing that a fault has spoilt, so it is
measured by a model of the faulty file with every fault taken out by hand.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
from judging import MARKETS, add_options
from msgspec.structs import replace
from table import describe_machine, format_table, print_section

from carprice.listings.cleaning import Cleaner, Listings, load_listings
from carprice.listings.hygiene.inspection import LINE, inspect_listings
from carprice.listings.parsing import PRICE_OUTSIDE
from carprice.listings.reading.listings_file import ListingsFile
from carprice.market.hygiene import CHECKS, Hygiene
from carprice.market.market_file import Market, load_market
from carprice.settings import ROOT

COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/hygiene.py --write"
TITLE = "Hygiene"
SHARE = 0.01
SEED = 23
OLD_YEARS = 3
TEST_SHARE = 0.2
TREES, FITS = 200, 6
"""Of one fit alone the error differs by 3 % from seed to seed, more than what is measured here."""
AD, STATE = "Ad title", "Condition of the car"
"""Columns that are added to every file, so that words have a place."""
PLACEHOLDERS = ("1", "11", "111", "1111", "11111", "123", "1234", "12345", "123456", "1234567", "99999", "999999")
ON_REQUEST = ("POA", "Negotiable", "call for price", "auf Anfrage", "договорная", "要相談", "a consultar", "VB")


@dataclass(frozen=True)
class Car:
    """What a fault is made from: raw numbers of a listing, and chance."""

    price: float
    way: float
    year: int
    random: np.random.Generator


@dataclass(frozen=True)
class Fault:
    """A kind: its place (price, way, year, ad or state), its text, and how the reasons that name it start."""

    name: str
    place: str
    write: Callable[[Car], str]
    reasons: tuple[str, ...]


def _pick(car: Car, texts: Sequence[str]) -> str:
    return str(car.random.choice(texts))


def _scale(name: str, factor: float, reason: str) -> Fault:
    reasons = (reason, "price outside", "price far")
    return Fault(name, "price", lambda car: f"{car.price * factor:.0f}", reasons)


FAULTS = (
    Fault("price on request", "price", lambda car: _pick(car, ON_REQUEST), ("price on request",)),
    Fault("monthly rate", "price", lambda car: f"{car.price / 50:.0f}/month", ("monthly rate",)),
    Fault("deposit", "price", lambda car: f"{car.price / 10:.0f} deposit", ("deposit",)),
    _scale("price x 1,000", 1000, "price 1,000 times too high"),
    _scale("price x 100", 100, "price 100 times too high"),
    _scale("price x 10", 10, "price 10 times too high"),
    _scale("price / 10", 1 / 10, "price 10 times too low"),
    _scale("price / 1,000", 1 / 1000, "price 1,000 times too low"),
    Fault("price a placeholder", "price", lambda car: _pick(car, PLACEHOLDERS), ("placeholder price", "price ")),
    Fault(
        "price is the distance", "price", lambda car: f"{car.way:.0f}", ("price is the distance", "price outside")
    ),
    Fault("price is the year", "price", lambda car: f"{car.year}", ("price is the year", "price outside")),
    Fault("distance x 10", "way", lambda car: f"{car.way * 10:.0f}", ("distance 10 times", "value outside")),
    Fault(
        "distance in thousands",
        "way",
        lambda car: f"{car.way / 1000:.0f}",
        ("distance in thousands", "distance near", "placeholder dist"),
    ),
    Fault(
        "distance a placeholder",
        "way",
        lambda car: _pick(car, PLACEHOLDERS),
        ("placeholder distance", "distance ", "value outside"),
    ),
    Fault("distance is a year", "way", lambda car: f"{car.random.integers(2000, 2021)}", ("distance is",)),
    Fault(
        "year is a distance",
        "year",
        lambda car: f"{max(car.way, 5000):.0f}",
        ("year is a distance", "value outside"),
    ),
    Fault(
        "wanted",
        "ad",
        lambda car: _pick(car, ("Wanted: such a car", "Suche so ein Auto", "Куплю машину")),
        ("wanted",),
    ),
    Fault(
        "wheels and parts",
        "ad",
        lambda car: _pick(car, ("Set of 4 alloy wheels", "Breaking for parts", "Winterräder")),
        ("parts",),
    ),
    Fault("new", "state", lambda car: _pick(car, ("NEW", "Brand new")), ("new car",)),
    Fault("demonstrator", "state", lambda car: _pick(car, ("DEMO", "Ex-demo")), ("demonstrator",)),
    Fault("salvage", "state", lambda car: _pick(car, ("Salvage", "Crashed", "For parts")), ("salvage",)),
)
AGAIN = "listed again"


def main() -> None:
    """Measure the markets that are asked for, else three."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    options = parser.parse_args()
    lines = [describe_machine()]
    with tempfile.TemporaryDirectory() as folder:
        for name in options.market or ("uk", "georgia", "australia"):
            market = load_market(str(MARKETS[name]), ROOT / "markets")
            lines += ["", *measure_market(options.listings / f"{name}.csv.gz", market, Path(folder))]
    print_section(TITLE, COMMAND, lines, options.write)


def measure_market(path: Path, market: Market, folder: Path) -> list[str]:
    """The lines of one market."""
    raw = pl.concat(ListingsFile(path).read_batches()).with_columns(
        pl.lit("a car").alias(AD), pl.lit("Used").alias(STATE)
    )
    clean, faulty, mended = (folder / f"{name}.csv" for name in ("clean", "faulty", "mended"))
    raw.write_csv(clean)
    found_before, frame = find_rows(clean, market)
    seeded, kinds, is_test = put_faults(raw, frame, found_before, market)
    seeded.write_csv(faulty)
    seeded.with_row_index("@row").filter(~pl.col("@row").is_in([line - 2 for line in kinds])).drop(
        "@row"
    ).write_csv(mended)
    start = time.process_time()
    found, _ = find_rows(faulty, market)
    seconds = time.process_time() - start
    rows = [measure_fault(kind, reasons, found, found_before, kinds) for kind, reasons in name_faults()]
    rows.append(measure_all(found, found_before, kinds))
    kept = replace(market, hygiene=Hygiene(**dict.fromkeys(CHECKS, "keep")))
    errors = {
        name: measure_error(load_listings(file, rules), frame.filter(pl.Series(is_test)), market)
        for name, file, rules in (
            ("untouched", clean, market),
            ("mended", mended, market),
            ("faulty", faulty, market),
            ("off", faulty, kept),
        )
    }
    counts = {act: sum(action == act for action, _ in found_before.values()) for act in ("drop", "mark")}
    ratio = errors["faulty"] / errors["mended"]
    return [
        f"{market.title}: {raw.height:,} rows, {len(kinds):,} with a fault; {seconds:.1f} s of one core with "
        f"reading and cleaning. Of the untouched file hygiene drops {counts['drop']:,}, marks {counts['mark']:,}. "
        f"Median error of a small model on {int(is_test.sum()):,} listings without faults: learnt from the "
        f"untouched file {errors['untouched']:.2%}, from the faulty one with its faults taken out by hand "
        f"{errors['mended']:.2%}, with hygiene {errors['faulty']:.2%} (x {ratio:.3f} of by hand, at most 1.02), "
        f"without {errors['off']:.2%}.",
        "",
        format_table(["fault", "put in", "recall", "named", "precision", "put in alone"], rows),
    ]


def name_faults() -> list[tuple[str, tuple[str, ...]]]:
    """Every kind with the reasons that name it."""
    return [*((fault.name, fault.reasons) for fault in FAULTS), (AGAIN, (AGAIN, "duplicate"))]


def find_rows(path: Path, market: Market) -> tuple[dict[int, tuple[str, str]], pl.DataFrame]:
    """By line what becomes of a row and why, and the frame that hygiene sees without a problem."""
    cleaner, file = Cleaner(market, str(path)), ListingsFile(path)
    batches = []
    for batch in file.read_batches():
        batches.append(cleaner.judge_rows(batch, file.first_line + cleaner.report.rows_read))
    frame = pl.concat(batches)
    found = {
        line: ("clean", problem.rpartition(": ")[2])
        for line, problem in frame.filter(pl.col("problem").is_not_null()).select(LINE, "problem").iter_rows()
    }
    found |= find_fixed(path, market)
    judged = frame.filter(pl.col("problem").is_null() | (pl.col("problem") == f"price: {PRICE_OUTSIDE}"))
    for action in ("mark", "drop"):
        for item in reversed(inspect_listings(judged, market)):
            if getattr(market.hygiene, item.check) == action:
                found |= dict.fromkeys(judged[LINE].filter(pl.Series(item.rows)), (action, item.reason))
    return found, frame.filter(pl.col("problem").is_null())


def find_fixed(path: Path, market: Market) -> dict[int, tuple[str, str]]:
    """By line the rows whose distance is taken as missing, for it is outside the limits."""
    feature = market.mileage
    if feature is None or feature.outside != "missing" or feature.max is None:
        return {}
    way = pl.read_csv(path, columns=[feature.column], infer_schema=False)[feature.column]
    rows = (way.str.extract(r"^(\d+)").cast(pl.Float64, strict=False) > feature.max).arg_true()
    return {int(row) + 2: ("fix", "value outside limits") for row in rows}


def put_faults(
    raw: pl.DataFrame, frame: pl.DataFrame, found: dict[int, tuple[str, str]], market: Market
) -> tuple[pl.DataFrame, dict[int, str], np.ndarray]:
    """The raw rows with faults, the kind by line, and which rows of frame judge the models."""
    random = np.random.default_rng(SEED)
    year, way = market.year, market.mileage
    assert year
    assert way
    is_test = random.random(frame.height) < TEST_SHARE
    is_test &= ~frame[LINE].is_in(list(found)).to_numpy()
    newest = frame[year.name].quantile(0.999)
    old = (frame[year.name] <= newest - OLD_YEARS) & (frame[way.name] > 1) & ~frame[LINE].is_in(list(found))
    places = random.permutation(np.flatnonzero(old.fill_null(False).to_numpy() & ~is_test))
    count = int(SHARE * frame.height)
    columns = {"price": market.price.column, "way": way.column, "year": year.column, "ad": AD, "state": STATE}
    texts = {place: raw[column].to_list() for place, column in columns.items()}
    kinds: dict[int, str] = {}
    numbers = frame.select(LINE, "price", way.name, year.name).rows()
    for number, fault in enumerate(FAULTS):
        for place in places[number * count : (number + 1) * count]:
            line, price, distance, built = numbers[place]
            text = fault.write(Car(price, distance, int(built), random))
            is_km = fault.place == "way" and str(texts["way"][line - 2]).endswith(" km")
            texts[fault.place][line - 2] = f"{text} km" if is_km else text
            kinds[line] = fault.name
    seeded = raw.with_columns(pl.Series(columns[place], values) for place, values in texts.items())
    again = places[len(FAULTS) * count : (len(FAULTS) + 1) * count]
    lines = [numbers[place][0] for place in again]
    copies = seeded[[line - 2 for line in lines]]
    suffix = " km" if str(copies[way.column][0]).endswith(" km") else ""
    moved = [f"{numbers[place][2] + random.integers(0, 4):.0f}{suffix}" for place in again]
    cheaper = [f"{numbers[place][1] * random.uniform(0.93, 0.99):.0f}" for place in again]
    copies = copies.with_columns(pl.Series(way.column, moved), pl.Series(market.price.column, cheaper))
    kinds |= dict.fromkeys(lines, AGAIN)
    return pl.concat([seeded, copies]), kinds, is_test


def measure_fault(
    kind: str,
    reasons: tuple[str, ...],
    found: dict[int, tuple[str, str]],
    before: dict[int, tuple[str, str]],
    kinds: dict[int, str],
) -> list[str]:
    """One row of the table. found, before: of find_rows; kinds: of put_faults."""
    lines = [line for line, name in kinds.items() if name == kind]
    hits = [line for line in lines if line in found]
    named = sum(found[line][1].startswith(reasons) for line in hits)
    same = [line for line, (_, reason) in found.items() if reason.startswith(reasons[:1])]
    right = [line for line in same if line in kinds or line in before]
    put_in = [line for line in same if line in kinds]
    return [
        kind,
        f"{len(lines):,}",
        f"{len(hits) / max(len(lines), 1):.1%}",
        f"{named / max(len(lines), 1):.1%}",
        f"{len(right) / len(same):.1%}" if same else "-",
        f"{len(put_in) / len(same):.1%}" if same else "-",
    ]


def measure_all(
    found: dict[int, tuple[str, str]], before: dict[int, tuple[str, str]], kinds: dict[int, str]
) -> list[str]:
    """The last row of the table: every fault together, and every row that is dropped or marked."""
    reasons = dict(name_faults())
    hits = [line for line in kinds if line in found]
    named = sum(found[line][1].startswith(reasons[kinds[line]]) for line in hits)
    right = sum(line in kinds or line in before for line in found)
    return [
        "all",
        f"{len(kinds):,}",
        f"{len(hits) / len(kinds):.1%}",
        f"{named / len(kinds):.1%}",
        f"{right / len(found):.1%}",
        f"{len(hits) / len(found):.1%}",
    ]


def measure_error(listings: Listings, test: pl.DataFrame, market: Market) -> float:
    """The median error of small models, averaged, of the listings that are not in test, on those that are."""
    frame = listings.frame.filter(~pl.col("key").is_in(test["key"].implode()))
    names = [feature.name for feature in market.features]
    texts = [name for name in names if frame.schema[name] == pl.String]
    codes = {name: pl.Enum(frame[name].drop_nulls().unique().sort()) for name in texts}
    matrices = [
        part.select(
            pl.col(name).cast(codes[name], strict=False).to_physical() if name in codes else name for name in names
        )
        .cast(pl.Float64)
        .fill_null(np.nan)
        .to_numpy()
        for part in (frame, test)
    ]
    places = [names.index(name) for name in texts]
    params = {"objective": "l1", "learning_rate": 0.1, "num_leaves": 63, "verbosity": -1, "num_threads": 2}
    params |= {"min_data_per_group": 10, "cat_smooth": 5, "deterministic": True, "force_row_wise": True}
    params |= {"bagging_fraction": 0.8, "bagging_freq": 1, "feature_fraction_bynode": 0.8}
    data = lgb.Dataset(matrices[0], np.log(frame["price"].to_numpy()), categorical_feature=places)
    fits = [lgb.train(params | {"seed": seed}, data, TREES).predict(matrices[1]) for seed in range(FITS)]
    predicted = np.exp(np.mean(fits, axis=0))
    return float(np.median(np.abs(predicted / test["price"].to_numpy() - 1)))


if __name__ == "__main__":
    main()
