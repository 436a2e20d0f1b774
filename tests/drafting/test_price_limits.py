"""Limits that hold the dearest and the cheapest cars of a file, and no slips."""

import polars as pl
import pytest
from tests.drafting.invented import draw_cars
from tests.drafting.small_files import ROWS, Write, clean, draft, usual

from carprice.drafting.columns.numbers import Numbers
from carprice.drafting.price_limits import guess_price_limits

USUAL = [float(price) for price in range(2_700_000, 4_300_000, 10_000)]
DEAREST = [float(price) for price in range(6_000_000, 46_000_000, 1_000_000)]
JUNK = [999_999_999.0, 123_456_789.0, 111_111_111.0, 2e12]


def limits(*prices: float) -> tuple[float, float]:
    return guess_price_limits(Numbers(pl.Series([*USUAL, *prices]), ".", ""))


def test_the_dearest_cars_are_within() -> None:
    low, high = limits(*DEAREST, *JUNK)
    assert (low, high) == (1_000_000, 90_000_000)


def test_the_cheapest_cars_are_within() -> None:
    low, _ = limits(800_000, 600_000, 450_000, 320_000, 1, 99, 1_111)
    assert low == 300_000


@pytest.mark.parametrize("junk", JUNK)
def test_junk_is_none_of_the_dearest(junk: float) -> None:
    assert limits(junk) == limits()
    assert max(DEAREST) < limits(*DEAREST, junk)[1] < junk


def test_a_draft_says_what_lies_outside(write_file: Write) -> None:
    prices = [price for *_, price in draw_cars(ROWS)]
    changed = {prices[0]: 999_999_999, prices[1]: 5}
    found, path = draft(write_file, usual(price=lambda price: f"€ {changed.get(price, price):,}"))
    assert (
        '# 1.7 % of the prices lie outside these limits (2 of 120: "€ 5" to "€ 999,999,999"); their' in found.text
    )
    assert clean(found, path).frame.height == ROWS - 2
    assert "# 0.0 % of the prices lie outside these limits; their" in draft(write_file, usual())[0].text
