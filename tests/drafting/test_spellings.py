"""Names and units in other spellings: accents, alphabets, horses."""

import random
from typing import Any

from tests.drafting.invented import draw_cars
from tests.drafting.small_files import ROWS, Write, cars, clean, draft, feature, with_more


def test_accents_and_alphabets_are_folded(write_file: Write) -> None:
    other = {"Skoda": "Шкода", "Golf": "Гольф", "Passat": "Pássat", "Octavia": "Octávia"}

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        names = [other.get(name, name) if luck.random() < 0.3 else name for name in (make, model)]
        return [*names, year, miles, price]

    found, path = draft(write_file, cars("make,model,year,mileage,price", row))
    frame = clean(found, path).frame
    assert set(frame["make"]) == {"BMW", "Opel", "Skoda", "Volkswagen"}
    assert frame["model"].n_unique() == len({model for _, _, model, *_ in draw_cars(ROWS)})


def test_horses_in_the_name_of_a_column(write_file: Write) -> None:
    found, _ = draft(write_file, with_more("Hästkrafter", lambda luck, *_: [luck.randint(60, 300)]))
    assert feature(found.market, "power").unit == "PS"
