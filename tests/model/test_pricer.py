"""The pricer: golden valuations, honest ranges, and breakdowns that sum to the price."""

import math
import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import lightgbm as lgb
import pytest
from tests.model.cars import DATED_CAR, UK_CAR, UK_VALUES, change

from carprice.errors import BundleError, ListingsError
from carprice.model.bundle.contents import Bundle, read_bundle
from carprice.model.bundle.manifest import RETRAIN, find_bundle
from carprice.model.evidence.breakdown import break_down, round_to_sum
from carprice.model.input_warnings import InputWarning
from carprice.model.pricer import Pricer, load_pricer

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


def test_a_price_is_line_and_trees_in_whole_pounds(pricer: Pricer, bundle: Bundle) -> None:
    """Step by step as docs/bundle.md says, with LightGBM's own package."""
    model = bundle.model
    row, _ = pricer.encoder.encode(UK_VALUES)
    make, name, year, mileage = row[0], row[1], row[2], row[4]
    line = next(line for line in model["depreciation"]["lines"] if line[:2] == [make, name])
    center = model["depreciation"]["center"]
    trend = line[3] + line[4] * (year - center[0]) + line[5] * (mileage - center[1])
    columns = model["columns"]
    wide = [float(known.index(row[columns.index(key)])) for key, known in model["wide"].items()]
    flags = [0.0] * len(model["flags"])
    score = trend + lgb.Booster(model_str=model["trees"]).predict([[*row, *wide, *flags]])[0]
    size = lgb.Booster(model_str=model["spread"]).predict([[*row, *flags, score]], raw_score=True)[0]
    group = sum(edge < size for edge in model["range"]["edges"])
    low, high = (model["range"]["quantiles"][group][place] * math.exp(size) for place in (4, 94))
    valued = pricer.price(UK_CAR)
    assert 7_000 < valued.price < 13_000
    assert valued.price == round(math.exp(score))
    assert (valued.low, valued.high) == (round(math.exp(score + low)), round(math.exp(score + high)))
    assert (valued.coverage, valued.warnings, valued.not_given) == (0.9, (), ())


def test_the_range_holds_the_price(any_pricer: Pricer) -> None:
    for car in draw_cars(any_pricer, CARS, seed=1):
        valuation = any_pricer.price(car)
        assert 0 < valuation.low <= valuation.price <= valuation.high


def test_a_wider_coverage_has_a_wider_range_and_the_same_price(any_pricer: Pricer) -> None:
    limits = [any_pricer.range.limits(share) for share in (0.5, 0.8, 0.9, 0.98)]
    for car in draw_cars(any_pricer, 300, seed=6):
        found = [any_pricer.price_listing(car, each)[1] for each in limits]
        assert len({valued.price for valued in found}) == 1
        assert [valued.low for valued in found] == sorted((valued.low for valued in found), reverse=True)
        assert [valued.high for valued in found] == sorted(valued.high for valued in found)
        assert [valued.coverage for valued in found] in ([0.5, 0.8, 0.9, 0.98], [None] * 4)


def test_breakdowns_sum_to_the_price_exactly(any_pricer: Pricer) -> None:
    names = [feature.name for feature in any_pricer.market.features]
    for car in draw_cars(any_pricer, CARS, seed=2):
        price, breakdown = any_pricer.price(car).price, any_pricer.explain(car)
        assert breakdown.base + sum(part.amount for part in breakdown.parts) == price
        assert [part.feature for part in breakdown.parts] == names


def test_breakdowns_tell_what_raises_the_price(pricer: Pricer) -> None:
    amounts = {part.feature: part.amount for part in pricer.explain(change(UK_CAR, year=2020, mileage=50)).parts}
    older = {
        part.feature: part.amount for part in pricer.explain(change(UK_CAR, year=2008, mileage=150_000)).parts
    }
    assert amounts["year"] > 500 > 0 > older["year"]
    assert amounts["mileage"] > 0 > older["mileage"]


