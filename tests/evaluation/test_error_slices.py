"""The errors that the manifest keeps: overall and by slice."""

import numpy as np
import polars as pl
import pytest
from tests.bundles import invent_uk_listings

from carprice.evaluation.error_slices import measure_errors, measure_slices
from carprice.evaluation.segments import MIN_SEGMENT_ROWS
from carprice.market.market_file import Market, load_market


@pytest.fixture
def uk(markets_dir) -> Market:
    return load_market("uk", markets_dir)


def test_errors_of_four_cars_by_hand() -> None:
    actual = np.array([1000.0, 2000.0, 4000.0, 5000.0])
    priced = np.array([1100.0, 1800.0, 4000.0, 6000.0])
    found = measure_errors(actual, priced)
    assert found == pytest.approx(
        {
            "rows": 4,
            "mae": 325.0,
            "median_ae": 150.0,
            "rmse": (1_050_000 / 4) ** 0.5,
            "r2": 1 - 1_050_000 / 10_000_000,
            "mape": 0.1,
            "median_ape": 0.1,
        }
    )


def test_slices_cover_the_test_part_and_leave_out_small_ones(uk: Market) -> None:
    test = invent_uk_listings(uk).with_columns((pl.col("price") * 1.1).alias("predicted"))
    lone = test.head(MIN_SEGMENT_ROWS - 1).with_columns(pl.lit("Lada").alias("make"))
    test = pl.concat([test, lone])
    slices = measure_slices(test, uk)
    assert set(slices) == {"overall", "make", "age", "price_band"}
    assert slices["overall"]["rows"] == test.height
    assert "Lada" not in slices["make"]
    assert sum(item["rows"] for item in slices["make"].values()) == test.height - lone.height
    for name in ("age", "price_band"):
        assert sum(item["rows"] for item in slices[name].values()) == test.height
    assert list(slices["age"]) == ["0-1", "2-3", "4-6", "7-10", "11-15"]
    assert slices["overall"]["mape"] == pytest.approx(0.1)
