"""Makes and models that stand once for the rows below them."""

import random
from typing import Any

from tests.drafting.invented import draw_cars
from tests.drafting.small_files import ROWS, Write, cars, clean, draft, feature, write_csv

SORTED = sorted(draw_cars(ROWS), key=lambda car: car[1:3])


def blank_below(rows: list[list[Any]], places: tuple[int, ...]) -> list[list[Any]]:
    shown = [list(row) for row in rows]
    for above, row, new in zip(rows, rows[1:], shown[1:], strict=False):
        for place in places:
            if row[: place + 1] == above[: place + 1]:
                new[place] = ""
    return shown


def test_each_make_and_model_once(write_file: Write) -> None:
    rows = [[make, model, year, miles, price] for _, make, model, year, miles, price in SORTED]
    text = write_csv("Make,Model,Year,Mileage (km),Price (EUR)", iter(blank_below(rows, (0, 1))))
    found, path = draft(write_file, text)
    assert [feature(found.market, name).blank for name in ("make", "model")] == ["above", "above"]
    frame = clean(found, path).frame
    assert frame["make"].to_list() == [make for _, make, *_ in SORTED]
    assert frame["model"].to_list() == [model for _, _, model, *_ in SORTED]
    assert "stands in the first row of each group alone" in found.text


def test_makes_that_are_often_missing_are_missing(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make if luck.random() < 0.5 else "", model, year, miles, price]

    found, path = draft(write_file, cars("make,model,year,mileage,price", row))
    assert feature(found.market, "make").blank == "missing"
    assert clean(found, path).frame["make"].null_count() > 0.3 * ROWS