@pytest.mark.parametrize("sum_of_parts", [0.0, 1e-17, -1e-17, 1e-9, 0.5])
def test_breakdowns_are_sane_where_the_parts_cancel_out(sum_of_parts: float) -> None:
    """Parts of 30 % up and down that add up to next to nothing stay thousands, not billions."""
    base = math.log(10_000)
    parts = [0.3, -0.3, sum_of_parts]
    found = break_down(["make", "model", "year"], parts, base, round(math.exp(base + sum(parts))))
    assert 2900 <= found.parts[0].amount <= 4000
    assert -4000 <= found.parts[1].amount <= -2900
    assert found.base + sum(part.amount for part in found.parts) == round(math.exp(base + sum(parts)))


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
    assert round_to_sum(amounts, total) == expected


def test_rounding_ends_whatever_the_amounts() -> None:
    """A bundle whose parts do not sum to its price would have had a step for each unit between them."""
    assert sum(round_to_sum([1.0, 2.0, 3.0], 10**15)) == 10**15
    assert sum(round_to_sum([1e15, 2.0, 3.0], 7)) == 7


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
    assert (valuation.coverage, valuation.confidence) == (None, "low")


def test_a_model_of_another_make_is_priced_as_neither(pricer: Pricer) -> None:
    strange = pricer.price(change(UK_CAR, make="Audi"))
    assert strange.warnings == (
        InputWarning(
            "#/model",
            "unknown_combination",
            "'Fiesta' is not among the training listings of Audi; did you mean 'Ford'?",
            ("Ford",),
        ),
    )
    assert (strange.coverage, strange.confidence) == (None, "low")
    neither = pricer.price(change(UK_CAR, make="Lada", model="Niva"))
    assert (strange.price, strange.low, strange.high) == (neither.price, neither.low, neither.high)
    usual = pricer.price(UK_CAR)
    assert strange.high / strange.low > usual.high / usual.low


def test_what_was_not_given_is_named_with_its_cost(pricer: Pricer) -> None:
    valued = pricer.price(change(UK_CAR, tax=..., mpg=...))
    assert [item.field for item in valued.not_given] == ["tax", "mpg"]
    for item in valued.not_given:
        assert item.adds == round(max(pricer.costs[item.field] - pricer.costs[""], 0), 4)
    assert valued.coverage == 0.9


def test_a_mileage_that_cannot_be_is_taken_as_not_given(bundle: Bundle) -> None:
    zero = {"field": "mileage", "below": 10.0, "year": "year", "newest": 2018.0}
    pricer = Pricer(replace(bundle, model={**bundle.model, "unknown_zero": zero}))
    valued = pricer.price(change(UK_CAR, mileage=3))
    assert [(warned.field, warned.code) for warned in valued.warnings] == [("mileage", "taken_as_missing")]
    row, _ = pricer.encoder.encode([*UK_VALUES[:4], 3.0, *UK_VALUES[5:]])
    assert math.isnan(row[4])
    new = [*UK_VALUES[:2], 2019.0, "Manual", 3.0, *UK_VALUES[5:]]
    assert not math.isnan(pricer.encoder.encode(new)[0][4])
    rows = [[*UK_VALUES[:4], 3.0, *UK_VALUES[5:]], new, UK_VALUES]
    assert pricer.price_rows(rows) == [pricer.price_values(row) for row in rows]


@pytest.mark.parametrize(("days", "warns"), [(90, False), (91, True)])
def test_an_old_model_warns(pricer: Pricer, days: int, warns: bool) -> None:
    trained = datetime.strptime(pricer.version[:8], "%Y%m%d").date()
    found = pricer.warn_of_age(trained + timedelta(days=days), 90)
    detail = f"the model learnt from listings up to {trained}, {days} days ago; prices may have moved since"
    assert found == ((InputWarning("#", "old_model", detail, ()),) if warns else ())


def test_the_level_moves_every_price_and_its_range(pricer: Pricer, bundle: Bundle) -> None:
    moved = Pricer(replace(bundle, model={**bundle.model, "level": 0.05}))
    for golden in pricer.manifest["golden"]:
        before, after = pricer.golden_valuation(golden["listing"]), moved.golden_valuation(golden["listing"])
        for key, value in before.items():
            assert after[key] == pytest.approx(value * math.exp(0.05))


