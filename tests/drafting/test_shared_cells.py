"""Cells of two things, a year and a distance, or a place and how long ago a car was listed; and what is none."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.drafting.small_files import ROWS, Write, cars, clean, draft, feature, group, truth, usual, with_more

AGES = [
    "{}, 2 hours ago",
    "{},\n    Il y a 7 minutes",
    "{}, Il y a une heure",
    "{} · hace 3 días",
    "{} | 5 минут назад",
]


@pytest.mark.parametrize(
    ("show", "unit"),
    [
        (lambda year, miles: f"{year} | {group(miles, '.')} Km", "km"),
        (lambda year, miles: f"{miles:,} kms · {year} · Manual", "km"),
        (lambda year, miles: f"{year}, {miles} miles", "mi"),
    ],
)
def test_a_year_and_a_distance_in_one_cell(show: Callable[[int, int], str], unit: str, write_file: Write) -> None:
    text = cars("title,both,price", lambda _, make, model, y, m, p: [f"{make} {model} GL", show(y, m), f"{p:,} €"])
    found, path = draft(write_file, text)
    assert found.market.distance_unit == unit
    frame = clean(found, path).frame
    assert frame["year"].to_list() == [year for year, _, _ in truth()]
    assert frame["mileage"].to_list() == [miles for _, miles, _ in truth()]


def test_thousand_kilometres_in_titles(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        way = [f"{miles // 1000}tkm", f"{miles // 1000} Tkm", f"{miles // 1000}.tkm", f"{miles} km"][miles % 4]
        return [f"{make} {model} {way}, TÜV neu", f"01/{year}", f"{price} €"]

    found, path = draft(write_file, cars("Titel,EZ,Preis", row))
    assert (found.market.distance_unit, "distance" in found.questions) == ("km", False)
    ways = [miles if miles % 4 == 3 else miles // 1000 * 1000 for _, miles, _ in truth()]
    assert clean(found, path).frame["mileage"].to_list() == ways


def test_short_distances_in_sentences_are_none_that_cars_have_gone(write_file: Write) -> None:
    found, _ = draft(write_file, with_more("range", lambda luck, *_: [f"up to {luck.randint(200, 600)} km, WLTP"]))
    assert feature(found.market, "mileage").column == "mileage"
    text = cars("make,year,range,price", lambda luck, make, _, y, m, p: [make, y, f"up to {m % 400} km, WLTP", p])
    found, _ = draft(write_file, text)
    assert found.market.feature("mileage") is None


@pytest.mark.parametrize("show", AGES)
def test_a_place_is_without_the_age_of_its_listing(show: str, write_file: Write) -> None:
    towns = ["Nairobi, Kilimani", "Mombasa", "Tunis, La Marsa"]
    found, path = draft(write_file, with_more("location", lambda luck, *_: [show.format(luck.choice(towns))]))
    assert set(clean(found, path).frame["location"]) == set(towns)


def test_how_long_ago_a_car_was_listed_is_no_feature(write_file: Write) -> None:
    found, _ = draft(write_file, with_more("when", lambda luck, *_: [f"{luck.randint(2, 9)} hours ago"]))
    assert '# "when" is left out: nobody can answer it who asks for a price.' in found.text


def test_words_of_two_letters_are_no_country(write_file: Write) -> None:
    text = with_more(
        "location", lambda luck, *_: [luck.choice(["Sfax, Il y a 5 minutes", "Sousse, il y a 1 heure"])]
    )
    found, _ = draft(write_file, text)
    assert found.market.currency != "ILS"


def test_prices_of_nothing_are_none(write_file: Write) -> None:
    found, path = draft(write_file, usual(price=lambda price: f"{price:,} DT" if price % 3 == 0 else "0 DT"))
    assert (found.market.currency, found.market.price.scale) == ("TND", 1)
    assert 0 < clean(found, path).report.rows_kept < 0.5 * ROWS


@pytest.mark.parametrize("column", ["Run", "km_run"])
def test_what_a_car_has_run_is_its_mileage(column: str, write_file: Write) -> None:
    text = cars(f"Brand,Model,Year,{column},L,Price_USD", _thousands)
    found, path = draft(write_file, text, distance="km")
    assert clean(found, path).frame["mileage"].to_list() == [miles // 1_000 * 1_000 for _, miles, _ in truth()]
    assert (feature(found.market, "engine_size").column, feature(found.market, "engine_size").unit) == ("L", "l")


def _thousands(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
    return [make, model, year, miles // 1_000, [1.2, 1.4, 1.6, 1.8, 2, 2.5, 3][miles % 7], price]


def test_ratings_are_no_litres(write_file: Write) -> None:
    found, _ = draft(
        write_file, with_more("rating", lambda luck, *_: [luck.choice(["3.9", "4.2", "4.5", "4.8", "5"])])
    )
    assert found.market.feature("engine_size") is None


def test_who_had_a_car_before_is_no_number_of_owners(write_file: Write) -> None:
    values = ["Foreign Used", "Brand New", "Local Used"]
    found, _ = draft(write_file, with_more("Previous Ownership", lambda luck, *_: [luck.choice(values)]))
    assert feature(found.market, "previous_ownership").kind == "category"
    assert found.market.feature("owners") is None


def test_the_day_of_the_last_change_stands_for_that_of_the_listing(write_file: Write) -> None:
    days = [f"2024-{month:02}-{day:02}" for month in range(1, 12) for day in (3, 14, 25)]
    found, _ = draft(write_file, with_more("Updated", lambda luck, *_: [luck.choice(days)]))
    assert found.market.listing.seen == "Updated"
    both = with_more("Updated,posted", lambda luck, *_: [luck.choice(days), luck.choice(days)])
    assert draft(write_file, both)[0].market.listing.seen == "posted"


def test_a_day_without_a_year_is_no_feature(write_file: Write) -> None:
    found, _ = draft(write_file, with_more("creation_date", lambda luck, *_: [f"{luck.randint(1, 30)} ноября"]))
    assert found.market.feature("creation_date") is None


def test_hands_are_owners_and_a_number_of_an_advert_is_none(write_file: Write) -> None:
    def make_values(luck: random.Random, *_: Any) -> list[Any]:
        return [luck.randint(1, 5), luck.randint(10**6, 10**8), luck.choice(["Cuero", "Tela"])]

    found, _ = draft(write_file, with_more("hand,ad_num,asientos", make_values))
    assert feature(found.market, "owners").column == "hand"
    assert '# "ad_num" is left out: it names the listing, not the car.' in found.text
    assert feature(found.market, "asientos").kind == "category"


def test_ask_the_seller_is_no_value(write_file: Write) -> None:
    values = ["5 Pasajeros", "7 Pasajeros", "¡Pregunta al anunciante!"]
    found, _ = draft(write_file, with_more("asientos", lambda luck, *_: [luck.choice(values)]))
    assert feature(found.market, "seats").missing == ("¡Pregunta al anunciante!",)
