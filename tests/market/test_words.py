"""The words of a text: what is one, what makes a pair, and what is refused."""

import pytest

from carprice.market.words import find_keys, find_terms


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("BMW 430i M-Sport", ["bmw", "bmw 430i", "430i", "430i m", "m", "m sport", "sport"]),
        ("2.0 TDI, 4x4", ["2.0", "2.0 tdi", "tdi", "tdi 4x4", "4x4"]),
        ("2,0 tdi", ["2.0", "2.0 tdi", "tdi"]),
        ("Sport! Sport", ["sport"]),
        ("Škoda Цивик", ["škoda", "škoda цивик", "цивик"]),
        ("", []),
    ],
)
def test_words_and_pairs_of_neighbours(text: str, keys: list[str]) -> None:
    assert find_keys(text) == keys
    assert [term.key for term in find_terms(text)] == keys


@pytest.mark.parametrize(
    "planted",
    [
        "£12,995",
        "12.995 €",
        "$9k",
        "12995 AUD",
        "AUD 12995",
        "Rs 450000",
        "12,995",
        "12'500",
        "9995",
        "2017",
        "45000",
        "0207 946 0958",
        "+44 (0)20 7946-0958",
        "info@example.com",
        "https://example.com/cars/77",
        "www.example.org",
        "example.co.uk",
        "AB12CDE",
        "WDB1234567A123456",
        "stock77123",
        "reduced",
        "PRICE",
        "finance",
        "|",
        "x" * 41,
    ],
)
def test_what_names_a_listing_or_its_price_is_no_word(planted: str) -> None:
    assert find_keys(f"Sport {planted} Pack") == ["sport", "pack"]


def test_words_are_shown_as_they_are_written() -> None:
    assert [(term.shown, term.place, term.is_pair) for term in find_terms("M-SPORT")] == [
        ("M", 0, False),
        ("M SPORT", 0, True),
        ("SPORT", 1, False),
    ]
