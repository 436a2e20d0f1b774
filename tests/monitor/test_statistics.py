"""Intervals and drift, beside those of scipy and of the ratio study, and what chance alone makes of them."""

import random

import numpy as np
import pytest
from scipy import stats

from carprice.evaluation.ratio_study import bound_median
from carprice.monitor.statistics import chi_square, measure_drift, measure_median, measure_share

DRAWS = 400


def test_a_median_has_the_interval_of_a_ratio_study() -> None:
    draw = random.Random(1)
    values = [draw.gauss(1, 0.1) for _ in range(101)]
    found = measure_median(values)
    assert found.value == pytest.approx(float(np.median(values)))
    assert (found.low, found.high) == bound_median(np.array(values))


@pytest.mark.parametrize(("count", "rows"), [(0, 10), (3, 40), (50, 50), (900, 1000)])
def test_a_share_has_wilsons_interval(count: int, rows: int) -> None:
    expected = stats.binomtest(count, rows).proportion_ci(method="wilson")
    found = measure_share(count, rows)
    assert found == pytest.approx((count / rows, expected.low, expected.high), abs=1e-4)


@pytest.mark.parametrize("freedom", [1, 2, 5, 10, 21])
def test_chi_square_is_that_of_the_tables(freedom: int) -> None:
    assert chi_square(freedom) == pytest.approx(stats.chi2.ppf(0.95, freedom), rel=0.03)
    assert chi_square(0) == 0


def test_the_index_is_that_of_its_definition() -> None:
    assert measure_drift([50, 50], [0.5, 0.5], 10**9).value == 0
    found = measure_drift([600, 400], [0.4, 0.6], 10**9)
    assert found.value == pytest.approx(0.2 * np.log(1.5) - 0.2 * np.log(4 / 6))
    assert found.low < found.value < found.high


def test_what_nobody_sends_any_more_and_what_nobody_sent_before_is_drift() -> None:
    assert measure_drift([0, 1000], [0.3, 0.7], 10_000).low > 0.25
    assert measure_drift([300, 700], [0.0, 1.0], 10_000).low > 0.25
    assert measure_drift([0, 100, 0], [0.0, 1.0, 0.0], 10_000).value == 0


def test_one_car_of_a_kind_that_was_never_seen_is_no_drift() -> None:
    assert measure_drift([1, 99], [0.0, 1.0], 10_000).value < 0.1
    assert measure_drift([0, 60], [0.005, 0.995], 10_000).value < 0.01


def test_chance_alone_is_within_what_is_said_of_chance() -> None:
    draw = np.random.default_rng(1)
    shares = [0.1] * 10
    found = [measure_drift(draw.multinomial(200, shares).tolist(), shares, 10_000) for _ in range(DRAWS)]
    assert 0.01 < sum(figure.low > 0 for figure in found) / DRAWS < 0.1
