"""Columns that say nothing of a car: places in a file, what is left of an auction, pages of a search."""

import random
from typing import Any

import pytest
from tests.drafting.small_files import Write, draft, with_more

USUAL = ["make", "model", "year", "mileage"]


@pytest.mark.parametrize("column", ["index", "Index", "idx", "rank", "S.No", "row_number"])
def test_places_within_the_pages_of_a_search(column: str, write_file: Write) -> None:
    """Pages that were joined count from the start again, each in the order of its prices."""

    def values(luck: random.Random, *car: Any) -> list[Any]:
        return [car[-1] // 200 + luck.randint(0, 60)]

    found, _ = draft(write_file, with_more(column, values))
    assert [item.name for item in found.market.features] == USUAL
    assert "is left out: it names the listing, not the car" in found.text


@pytest.mark.parametrize("column", ["condition", "ends"])
def test_the_time_that_is_left_of_an_auction(column: str, write_file: Write) -> None:
    def values(luck: random.Random, *_: Any) -> list[Any]:
        return [f"{luck.randint(1, 40)} {luck.choice(['days', 'hours'])} left"]

    found, _ = draft(write_file, with_more(column, values))
    assert [item.name for item in found.market.features] == USUAL


def test_a_page_of_a_search_is_no_link_to_a_listing(write_file: Write) -> None:
    def values(luck: random.Random, *_: Any) -> list[Any]:
        return [f"https://cars.example/stock?page={luck.randint(1, 5)}"]

    found, _ = draft(write_file, with_more("page", values))
    assert [item.name for item in found.market.features] == USUAL
    assert not found.market.listing.link


def test_numbers_of_publications(write_file: Write) -> None:
    def values(luck: random.Random, *_: Any) -> list[Any]:
        return [luck.choice(["", luck.randint(1000, 1060)])]

    found, _ = draft(write_file, with_more("codigo_publicacion", values))
    assert [item.name for item in found.market.features] == USUAL


def test_the_day_on_which_a_listing_was_made(write_file: Write) -> None:
    def values(luck: random.Random, *_: Any) -> list[Any]:
        return [f"2023-{luck.randint(1, 12):02}-{luck.randint(1, 28):02}"]

    found, _ = draft(write_file, with_more("create_date", values))
    assert found.market.listing.seen == "create_date"
