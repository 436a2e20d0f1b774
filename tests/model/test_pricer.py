"""The pricer: golden valuations, honest ranges, and breakdowns that sum to the price."""

import copy
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from tests.model.cars import DATED_CAR, UK_CAR, UK_VALUES, change

from carprice.errors import BundleError, ListingsError
from carprice.model.bundle import Bundle, read_bundle
from carprice.model.manifest import RETRAIN, find_bundle
from carprice.model.pricer import Pricer, Valuation, _round_to_sum, load_pricer

CARS = 3000


def draw_cars(pricer: Pricer, count: int, seed: int) -> list[dict[str, Any]]:
    """Cars with every value that the market takes, seen in training or not, and missing ones."""
    draw = random.Random(seed)
    return [
        {
            feature.name: value
            for feature in pricer.market.features
            if (value := draw_value(pricer, feature.name, draw)) is not None
        }
        for _ in range(count)
    ]


def draw_value(pricer: Pricer, name: str, draw: random.Random) -> Any:
    feature = pricer.market.feature(name)
    assert feature is not None
    if feature.optional and draw.random() < 0.2:
        return None
    match feature.kind:
        case "category":
            return draw.choice([*pricer.encoders[name], "Never seen"])
        case "flag":
            return draw.random() < 0.5
        case "date":
            return f"{draw.randint(1950, 2030)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
    low, high = feature.min or 0.0, feature.max or 100.0
    return float(draw.randint(int(low), int(high))) if feature.kind == "year" else draw.uniform(low, high)


@pytest.fixture
def bundle(small_bundle: Path) -> Bundle:
    return read_bundle(find_bundle(small_bundle))


@pytest.fixture(params=["pricer", "dated_pricer"])
def any_pricer(request: pytest.FixtureRequest) -> Pricer:
    found: Pricer = request.getfixturevalue(request.param)
    return found


def test_a_price_is_what_the_trees_say_in_whole_pounds(pricer: Pricer, bundle: Bundle) -> None:
    booster = lgb.Booster(model_str=bundle.model["trees"])
    score = float(np.asarray(booster.predict([pricer.encoder.encode(UK_VALUES)[0]]))[0])
    low, high = (math.exp(bundle.model["calibration"][key]) for key in ("low", "high"))
    price = math.exp(score)
    assert 7_000 < price < 13_000
    assert pricer.price(UK_CAR) == Valuation(round(price), round(price * low), round(price * high), ())


def test_the_range_holds_the_price(any_pricer: Pricer) -> None:
    for car in draw_cars(any_pricer, CARS, seed=1):
        valuation = any_pricer.price(car)
        assert 0 < valuation.low <= valuation.price <= valuation.high


def test_the_range_is_the_calibration_in_log_price(any_pricer: Pricer) -> None:
    for golden in any_pricer.manifest["golden"]:
        exact = any_pricer.golden_valuation(golden["listing"])
        assert math.log(exact["low"] / exact["price"]) == pytest.approx(math.log(any_pricer.low_factor))
        assert any_pricer.low_factor <= 1 <= any_pricer.high_factor


def test_breakdowns_sum_to_the_price_exactly(any_pricer: Pricer) -> None:
    names = [feature.name for feature in any_pricer.market.features]
    for car in draw_cars(any_pricer, CARS, seed=2):
        price, breakdown = any_pricer.price(car).price, any_pricer.explain(car)
        assert breakdown.base + sum(part.amount for part in breakdown.parts) == price
        assert [part.feature for part in breakdown.parts] == names


def test_breakdowns_are_of_the_size_of_the_contributions(any_pricer: Pricer) -> None:
    """Each amount has its contribution's sign, and about contribution times a price between base and price."""
    for car in draw_cars(any_pricer, 300, seed=3):
        breakdown, price = any_pricer.explain(car), any_pricer.price(car).price
        row, _ = any_pricer.encoder.encode(any_pricer._check(car))
        *parts, base = any_pricer.trees.contributions(row)
        assert breakdown.base == pytest.approx(math.exp(base), abs=1)
        low, high = sorted((breakdown.base, price))
        for part, found in zip(parts, breakdown.parts, strict=True):
            smallest, largest = sorted((part * low, part * high))
            assert smallest - 2 <= found.amount <= largest + 2


