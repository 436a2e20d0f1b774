"""The range: quantiles and their inverse, groups, confidence."""

import math

import numpy as np
import pytest

from carprice.model.price_range import CLOSE, HIGH, LEVELS, MEDIUM, PriceRange, find_level, find_quantile

STRAIGHT = [(place - 49) / 10 for place in range(LEVELS)]
TABLE = {"edges": [-3.0, -2.0], "quantiles": [STRAIGHT, STRAIGHT, STRAIGHT, STRAIGHT], "unseen": 1.25}


def find_ends(table: list[float]) -> tuple[float, float]:
    return find_quantile(table, 0.05), find_quantile(table, 0.95)


@pytest.fixture
def ranges() -> PriceRange:
    return PriceRange(TABLE, has_model=True)


@pytest.mark.parametrize(
    ("level", "expected"),
    [(0.01, -4.9), (0.05, -4.5), (0.5, 0.0), (0.905, 4.05), (0.99, 4.9), (0.999, 4.9), (0.0, -4.9)],
)
def test_quantiles_are_linear_between_the_kept_ones(level: float, expected: float) -> None:
    assert find_quantile(STRAIGHT, level) == pytest.approx(expected)


def test_a_quantile_at_a_kept_level_is_kept_exactly() -> None:
    table = sorted(np.random.default_rng(1).normal(size=LEVELS).tolist())
    for place, value in enumerate(table):
        assert find_quantile(table, (place + 1) / 100) == value


@pytest.mark.parametrize("value", [-9.0, -4.9, -4.85, -1.0, 0.0, 0.01, 3.3, 4.9, 9.0])
def test_levels_are_the_inverse_as_numpy_has_it(value: float) -> None:
    levels = np.arange(1, 100) / 100
    assert find_level(STRAIGHT, value) == pytest.approx(np.interp(value, STRAIGHT, levels, left=0, right=1))


def test_equal_quantiles_have_a_level() -> None:
    assert find_level([0.0] * LEVELS, 0.0) == 0.01
    assert find_level([-1.0, *[0.0] * (LEVELS - 2), 1.0], 0.5) == pytest.approx(0.985)


@pytest.mark.parametrize(
    ("size", "is_named", "rows", "group"),
    [(-3.5, True, 9, 0), (-3.0, True, 3, 0), (-2.5, True, 9, 1), (0.0, True, 9, 2), (-3.5, False, 1, 3)],
)
def test_groups_are_by_size_and_by_whether_the_model_is_known(
    ranges: PriceRange, size: float, is_named: bool, rows: int, group: int
) -> None:
    assert ranges.group(size, is_named, rows) == group


def test_models_of_few_listings_have_a_table_where_the_bundle_has_it(ranges: PriceRange) -> None:
    wide = [2 * value for value in STRAIGHT]
    own = PriceRange({**TABLE, "few": wide}, has_model=True)
    assert [own.group(-3.5, *listing) for listing in ((True, 2), (True, 3), (False, 2))] == [4, 0, 3]
    assert own.limits(0.9).of_groups[4] == find_ends(wide)
    assert ranges.group(-3.5, True, 2) == 0


def test_a_market_without_models_has_no_group_for_them() -> None:
    assert PriceRange({**TABLE, "quantiles": [STRAIGHT] * 3}, has_model=False).group(-3.5, False, 9) == 0


def test_a_wider_coverage_has_wider_limits(ranges: PriceRange) -> None:
    narrow, usual, wide = (ranges.limits(share).of_groups[0] for share in (0.5, 0.9, 0.98))
    assert wide[0] < usual[0] < narrow[0] < 0 < narrow[1] < usual[1] < wide[1]
    assert ranges.usual.of_groups[0] == usual


def test_limits_hold_the_price_where_errors_are_all_on_one_side() -> None:
    table = {"edges": [], "quantiles": [[1.0 + place for place in range(LEVELS)]], "unseen": 1.0}
    assert PriceRange(table, has_model=False).usual.of_groups == ((0.0, 95.0),)


def test_confidence_is_the_chance_to_be_close(ranges: PriceRange) -> None:
    seen = set()
    for size in np.linspace(-6, 2, 200):
        for group in range(4):
            chance = ranges.within(size, group)
            level = ranges.confidence(size, group)
            seen.add(level)
            assert level == ("high" if chance >= HIGH else "medium" if chance >= MEDIUM else "low")
    assert seen == {"high", "medium", "low"}


def test_the_chance_is_that_of_the_limits(ranges: PriceRange) -> None:
    """A range of chance p around the price is about as wide as CLOSE on either side."""
    size = -3.0
    chance = ranges.within(size, 0)
    low, high = ranges.limits(chance).of_groups[0]
    assert math.expm1(high * math.exp(size)) == pytest.approx(CLOSE, rel=0.1)
    assert math.expm1(low * math.exp(size)) == pytest.approx(-CLOSE, rel=0.1)
