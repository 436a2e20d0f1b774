"""Prices of real listings of five markets, by small models: alike on every way, in order, and with sense."""

import math
import random
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from msgspec.structs import replace as with_fields
from tests.bundles import RECIPE, grow_bundle

from carprice.evaluation.monotonicity import measure_sense
from carprice.frames.encoding import read_listing
from carprice.frames.pricing import predict_frame, price_frame
from carprice.listings.cleaning import load_listings
from carprice.market.market_file import Feature, Market, load_market
from carprice.model.input_warnings import OUTSIDE_TRAINING, UNKNOWN_CATEGORY, UNKNOWN_COMBINATION, UNSEEN
from carprice.model.listing import check_listing
from carprice.model.pricer import Pricer, load_pricer
from carprice.scoring.score_file import PRICES, score_file
from carprice.tracking.listing_pricer import ListingPricer

pytestmark = pytest.mark.listings

MARKETS = {name: Path("markets") for name in ("uk", "georgia")} | {
    name: Path("benchmarks/markets") for name in ("auction", "australia", "saudi")
}
ROWS, CARS, TREES = 6_000, 400, 30
SEED = 3
NOWHERE = "Nowhere Motors"
TEXTS = {"australia": "Title", "auction": "trim"}
"""The column of the market that is a text too."""
FEW = ("uk", "auction")
"""Those that are no slow tests."""
FREE = ("georgia", "auction")
"""Markets whose small model is free along the year, as their large ones are."""