@pytest.mark.parametrize("sum_of_parts", [0.0, 1e-17, -1e-17, 1e-9, 0.5])
def test_breakdowns_are_sane_where_the_parts_cancel_out(
    pricer: Pricer, monkeypatch: pytest.MonkeyPatch, sum_of_parts: float
) -> None:
    """Parts of 30 % up and down that add up to next to nothing stay thousands, not billions."""
    base = math.log(10_000)
    parts = [0.3, -0.3, sum_of_parts, *[0.0] * 6, base]
    monkeypatch.setattr(pricer.trees, "contributions", lambda _: parts)
    monkeypatch.setattr(pricer.trees, "predict_row", lambda _: base + sum(parts[:-1]))
    amounts = {part.feature: part.amount for part in pricer.explain_values(UK_VALUES).parts}
    assert 2900 <= amounts["make"] <= 4000
    assert -4000 <= amounts["model"] <= -2900


@pytest.mark.parametrize(
    ("amounts", "total", "expected"),
    [
        ([0.5, 0.5], 1, [1, 0]),
        ([1.2, 2.7, -0.9], 3, [1, 3, -1]),
        ([1.0, 2.0], 3, [1, 2]),
        ([0.4, 0.4, 0.4], 1, [1, 0, 0]),
        ([-0.4, -0.4, 10.0], 9, [0, -1, 10]),
        ([0.0], 0, [0]),
    ],
)
def test_rounding_to_a_sum(amounts: list[float], total: int, expected: list[int]) -> None:
    assert _round_to_sum(amounts, total) == expected


def test_many_cars_cost_what_each_costs(any_pricer: Pricer) -> None:
    cars = draw_cars(any_pricer, 200, seed=4)
    valuations = any_pricer.price_rows([any_pricer._check(car) for car in cars])
    assert valuations == [any_pricer.price(car) for car in cars]
    assert any(valuation.warnings for valuation in valuations)
    assert any_pricer.price_rows([]) == []


def test_spelling_does_not_move_the_price(pricer: Pricer) -> None:
    assert pricer.price(change(UK_CAR, make=" FORD", model="fiesta ")) == pricer.price(UK_CAR)


def test_strange_values_are_priced_and_flagged(pricer: Pricer) -> None:
    valuation = pricer.price(change(UK_CAR, make="Lada", mileage=499_999))
    assert [(warned.field, warned.code) for warned in valuation.warnings] == [
        ("make", "unknown_category"),
        ("mileage", "outside_training_range"),
    ]
    assert valuation.price > 0


def test_wrong_fields_are_named_at_once(pricer: Pricer) -> None:
    with pytest.raises(ListingsError) as error:
        pricer.price(change(UK_CAR, make=..., year=1900, colour="red"))
    assert str(error.value) == (
        "make: is required; year: should be from 1980 to 2021; colour: is not a field of this market\n"
        "Fields: make, model, year, transmission, mileage, fuel, tax, mpg, engine_size"
    )
    with pytest.raises(ListingsError):
        pricer.explain({})


def test_golden_listings_are_priced_as_stated(any_pricer: Pricer) -> None:
    any_pricer.prove()
    any_pricer.prove_one()
    for golden in any_pricer.manifest["golden"]:
        valuation = any_pricer.price(golden["listing"])
        assert valuation.price == round(golden["price"])
        assert (valuation.low, valuation.high) == (round(golden["low"]), round(golden["high"]))


def with_golden(pricer: Pricer, number: int, **fields: Any) -> Pricer:
    other = copy.copy(pricer)
    golden = [dict(item) for item in pricer.manifest["golden"]]
    golden[number] |= fields
    other.manifest = {**pricer.manifest, "golden": golden}
    return other


