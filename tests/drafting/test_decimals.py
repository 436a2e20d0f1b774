"""The mark before a fraction, of every column of numbers."""

from typing import Any

import pytest
from tests.drafting.invented import draw_cars
from tests.drafting.small_files import ROWS, Write, cars, clean, draft, feature, group

from carprice.drafting.columns.decimals import find_decimal

ENGINES = (660, 999, 1_242, 1_598, 1_995)


@pytest.mark.parametrize(
    ("texts", "decimal"),
    [
        (["1.598 cm³", "1.242 cm³", "660 cm³", "999 cm³"], ","),
        (["1.598 cm³", "1.995 cm³"], ","),
        (["1.495 kg", "1.320 kg"], ","),
        (["1.495", "1.320", "929"], ","),
        (["1,598 cc", "660 cc"], "."),
        (["1.598 l", "1.995 l"], "."),
        (["1,598 l", "1,995 l"], ","),
        (["1.6 l", "2.0 l", "1.4"], "."),
        (["1.598", "1.995", "0.998"], "."),
        (["1.598", "1.995"], "."),
        (["1,6", "2,0"], ","),
        (["12.500", "8.900", "110.000"], ","),
        (["5.900,50", "12.500,00"], ","),
        (["1200.500", "900.250"], "."),
    ],
)
def test_the_mark_before_a_fraction(texts: list[str], decimal: str) -> None:
    assert find_decimal(dict.fromkeys(texts, 10)) == decimal


def test_what_does_not_tell_is_as_elsewhere_in_the_file() -> None:
    assert find_decimal({"1.598": 5, "1.995": 5}, ",") == ","
    assert find_decimal({"1.6": 5, "2.0": 5}, ",") == "."
    assert find_decimal({"1.598 l": 5, "1.995 l": 5}, ",") == "."


def test_thousands_points_of_engines_and_weights(write_file: Write) -> None:
    def row(luck: Any, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        engine, weight = luck.choice(ENGINES), luck.randint(850, 1_900)
        volume, plain = f"{group(engine, '.')} cm³", group(luck.choice([1_100, 1_995]), ".")
        sentence = f"{group(engine, '.')} cm3, {luck.randint(60, 200)} PS, {luck.choice('AB')}"
        return [
            make,
            model,
            year,
            f"{group(miles, '.')} km",
            price,
            volume,
            f"{group(weight, '.')} kg",
            plain,
            sentence,
        ]

    text = cars("make,model,year,mileage,price,engine,weight,max load,equipment", row)
    found, path = draft(write_file, text)
    frame = clean(found, path).frame
    assert frame.height == ROWS
    assert set(frame["engine_size"]) == set(ENGINES)
    assert (feature(found.market, "engine_size").unit, feature(found.market, "engine_size").decimal) == ("cc", ",")
    assert frame["weight"].is_between(850, 1_900).all()
    assert set(frame["max_load"]) == {1_100, 1_995}


def test_thousands_points_inside_a_sentence(write_file: Write) -> None:
    def row(luck: Any, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        sentence = f"{group(luck.choice(ENGINES), '.')} cm3, {luck.randint(60, 200)} PS, {luck.choice('AB')}"
        return [make, model, year, miles, price, sentence]

    found, path = draft(write_file, cars("make,model,year,mileage,price,engine data", row))
    assert set(clean(found, path).frame["engine_size"]) == set(ENGINES)


def test_litres_beside_thousands_points(write_file: Write) -> None:
    litres = ["1.6 l", "2.0 l", "1.2 l"]

    def row(_: Any, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make, model, year, group(miles, "."), f"{group(price, '.')} €", litres[miles % 3]]

    found, path = draft(write_file, cars("make,model,year,mileage,price,engine", row))
    frame = clean(found, path).frame
    assert set(frame["engine_size"]) == {1.6, 2.0, 1.2}
    assert frame["price"].to_list() == [price for *_, price in draw_cars(ROWS)]
