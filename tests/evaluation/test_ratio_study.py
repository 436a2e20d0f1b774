"""The statistics of a ratio study, by hand and beside a published package."""

import numpy as np
import pytest

from carprice.evaluation.ratio_study import (
    bound_median,
    measure_differential,
    measure_dispersion,
    measure_price_bias,
    measure_prices,
    score_intervals,
)

# What assesspy 2.0.2 (Cook County Assessor's Office, https://pypi.org/project/assesspy) gives for these sales: its
# figures, not the package, as it is AGPL and brings statsmodels and more.
SOLD = [
    41300, 1650, 13260, 6650, 7210, 8510, 2410, 8410, 5400, 101330, 11590, 7730,
    8130, 6200, 4730, 7530, 13870, 8380, 19350, 8610, 10070, 29200, 14500, 6950,
]  # fmt: skip
VALUED = [
    38240, 1960, 16750, 6680, 7230, 9830, 2360, 8320, 6290, 98300, 11820, 8620,
    5940, 7290, 4450, 6350, 14330, 9340, 18030, 7750, 10260, 27940, 17120, 7870,
]  # fmt: skip
WAVES = np.arange(5000)
WAVES_SOLD = 500 + (WAVES * 7919 % 5000) * 11.0
WAVES_VALUED = WAVES_SOLD * (1 + 0.2 * np.sin(WAVES)) * (WAVES_SOLD / 20000) ** -0.03


@pytest.mark.parametrize(
    ("sold", "valued", "cod", "prd", "prb"),
    [
        (SOLD, VALUED, 9.827330808429954, 1.0304064131460409, -0.015353369645158172),
        (
            [4200.0, 4200.0, 9000.0, 15500.0, 31000.0],
            [5200.0, 4100.0, 9100.0, 15000.0, 28000.0],
            7.749278783110411,
            1.0607742535913178,
            -0.07222539765843271,
        ),
        (WAVES_SOLD, WAVES_VALUED, 12.85742066242856, 1.0143156958139592, -0.012827199705005576),
    ],
    ids=["24 sales", "five sales", "5,000 sales"],
)
def test_equal_to_assesspy(sold, valued, cod: float, prd: float, prb: float) -> None:
    actual, predicted = np.array(sold, float), np.array(valued, float)
    assert measure_dispersion(predicted / actual) == pytest.approx(cod, rel=1e-9)
    assert measure_differential(actual, predicted) == pytest.approx(prd, rel=1e-9)
    assert measure_price_bias(actual, predicted) == pytest.approx(prb, rel=1e-9)


def test_four_cars_by_hand() -> None:
    actual = np.array([1000.0, 2000.0, 4000.0, 5000.0])
    predicted = np.array([1100.0, 1800.0, 4000.0, 8000.0])
    low, high = predicted - np.array([50.0, 300.0, 500.0, 1000.0]), predicted + 500.0
    found = measure_prices(actual, predicted, low, high)
    assert found == pytest.approx(
        {
            "rows": 4,
            "median_ape": 0.1,
            "mape": 0.2,
            "ppe5": 0.25,
            "ppe10": 0.75,
            "ppe20": 0.75,
            "mae": 825.0,
            "median_ratio": 1.05,
            "low_ratio": None,
            "high_ratio": None,
            "cod": 100 * (0.05 + 0.15 + 0.05 + 0.55) / 4 / 1.05,
            "prd": 1.15 / (14_900 / 12_000),
            "prb": measure_price_bias(actual, predicted),
            "fsd": ((0.05**2 + 0.25**2 + 0.15**2 + 0.45**2) / 3) ** 0.5,
            "coverage": 0.5,
            "width": (0.25 + 800 / 1800) / 2,
            "interval_score": (550 + 800 + 1000 + 1500 + 20 * 50 + 20 * 2000) / 4,
            "over_20": 0.25,
            "over_50": 0.25,
        }
    )


def test_the_interval_of_the_median_holds_it_19_times_of_20() -> None:
    draw = np.random.default_rng(4)
    for count in (6, 25, 400):
        bounds = [bound_median(np.exp(draw.normal(0, 0.3, count))) for _ in range(2000)]
        held = np.mean([low <= 1 <= high for low, high in bounds if low is not None and high is not None])
        assert 0.94 < held < 0.98, count
    assert bound_median(np.arange(100.0)) == (39.0, 60.0)
    assert bound_median(np.arange(5.0)) == (None, None)


def test_what_a_few_or_like_listings_cannot_say() -> None:
    one = np.array([1000.0])
    found = measure_prices(one, one, one, one)
    assert (found["fsd"], found["prb"], found["low_ratio"]) == (None, None, None)
    assert (found["cod"], found["prd"], found["coverage"], found["width"]) == (0.0, 1.0, 1.0, 0.0)
    same = np.full(10, 1000.0)
    assert measure_price_bias(same, same) is None


def test_cheap_cars_valued_too_high_are_seen() -> None:
    actual = np.geomspace(1000, 64_000, 200)
    predicted = actual * (actual / 8000) ** -0.1
    assert measure_differential(actual, predicted) > 1.03
    # Each doubling of the price takes 2 ** -0.1 of the ratio.
    assert measure_price_bias(actual, predicted) == pytest.approx(2**-0.1 - 1, abs=0.01)


def test_the_range_that_holds_nine_in_ten_has_the_best_score() -> None:
    actual = np.exp(np.random.default_rng(5).normal(9, 0.1, 20_000))
    reaches = (0.08, 0.12, 0.1645, 0.21, 0.3)
    scores = [score_intervals(actual, np.exp(9 - reach) + 0 * actual, np.exp(9 + reach)) for reach in reaches]
    assert min(scores) == scores[2]
