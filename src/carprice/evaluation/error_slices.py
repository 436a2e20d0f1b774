"""How far off a model's prices are, as the manifest's `metrics` has it: overall and by make, age and price."""

import numpy as np
import polars as pl

from carprice.evaluation.segments import name_ages, name_bands, name_texts, split_by
from carprice.frames.encoding import Floats
from carprice.market.market_file import Market

Metrics = dict[str, float]


def measure_errors(actual: Floats, priced: Floats) -> Metrics:
    """MAE, median AE, RMSE in money, R2, MAPE and median APE as shares, and the number of rows."""
    error = np.abs(priced - actual)
    share = error / actual
    spread = float(np.sum((actual - actual.mean()) ** 2))
    return {
        "rows": int(actual.size),
        "mae": float(error.mean()),
        "median_ae": float(np.median(error)),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "r2": 1.0 - float(np.sum(error**2)) / spread if spread else 0.0,
        "mape": float(share.mean()),
        "median_ape": float(np.median(share)),
    }


def measure_slices(test: pl.DataFrame, market: Market) -> dict[str, dict[str, Metrics] | Metrics]:
    """The errors overall and of every make, age band and price band with at least MIN_SEGMENT_ROWS listings.

    test: features, price and predicted. Age counts from the newest year of the test part; the bands are of actual
    prices.
    """
    slices = {
        "make": name_texts(test, market, "make"),
        "age": name_ages(test, market),
        "price_band": name_bands(test["price"]),
    }
    return {
        "overall": _measure(test),
        **{name: _measure_groups(test, labels) for name, labels in slices.items() if labels is not None},
    }


def _measure(part: pl.DataFrame) -> Metrics:
    return measure_errors(part["price"].to_numpy(), part["predicted"].to_numpy())


def _measure_groups(test: pl.DataFrame, labels: pl.Series) -> dict[str, Metrics]:
    parts = split_by(test.select("price", "predicted"), labels)
    return {label: _measure(part) for label, part in parts.items()}
