"""Real bundles for tests: a few trees grown on a few invented listings, in about a second."""

import math
import random
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import lightgbm as lgb
import polars as pl

from carprice.evaluation.importance import measure_importance
from carprice.frames.encoding import read_listing
from carprice.listings.cleaning import CAR
from carprice.market.market_file import Market, dump_market, parse_market
from carprice.model.bundle.inputs import INPUTS
from carprice.model.bundle.manifest import set_champion
from carprice.model.bundle.writing import write_bundle
from carprice.training.comparables import build_comparables
from carprice.training.fit import Fitted, fit_listings
from carprice.training.forest.recipes import Recipe
from carprice.training.inputs import describe_inputs

ROWS = 2000
TREES = 60
SEED = 7
GOLDEN_RATIO = 0x9E3779B97F4A7C15
RECIPE = Recipe("test", fits=1, leaves=31, rate=0.2, exponent=1.5, copies=1, least_leaf=5)
NEWEST_YEAR = 2020
EPOCH = date(1970, 1, 1)

# make, model, price when new
CARS = [
    ("Ford", "Fiesta", 16_000),
    ("Ford", "Focus", 21_000),
    ("Ford", "Kuga", 28_000),
    ("Audi", "A1", 22_000),
    ("Audi", "A3", 28_000),
    ("Audi", "A4", 35_000),
    ("BMW", "1 Series", 29_000),
    ("BMW", "3 Series", 38_000),
    ("Vauxhall", "Corsa", 14_000),
    ("Vauxhall", "Astra", 20_000),
    ("Skoda", "Octavia", 21_000),
    ("Toyota", "Yaris", 17_000),
]
FUELS = ("Petrol", "Diesel", "Hybrid", "Electric")
GEARS = ("Manual", "Automatic", "Semi-Auto")

DATED_MARKET = {
    "name": "dated",
    "title": "Invented cars with flags and dates",
    "currency": "EUR",
    "distance_unit": "km",
    "price": {"column": "price", "min": 100, "max": 1_000_000},
    "features": {
        "make": {"column": "make", "kind": "category", "max": 30},
        "colour": {"column": "colour", "kind": "category", "optional": True},
        "registered": {"column": "registered", "kind": "date", "label": "First registration"},
        "inspected": {"column": "inspected", "kind": "date", "optional": True},
        "leather": {"column": "leather", "kind": "flag", "true": ["yes"], "false": ["no"]},
        "towbar": {
            "column": "towbar",
            "kind": "flag",
            "true": ["yes"],
            "false": ["no"],
            "optional": True,
        },
        "mileage": {"column": "mileage", "kind": "number", "unit": "km", "min": 0, "max": 1_000_000},
        "seats": {"column": "seats", "kind": "number", "min": 1, "optional": True},
    },
}


TITLED_MARKET = {
    "name": "titled",
    "title": "Invented cars with titles",
    "currency": "AUD",
    "distance_unit": "km",
    "price": {"column": "price", "min": 100, "max": 1_000_000},
    "features": {
        "make": {"column": "make", "kind": "category"},
        "model": {"column": "model", "kind": "category"},
        "year": {"column": "year", "kind": "year", "min": 1990, "max": NEWEST_YEAR},
        "title": {"column": "title", "kind": "text", "optional": True, "outside": "missing", "max": 200},
        "mileage": {"column": "mileage", "kind": "number", "unit": "km", "min": 0, "max": 1_000_000},
    },
}
# What a title ends with, and what such cars are dearer by, in log price.
TRIMS = {"": 0.0, "M Sport": 0.25, "Sport": 0.05, "Base (1 owner)": -0.1, "xDrive": 0.12, "xDrive M Sport": 0.37}


def titled_market() -> Market:
    """A market with a text, in which the trim is."""
    return parse_market(TITLED_MARKET, "titled.toml")


def dated_market() -> Market:
    """A market with every kind but year, each required and optional."""
    return parse_market(DATED_MARKET, "dated.toml")


def invent_uk_listings(market: Market, rows: int = ROWS, seed: int = SEED) -> pl.DataFrame:
    """A clean frame of the uk market: the features in order, then price. One in ten has no mpg."""
    draw = random.Random(seed)
    cars = []
    for _ in range(rows):
        make, model, new_price = draw.choice(CARS)
        age = draw.randint(0, 15)
        mileage = round(age * draw.uniform(3_000, 12_000)) + draw.randint(5, 500)
        litres = draw.choice((1.0, 1.2, 1.5, 2.0, 3.0))
        price = new_price * 0.86**age * (1 - mileage / 600_000) * (0.8 + litres / 8) * draw.uniform(0.93, 1.07)
        cars.append(
            {
                "make": make,
                "model": model,
                "year": NEWEST_YEAR - age,
                "transmission": draw.choice(GEARS),
                "mileage": mileage,
                "fuel": draw.choice(FUELS),
                "tax": draw.choice((0, 20, 30, 145, 150)),
                "mpg": None if draw.random() < 0.1 else round(draw.uniform(35, 75), 1),
                "engine_size": litres,
                "price": max(300, round(price)),
            }
        )
    return _as_clean_frame(cars, market)


