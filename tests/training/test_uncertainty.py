"""The range: from listings that no forest saw, wide where little is known, and for every kind of market."""

from dataclasses import replace

import numpy as np
import pytest
from tests.training.conftest import QUICK, Encoded

from carprice.errors import TrainingError
from carprice.training import uncertainty
from carprice.training.split import fold_of
from carprice.training.uncertainty import (
    MIN_GROUP_ROWS,
    HeldOut,
    conformal_quantiles,
    fit_range,
    hold_out,
    tabulate,
)

SEED = 7
FOLDS = range(5)


@pytest.fixture(scope="module")
def held(cars: Encoded) -> HeldOut:
    fold = fold_of(cars.frame) % 5
    return hold_out(cars.rows, cars.columns, cars.scaler, QUICK, fold, FOLDS, SEED)


def test_every_listing_is_priced_whole_and_lacking_fields(held: HeldOut, cars: Encoded) -> None:
    whole, hidden = held.listing[held.is_whole], held.listing[held.is_hidden]
    assert len(set(whole)) == len(whole)
    assert len(whole) > 0.7 * len(cars.rows)
    assert held.weight[held.is_whole].tolist() == [1.0] * len(whole)
    assert set(held.weight[~held.is_whole]) == {0.5}
    np.testing.assert_array_equal(held.target, cars.rows.target[held.listing])
    assert np.isnan(held.matrix[held.is_hidden][:, cars.columns.model]).all()
    assert 0.3 < len(hidden) / len(cars.rows) < 0.7, "five of ten parts of the models"


def test_what_is_left_out_and_what_was_never_seen_is_priced_worse(held: HeldOut) -> None:
    error = {
        name: float(np.median(np.abs(held.error[chosen])))
        for name, chosen in (
            ("whole", held.is_whole),
            ("lacking", ~held.is_whole & ~held.is_hidden),
            ("hidden", held.is_hidden),
        )
    }
    assert error["whole"] < error["lacking"] < error["hidden"]


def test_the_costs_are_of_all_fields_but_make_model_and_year(held: HeldOut, cars: Encoded) -> None:
    assert set(held.costs) == {"", *cars.columns.names} - {"make", "model", "year"}
    assert held.costs["engine_size"] > held.costs[""] + 0.02
    assert held.costs["transmission"] == pytest.approx(held.costs[""], abs=0.01)


def test_a_listing_is_priced_by_a_forest_that_did_not_see_it(cars: Encoded) -> None:
    """A forest that saw it would know this price, which is like no other."""
    odd = cars.rows.target.copy()
    odd[3] += 4.0
    fold = fold_of(cars.frame) % 5
    held = hold_out(
        replace(cars.rows, target=odd), cars.columns, cars.scaler, replace(QUICK, least_leaf=1), fold, FOLDS, SEED
    )
    assert held.error[held.listing == 3].min() > 3.0


def test_the_range_has_a_group_more_where_there_are_models(held: HeldOut, cars: Encoded) -> None:
    found = fit_range(held, cars.columns, ["model"], SEED)["range"]
    assert len(found["edges"]) == 2
    assert len(found["quantiles"]) == 4
    nameless = replace(cars.columns, keys=[0], model=None)
    assert len(fit_range(held, nameless, [], SEED)["range"]["quantiles"]) == 3
    for table in found["quantiles"]:
        assert len(table) == 99
        assert table == sorted(table)


def test_the_range_holds_what_it_says(held: HeldOut, cars: Encoded) -> None:
    draw = np.random.default_rng(3)
    count = 6000
    size = draw.normal(-2, 0.5, count)
    matrix = np.tile(cars.rows.matrix[:1], (count, 1))
    nothing = np.zeros(count, bool)
    target = draw.standard_t(4, count) * np.exp(size)
    like = np.full(count, 9)
    made = HeldOut(matrix, np.zeros(count), target, np.ones(count), np.arange(count), ~nothing, nothing, like, {})
    half = slice(0, count // 2)
    part = replace(made, matrix=matrix[half], score=made.score[half], target=target[half], like=like[half])
    edges, tables, _ = tabulate(part, size[half], cars.columns)
    group = np.searchsorted(edges, size)[count // 2 :]
    standard = (target / np.exp(size))[count // 2 :]
    low, high = (np.array(tables)[group, level] for level in (4, 94))
    assert np.mean((standard >= low) & (standard <= high)) == pytest.approx(0.9, abs=0.02)


def test_a_group_of_few_has_the_quantiles_of_all(cars: Encoded) -> None:
    count = 300
    matrix = np.tile(cars.rows.matrix[:1], (count, 1))
    matrix[: MIN_GROUP_ROWS - 1, cars.columns.model] = np.nan
    no = np.zeros(count, bool)
    target = np.linspace(-1, 1, count)
    like = np.full(count, 9)
    like[-MIN_GROUP_ROWS:] = 2
    held = HeldOut(matrix, np.zeros(count), target, np.ones(count), np.arange(count), ~no, no, like, {})
    _, tables, few = tabulate(held, np.zeros(count), cars.columns)
    assert tables[3] == conformal_quantiles(target)
    assert few == conformal_quantiles(target[-MIN_GROUP_ROWS:])
    like[-1] = 3
    assert tabulate(held, np.zeros(count), cars.columns)[2] == []


def test_quantiles_by_hand() -> None:
    of_ninety_nine = conformal_quantiles(np.arange(99.0)[::-1])
    assert of_ninety_nine == list(range(99))
    few = conformal_quantiles(np.arange(19.0))
    assert (few[4], few[49], few[94]) == (0.0, 9.0, 18.0), "the 5th and the 95th of a hundred are the ends"


@pytest.mark.parametrize("count", [1, 2])
def test_a_market_of_few_models_hides_none(cars: Encoded, count: int) -> None:
    matrix = cars.rows.matrix.copy()
    matrix[:, 0] = 0
    matrix[:, 1] = np.arange(len(matrix)) % count
    rows = replace(cars.rows, matrix=matrix)
    held = hold_out(rows, cars.columns, cars.scaler, QUICK, fold_of(cars.frame) % 5, FOLDS, SEED)
    assert not held.is_hidden.any()
    assert fit_range(held, cars.columns, [], SEED)["range"]["quantiles"]


def test_listings_of_one_car_have_no_range(cars: Encoded) -> None:
    with pytest.raises(TrainingError, match="1500 listings are of too few cars to measure a range by"):
        hold_out(cars.rows, cars.columns, cars.scaler, QUICK, np.zeros(1500, int), FOLDS, SEED)


def test_models_are_dealt_evenly_and_whole(cars: Encoded) -> None:
    part = uncertainty._deal_models(cars.rows.matrix, cars.columns, SEED)
    for model in np.unique(cars.rows.matrix[:, 1]):
        assert len(set(part[cars.rows.matrix[:, 1] == model])) == 1
    assert set(part) == set(range(10))
