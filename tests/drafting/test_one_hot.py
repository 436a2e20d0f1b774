"""Categories as columns of yes and no."""

import random
from typing import Any

import pytest
from tests.drafting.invented import MODELS, draw_cars
from tests.drafting.small_files import ROWS, Write, cars, clean, draft, feature, with_more

MAKES = [*MODELS]


@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("True", "False")])
def test_makes_are_one_category_again(yes: str, no: str, write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        makes = [yes if make == other else no for other in MAKES]
        fuels = [yes if miles % 2 == one else no for one in (0, 1)]
        return [model, year, miles, price, *makes, *fuels]

    header = f"model,year,km,price,{','.join(f'make_{make}' for make in MAKES)},fuel_type_Diesel,fuel_type_Petrol"
    found, path = draft(write_file, cars(header, row))
    assert [item.name for item in found.market.features] == ["make", "model", "year", "mileage", "fuel"]
    assert feature(found.market, "make").column == "make_*"
    assert feature(found.market, "fuel").column == "fuel_type_*"
    frame = clean(found, path).frame
    assert frame["make"].to_list() == [make for _, make, *_ in draw_cars(ROWS)]


def test_the_first_value_has_no_column(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [model, year, miles, price, *(int(make == other) for other in MAKES[1:])]

    found, path = draft(write_file, cars(f"model,year,km,price,{','.join(f'make_{m}' for m in MAKES[1:])}", row))
    assert feature(found.market, "make").optional
    assert set(clean(found, path).frame["make"]) == {*MAKES[1:], None}


def test_equipment_is_no_category(write_file: Write) -> None:
    def values(luck: random.Random, *_: Any) -> list[Any]:
        return [luck.choice([0, 1]) for _ in range(3)]

    found, _ = draft(write_file, with_more("seat_heating,seat_leather,seat_memory", values))
    assert {item.kind for item in found.market.features[4:]} == {"flag"}