def invent_dated_listings(rows: int = ROWS, seed: int = SEED) -> pl.DataFrame:
    """A clean frame of the dated market, with missing values in every optional feature."""
    draw = random.Random(seed)
    cars = []
    for _ in range(rows):
        make, _, new_price = draw.choice(CARS)
        days = draw.randint(0, 4_000)
        registered = (date(2020, 6, 30) - EPOCH).days - days
        leather = draw.random() < 0.3
        cars.append(
            {
                "make": make,
                "colour": draw.choice(("black", "white", "red", None)),
                "registered": registered,
                "inspected": None if draw.random() < 0.5 else registered + days // 2,
                "leather": float(leather),
                "towbar": draw.choice((0.0, 1.0, None)),
                "mileage": days * 40,
                "seats": draw.choice((2, 4, 5, None)),
                "price": round(new_price * 0.9996**days * (1.05 if leather else 1) * draw.uniform(0.95, 1.05)),
            }
        )
    return _as_clean_frame(cars, dated_market())


def invent_titled_listings(rows: int = ROWS, seed: int = SEED) -> pl.DataFrame:
    """A clean frame of the titled market. One in ten has no title."""
    draw = random.Random(seed)
    cars = []
    for _ in range(rows):
        make, model, new_price = draw.choice(CARS)
        age, trim = draw.randint(0, 12), draw.choice(list(TRIMS))
        year, mileage = NEWEST_YEAR - age, age * draw.randint(9_000, 18_000)
        price = new_price * 0.87**age * math.exp(TRIMS[trim] - mileage / 1_000_000) * draw.uniform(0.93, 1.07)
        title = None if draw.random() < 0.1 else f"{year} {make} {model} {trim}".strip()
        cars.append({"make": make, "model": model, "year": year, "mileage": mileage, "title": title})
        cars[-1]["price"] = round(price) if title else round(price * math.exp(-TRIMS[trim]))
    return _as_clean_frame(cars, titled_market())


def grow_bundle(
    artifacts_dir: Path, frame: pl.DataFrame, market: Market, trees: int = TREES, recipe: Recipe = RECIPE
) -> str:
    """Learn from a clean frame, write the bundle, make it the champion and return its version."""
    frame = add_keys(frame)
    learnt = fit_listings(frame, market, SEED, lambda _: None, replace(recipe, trees=trees))
    golden = [read_listing(row, market) for row in frame[:: frame.height // 5].iter_rows(named=True)]
    facts = _describe(frame, market, learnt)
    kept = build_comparables(frame, learnt.pricer("grown"), learnt.index)
    version = write_bundle(artifacts_dir, learnt.encoders, learnt.scaler, learnt.model, facts, golden, kept)
    set_champion(artifacts_dir, version)
    return version


def add_keys(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with what cleaning adds: each row a car of its own."""
    keys = pl.Series("key", [row * GOLDEN_RATIO % 2**64 for row in range(frame.height)], pl.UInt64)
    return frame.with_columns(keys, keys.alias(CAR))


def _as_clean_frame(cars: list[dict[str, Any]], market: Market) -> pl.DataFrame:
    schema: dict[str, Any] = {item.name: pl.String if item.is_text else pl.Float64 for item in market.features}
    return pl.DataFrame(cars, schema={**schema, "price": pl.Float64}, strict=False)


def _describe(frame: pl.DataFrame, market: Market, learnt: Fitted) -> dict[str, Any]:
    errors = {"rows": frame.height, "mae": 812.5, "median_ae": 540.0, "rmse": 1200.0, "r2": 0.97}
    errors |= {"mape": 0.061, "median_ape": 0.048}
    return {
        "market": dump_market(market),
        "demo": False,
        "data": {
            "source": "invented.csv",
            "fingerprint": "0123456789abcdef",
            "rows_read": frame.height,
            "rows_kept": frame.height,
            "train_rows": frame.height,
            "calibration_rows": frame.height,
            "test_rows": frame.height,
            "served_rows": frame.height,
            "judged_by": "car",
        },
        "metrics": {
            "overall": errors,
            "make": {"Ford": errors, "Audi": errors},
            "age": {"0-1": errors},
            "price_band": {"300-30000": errors},
        },
        "baselines": {"median": errors, "ridge": errors},
        "coverage": {"target": 0.9, "measured": 0.904},
        "importance": measure_importance(frame, learnt.pricer("20200101T000000Z")),
        "params": {"recipe": learnt.recipe.name, "seed": SEED},
        "libraries": {"lightgbm": lgb.__version__},
        INPUTS: describe_inputs(frame, market),
        "distance_per_year": 8_000.0,
        "mlflow": None,
    }