@pytest.mark.parametrize("key", ["price", "low", "high"])
@pytest.mark.parametrize("factor", [1.4, 1 + 1e-6])
def test_another_golden_valuation_is_refused(pricer: Pricer, key: str, factor: float) -> None:
    right = pricer.manifest["golden"][2][key]
    with pytest.raises(BundleError) as error:
        with_golden(pricer, 2, **{key: right * factor}).prove()
    assert str(error.value) == (
        f"manifest.json: golden[2].{key}: should be {right * factor!r} (got {right!r})\n"
        f"The files of {pricer.version} do not belong together. {RETRAIN}"
    )


def test_the_last_bit_of_another_machine_is_forgiven(pricer: Pricer) -> None:
    right = pricer.manifest["golden"][0]["price"]
    with_golden(pricer, 0, price=math.nextafter(right, math.inf)).prove()


def test_a_golden_listing_of_another_market_is_refused(pricer: Pricer) -> None:
    with pytest.raises(BundleError) as error:
        with_golden(pricer, 1, listing={**UK_CAR, "year": 1900}).prove()
    assert str(error.value) == (
        f"manifest.json: golden[1]: cannot be priced (year: should be from 1980 to 2021)\n{RETRAIN}"
    )


def test_trees_whose_price_no_number_holds_are_refused(pricer: Pricer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pricer.trees, "predict_row", lambda _: 710.0)
    with pytest.raises(BundleError) as error:
        pricer.prove()
    assert error.value.what == "manifest.json: golden[0]: cannot be priced (math range error)"


NAMES = "make, model, year, transmission, mileage, fuel, tax, mpg, engine_size"
SWAPPED = "model, make, year, transmission, mileage, fuel, tax, mpg, engine_size"


@pytest.mark.parametrize(
    ("columns", "got"),
    [(SWAPPED.split(", "), SWAPPED), (["make", "model"], "make, model"), ([], ""), ([1, None], "1, None")],
)
def test_columns_in_another_order_are_refused(bundle: Bundle, columns: list[Any], got: str) -> None:
    with pytest.raises(BundleError) as error:
        Pricer(replace(bundle, model={**bundle.model, "columns": columns}))
    assert str(error.value) == f"model.pkl: columns: should be {NAMES} (got {got})\n{RETRAIN}"


def test_trees_with_columns_in_another_order_are_refused(bundle: Bundle) -> None:
    trees = bundle.model["trees"].replace("feature_names=make model", "feature_names=model make")
    with pytest.raises(BundleError) as error:
        Pricer(replace(bundle, model={**bundle.model, "trees": trees}))
    assert str(error.value) == f"model.pkl: trees: should be {NAMES} (got {SWAPPED})\n{RETRAIN}"


def test_trees_of_another_market_are_refused(bundle: Bundle, dated_bundle: Path) -> None:
    trees = read_bundle(find_bundle(dated_bundle)).model["trees"]
    with pytest.raises(BundleError) as error:
        Pricer(replace(bundle, model={**bundle.model, "trees": trees}))
    got = "make, colour, registered, inspected, leather, towbar, mileage, seats"
    assert error.value.what == f"model.pkl: trees: should be {NAMES} (got {got})"


def test_a_damaged_market_is_refused(bundle: Bundle) -> None:
    with pytest.raises(BundleError) as error:
        Pricer(replace(bundle, manifest={**bundle.manifest, "market": {"name": "uk"}}))
    assert error.value.what == "manifest.json: market: title is missing"
    assert error.value.hint == RETRAIN


def test_two_pricers_of_one_bundle_agree(small_bundle: Path, pricer: Pricer) -> None:
    assert load_pricer(find_bundle(small_bundle)).price(UK_CAR) == pricer.price(UK_CAR)


def test_dates_and_flags_are_priced(dated_pricer: Pricer) -> None:
    dear, cheap = dated_pricer.price(DATED_CAR), dated_pricer.price(change(DATED_CAR, registered="2010-03-01"))
    assert dear.price > cheap.price
    assert dear.warnings == ()
