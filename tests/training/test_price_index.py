"""The index: flat in a market that stands still, with it where it moves, and never carried away by a few."""

import numpy as np
import pytest

from carprice.frames.encoding import Floats
from carprice.training.price_index import (
    MAX_UPDATE,
    MIN_DAYS,
    PriceIndex,
    fit_index,
    measure_sizes,
    update_level,
)

DAYS = 60
ROWS = 12_000
SIZE = 0.15


def fit(monthly: float, rows: int = ROWS, seed: int = 1, jump: float = 0.0) -> tuple[PriceIndex, Floats]:
    """The index of errors in a market that moves so much a month, and the days; a jump comes on day 40."""
    draw = np.random.default_rng(seed)
    day = np.sort(draw.integers(0, DAYS, rows)).astype(float)
    moved = monthly * day / 30 + jump * (day >= 40)
    error = draw.normal(0, SIZE, rows) + draw.normal(0, 0.006, DAYS)[day.astype(int)] + moved - moved.mean()
    found = fit_index(day, error, np.full(rows, SIZE))
    assert found is not None
    return found, day


@pytest.mark.parametrize("seed", range(5))
def test_a_market_that_stands_still_has_a_flat_index(seed: int) -> None:
    index, day = fit(0.0, seed=seed)
    assert np.abs(index.since(day)).max() < 0.01


@pytest.mark.parametrize("monthly", [-0.05, -0.03, 0.03])
def test_it_goes_with_a_market_that_moves(monthly: float) -> None:
    index, _ = fit(monthly)
    assert index.since(np.array([0.0]))[0] == pytest.approx(monthly * (DAYS - 1) / 30, abs=0.02)
    assert index.step > 0


def test_a_jump_is_followed_within_days() -> None:
    index, _ = fit(0.0, jump=-0.06)
    before, after = index.since(np.array([35.0, 45.0]))
    assert before == pytest.approx(-0.06, abs=0.02)
    assert after == pytest.approx(0.0, abs=0.02)


def test_few_listings_are_not_taken_for_a_moving_market() -> None:
    moves = [np.abs(fit(0.0, rows=300, seed=seed)[0].since(np.arange(DAYS) * 1.0)).max() for seed in range(5)]
    assert np.mean(moves) < 0.02


def test_odd_prices_do_not_move_it() -> None:
    draw = np.random.default_rng(2)
    day = np.sort(draw.integers(0, DAYS, ROWS)).astype(float)
    error = draw.normal(0, SIZE, ROWS)
    error[(day > 50) & (draw.random(ROWS) < 0.02)] = 5.0
    index = fit_index(day, error, np.full(ROWS, SIZE))
    assert index is not None
    assert np.abs(index.since(day)).max() < 0.02


def test_a_day_that_is_not_known_is_the_last_and_one_between_two_the_earlier() -> None:
    index = PriceIndex(np.array([0.0, 10.0]), np.array([0.1, 0.3]), 0.001, 0.006, 1e-5)
    assert index.since(np.array([-5.0, 0.0, 9.0, 10.0, 99.0, np.nan])) == pytest.approx([0.2, 0.2, 0.2, 0, 0, 0])


def test_few_days_make_no_index() -> None:
    day = np.repeat(np.arange(MIN_DAYS - 1.0), 100)
    assert fit_index(day, np.zeros(len(day)), np.ones(len(day))) is None


def test_later_prices_move_the_level_as_far_as_they_are_many_and_never_beyond_the_bound() -> None:
    index, _ = fit(0.0)

    def update(rows: int, move: float) -> float:
        draw = np.random.default_rng(5)
        day = np.sort(draw.integers(DAYS, DAYS + 14, rows)).astype(float)
        return update_level(index, day, draw.normal(move, SIZE, rows), np.full(rows, SIZE))

    assert update(2000, -0.03) == pytest.approx(-0.03, abs=0.012)
    assert abs(update(5, -0.03)) < 0.02
    assert update(2000, -0.5) == -MAX_UPDATE
    assert update(2000, 0.5) == MAX_UPDATE


def test_the_usual_size_of_an_error_goes_with_the_price() -> None:
    draw = np.random.default_rng(3)
    score = np.sort(draw.normal(9, 1, ROWS))
    true = np.where(score < 9, 0.3, 0.1)
    size = measure_sizes(score, draw.normal(0, 1, ROWS) * true)
    assert np.median(size[score < 8.5]) == pytest.approx(0.3, rel=0.1)
    assert np.median(size[score > 9.5]) == pytest.approx(0.1, rel=0.1)
