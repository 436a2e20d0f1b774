"""A whole training, on invented cars: what comes out, that it comes out again, and what cannot be trained on."""

import re
from collections.abc import Callable
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace
from tests.bundles import dated_market, invent_dated_listings, invent_uk_listings

from carprice.errors import TrainingError
from carprice.frames.encoding import encode_frame, read_listing
from carprice.listings.cleaning import Listings
from carprice.listings.report import CleaningReport
from carprice.market.market_file import Market, load_market
from carprice.model.pricer import load_pricer
from carprice.settings import Settings
from carprice.training.baselines import warn_of_baselines
from carprice.training.train import UNKNOWN_TEXT, Training, train

ROWS = 1200
SEED = 7
GOLDEN_RATIO = 0x9E3779B97F4A7C15


@pytest.fixture
def uk(markets_dir: Path) -> Market:
    return load_market("uk", markets_dir)


@pytest.fixture
def teach(tmp_path: Path) -> Callable[..., Training]:
    """Train on a clean frame, quietly, into a folder of the test's own."""

    def teach(frame: pl.DataFrame, market: Market, seed: int = SEED) -> Training:
        report = CleaningReport(market.name, "invented.csv", rows_read=frame.height)
        listings = Listings(add_keys(frame), report, "fingerprint")
        return train(listings, market, Settings(artifacts_dir=tmp_path / "artifacts"), seed, lambda _: None)

    return teach


def add_keys(frame: pl.DataFrame) -> pl.DataFrame:
    keys = [(number * GOLDEN_RATIO) % 2**64 for number in range(frame.height)]
    return frame.with_columns(pl.Series("key", keys, dtype=pl.UInt64))


def test_the_bundle_prices_as_the_training_judged(teach: Callable[..., Training], uk: Market) -> None:
    trained = teach(invent_uk_listings(uk, ROWS), uk)
    pricer = load_pricer(trained.folder)
    for row in trained.test.head(50).iter_rows(named=True):
        valued = pricer.golden_valuation(read_listing(row, uk))
        assert valued["price"] == pytest.approx(row["predicted"], rel=1e-12)
        assert valued["low"] == pytest.approx(row["low"], rel=1e-12)
        assert valued["high"] == pytest.approx(row["high"], rel=1e-12)
    matrix = encode_frame(trained.test.head(5), uk, pricer.encoders, pricer.scaler)
    np.testing.assert_array_equal(trained.example.to_numpy(), matrix)
    scores = lgb.Booster(model_str=trained.trees).predict(matrix)
    np.testing.assert_array_equal(np.exp(scores), trained.test["predicted"].head(5).to_numpy())


def test_the_manifest_says_how_good_it_is(teach: Callable[..., Training], uk: Market) -> None:
    manifest = teach(invent_uk_listings(uk, ROWS), uk).manifest
    data, metrics = manifest["data"], manifest["metrics"]
    assert data["train_rows"] + data["test_rows"] == ROWS
    assert metrics["overall"]["rows"] == data["test_rows"]
    assert metrics["overall"]["median_ape"] < manifest["baselines"]["median"]["median_ape"]
    assert set(metrics) == {"overall", "make", "age", "price_band"}
    assert manifest["coverage"]["target"] == 0.9
    assert 0.8 < manifest["coverage"]["measured"] <= 1.0
    assert sum(manifest["importance"].values()) == pytest.approx(1.0)
    assert manifest["params"]["seed"] == SEED
    assert manifest["params"]["trees"] > 1


def test_the_golden_listings_are_unlike(teach: Callable[..., Training], uk: Market) -> None:
    listings = [item["listing"] for item in teach(invent_uk_listings(uk, ROWS), uk).manifest["golden"]]
    assert len(listings) == 10
    assert any(UNKNOWN_TEXT in listing.values() for listing in listings)
    assert any("tax" not in listing for listing in listings)
    assert len({str(listing) for listing in listings}) == 10


@pytest.mark.parametrize("longest", [1, 7, 8, 100])
def test_an_unknown_category_is_no_longer_than_the_market_allows(
    teach: Callable[..., Training], uk: Market, longest: int
) -> None:
    features = [replace(item, max=longest) if item.name == "model" else item for item in uk.features]
    market = replace(uk, features=tuple(features))
    frame = invent_uk_listings(uk, ROWS).with_columns(pl.col("model").str.slice(0, longest))
    listings = [item["listing"] for item in teach(frame, market).manifest["golden"]]
    assert any(listing["model"] == UNKNOWN_TEXT[:longest].strip() for listing in listings)


