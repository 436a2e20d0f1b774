"""Breakdowns against the usual car, with groups, and with what was not given named."""

from itertools import permutations
from pathlib import Path

import polars as pl
import pytest
from tests.bundles import dated_market, invent_dated_listings, invent_uk_listings
from tests.model.cars import UK_CAR, change

from carprice.market.kinds import Value
from carprice.market.market_file import load_market
from carprice.model.bundle.manifest import find_bundle
from carprice.model.evidence.breakdown import AVERAGE
from carprice.model.evidence.usual_car import share_difference
from carprice.model.pricer import Pricer, load_pricer
from carprice.model.valuation import Breakdown
from carprice.training.usual_cars import MIN_ROWS, list_usual


@pytest.fixture(scope="module")
def pricer(small_bundle: Path) -> Pricer:
    return load_pricer(find_bundle(small_bundle))


def total(breakdown: Breakdown) -> int:
    return breakdown.base + sum(part.amount for part in breakdown.parts)


CARS = [
    UK_CAR,
    change(UK_CAR, make=" ford ", model="FIESTA"),
    change(UK_CAR, year=2008, mileage=150_000, fuel="Electric", tax=None, mpg=..., engine_size=...),
    change(UK_CAR, make="Frod"),
    change(UK_CAR, model="A3"),
]


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("usual", [False, True])
def test_every_breakdown_sums_to_the_price(pricer: Pricer, usual: bool, grouped: bool) -> None:
    for car in CARS:
        found = pricer.explain_values(pricer.read_values(car), usual, grouped)
        assert total(found) == pricer.price(car).price


def test_it_starts_at_the_usual_car_of_its_model(pricer: Pricer) -> None:
    found = pricer.explain_values(pricer.read_values(change(UK_CAR, make="FORD")), against_usual=True)
    assert found.against == "the usual Ford Fiesta"
    assert isinstance(found.usual, dict)
    assert found.base == pricer.price(found.usual).price
    amounts = {part.feature: part.amount for part in found.parts}
    for name, value in UK_CAR.items():
        if found.usual[name] == value:
            assert abs(amounts[name]) <= 1, "what is as usual adds nothing but its share of the rounding"
    assert {"make", "model"} <= {name for name in UK_CAR if found.usual[name] == UK_CAR[name]}
    itself = pricer.explain_values(pricer.read_values(found.usual), against_usual=True)
    assert {part.amount for part in itself.parts} == {0}


@pytest.mark.parametrize("strange", [{"make": "Frod"}, {"model": "Fiista"}, {"model": "A3"}])
def test_where_no_car_is_usual_it_starts_at_the_average_one(pricer: Pricer, strange: dict[str, str]) -> None:
    values = pricer.read_values(change(UK_CAR, **strange))
    assert pricer.explain_values(values, against_usual=True) == pricer.explain_values(values)
    assert pricer.explain_values(values).against == AVERAGE


def test_what_is_not_given_is_named(pricer: Pricer) -> None:
    values = pricer.read_values(change(UK_CAR, mpg=None, tax=...))
    for usual in (False, True):
        labels = {part.feature: part.label for part in pricer.explain_values(values, usual).parts}
        assert labels["mpg"] == "Fuel economy not given"
        assert labels["tax"] == "Road tax per year not given"
        assert labels["engine_size"] == "Engine size"


def test_year_and_mileage_may_be_one(pricer: Pricer) -> None:
    values = pricer.read_values(UK_CAR)
    apart = {part.feature: part.amount for part in pricer.explain_values(values).parts}
    together = pricer.explain_values(values, grouped=True)
    assert [part.feature for part in together.parts] == [
        *("make", "model", "year+mileage", "transmission"),
        *("fuel", "tax", "mpg", "engine_size"),
    ]
    found = together.parts[2]
    assert found.label == "Year and mileage"
    assert found.amount == pytest.approx(apart["year"] + apart["mileage"], abs=1)


def test_differences_are_shared_as_shapley_shares_those_of_pairs() -> None:
    """Over all orders, for a score in which fields act by pairs: rotations and reverses see each pair as often."""
    usual: list[Value] = [0.0, 0.0, 0.0, 0.0]
    own: list[Value] = [1.0, 2.0, 3.0, 0.0]

    def score(rows: list[list[float]]) -> list[float]:
        return [5 + a + 2 * b - c + 0.5 * a * b - 0.25 * b * c + d for a, b, c, d in rows]

    expected = [0.0] * 4
    for order in permutations(range(3)):
        car = [0.0] * 4
        for index in order:
            before = score([car])[0]
            car[index] = float(own[index] or 0)
            expected[index] += (score([car])[0] - before) / 6
    found = share_difference(score, usual, own)  # type: ignore[arg-type]
    assert found == pytest.approx(expected)
    assert sum(found) == pytest.approx(score([own])[0] - score([usual])[0])  # type: ignore[list-item]
    assert share_difference(score, own, own) == [0.0] * 4  # type: ignore[arg-type]


def test_the_usual_car_has_the_median_and_the_commonest(markets_dir: Path) -> None:
    market = load_market("uk", markets_dir)
    frame = invent_uk_listings(market, 400)
    for make, model, year, *_ in list_usual(frame, market):
        part = frame.filter((pl.col("make") == make) & (pl.col("model") == model))
        assert part.height >= MIN_ROWS
        assert year == part["year"].quantile(0.5, "lower")
    few = frame.filter(pl.col("model") == "Kuga").head(MIN_ROWS - 1)
    assert list_usual(few, market) == []
    dated = list_usual(invent_dated_listings(200), dated_market())
    names = [feature.name for feature in dated_market().features]
    assert all(len(row) == len(names) for row in dated)
    assert {row[names.index("leather")] for row in dated} <= {0.0, 1.0}
