"""Combinations of missing fields that have trees of their own."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.training.conftest import QUICK, Encoded, assert_same_scores

from carprice.frames.encoding import Floats
from carprice.frames.scoring import score_matrix
from carprice.model.forest.price_forest import PriceForest
from carprice.training.columns import Rows
from carprice.training.forest import reduced
from carprice.training.forest.growing import grow_forest
from carprice.training.forest.reduced import MAX_SHARE, list_lacking


def is_whole(rows: Rows) -> np.ndarray:
    return np.asarray(~np.isnan(rows.matrix).any(axis=1))


def lack(matrix: Floats, fields: list[int]) -> Floats:
    copy = matrix.copy()
    copy[:, fields] = np.nan
    return copy


@pytest.fixture(scope="module", autouse=True)
def few_are_enough() -> Iterator[None]:
    """Trees of their own for as few listings as are invented here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduced, "MIN_ROWS", 1_000)
        yield


def name_fields(cars: Encoded, rows: Rows, costs: dict[str, float]) -> list[list[str]]:
    """The combinations where the absence of a field costs so much more than 1, the error of whole listings."""

    def score(matrix: Floats) -> Floats:
        lacking = np.isnan(matrix).all(axis=0)
        cost = sum(
            costs.get(name, 0.0) for name, is_out in zip(cars.columns.names, lacking, strict=True) if is_out
        )
        return rows.target - 1 - cost

    return [
        [cars.columns.names[index] for index in each.fields] for each in list_lacking(rows, cars.columns, score)
    ]


def test_all_optional_fields_and_those_that_cost_most(cars: Encoded) -> None:
    costs = {"tax": 0.4, "engine_size": 0.5, "mpg": 0.2}
    rows = cars.rows.take(is_whole(cars.rows))
    assert name_fields(cars, rows, costs) == [["tax", "mpg", "engine_size"], ["engine_size"], ["tax"]]


def test_a_field_that_many_listings_lack_has_none(cars: Encoded) -> None:
    lacking = np.isnan(cars.rows.matrix[:, cars.columns.names.index("mpg")])
    assert lacking.mean() > MAX_SHARE
    assert name_fields(cars, cars.rows, {"mpg": 0.5}) == [["tax", "mpg", "engine_size"]]


def test_nor_has_it_where_it_is_the_only_optional_one(cars: Encoded) -> None:
    only = replace(cars.columns, optional=[cars.columns.names.index("mpg")])
    assert name_fields(replace(cars, columns=only), cars.rows, {}) == []
    assert name_fields(replace(cars, columns=only), cars.rows.take(is_whole(cars.rows)), {}) == [["mpg"]]


def test_few_listings_have_none(cars: Encoded) -> None:
    few = cars.rows.take(np.arange(reduced.MIN_ROWS - 1))
    assert name_fields(cars, few, {"mpg": 0.5}) == []


@pytest.fixture(scope="module")
def grown(cars: Encoded) -> tuple[dict[str, Any], dict[str, Any]]:
    """Without such trees, and with them."""
    one, other = (
        grow_forest(cars.rows, cars.columns, cars.scaler, replace(QUICK, reduced=each), 7) for each in (0, 1)
    )
    return one, other


def test_only_listings_that_lack_just_these_fields_are_priced_otherwise(
    cars: Encoded, other_cars: Rows, grown: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    without, with_trees = grown
    assert without["trees"] == with_trees["trees"]
    assert without["reduced"] == []
    one, other = (PriceForest(each, cars.columns.names, cars.scaler) for each in grown)
    combinations = [[cars.columns.names.index(name) for name in each["fields"]] for each in with_trees["reduced"]]
    assert combinations[0] == list(cars.columns.optional)
    year = cars.columns.names.index("year")
    for fields in ([], [year], *combinations):
        matrix = lack(other_cars.matrix[is_whole(other_cars)], fields)
        is_same = score_matrix(matrix.copy(), one)[0] == score_matrix(matrix.copy(), other)[0]
        assert is_same.mean() == pytest.approx(float(fields not in combinations), abs=0.02)


def test_they_are_never_dearer_with_distance_and_never_cheaper_when_newer(
    cars: Encoded, other_cars: Rows, grown: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    forest = PriceForest(grown[1], cars.columns.names, cars.scaler)
    for name, sign in (("mileage", -1), ("year", 1)):
        matrix = lack(other_cars.matrix[:200], list(cars.columns.optional))
        more = matrix.copy()
        more[:, cars.columns.names.index(name)] += 0.5
        change = score_matrix(more, forest)[0] - score_matrix(matrix, forest)[0]
        assert (sign * change > -1e-9).all()


def test_a_row_a_column_and_a_matrix_have_the_same_score_and_contributions_that_sum_to_it(
    cars: Encoded, other_cars: Rows, grown: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    forest = PriceForest(grown[1], cars.columns.names, cars.scaler)
    matrix = other_cars.matrix[:120].copy()
    random = np.random.default_rng(3)
    for index in cars.columns.optional:
        matrix[random.random(len(matrix)) < 0.6, index] = np.nan
    assert_same_scores(forest, matrix)


@pytest.fixture(scope="module")
def yearless(cars: Encoded) -> tuple[Encoded, dict[str, Any], dict[str, Any]]:
    """Cars of which the newest have no year, which may be left out: forests without such trees, and with."""
    year = cars.columns.names.index("year")
    matrix = cars.rows.matrix.copy()
    matrix[matrix[:, year] == np.nanmax(matrix[:, year]), year] = np.nan
    columns = replace(cars.columns, optional=[*cars.columns.optional, year])
    changed = replace(cars, columns=columns, rows=Rows(matrix, cars.rows.target))
    one, other = (
        grow_forest(changed.rows, columns, cars.scaler, replace(QUICK, reduced=each), 7) for each in (0, 1)
    )
    return changed, one, other


def test_whatever_lacks_an_optional_year_has_trees_that_count_alone(
    yearless: tuple[Encoded, dict[str, Any], dict[str, Any]], other_cars: Rows
) -> None:
    cars, *grown = yearless
    assert [each["fields"] for each in grown[1]["reduced"] if each.get("loose")] == [["year"]]
    year = cars.columns.names.index("year")
    one, other = (PriceForest(each, cars.columns.names, cars.scaler) for each in grown)
    whole = other_cars.matrix[is_whole(other_cars)]
    target = other_cars.target[is_whole(other_cars)]
    assert (score_matrix(whole.copy(), one)[0] == score_matrix(whole.copy(), other)[0]).all()
    lacking = lack(whole, [year, cars.columns.names.index("transmission")])
    before, after = (score_matrix(lacking.copy(), each)[0] - target for each in (one, other))
    assert np.median(before) > 0.1, "as new cars"
    assert abs(np.median(after)) < 0.05
    assert np.abs(after).mean() < 0.7 * np.abs(before).mean()


def test_with_loose_trees_a_row_a_column_and_a_matrix_have_the_same_score(
    yearless: tuple[Encoded, dict[str, Any], dict[str, Any]], other_cars: Rows
) -> None:
    cars, _, grown = yearless
    forest = PriceForest(grown, cars.columns.names, cars.scaler)
    matrix = other_cars.matrix[:120].copy()
    random = np.random.default_rng(4)
    for index in cars.columns.optional:
        matrix[random.random(len(matrix)) < 0.7, index] = np.nan
    assert_same_scores(forest, matrix)
