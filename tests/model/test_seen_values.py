"""A value that no listing of a make and model has is questioned everywhere, and promised nothing."""

from pathlib import Path
from typing import Any

import pytest
from tests.model.cars import UK_CAR, change
from tests.model.damage import edit_pickle, refusal
from tests.model.every_way import warn_every_way

from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import Pricer
from carprice.model.seen_values import SeenValues

MISSING = float("nan")
NAMES = ["make", "model", "fuel", "gearbox"]
ENCODERS = {"fuel": ["Diesel", "Electric", "Petrol"], "gearbox": ["Automatic", "Manual"]}
ROWS = [[[0, 1], [[[2, 0], [90, 10]], None]], [[0, 2], [[[2, 0], [20, 1]], [[1], [21]]]]]
TABLE = {"fields": ["fuel", "gearbox"], "rows": ROWS}


@pytest.mark.parametrize(
    ("row", "unseen"),
    [
        ([0.0, 1.0, 2.0, 0.0], []),
        ([0.0, 1.0, 1.0, 0.0], [2]),  # of gearboxes nothing is known
        ([0.0, 2.0, 1.0, 0.0], [2, 3]),
        ([0.0, 2.0, MISSING, MISSING], []),
        ([0.0, 3.0, 1.0, 0.0], []),  # a model of few listings
    ],
)
def test_what_no_listing_of_a_model_has(row: list[float], unseen: list[int]) -> None:
    seen = SeenValues(TABLE, NAMES, ENCODERS)
    assert [each.column for each in seen.find((row[0], row[1]), row)] == unseen
    assert seen.find_rows([[row[0]], [row[1]]], [[value] for value in row]) == ({0} if unseen else set())


def test_models_with_the_same_values_share_them() -> None:
    seen = SeenValues(TABLE, NAMES, ENCODERS).seen
    assert seen[0.0, 1.0][0].codes is seen[0.0, 2.0][0].codes


@pytest.fixture(scope="module")
def seen_fiestas(small_bundle: Path) -> Pricer:
    """A pricer that has seen Ford Fiestas with petrol and diesel, and with every gearbox."""
    bundle = read_bundle(find_bundle(small_bundle))
    make, model, fuel = (bundle.encoders[name].index for name in ("make", "model", "fuel"))
    fuels = [[fuel("Petrol"), fuel("Diesel")], [1_210, 45]]
    gearboxes = [list(range(len(bundle.encoders["transmission"]))), [9] * len(bundle.encoders["transmission"])]
    rows = [[[make("Ford"), model("Fiesta")], [fuels, gearboxes]]]
    bundle.model["seen_values"] = {"fields": ["fuel", "transmission"], "rows": rows}
    return Pricer(bundle)


def test_a_car_with_such_a_value_is_promised_nothing(seen_fiestas: Pricer) -> None:
    usual = seen_fiestas.price(UK_CAR)
    found = seen_fiestas.price(change(UK_CAR, model="FIESTA", fuel="hybrid", asking_price=9_000))
    [warning] = found.warnings
    assert (warning.code, warning.field) == ("unseen_value", "fuel")
    assert warning.detail == (
        "was 'Hybrid' in none of the 1,255 training listings of Ford Fiesta: Petrol 1,210, Diesel 45"
    )
    assert warning.suggestions == ("Petrol", "Diesel")
    assert (usual.warnings, usual.coverage) == ((), 0.9)
    assert (found.confidence, found.coverage, found.position) == ("low", None, None)
    assert seen_fiestas.price(change(UK_CAR, model="Focus", fuel="Hybrid")).warnings == ()


def test_of_many_values_the_commonest_are_named(seen_fiestas: Pricer) -> None:
    unusual = seen_fiestas.unusual
    key, _ = next(iter(unusual.categories.seen.items()))
    names = [f"Gear {number}" for number in range(9)]
    table = {"fields": ["transmission"], "rows": [[list(map(int, key)), [[[*range(8)], [*range(80, 0, -10)]]]]]}
    other = SeenValues(table, [each.name for each in seen_fiestas.market.features], {"transmission": names})
    [seen] = other.seen[key]
    row = [0.0] * len(seen_fiestas.market.features)
    row[seen.column] = 8.0
    unusual._encoders = {**seen_fiestas.encoders, "transmission": names}
    assert unusual._warn_unseen(seen, key, row).detail == (
        "was 'Gear 8' in none of the 360 training listings of Ford Fiesta: "
        "Gear 0 80, Gear 1 70, Gear 2 60, Gear 3 50, Gear 4 40 and 3 others"
    )
    unusual._encoders = seen_fiestas.encoders


@pytest.fixture
def cars() -> list[dict[str, Any]]:
    return [
        change(UK_CAR, make=make, model=model, fuel=fuel, year=year, transmission=gearbox)
        for make, model in (("Ford", "Fiesta"), ("ford", "fiesta"), ("Ford", "Focus"), ("Skoda", "Unheard"))
        for fuel in ("Petrol", "Hybrid", "HYBRID", "Steam")
        for year in (1981, 2017)
        for gearbox in ("Manual", "Semi-Auto")
    ]


def test_every_way_says_the_same(seen_fiestas: Pricer, cars: list[dict[str, Any]], tmp_path: Path) -> None:
    codes = warn_every_way(seen_fiestas, cars, tmp_path)
    assert {"unseen_value:fuel", "outside_training_range:year; unseen_value:fuel", None} < set(codes)


def test_a_bundle_without_them_asks_nothing(small_bundle: Path) -> None:
    bundle = read_bundle(find_bundle(small_bundle))
    del bundle.model["seen_values"]
    assert Pricer(bundle).price(change(UK_CAR, fuel="Hybrid")).warnings == ()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"fields": ["wings"], "rows": []}, "seen_values.fields: should name columns (got 'wings')"),
        ({"fields": ["year"], "rows": []}, "seen_values.fields: should name categories (got 'year')"),
        (
            {"fields": ["fuel"], "rows": [[[0], [None]]]},
            "seen_values.rows[0]: should have 2 codes and 1 fields (got others)",
        ),
        (
            {"fields": ["fuel"], "rows": [[[0, 0], [[[1, 1], [3, 2]]]]]},
            "seen_values.rows[0]: should have each value once with its count (got others)",
        ),
        (
            {"fields": ["fuel"], "rows": [[[0, 0], [[[0], [3, 2]]]]]},
            "seen_values.rows[0]: should have each value once with its count (got others)",
        ),
        (
            {"fields": ["fuel"], "rows": [[[0, 0], [[[], []]]]]},
            "seen_values.rows[0]: should have each value once with its count (got others)",
        ),
        (
            {"fields": ["fuel"], "rows": [[[0, 0], [[[0, 99], [3, 2]]]]]},
            "seen_values.rows[0]: should have codes of fuel below 4 (got 99)",
        ),
        (
            {"fields": ["fuel"], "rows": [[[0, 0], [[[0], [10**400]]]]]},
            "seen_values.rows[0][1][0][1][0]: should be",
        ),
    ],
)
def test_damage_is_named(bundle_folder: Path, table: dict[str, Any], message: str) -> None:
    edit_pickle(bundle_folder, "model.pkl", lambda model: model.__setitem__("seen_values", table))
    assert message in str(refusal(bundle_folder))
