"""Depreciation lines: which one a row gets, and what it says."""

import math

import pytest

from carprice.model.forest.depreciation import Depreciation

NAN = math.nan
COLUMNS = ["make", "fuel", "model", "year", "mileage"]
TABLE = {
    "keys": ["make", "model"],
    "numbers": ["year", "mileage"],
    "center": [1.0, -2.0],
    "lines": [
        [-1, -1, 100, 9.0, 0.1, -0.1],
        [0, -1, 60, 9.5, 0.2, -0.2],
        [0, 0, 40, 9.7, 0.3, 0.0],
        [0, 1, 20, 9.2, 0.1, -0.3],
        [1, -1, 40, 8.5, 0.4, -0.4],
        [1, 2, 40, 8.4, 0.5, -0.5],
    ],
}


@pytest.fixture
def lines() -> Depreciation:
    return Depreciation(TABLE, COLUMNS)


@pytest.mark.parametrize(
    ("make", "model", "level", "rows", "kept", "is_known"),
    [
        (0.0, 0.0, 9.7, 40, (0.0, 0.0), True),
        (0.0, NAN, 9.5, 60, (0.0, NAN), True),
        (NAN, NAN, 9.0, 100, (NAN, NAN), True),
        (NAN, 0.0, 9.0, 100, (NAN, NAN), True),
        (1.0, 0.0, 9.0, 100, (NAN, NAN), False),
    ],
    ids=["known", "no model", "nothing", "a model without its make", "a model of another make"],
)
def test_a_key_counts_only_with_those_before_it(
    lines: Depreciation,
    make: float,
    model: float,
    level: float,
    rows: int,
    kept: tuple[float, float],
    is_known: bool,
) -> None:
    row = [make, 3.0, model, 0.0, 0.0]
    line, found = lines.find(row)
    assert (line.level, line.rows, found) == (level, rows, is_known)
    assert (row[0], row[2]) == pytest.approx(kept, nan_ok=True)
    assert row[1] == 3.0


def test_a_line_goes_through_its_level_at_the_center(lines: Depreciation) -> None:
    row = [0.0, 0.0, 1.0, 1.0, -2.0]
    line, _ = lines.find(row)
    assert lines.value(row, line) == 9.2
    assert lines.value([0.0, 0.0, 1.0, 2.0, -1.0], line) == pytest.approx(9.2 + 0.1 - 0.3)


def test_a_missing_number_counts_as_the_center(lines: Depreciation) -> None:
    row = [0.0, 0.0, 1.0, NAN, NAN]
    line, _ = lines.find(row)
    assert lines.value(row, line) == 9.2


def test_a_slope_counts_from_its_start_on() -> None:
    table = {**TABLE, "starts": [1.0, None]}
    lines = Depreciation(table, COLUMNS)
    line, _ = lines.find([0.0, 0.0, 1.0, 1.0, -2.0])
    values = [lines.value([0.0, 0.0, 1.0, year, -2.0], line) for year in (NAN, -3.0, 1.0, 2.0)]
    assert values == pytest.approx([9.2, 9.2, 9.2, 9.3])
    assert lines.parts([0.0, 0.0, 1.0, -3.0, -2.0], line)[0][3] == 0.0


@pytest.mark.parametrize("row", [[0.0, 0.0, 1.0, 3.0, NAN], [1.0, 0.0, 2.0, 0.0, 4.0], [NAN, 0.0, NAN, 1.0, 1.0]])
def test_the_parts_sum_to_the_value(lines: Depreciation, row: list[float]) -> None:
    line, _ = lines.find(row)
    parts, base = lines.parts(row, line)
    assert base == 9.0
    assert set(parts) == {0, 2, 3, 4}
    assert base + sum(parts.values()) == pytest.approx(lines.value(row, line))


def test_the_makes_that_have_a_model_are_found(lines: Depreciation) -> None:
    assert lines.others_with([1.0, 0.0, 0.0, 0.0, 0.0]) == [0]


def test_a_market_without_make_and_model_has_one_line() -> None:
    table = {"keys": [], "numbers": ["year"], "center": [0.0], "lines": [[10, 9.0, 0.5]]}
    lines = Depreciation(table, COLUMNS)
    row = [0.0, 0.0, 0.0, 2.0, 0.0]
    line, is_known = lines.find(row)
    assert is_known
    assert lines.value(row, line) == 10.0