def test_the_same_listings_and_seed_give_the_same_trees(teach: Callable[..., Training], uk: Market) -> None:
    frame = invent_uk_listings(uk, ROWS)
    first, again, other = teach(frame, uk), teach(frame, uk), teach(frame, uk, SEED + 1)
    assert first.trees == again.trees
    assert first.manifest["files"] == again.manifest["files"]
    assert first.trees != other.trees


def test_prices_in_another_currency_give_the_same_model_in_it(teach: Callable[..., Training], uk: Market) -> None:
    frame = invent_uk_listings(uk, ROWS)
    pounds, pence = teach(frame, uk), teach(frame.with_columns(pl.col("price") * 128), uk)
    ratio = pence.test["predicted"] / pounds.test["predicted"]
    assert ratio.median() == pytest.approx(128, rel=1e-3)


def test_every_kind_of_feature_trains(teach: Callable[..., Training]) -> None:
    trained = teach(invent_dated_listings(ROWS), dated_market())
    assert set(trained.manifest["metrics"]) == {"overall", "make", "price_band"}
    errors, baseline = trained.manifest["metrics"]["overall"], trained.manifest["baselines"]["median"]
    assert errors["median_ape"] < baseline["median_ape"]


@pytest.mark.parametrize("is_text", [False, True], ids=["numbers", "categories"])
def test_features_of_one_sort_train(teach: Callable[..., Training], uk: Market, is_text: bool) -> None:
    market = replace(uk, features=tuple(item for item in uk.features if item.is_category == is_text))
    trained = teach(invent_uk_listings(uk, ROWS), market)
    assert load_pricer(trained.folder).version == trained.version
    assert trained.manifest["baselines"]["ridge"]["rows"] == trained.manifest["data"]["test_rows"]


def test_two_hundred_listings_are_enough(teach: Callable[..., Training], uk: Market) -> None:
    trained = teach(invent_uk_listings(uk, 200), uk)
    assert trained.manifest["metrics"]["overall"]["median_ape"] < 0.4
    assert load_pricer(trained.folder).version == trained.version


@pytest.mark.parametrize(
    "change",
    [
        pl.lit("Ford").alias("make"),
        pl.lit(None, pl.Float64).alias("mpg"),
        pl.lit(2015.0).alias("year"),
    ],
    ids=["one make", "no mpg at all", "one year"],
)
def test_a_column_that_says_nothing_does_no_harm(
    teach: Callable[..., Training], uk: Market, change: pl.Expr
) -> None:
    trained = teach(invent_uk_listings(uk, 600).with_columns(change), uk)
    assert load_pricer(trained.folder).version == trained.version


def test_listings_alike_but_for_the_price_train(teach: Callable[..., Training], uk: Market) -> None:
    frame = invent_uk_listings(uk, 300)
    same = pl.concat([frame.head(1).drop("price")] * 300).with_columns(frame["price"])
    trained = teach(same, uk)
    assert trained.test["predicted"].n_unique() == 1
    assert trained.test["predicted"][0] == pytest.approx(frame["price"].median(), rel=0.3)


@pytest.mark.parametrize(
    ("rows", "change", "message"),
    [
        (30, pl.col("price"), r"30 usable listings leave \d for the \w+ part, which needs at least (10|19)"),
        (300, pl.lit(5000.0).alias("price"), r"Every listing costs 5000: there is nothing to learn"),
    ],
    ids=["too few", "one price"],
)
def test_what_cannot_be_learnt_from_is_refused(
    teach: Callable[..., Training], uk: Market, rows: int, change: pl.Expr, message: str
) -> None:
    with pytest.raises(TrainingError) as caught:
        teach(invent_uk_listings(uk, rows).with_columns(change), uk)
    assert re.fullmatch(message, caught.value.what)
    assert "./carprice market check LISTINGS" in caught.value.hint


def test_a_baseline_that_wins_is_named(teach: Callable[..., Training], uk: Market) -> None:
    manifest = teach(invent_uk_listings(uk, 300), uk).manifest
    overall, baselines = manifest["metrics"]["overall"], manifest["baselines"]
    assert overall["median_ape"] > baselines["ridge"]["median_ape"]
    warnings = warn_of_baselines(baselines, overall)
    assert any(
        warning.startswith("Warning: the ridge baseline has the smaller median error") for warning in warnings
    )
    assert warn_of_baselines(baselines, {**overall, "mae": 0.0, "median_ape": 0.0}) == []
