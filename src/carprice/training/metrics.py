"""How far off a model's prices are: overall and by make, age and price."""

from itertools import pairwise

import numpy as np
import polars as pl

from carprice.frames.encoding import Floats
from carprice.market.market_file import Market

Metrics = dict[str, float]

AGE_BANDS = {"0-1": 1, "2-3": 3, "4-6": 6, "7-10": 10, "11-15": 15, "16+": None}
PRICE_BAND_COUNT = 5
MIN_SLICE_ROWS = 20


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
    """The errors overall and of every make, age band and price band with at least MIN_SLICE_ROWS listings.

    test: features, price and predicted. Age counts from the newest year of the test part.
    """
    slices = {"make": _name_makes(test, market), "age": _name_ages(test, market), "price_band": _name_bands(test)}
    return {
        "overall": _measure(test),
        **{name: _measure_groups(test, labels) for name, labels in slices.items() if labels is not None},
    }


def _measure(part: pl.DataFrame) -> Metrics:
    return measure_errors(part["price"].to_numpy(), part["predicted"].to_numpy())


def _measure_groups(test: pl.DataFrame, labels: pl.Series) -> dict[str, Metrics]:
    parts = test.with_columns(labels.alias("slice")).partition_by("slice", as_dict=True, maintain_order=True)
    found = {str(label): _measure(part) for (label,), part in parts.items() if part.height >= MIN_SLICE_ROWS}
    return dict(sorted(found.items(), key=lambda item: _sort_key(item[0])))


def _sort_key(label: str) -> tuple[float, str]:
    start = label.split("-")[0].rstrip("+")
    return (float(start), "") if start.isdigit() else (0.0, label)


def _name_makes(test: pl.DataFrame, market: Market) -> pl.Series | None:
    return test["make"].fill_null("not known") if market.feature("make") else None


def _name_ages(test: pl.DataFrame, market: Market) -> pl.Series | None:
    if market.year is None:
        return None
    years = test[market.year.name]
    ages = years.max() - years.to_numpy() if years.count() else np.full(test.height, np.nan)
    labels = np.full(test.height, "not known", dtype=object)
    for label, limit in reversed(AGE_BANDS.items()):
        labels[ages <= (np.inf if limit is None else limit)] = label
    return pl.Series(labels, dtype=pl.String)


def _name_bands(test: pl.DataFrame) -> pl.Series:
    prices = test["price"].to_numpy()
    edges = np.unique(np.round(np.quantile(prices, np.linspace(0, 1, PRICE_BAND_COUNT + 1))))
    band = np.clip(np.searchsorted(edges, prices, side="right") - 1, 0, max(len(edges) - 2, 0))
    names = [f"{low:.0f}-{high:.0f}" for low, high in pairwise(edges)] or [f"{edges[0]:.0f}"]
    return pl.Series([names[index] for index in band], dtype=pl.String)
