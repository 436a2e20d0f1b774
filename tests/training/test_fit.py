"""What is learnt from a set of listings: for any market, with the day of each brought to the last one's level."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace as change
from tests.bundles import add_keys, dated_market, invent_dated_listings, invent_uk_listings
from tests.training.conftest import QUICK

from carprice.errors import TrainingError
from carprice.frames.encoding import unify_spellings
from carprice.frames.pricing import price_frame
from carprice.listings import stored
from carprice.listings.cleaning import DAY
from carprice.market.market_file import Market
from carprice.training import held_out
from carprice.training.comparables import build_comparables
from carprice.training.fit import NEAR_ZERO, Fitted, describe_zero, fit_listings
from carprice.training.forest import booster
from carprice.training.forest.recipes import Recipe
from carprice.training.golden import pick_golden
from carprice.training.split import split_listings

SEED = 7
RECIPE = replace(QUICK, trees=15)

Learn = Callable[..., Fitted]


def learn(frame: pl.DataFrame, market: Market, recipe: Recipe | None = RECIPE) -> Fitted:
    return fit_listings(add_keys(frame), market, SEED, lambda _: None, recipe)


def keep(market: Market, *names: str) -> Market:
    return change(market, features=tuple(item for item in market.features if item.name in names))


@pytest.mark.parametrize(
    "names",
    [
        ("make", "model", "year", "mileage"),
        ("model", "year"),
        ("make", "mileage"),
        ("year", "mpg", "fuel"),
        ("fuel", "transmission"),
        ("mpg",),
        ("make",),
    ],
    ids=" ".join,
)
def test_markets_that_lack_what_others_have_price_cars(uk: Market, names: tuple[str, ...]) -> None:
    frame, market = invent_uk_listings(uk, 400), keep(uk, *names)
    priced = price_frame(frame, learn(frame, market).pricer("20200101T000000Z"))
    assert priced["predicted"].is_finite().all()
    assert (priced["low"] <= priced["predicted"]).all()
    assert (priced["predicted"] <= priced["high"]).all()


@pytest.mark.parametrize("is_dated", [False, True], ids=["cars", "dated"])
def test_many_listings_that_wait_in_files_make_the_same_model(
    is_dated: bool, uk: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, market = (invent_dated_listings(400), dated_market()) if is_dated else (invent_uk_listings(uk, 400), uk)
    frame = add_keys(frame).sample(fraction=1.0, shuffle=True, seed=1)
    for module in (stored, held_out, booster):
        monkeypatch.setattr(module, "MANY_ROWS", 1)
    split = split_listings(unify_spellings(frame, market))
    parts = split_listings(unify_spellings(stored.store_frame(frame, tmp_path), market))
    assert (parts.cut, stored.load_frame(parts.training).rows()) == (
        split.cut,
        stored.load_frame(split.training).rows(),
    )
    assert parts.test.equals(split.test)
    one, other = (
        fit_listings(part, market, SEED, lambda _: None, RECIPE) for part in (split.training, parts.training)
    )
    assert (one.model, one.encoders, one.scaler) == (other.model, other.encoders, other.scaler)
    kept, again = (
        build_comparables(part, one.pricer("one"), one.index) for part in (split.training, parts.training)
    )
    assert kept == again
    assert pick_golden(split.training, market) == pick_golden(parts.training, market)


def test_flags_and_dates_price_cars() -> None:
    frame = invent_dated_listings(400)
    priced = price_frame(frame, learn(frame, dated_market()).pricer("20200101T000000Z"))
    assert (priced["predicted"] / priced["price"] - 1).abs().median() < 0.15


def test_a_hundred_listings_are_enough(uk: Market) -> None:
    frame = invent_uk_listings(uk, 100)
    assert learn(frame, uk).pricer("20200101T000000Z").costs[""] < 0.6


def test_the_flags_of_the_spread_are_those_of_the_trees(uk: Market) -> None:
    """Ten fuels without a missing one have no flag, although the range is measured on copies that lack them."""
    frame = invent_uk_listings(uk, 600)
    fuels = pl.format("fuel {}", pl.int_range(pl.len()) % 10).alias("fuel")
    fitted = learn(frame.with_columns(fuels), uk)
    assert fitted.model["flags"] == ["model"]
    assert fitted.pricer("20200101T000000Z")


def test_a_model_without_a_make_is_not_learnt(uk: Market) -> None:
    frame = invent_uk_listings(uk, 600)
    orphan = pl.when(pl.int_range(pl.len()) < 100).then(None).otherwise(pl.col("make")).alias("make")
    fitted = learn(frame.with_columns(orphan), uk)
    assert sum(line[2] for line in fitted.model["depreciation"]["lines"] if line[1] >= 0) == 500


def test_a_mileage_of_nothing_is_unknown_for_a_car_of_two_years(uk: Market) -> None:
    frame = invent_uk_listings(uk, 600)
    newest = frame["year"].max()
    assert describe_zero(frame, uk) == {
        "field": "mileage",
        "below": NEAR_ZERO,
        "year": "year",
        "newest": newest - 2,
    }
    assert describe_zero(frame, keep(uk, "make", "year")) is None
    assert describe_zero(frame, keep(uk, "make", "mileage")) is None
    assert describe_zero(frame.with_columns(pl.lit(None, pl.Float64).alias("year")), uk) is None
    rows = pl.int_range(pl.len())
    zeros = pl.when((rows % 5 == 0) & (pl.col("year") <= newest - 2)).then(0.0).otherwise(pl.col("mileage"))
    fitted = learn(frame.with_columns(zeros.alias("mileage")), uk)
    pricer = fitted.pricer("20200101T000000Z")
    car = {"make": "Ford", "model": "Fiesta", "year": 2014, "transmission": "Manual", "fuel": "Petrol"}
    none, zero, high = (pricer.price({**car, "mileage": miles}) for miles in (0, 9, 60_000))
    assert none.price == zero.price < 1.3 * high.price
    assert [warning.code for warning in none.warnings] == ["taken_as_missing"]


def drift(frame: pl.DataFrame, monthly: float) -> pl.DataFrame:
    """The listings over sixty days in which the market moves so much a month."""
    day = np.random.default_rng(2).integers(0, 60, frame.height).astype(float)
    moved = pl.Series(np.exp(monthly * (day - 59) / 30))
    return frame.with_columns(pl.col("price") * moved, pl.Series(DAY, 18_000 + day))


def test_prices_are_of_the_last_day(uk: Market) -> None:
    still = invent_uk_listings(uk, 1500)
    fitted = learn(drift(still, -0.10), uk)
    assert fitted.index is not None
    assert fitted.model["as_of"] == 18_059
    assert fitted.index.since(np.array([18_000.0]))[0] == pytest.approx(-0.197, abs=0.06)
    ratio = price_frame(still, fitted.pricer("20200101T000000Z"))["predicted"] / still["price"]
    assert ratio.median() == pytest.approx(1.0, abs=0.03), "at the level of the last day, not of the middle one"


@pytest.mark.parametrize("days", ["none known", "one"])
def test_days_that_say_nothing_make_no_index(uk: Market, days: str) -> None:
    value = None if days == "none known" else 18_000.0
    frame = invent_uk_listings(uk, 400).with_columns(pl.lit(value, pl.Float64).alias(DAY))
    fitted = learn(frame, uk)
    assert fitted.index is None
    assert fitted.model["as_of"] == (None if value is None else 18_000)


def test_one_price_is_nothing_to_learn_from(uk: Market) -> None:
    frame = invent_uk_listings(uk, 100).with_columns(pl.lit(5000.0).alias("price"))
    with pytest.raises(TrainingError, match="Every listing costs 5000: there is nothing to learn"):
        learn(frame, uk)
