"""How far cars go in a year: the median over their age, counted to the day where there is one."""

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from carprice.listings.cleaning import DAY
from carprice.market.kinds import EPOCH
from carprice.market.market_file import Market
from carprice.training.inputs import MIN_ROWS, measure_distance

MILEAGE = '[features.mileage]\ncolumn = "Km"\nkind = "number"\nunit = "km"\noptional = true'


@pytest.fixture
def market(make_market: Callable[..., Market]) -> Market:
    return make_market(MILEAGE)


def draw(distance: list[float | None], year: float = 2015.0) -> pl.DataFrame:
    cars = [{"year": year, "mileage": value} for value in distance] * MIN_ROWS
    return pl.DataFrame(
        [*cars, {"year": 2020.0, "mileage": 5.0}], schema={"year": pl.Float64, "mileage": pl.Float64}
    )


def test_it_is_the_median_over_the_age(market: Market) -> None:
    assert measure_distance(draw([50_000.0, 60_000.0, 900_000.0, None, 0.0]), market) == 12_000.0


def test_the_age_is_counted_to_the_day(market: Market) -> None:
    frame = draw([60_000.0])
    day = float((date(2018, 6, 1) - EPOCH).days)
    assert measure_distance(frame.with_columns(pl.lit(day).alias(DAY)), market) == 20_000.0


def test_few_or_new_cars_say_nothing(market: Market, make_market: Callable[..., Market]) -> None:
    assert measure_distance(draw([60_000.0], year=2020.0), market) is None
    assert measure_distance(draw([60_000.0]).head(MIN_ROWS - 1), market) is None
    assert measure_distance(draw([60_000.0]), make_market()) is None