def test_newer_is_never_cheaper_and_further_never_dearer(pricer: Pricer) -> None:
    for car in draw_cars(pricer, 100, seed=8):
        priced = [pricer.golden_valuation({**car, "year": year})["price"] for year in range(1995, 2022)]
        assert priced == sorted(priced)
        miles = [
            pricer.golden_valuation({**car, "mileage": miles})["price"] for miles in range(10, 400_000, 10_000)
        ]
        assert miles == sorted(miles, reverse=True)


def test_wrong_fields_are_named_at_once(pricer: Pricer) -> None:
    with pytest.raises(ListingsError) as error:
        pricer.price(change(UK_CAR, make=..., year=1900, colour="red"))
    assert str(error.value) == (
        "make: is required; year: should be from 1980 to 2021; colour: is not a field of this market\n"
        "Fields: make, model, year, transmission, mileage, fuel, tax, mpg, engine_size"
    )
    with pytest.raises(ListingsError):
        pricer.explain({})


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
    more = ", ".join(pricer_columns(bundle)[len(bundle.model["columns"]) :])
    assert str(error.value) == f"model.pkl: trees: should be {NAMES}, {more} (got {SWAPPED}, {more})\n{RETRAIN}"


def test_trees_of_another_market_are_refused(bundle: Bundle, dated_bundle: Path) -> None:
    trees = read_bundle(find_bundle(dated_bundle)).model["trees"]
    with pytest.raises(BundleError) as error:
        Pricer(replace(bundle, model={**bundle.model, "trees": trees}))
    assert error.value.what.startswith(f"model.pkl: trees: should be {NAMES}")
    assert "(got make, colour, registered, inspected, leather, towbar, mileage, seats" in error.value.what


def test_a_spread_forest_of_other_columns_is_refused(bundle: Bundle) -> None:
    spread = bundle.model["spread"].replace("feature_names=make model", "feature_names=model make")
    with pytest.raises(BundleError) as error:
        Pricer(replace(bundle, model={**bundle.model, "spread": spread}))
    assert error.value.what.startswith(f"model.pkl: spread: should be {NAMES}")


def pricer_columns(bundle: Bundle) -> list[str]:
    return list(Pricer(bundle).forest.trees.columns)


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


def test_a_model_with_more_behind_it_is_priced_as_the_model(pricer: Pricer) -> None:
    """But nobody knows what the rest of it costs: it is a guess."""
    found, plain = pricer.price(change(UK_CAR, model="fiesta ST-Line")), pricer.price(UK_CAR)
    assert found.price == plain.price
    assert (found.coverage, found.confidence) == (None, "low")
    assert found.low < plain.low < plain.high < found.high
    [warning] = found.warnings
    assert (warning.code, warning.suggestions[0]) == ("unknown_category", "Fiesta")
    assert warning.detail == "was not among the training listings; priced as 'Fiesta'"


@pytest.mark.parametrize(
    ("make", "text", "known"),
    [
        ("Ford", "Grand Fiesta", "Fiesta"),
        ("Ford", "Focus Fiesta", "Fiesta"),
        ("Ford", "Focus ST Fi", "Focus"),
        ("BMW", "3", "3 Series"),
        ("BMW", "3 Series Focus", "3 Series"),
    ],
)
def test_a_model_by_its_last_words_or_its_first_ones(pricer: Pricer, make: str, text: str, known: str) -> None:
    found, plain = (pricer.price(change(UK_CAR, make=make, model=model)) for model in (text, known))
    assert (found.price, found.coverage) == (plain.price, None)
    assert f"priced as {known!r}" in found.warnings[0].detail


def test_a_model_of_another_make_is_not_begun_with(pricer: Pricer) -> None:
    found, unknown = (pricer.price(change(UK_CAR, make="Audi", model=model)) for model in ("Fiesta ST", "Nothing"))
    assert found.price == unknown.price
    assert found.coverage is None


def test_a_make_and_a_model_with_other_marks_are_known(pricer: Pricer) -> None:
    written = pricer.price(change(UK_CAR, make="F-ord", model="FIESTA"))
    assert (written.price, written.warnings) == (pricer.price(UK_CAR).price, ())
