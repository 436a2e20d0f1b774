"""A feature computed from the price is refused and named; honest ones pass, however few the listings."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace
from tests.bundles import add_keys, dated_market, invent_dated_listings, invent_uk_listings
from tests.training.conftest import Encoded

from carprice.errors import TrainingError
from carprice.listings.cleaning import CAR, load_listings
from carprice.listings.leaks import MIN_ROWS, check_leaks
from carprice.market.market_file import Feature, Market, load_market

LEAK = Feature("leak", "Leak", "number", optional=True)
PRICE = pl.col("price")
NOISE = pl.Series(np.random.default_rng(1).normal(0, 0.01, 1500))

PLANTED = {
    "the price": PRICE,
    "a share of it": PRICE * 0.012,
    "its inverse": 1e6 / PRICE,
    "below 0": -PRICE,
    "what is left after fees": PRICE - 250,
    "rounded to hundreds": (PRICE / 100).round(),
    "nearly": PRICE * (1 + NOISE),
    "of some listings": pl.when(pl.int_range(pl.len()) % 3 == 0).then(PRICE),
    "per mile": PRICE / pl.col("mileage"),
    "times the engine": PRICE * pl.col("mpg"),
    "of a rate by make": PRICE * pl.col("make").str.len_chars(),
}


def plant(frame: pl.DataFrame, market: Market, leak: pl.Expr) -> tuple[pl.DataFrame, Market]:
    return frame.with_columns(leak.cast(pl.Float64).alias("leak")), replace(
        market, features=(*market.features, LEAK)
    )


@pytest.mark.parametrize("leak", PLANTED.values(), ids=PLANTED)
def test_a_planted_leak_is_named(cars: Encoded, uk: Market, leak: pl.Expr) -> None:
    with pytest.raises(TrainingError) as caught:
        check_leaks(*plant(cars.frame, uk, leak))
    assert "leak" in caught.value.what.split(" gives the price away")[0]
    assert "remove features." in caught.value.hint


def test_a_price_as_a_text_is_a_leak_too(cars: Encoded, uk: Market) -> None:
    text = pl.format("£{}", PRICE.cast(pl.Int64))
    market = replace(uk, features=(*uk.features, replace(LEAK, kind="category")))
    with pytest.raises(TrainingError, match="Feature leak gives the price away"):
        check_leaks(cars.frame.with_columns(text.alias("leak")), market)


def test_few_listings_are_enough_to_see_it(uk: Market) -> None:
    frame = add_keys(invent_uk_listings(uk, MIN_ROWS))
    check_leaks(frame, uk)
    with pytest.raises(TrainingError):
        check_leaks(*plant(frame, uk, PRICE / 7))


@pytest.mark.parametrize("rows", [100, 300, 1000, 2000])
@pytest.mark.parametrize("seed", [1, 2])
def test_honest_listings_pass(uk: Market, rows: int, seed: int) -> None:
    check_leaks(add_keys(invent_uk_listings(uk, rows, seed)), uk)
    check_leaks(add_keys(invent_dated_listings(rows, seed)), dated_market())


def test_an_estimate_of_the_price_is_no_leak(cars: Encoded, uk: Market) -> None:
    """A guide price that misses by 6 % in the median was not computed from this one."""
    check_leaks(*plant(cars.frame, uk, PRICE * (1 + NOISE * 9)))


def test_one_car_listed_often_does_not_make_its_mileage_a_leak(cars: Encoded, uk: Market) -> None:
    again = [cars.frame.with_columns(PRICE * (1 - step / 200)) for step in range(8)]
    check_leaks(pl.concat(again), uk)
    with pytest.raises(TrainingError):
        check_leaks(pl.concat(again).with_columns(pl.int_range(pl.len(), dtype=pl.UInt64).alias(CAR)), uk)


def test_cars_that_all_cost_nearly_the_same_have_no_leak(cars: Encoded, uk: Market) -> None:
    check_leaks(cars.frame.with_columns(5000 + NOISE), uk)


@pytest.mark.listings
@pytest.mark.parametrize("name", [pytest.param("uk", marks=pytest.mark.slow), "georgia"])
def test_real_listings_pass_and_a_leak_among_them_does_not(
    listings_dir: Path, markets_dir: Path, name: str
) -> None:
    market = load_market(name, markets_dir)
    frame = load_listings(listings_dir / f"{name}.csv.gz", market).frame
    check_leaks(frame, market)
    for rows in (100, 400):
        check_leaks(frame.sample(rows, seed=1), market)
    with pytest.raises(TrainingError, match="Feature leak gives the price away"):
        check_leaks(*plant(frame, market, PRICE * 0.017))


def test_a_file_in_the_order_of_its_prices_leaks_nothing(uk: Market) -> None:
    """Listings of one value are neighbours in whatever order the file has them."""
    frame = add_keys(invent_uk_listings(uk, 9_000)).sort("price")
    power = pl.Series(np.random.default_rng(2).integers(0, 31, frame.height))
    check_leaks(*plant(frame, uk, pl.lit(power)))


def test_a_car_that_is_offered_in_several_towns_leaks_nothing(cars: Encoded, uk: Market) -> None:
    """Its listings have a town of their own, so they are not one car by their key."""
    news = pl.Series(np.random.default_rng(2).integers(20_000, 90_000, cars.frame.height))
    frame, market = plant(cars.frame, uk, pl.lit(news))
    towns = pl.concat([frame] * 4)
    check_leaks(towns.with_columns(pl.Series(CAR, np.arange(towns.height), pl.UInt64)), market)
