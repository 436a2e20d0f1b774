"""Prices that end as if the search had a limit are told from prices that thin out."""

import numpy as np
import polars as pl
import pytest

from carprice.listings.cut_off import describe_cut

PRICES = pl.Series(np.random.default_rng(1).lognormal(10.0, 0.7, 5_000))
TOLD = ", and many are near it, as if the file was cut off there"


def test_prices_that_thin_out_are_whole() -> None:
    assert describe_cut(PRICES, "EUR") == ""
    assert describe_cut(PRICES[:0], "EUR") == ""


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        (PRICES.filter(PRICES <= 30_000), "Hardly a price is above 30,000 EUR"),
        (PRICES.filter(PRICES >= 15_000), "Hardly a price is below 15,000 EUR"),
        (
            PRICES.filter(PRICES.is_between(15_000, 30_000)),
            "Hardly a price is below 15,000 EUR or above 30,000 EUR",
        ),
    ],
)
def test_prices_that_end_are_told(prices: pl.Series, said: str) -> None:
    rounded = (prices / 100).round() * 100
    assert describe_cut(rounded, "EUR") == said + TOLD
    few_beyond = rounded.append(pl.Series([90_000.0, 900.0]))
    assert describe_cut(few_beyond, "EUR") == said + TOLD
