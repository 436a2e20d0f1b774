"""Words learnt from titles: what they add, and that none leaks a price or comes from chance."""

import math

import numpy as np
import polars as pl
import pytest
from tests.bundles import SEED, TRIMS, add_keys, invent_titled_listings, titled_market

from carprice.frames.encoding import encode_frame, fit_encoders
from carprice.training.columns import Rows, describe_columns
from carprice.training.split import fold_of
from carprice.training.words import MIN_CARS, LearntWords, fit_amounts, learn_words

FEW = 1_200


@pytest.fixture(scope="module")
def cars() -> pl.DataFrame:
    return add_keys(invent_titled_listings(FEW))


def learn(frame: pl.DataFrame) -> LearntWords:
    market = titled_market()
    encoders, scaler = fit_encoders(frame, market)
    rows = Rows(encode_frame(frame, market, encoders, scaler), np.log(frame["price"].to_numpy()))
    return learn_words(frame, market, rows, describe_columns(market), scaler, fold_of(frame), SEED)["title"]


def plant(frame: pl.DataFrame, planted: pl.Expr) -> pl.DataFrame:
    return frame.with_columns((pl.col("title") + " " + planted).alias("title"))


def test_dear_words_are_dear(cars: pl.DataFrame) -> None:
    learnt = learn(cars)
    sport = sum(learnt.amounts[key] for key in ("m", "m sport", "sport"))
    assert sport - learnt.amounts["sport"] == pytest.approx(TRIMS["M Sport"] - TRIMS["Sport"], abs=0.05)
    assert learnt.amounts["xdrive"] > 0 > learnt.amounts["base"]
    known = cars["title"].is_not_null().to_numpy()
    assert np.isnan(learnt.crossed[~known]).all()
    assert not np.isnan(learnt.crossed[known]).any()
    assert list(learnt.amounts) == list(learn(cars).amounts)


def test_shuffled_titles_teach_nothing(cars: pl.DataFrame) -> None:
    learnt = learn(cars.with_columns(pl.col("title").shuffle(seed=SEED)))
    assert learnt.amounts == {}
    assert np.isnan(learnt.crossed).all()


@pytest.mark.parametrize(
    "planted",
    [
        pl.format("£{}", pl.col("price").cast(pl.Int64)),
        pl.format("now {}", pl.col("price").cast(pl.Int64)),
        pl.format("{}k", (pl.col("price") / 1000).round().cast(pl.Int64)),
        pl.format("{}", (pl.col("price") / 1000).round().cast(pl.Int64)),
        pl.format("call 0207946{}", pl.col("price").rank("ordinal").cast(pl.Int64) + 1000),
        pl.format("code{}", pl.col("price").rank("ordinal").cast(pl.Int64)),
    ],
    ids=["amount", "long number", "thousands with a letter", "thousands", "telephone", "one word for each car"],
)
def test_a_planted_price_is_not_learnt(cars: pl.DataFrame, planted: pl.Expr) -> None:
    learnt, honest = learn(plant(cars, planted)), learn(cars)
    words = {word for key in learnt.amounts for word in key.split(" ")}
    digits = {word for word in words if any(map(str.isdigit, word))}
    assert digits <= {word for key in honest.amounts for word in key.split(" ")}


def test_a_word_is_in_enough_different_cars() -> None:
    rows, codes = 40, [["rare"]] * 20 + [[]] * 20
    residual = np.array([0.3] * 20 + [-0.3] * 20)
    prices = np.full(rows, 9.0)
    assert fit_amounts(codes, residual, np.arange(rows), prices).keys() == {"rare"}
    few = np.array([*[row % (MIN_CARS - 1) for row in range(20)], *range(100, 120)])
    assert fit_amounts(codes, residual, few, prices) == {}


def test_a_number_that_is_the_price_is_refused() -> None:
    keys = [["15k"]] * 20 + [["320"]] * 20
    price = np.log(np.array([15_200.0] * 20 + [41_000.0] * 20))
    found = fit_amounts(keys, price - price.mean(), np.arange(40), price)
    assert found.keys() == {"320"}


def test_a_rows_own_price_is_not_in_its_number(cars: pl.DataFrame) -> None:
    """A word of one fold's cars alone, dear as they are, is not known to any of them."""
    own = fold_of(cars) % 5 == 0
    marked = cars.with_columns(
        pl.when(pl.Series(own)).then(pl.format("{} special", "title")).otherwise("title").alias("title"),
        pl.when(pl.Series(own)).then(pl.col("price") * 2).otherwise("price").alias("price"),
    )
    learnt, honest = learn(marked), learn(cars)
    assert learnt.amounts["special"] > 0.1
    assert abs(np.nanmean(learnt.crossed[own]) - np.nanmean(honest.crossed[own])) < 0.1


def test_the_titles_of_one_car_count_once(cars: pl.DataFrame) -> None:
    again = cars.head(1).with_columns(pl.lit("unheard word").alias("title"))
    learnt = learn(pl.concat([cars, *[again] * 50]))
    assert not {"unheard", "word"} & learnt.amounts.keys()
    assert math.isnan(learnt.crossed[-1])