@dataclass(frozen=True)
class Known:
    """A market's file, its clean listings that were not learnt from, and the pricer of the others."""

    path: Path
    frame: pl.DataFrame
    pricer: Pricer


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=[] if name in FEW else pytest.mark.slow) for name in MARKETS]
)
def known(
    request: pytest.FixtureRequest, root: Path, listings_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Known:
    name: str = request.param
    path = listings_dir / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    market = load_market(str(root / MARKETS[name] / f"{name}.toml"), root / "markets")
    if name in TEXTS:
        text = Feature("text", TEXTS[name], "text", optional=True, outside="missing")
        market = with_fields(market, features=(*market.features, text))
    frame = load_listings(path, market).frame.sample(fraction=1, shuffle=True, seed=SEED)
    artifacts = tmp_path_factory.mktemp(name)
    recipe = changed(RECIPE, free_years=name in FREE)
    version = grow_bundle(artifacts, frame[CARS : CARS + ROWS], market, TREES, recipe)
    pricer = load_pricer(artifacts / version)
    assert pricer.forest.reduced, "no combination has trees of its own"
    return Known(path, frame[:CARS], pricer)


def disturb(frame: pl.DataFrame, market: Market) -> pl.DataFrame:
    """The listings with one, some or all optional fields left out, values exchanged, odd makes and numbers."""
    luck = random.Random(SEED)
    rows: list[dict[str, Any]] = []
    names = [feature.name for feature in market.features if feature.is_category]
    different = {name: frame[name].drop_nulls().unique().sort() for name in names}
    optional = [feature.name for feature in market.features if feature.optional]
    for row in frame.iter_rows(named=True):
        share = luck.choice([0, 0.5, 1])
        left_out = {name for name in optional if luck.random() < share} or {luck.choice(optional)}
        for feature in market.features:
            if feature.name in left_out:
                row[feature.name] = None
            elif feature.name in ("make", "model") and luck.random() < 0.2:
                other = luck.choice(frame[feature.name].drop_nulls())
                written = [other.upper().replace(" ", "-"), f"{other} of nowhere", f"{row[feature.name]} XLI"]
                row[feature.name] = luck.choice([NOWHERE, other, *written])
            elif feature.name in different and luck.random() < 0.1:
                row[feature.name] = luck.choice(different[feature.name])
            elif feature.kind == "number" and luck.random() < 0.05:
                row[feature.name] = luck.choice([feature.min, feature.max])
        rows.append(row)
    return pl.DataFrame(rows, schema=frame.schema)


@pytest.fixture
def cars(known: Known) -> pl.DataFrame:
    return pl.concat([known.frame, disturb(known.frame, known.pricer.market)])


def list_values(cars: pl.DataFrame, market: Market) -> list[list[Any]]:
    """The values as the API has them, after a way through JSON's types."""
    checked = [check_listing(market, read_listing(row, market)) for row in cars.iter_rows(named=True)]
    assert not any(problems for _, problems in checked)
    return [values for values, _ in checked]


def test_a_frame_has_the_scores_of_single_cars_to_the_last_bit(known: Known, cars: pl.DataFrame) -> None:
    pricer, found = known.pricer, predict_frame(cars, known.pricer)
    assert pricer.spread is not None
    for number, values in enumerate(list_values(cars, pricer.market)):
        row, _ = pricer.encoder.encode(values)
        line, _ = pricer.forest.depreciation.find(row)
        score = pricer.forest.score(row, line)
        assert score == found.score[number]
        if pricer.encoder.is_guessed(values, row[pricer.encoder.model]):
            row[pricer.encoder.model] = math.nan  # how far it may be off is that of an unknown model
        assert pricer.spread.predict_row([*row, *pricer.forest.flag(row), score]) == found.size[number]


def test_every_way_gives_the_same_valuation(known: Known, cars: pl.DataFrame) -> None:
    pricer = known.pricer
    values = list_values(cars, pricer.market)
    singles = [pricer.price_values(each) for each in values]
    assert pricer.price_rows(values) == singles
    codes = {warning.code for found in singles for warning in found.warnings}
    assert codes >= {UNKNOWN_CATEGORY, UNKNOWN_COMBINATION, OUTSIDE_TRAINING, UNSEEN}
    flavour = ListingPricer(pricer).predict(
        pd.DataFrame([read_listing(row, pricer.market) for row in cars.iter_rows(named=True)])
    )
    frame = price_frame(cars, pricer)
    for number, found in enumerate(singles):
        warnings = "; ".join(f"{item.code}:{item.field}" for item in found.warnings) or None
        expected = (found.price, found.low, found.high, found.confidence, warnings)
        assert tuple(flavour.iloc[number])[:-1] == expected
        row = frame.row(number, named=True)
        amounts = tuple(round(row[name]) for name in ("predicted", "low", "high"))
        assert (*amounts, row["confidence"], row["warnings"]) == expected
        assert row["coverage"] == found.coverage


def test_a_file_has_the_prices_of_its_cars(known: Known, tmp_path: Path) -> None:
    pricer, market = known.pricer, known.pricer.market
    texts = pl.read_csv(known.path, infer_schema=False).sample(CARS, seed=SEED)
    texts.write_csv(tmp_path / "cars.csv")
    scored = pl.concat(score_file(tmp_path / "cars.csv", pricer))
    clean = load_listings(tmp_path / "cars.csv", market).frame
    expected = {
        tuple(item) for item in amounts_of([pricer.price_values(each) for each in list_values(clean, market)])
    }
    found = {row for row in scored.select(PRICES[:3]).iter_rows() if None not in row}
    assert expected <= found
    assert scored["problem"].is_null().to_list() == scored["predicted_price"].is_not_null().to_list()


def amounts_of(valuations: list[Any]) -> list[tuple[int, int, int]]:
    return [(found.price, found.low, found.high) for found in valuations]


def test_ranges_hold_their_price_and_lie_in_each_other(known: Known, cars: pl.DataFrame) -> None:
    pricer = known.pricer
    for table in pricer.range.quantiles:
        assert np.all(np.diff(table) >= 0)
    values = list_values(cars, pricer.market)
    narrower = None
    for coverage in (0.5, 0.8, 0.9, 0.98):
        found = amounts_of(pricer.price_rows(values, pricer.range.limits(coverage)))
        assert all(low <= price <= high for price, low, high in found)
        for inner, outer in zip(narrower or [], found, strict=False):
            assert outer[1] <= inner[1] <= inner[2] <= outer[2]
        narrower = found


def test_more_distance_is_never_dearer_and_newer_never_cheaper(known: Known) -> None:
    market = known.pricer.market
    sense = measure_sense(known.frame, known.pricer)
    assert set(sense) == {role for role in ("mileage", "year") if getattr(market, role)}
    for role, found in sense.items():
        assert found["asked"]
        assert found["steps"] > 1_000, role
        assert found["wrong"] == 0, role
