"""Ageing: measured on the same listings by models of earlier and earlier days, and forecast from there."""

from collections.abc import Sequence

import numpy as np
import pytest

from carprice.frames.encoding import Floats
from carprice.training.ageing import LAGS, MIN_ROWS, PRIOR_GROWTH, Ageing, forecast_ageing, measure_ageing
from carprice.training.price_index import USUAL_STEP, PriceIndex

ROWS = 6000
DAY = np.sort(np.random.default_rng(1).integers(0, 60, ROWS)).astype(float)
TARGET = np.zeros(ROWS)
INDEX = PriceIndex(np.array([0.0]), np.array([0.0]), 0.0, 0.006, 1e-4)


def measure(growth: float, car: np.ndarray | None = None, day: Floats = DAY) -> Ageing:
    """What is measured where each day adds that share to an error of 5 %."""
    seen: list[tuple[np.ndarray, np.ndarray]] = []
    cars = np.arange(len(day)) if car is None else car

    def fit(learnt: Sequence[np.ndarray], judge: np.ndarray, seed: int) -> list[Floats]:
        seen.extend((learn, judge) for learn in learnt)
        lags = [day[judge].min() - day[learn].max() for learn in learnt]
        return [np.full(len(judge), 0.05 * (1 + growth * lag)) for lag in lags]

    found = measure_ageing(day, cars, np.zeros(len(day)), fit, 7)
    for learn, judge in seen:
        assert day[learn].max() < day[judge].min()
        assert not set(cars[learn]) & set(cars[judge])
    return found


@pytest.mark.parametrize("growth", [0.0, 0.005, 0.01])
def test_the_growth_is_found_and_shrunk_towards_the_usual_one(growth: float) -> None:
    found = measure(growth)
    assert min(growth, PRIOR_GROWTH) - 1e-3 <= found.growth <= max(growth, PRIOR_GROWTH) + 1e-3
    assert found.growth == pytest.approx(growth, abs=0.003)
    assert 20 < found.seen < 45


def test_an_error_that_falls_with_age_is_taken_for_chance() -> None:
    assert measure(-0.02).growth == 0.0


def test_a_car_that_comes_again_is_not_learnt_from() -> None:
    assert measure(0.005, car=np.arange(ROWS) % 4000).seen > 0


@pytest.mark.parametrize("day", [np.zeros(500), np.arange(MIN_ROWS / 2), np.repeat([0.0, 1.0], 300)])
def test_where_nothing_can_be_measured_the_usual_growth_is_taken(day: Floats) -> None:
    assert measure(0.01, day=day) == Ageing(pytest.approx(PRIOR_GROWTH), 0)


def test_the_forecast_grows_with_the_lag_and_says_what_was_seen() -> None:
    rows = forecast_ageing(Ageing(0.003, 25), INDEX, error=0.06, judged_lag=6.0)
    assert [row["days"] for row in rows] == ["0-7", "8-30", "31-60", "61-90"]
    assert [row["seen"] for row in rows] == [True, True, False, False]
    errors = [row["median_ape"] for row in rows]
    assert errors == sorted(errors)
    assert errors[0] == pytest.approx(0.06, rel=0.05)
    for row, (low, high) in zip(rows, LAGS, strict=True):
        wander = (1e-4 + USUAL_STEP**2 * (low + high) / 2) ** 0.5
        assert np.log(row["high_ratio"]) == pytest.approx(1.645 * wander)
        assert row["low_ratio"] == pytest.approx(1 / row["high_ratio"])


def test_a_market_that_wanders_more_is_less_sure() -> None:
    wild = PriceIndex(INDEX.days, INDEX.levels, 0.016, 0.006, 1e-4)
    calm, wilder = (forecast_ageing(Ageing(0.003, 25), each, 0.06, 6.0)[3] for each in (INDEX, wild))
    assert wilder["median_ape"] > calm["median_ape"]
    assert wilder["high_ratio"] > calm["high_ratio"]
    assert forecast_ageing(Ageing(0.003, 25), None, 0.06, 6.0)[0]["low_ratio"] > 0.98
