"""Held-out listings are priced by forests that never saw them: whole, lacking fields, of hidden models."""

from dataclasses import replace

import numpy as np
import pytest
from tests.bundles import SEED
from tests.training.conftest import FOLDS, QUICK, Encoded

from carprice.errors import TrainingError
from carprice.training import held_out
from carprice.training.held_out import HeldOut, hold_out
from carprice.training.split import fold_of
from carprice.training.uncertainty import fit_range


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
    part = held_out._deal_models(cars.rows.matrix, cars.columns, SEED)
    for model in np.unique(cars.rows.matrix[:, 1]):
        assert len(set(part[cars.rows.matrix[:, 1] == model])) == 1
    assert set(part) == set(range(10))


def test_a_year_that_may_be_left_out_has_a_cost_and_is_left_out(cars: Encoded) -> None:
    """The listings of a file without a year are its new cars, and not those whose caller leaves it out."""
    matrix = cars.rows.matrix.copy()
    year = cars.columns.year
    is_new = matrix[:, year] == np.nanmax(matrix[:, year])
    matrix[is_new, year] = np.nan
    columns = replace(cars.columns, optional=[*cars.columns.optional, year])
    held = hold_out(
        replace(cars.rows, matrix=matrix), columns, cars.scaler, QUICK, fold_of(cars.frame) % 5, FOLDS, SEED
    )
    assert held.costs["year"] > held.costs[""] + 0.05
    assert not {"make", "model"} & {*held.costs}
    copies = ~held.is_whole & ~held.is_hidden & ~is_new[held.listing]
    lacks_year = np.isnan(held.matrix[:, year])
    assert lacks_year[copies].mean() > 0.3
    others = np.delete(held.matrix, year, 1)[copies & lacks_year]
    assert (~np.isnan(others).any(axis=1)).mean() > 0.3, "nothing but the year"
