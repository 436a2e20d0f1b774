"""Numbers as people write them."""

from datetime import date

import pytest

from carprice.market.days import read_day
from carprice.market.quantities import read_quantity

RANGES = {
    "20,000 - 24,999": 22_499.5,
    "€1,600 - €2,600": 2_100,
    "1,600 € – 2,600 €": 2_100,
    "0 - 5K km": 2_500,
    "35 - 40K km": 37_500,
    "35K - 40K km": 37_500,
    "35 bis 40 tsd. km": 37_500,
    "10,000 km - 20,000 km": 15_000,
    "500 - 1K km": 750,
}


@pytest.mark.parametrize("text", RANGES)
def test_the_middle_of_a_range_counts(text: str) -> None:
    found = read_quantity(text)
    assert found
    assert found.number == RANGES[text]
    assert found.has_magnitude == any(word in text for word in ("K", "tsd"))


@pytest.mark.parametrize("text", ["40 - 35K km", "5 - 3K km", "5 - 60K", "35 40K km", "000 - 89999 km"])
def test_no_range(text: str) -> None:
    assert read_quantity(text) is None


PRICES = {
    "£10,995 £9,995": 9_995,
    "749,000 ฿ 625,000": 625_000,
    "€ 5.900,- 1": 5_900,
    "€ 12.345,- *": 12_345,
    "5.900 € 1)": 5_900,
    "u$s6.800": 6_800,
    "U$S 6.800": 6_800,
    "Rs.6,80,000": 680_000,
}


@pytest.mark.parametrize("text", PRICES)
def test_signs_and_footnotes_of_prices(text: str) -> None:
    found = read_quantity(text, "," if "." in text and "Rs" not in text else ".")
    assert found
    assert found.number == PRICES[text]


@pytest.mark.parametrize("text", ["£9,995 £10,995", "£9,995 £995", "9,995 8,995", "2 x £995 £895"])
def test_two_prices_of_which_none_is_the_new_one(text: str) -> None:
    assert read_quantity(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("B/.16,900 (Rebajado 11%)", 16_900),
        ("12,500 € (-5%)", 12_500),
        ("12,500 -7%", 12_500),
        ("$8,000 [10 % off]", 8_000),
    ],
)
def test_a_discount_behind_a_price_is_no_number(text: str, number: float) -> None:
    found = read_quantity(text)
    assert found
    assert found.number == number


@pytest.mark.parametrize("text", ["8,000 (10)", "10 % 8,000"])
def test_other_numbers_beside_a_price_are_still_two(text: str) -> None:
    assert read_quantity(text) is None


@pytest.mark.parametrize(
    ("text", "number", "word"),
    [
        ("88 kW (120 PS)", 88, "kw"),
        ("150 hp / 110 kW", 150, "hp"),
        ("72,000 mi (115,873 km)", 72_000, "mi"),
        ("2.0 l (1998 cc)", 2, "l"),
    ],
)
def test_the_same_in_another_unit_behind_a_number(text: str, number: float, word: str) -> None:
    found = read_quantity(text)
    assert found
    assert (found.number, found.words) == (number, (word,))


@pytest.mark.parametrize("text", ["2.0 л / 190 л.с.", "100 km / 5 years", "9 kW (12)"])
def test_another_number_behind_one_is_a_second(text: str) -> None:
    assert read_quantity(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("21 Şubat 2025", date(2025, 2, 21)),
        ("3 Aralık 2024", date(2024, 12, 3)),
        ("5 грудня 2023", date(2023, 12, 5)),
        ("2024. március 5.", date(2024, 3, 5)),
        ("12 noiembrie 2023", date(2023, 11, 12)),
    ],
)
def test_months_of_more_languages(text: str, day: date) -> None:
    assert read_day(text) == day.toordinal()
