"""Columns that say no more than others, and parts of texts that nobody could answer."""

import random
from datetime import date
from typing import Any

import pytest
from tests.drafting.small_files import Write, cars, clean, draft, feature, with_more

TRIMS = ["LX", "Sport", "Comfort", "GT"]


@pytest.mark.parametrize("column", ["Years Old", "Age", "Antigüedad", "x"])
def test_an_age_says_no_more_than_the_year(column: str, write_file: Write) -> None:
    text = with_more(column, lambda luck, make, model, year, *_: [f"{2023 - year - luck.choice([0, 0, 1])}"])
    found, _ = draft(write_file, text)
    assert f'"{column}" is left out: it says no more than "year".' in found.text


def test_ages_of_something_else_stay(write_file: Write) -> None:
    found, _ = draft(write_file, with_more("tyre_age", lambda luck, *_: [luck.randint(0, 9)]))
    assert feature(found.market, "tyre_age")


def test_copies_of_columns_are_left_out(write_file: Write) -> None:
    def more(luck: random.Random, *_: Any) -> list[Any]:
        trim, size = luck.choice(TRIMS), luck.choice([1.2, 1.6, 2.0])
        fuel = luck.choice(["Diesel", "Petrol"])
        return [trim, trim.lower(), size, f"{size} {fuel}", fuel, luck.choice("yn"), luck.choice("yn")]

    text = with_more("version,subversion,Engine Size,Engine,fuel,abs,esp", more)
    found, _ = draft(write_file, text)
    assert '"subversion" is left out: it says no more than "version".' in found.text
    assert '"Engine" is left out: it says no more than "Engine Size".' in found.text
    names = {item.name for item in found.market.features}
    assert {"trim", "engine_size", "fuel", "abs", "esp"} <= names
    assert not any(name.startswith(("sub", "engine_word")) for name in names)


def test_versions_that_begin_with_litres_are_no_models(write_file: Write) -> None:
    trims = {"Volkswagen": "SP", "BMW": "d", "Opel": "Cosmo", "Skoda": "RS"}

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        version = f"{luck.choice([1.4, 1.6, 2.0, 2.2])} {trims[make]}"
        return [make, version, version, year, miles, price]

    found, _ = draft(write_file, cars("make,subversion,version,year,mileage,price", row))
    assert not found.market.feature("model")
    assert feature(found.market, "trim").column == "version"
    assert '"subversion" is left out: it says no more than "version".' in found.text


def test_a_name_of_make_and_model_alone_is_left_out(write_file: Write) -> None:
    found, _ = draft(write_file, with_more("vehicle", lambda luck, make, model, *_: [f"{make} {model}"]))
    assert '"vehicle" is left out: it says no more than "make", "model", "year".' in found.text


def test_towns_beside_distances_have_no_name(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [
            make,
            model,
            year,
            f"{miles // 10_000}0000 Kms. · {luck.choice(['Quito', 'Manta', 'Cuenca'])}",
            price,
        ]

    found, path = draft(write_file, cars("make,model,year,km,price", row))
    assert [item.name for item in found.market.features] == ["make", "model", "year", "mileage"]
    assert 'The word beside the numbers in "km" is left out: nothing says what "' in found.text
    assert clean(found, path).frame["mileage"].null_count() == 0


def test_what_is_left_out_of_a_name_is_named(write_file: Write) -> None:
    def row(luck: random.Random, _: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"2015 Mazda {model} {luck.choice(TRIMS)}", miles, price]

    found, _ = draft(write_file, cars("name,mileage,price", row))
    assert [item.name for item in found.market.features] == ["make", "model", "version", "mileage"]
    assert '# The year in "name" is left out: it says the same of every listing with a price.' in found.text
    assert '# "name" is left out' not in found.text


def test_sellers_are_no_features_but_their_kinds_are(write_file: Write) -> None:
    def more(luck: random.Random, *_: Any) -> list[Any]:
        return [
            f"{luck.choice('ABCDEFG')}. {luck.choice('RSTUVW')}. Motors",
            luck.choice(["private", "trade"]),
            date(2021, 1, luck.randint(1, 9)),
        ]

    found, _ = draft(write_file, with_more("seller,seller_type,create_date", more))
    assert '"seller" is left out: nobody can answer it who asks for a price.' in found.text
    assert '"create_date" is left out: it is the day of the listing, which [listing] says' in found.text
    assert feature(found.market, "seller_type")


def test_a_make_that_was_made_into_columns_is_said_once(write_file: Write) -> None:
    makes = ["BMW", "Opel", "Skoda", "Volkswagen"]
    text = with_more(
        ",".join(f"is_{make}" for make in makes), lambda _, make, *__: [int(make == one) for one in makes]
    )
    found, _ = draft(write_file, text)
    assert [item.name for item in found.market.features] == ["make", "model", "year", "mileage"]
    assert '# "is_Opel" is left out: it says no more than "make".' in found.text


def test_yes_and_no_of_several_makes_stay(write_file: Write) -> None:
    found, _ = draft(
        write_file, with_more("is_german", lambda luck, make, *_: [int(make != "Skoda" or luck.random() < 0.1)])
    )
    assert feature(found.market, "is_german").kind == "flag"
