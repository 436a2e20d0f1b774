"""The lines: shrunk towards the wider group, cut where they go against sense, and those of any market."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.training.conftest import Encoded

from carprice.frames.scoring import unique_codes
from carprice.model.forest.depreciation import ANY, Depreciation
from carprice.training.columns import Columns, Rows
from carprice.training.forest.depreciation import ODD_SHARE, STRENGTH, fit_depreciation, group_rows
from carprice.training.forest.recipes import LARGE

WHOLE = replace(LARGE, slope=1.0, level=1.0)
COLUMNS = Columns(["make", "model", "year"], [0, 1], [0, 0, 1], [0, 1], 1, 2, None)


def fit(keys: list[tuple[float, float]], years: list[float], target: list[float]) -> dict[str, Any]:
    matrix = np.column_stack([np.array(keys, dtype=float), np.array(years)])
    return fit_depreciation(Rows(matrix, np.array(target)), COLUMNS, WHOLE)


def line_of(table: dict[str, Any], *key: float) -> list[float]:
    [line] = [line for line in table["lines"] if tuple(line[:2]) == key]
    return line[2:]


def test_one_line_of_all_goes_through_the_points() -> None:
    table = fit([(0, 0)] * 4, [0, 1, 2, 3], [1.0, 1.5, 2.0, 2.5])
    assert table["center"] == [1.5]
    assert line_of(table, ANY, ANY) == pytest.approx([4, 1.75, 0.5])
    assert line_of(table, 0, 0) == pytest.approx([4, 1.75, 0.5])


def test_a_model_of_few_listings_stays_near_its_make_and_one_of_many_goes_its_own_way() -> None:
    keys = [(0, 0)] * 2000 + [(0, 1)] * 20
    table = fit(keys, [0.0] * 2020, [1.0] * 2000 + [2.0] * 20)
    make = line_of(table, 0, ANY)[1]
    assert line_of(table, 0, 0)[:2] == pytest.approx([2000, 1.0], abs=1e-3)
    assert line_of(table, 0, 1)[1] == pytest.approx((make * STRENGTH + 2.0 * 20) / (STRENGTH + 20))


def test_a_slope_against_sense_is_none() -> None:
    assert line_of(fit([(0, 0)] * 3, [0, 1, 2], [3.0, 2.0, 1.0]), ANY, ANY) == [3, 2.0, 0.0]


def test_a_make_or_model_that_is_missing_has_no_line_of_its_own(cars: Encoded) -> None:
    nan = np.nan
    table = fit([(0, 0), (0, nan), (nan, nan)], [0, 1, 2], [1.0, 2.0, 3.0])
    assert {tuple(line[:2]) for line in table["lines"]} == {(ANY, ANY), (0, ANY), (0, 0)}
    assert line_of(table, 0, ANY)[0] == 2
    assert line_of(table, 0, 0)[0] == 1


def test_the_recipe_says_how_much_a_line_takes(cars: Encoded) -> None:
    def lines(level: float, slope: float) -> dict[tuple[float, ...], list[float]]:
        recipe = replace(WHOLE, level=level, slope=slope)
        return {tuple(line[:2]): line[3:] for line in fit_depreciation(cars.rows, cars.columns, recipe)["lines"]}

    whole, half, level = lines(1.0, 1.0), lines(1.0, 0.5), lines(0.0, 0.5)
    top = level[(ANY, ANY)][0]
    for key, line in whole.items():
        assert half[key] == pytest.approx([line[0], line[1] / 2, line[2] / 2])
        assert level[key] == pytest.approx([top, line[1] / 2, line[2] / 2])


def test_without_slopes_a_line_says_what_newer_cars_than_any_cost(cars: Encoded) -> None:
    columns = cars.columns
    assert columns.year is not None
    place = columns.numbers.index(columns.year)
    whole, calm = (fit_depreciation(cars.rows, columns, replace(WHOLE, slope=slope)) for slope in (1.0, 0.0))
    newest = np.nanquantile(cars.rows.matrix[:, columns.year], 1 - ODD_SHARE, method="nearest")
    assert whole["starts"] == [None, None]
    assert calm["starts"][place] == calm["center"][place] == newest
    assert calm["starts"][1 - place] is None
    assert [line[4 + place] for line in calm["lines"]] == [line[4 + place] for line in whole["lines"]]
    assert {line[5 - place] for line in calm["lines"]} == {0.0}


@pytest.mark.parametrize("missing", ["keys", "numbers", "both"])
def test_any_market_has_lines(cars: Encoded, missing: str) -> None:
    columns = cars.columns
    if missing in ("keys", "both"):
        columns = replace(columns, keys=[], model=None)
    if missing in ("numbers", "both"):
        columns = replace(columns, year=None, mileage=None)
    table = fit_depreciation(cars.rows, columns, WHOLE)
    line, is_known = Depreciation(table, columns.names).find(cars.rows.matrix[0].tolist())
    assert is_known
    assert line.rows > 0
    assert line.level == pytest.approx(cars.rows.target.mean(), abs=1.5)


def test_a_number_that_is_always_missing_is_no_trouble(cars: Encoded) -> None:
    matrix = cars.rows.matrix.copy()
    matrix[:, cars.columns.year] = np.nan
    table = fit_depreciation(Rows(matrix, cars.rows.target), cars.columns, WHOLE)
    assert table["center"][0] == 0.0
    assert np.isfinite(np.array(table["lines"])).all()


def test_rows_are_grouped_by_codes_as_numpy_would(cars: Encoded) -> None:
    draw = np.random.default_rng(1)
    codes = draw.integers(ANY, 9, (500, 3)).astype(float)
    unique, place = unique_codes(codes)
    expected, inverse = np.unique(codes, axis=0, return_inverse=True)
    np.testing.assert_array_equal(unique, expected)
    np.testing.assert_array_equal(place, inverse.reshape(-1))
    assert len(unique_codes(codes[:0])[1]) == 0
    codes[codes == ANY] = np.nan
    for key, rows in group_rows(codes):
        assert (codes[rows] == key).all()
    assert sum(len(rows) for _, rows in group_rows(codes)) == (~np.isnan(codes).any(1)).sum()
