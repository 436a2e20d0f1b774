"""Makes and models by names that training never saw are those that are meant, in every way of asking."""

import math

import polars as pl
import pytest
from tests.model.cars import UK_CAR, change

from carprice.frames.pricing import price_frame
from carprice.model.names.category_codes import category_codes
from carprice.model.names.meant_names import MeantNames, is_slip
from carprice.model.names.suggestions import Speller
from carprice.model.names.trim_names import TrimNames
from carprice.model.pricer import Pricer

MAKES = ["Ford", "Toyota", "Volkswagen"]
MODELS = [
    "Aqua",
    "Axio",
    "Corolla",
    "Land Cruiser",
    "Land Cruiser Prado",
    "Land Cruiser Sahara",
    "Focus",
    "up!",
    "CX 3",
    "3 Wheeler",
    "Passat CC",
    "Passat Variant",
    "1 Series",
    "M 135",
]
SEEN = {
    (1, 0): 9,
    (1, 1): 9,
    (1, 2): 90,
    (1, 4): 20,
    (1, 5): 9,
    (0, 3): 1,
    (0, 6): 50,
    (2, 7): 5,
    (1, 8): 60,
    (1, 9): 2,
    (2, 10): 3,
    (2, 11): 30,
    (0, 12): 9,
    (0, 13): 9,
}


@pytest.fixture
def names() -> MeantNames:
    codes = category_codes(MAKES, "make"), category_codes(MODELS, "model")
    rows = {(float(make), float(model)): rows for (make, model), rows in SEEN.items()}
    return MeantNames(Speller(MAKES), MODELS, codes, rows, TrimNames(None, [], {}))


@pytest.mark.parametrize(
    ("make", "model", "meant"),
    [
        ("Toyota", "Toyota Aqua", "Aqua"),
        ("VW", "Volkswagen up!", "up!"),
        ("Toyota", "Toyota/Aqua", "Aqua"),
        ("Toyota", "toyota_land_cruiser_prado", "Land Cruiser Prado"),
        ("Toyota", "Aqua Toyota", "Aqua"),
        ("Toyota", "Corolla Axio", "Axio"),
        ("Toyota", "Corolla XLI", "Corolla"),
        ("Toyota", "Toyota Corolla G 1.3", "Corolla"),
        ("VW", "Volkswagen Passat CC R-Line", "Passat CC"),
        ("Toyota", "Corola", "Corolla"),
        ("Toyota", "Land Cruser Prado", "Land Cruiser Prado"),
        ("Toyota", "Land Cruiser Axio", "Axio"),
        ("Toyota", "Land Cruiser", "Land Cruiser Prado"),
        ("Toyota", "Prado", "Land Cruiser Prado"),
        ("Toyota", "sahara", "Land Cruiser Sahara"),
        ("Toyota", "3", "3 Wheeler"),
        ("VW", "Passat", "Passat Variant"),
        ("Ford", "Series 1", "1 Series"),
        ("Ford", "135-M", "M 135"),
        ("VW", "Passat Varint", "Passat Variant"),
        ("Toyotta", "Aqua", "Aqua"),
        ("Toyotta", "Aquaa", "Aqua"),
    ],
)
def test_a_model_by_another_name(names: MeantNames, make: str, model: str, meant: str) -> None:
    found = names.find(make, model)
    assert found
    assert (MODELS[int(found.model)], found.trim) == (meant, pytest.approx(math.nan, nan_ok=True))
    assert (found.make, found.model) in names.rows


@pytest.mark.parametrize(
    ("make", "model"),
    [("Ford", "Aqua"), ("Toyota", "Cruiser Land"), ("Lada", "Aqua"), (None, "Aqua"), ("Ford", None)],
)
def test_what_no_name_of_the_make_is_like(names: MeantNames, make: str | None, model: str | None) -> None:
    assert names.find(make, model) is None


def test_a_make_alone_and_a_model_of_another_make(names: MeantNames) -> None:
    alone, strange = names.find("Toyotaa", None), names.find("Toyotaa", "Focus")
    assert alone
    assert strange
    assert alone[0] == strange[0] == 1.0
    assert math.isnan(alone.model)
    assert MODELS[int(strange.model)] == "Focus", "which is not of that make: the warning says so"


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Golff", "Golf", True),
        ("Oktavia", "Octavia", True),
        ("XC70", "XC60", False),
        ("A6", "A7", False),
        ("CL Class", "CLS Class", False),
        ("Tiago", "Tigor", False),
        ("Kaptur", "Captur", False),
        ("Punto", "Panda", False),
        ("Passat", "Passat CC", False),
        ("Santa Fe", "Fe", False),
        ("PassatCC", "Passat CC", True),
    ],
)
def test_slips(text: str, name: str, expected: bool) -> None:
    assert is_slip(text, name) == expected


CARS = [
    {"make": make, "model": model}
    for make, model in (
        ("Fords", "Fiesta"),
        ("Fords", "A3"),
        ("Fords", "Nothing"),
        ("Ford", "Ford Fiesta"),
        ("Ford", "Fiestta"),
        ("BMW", "series"),
        ("BMW", "3"),
        ("BMW", "320d xDrive"),
        ("Audi", "Fiesta"),
        ("Audi", "Nothing"),
        ("Nobody", "A3"),
        ("Ford", "Fiesta"),
    )
]


def test_it_is_the_same_to_the_last_bit_alone_in_a_batch_and_in_a_frame(pricer: Pricer) -> None:
    rows = [pricer.read_values(change(UK_CAR, **car)) for car in CARS]
    alone = [pricer.price_values(values) for values in rows]
    assert pricer.price_rows(rows) == alone
    features = pricer.market.features
    types = {item.name: pl.String if item.is_text else pl.Float64 for item in features}
    priced = price_frame(pl.DataFrame(rows, schema=types, orient="row"), pricer)
    assert [round(price) for price in priced["predicted"]] == [one.price for one in alone]
    assert [round(high) for high in priced["high"]] == [one.high for one in alone]
    said = ["; ".join(f"{item.code}:{item.field}" for item in one.warnings) or None for one in alone]
    assert priced["warnings"].to_list() == said


def test_the_warning_says_what_counts(pricer: Pricer) -> None:
    found = [pricer.price(change(UK_CAR, **car)) for car in CARS]
    assert found[0].price == found[3].price == found[4].price == found[-1].price
    assert [one.warnings[0].detail for one in (found[0], found[4])] == [
        "was not among the training listings; priced as 'Ford'",
        "was not among the training listings; priced as 'Fiesta'",
    ]
    assert found[3] == found[-1], "a model behind its make is that model"
    assert all(one.coverage is None for one in (*found[:3], *found[4:-1]))
    nameless = pricer.price(change(UK_CAR, model="Nothing"))
    assert found[4].high / found[4].price > 0.8 * nameless.high / nameless.price, "as wide as for an unknown model"


def test_a_version_is_priced_as_its_series_and_nothing_is_promised(pricer: Pricer) -> None:
    found, known = (pricer.price(change(UK_CAR, make="BMW", model=model)) for model in ("BMW 320d", "3 Series"))
    assert (found.price, found.coverage) == (known.price, None)
    assert found.warnings[0].detail == "was not among the training listings; priced as '3 Series'"


@pytest.mark.parametrize("model", ["ford_fiesta", "Ford/Fiesta", "Fiesta, Ford", "fiesta ford"])
def test_a_model_beside_its_make_is_that_model(pricer: Pricer, model: str) -> None:
    assert pricer.price(change(UK_CAR, make="Ford", model=model)) == pricer.price(
        change(UK_CAR, make="Ford", model="Fiesta")
    )
