"""A feature that was computed from the price would make every figure a lie, and no caller could give it."""

import numpy as np
import polars as pl

from carprice.errors import TrainingError
from carprice.frames.encoding import Floats
from carprice.market.market_file import Market
from carprice.training.split import car_column

MAX_ROWS = 6_000
MIN_ROWS = 40
LEAST_ERROR = 0.01
"""Median error of log price by one feature alone, on listings of other cars, below which it was computed from the
price; the best feature of five real markets misses by 18 %."""
LEAST_SHARE = 0.1
"""The same as a share of the error of the median price, for listings that all cost nearly the same."""
MAX_RANK_CORRELATION = 0.999
"""Within a model."""
MIN_GROUP_ROWS = 30
MAX_GROUPS = 50


def check_features(frame: pl.DataFrame, market: Market) -> None:
    """Raises TrainingError naming the first feature of a clean frame that was computed from the price.

    That is a number (or a text of digits) from which, alone or multiplied or divided by another number, the price of
    other cars follows, or whose order within each model is the order of the prices.
    """
    sample = frame.unique(car_column(frame), keep="first", maintain_order=True)
    sample = sample[:: max(1, -(-sample.height // MAX_ROWS))]
    if sample.height < MIN_ROWS:
        return
    price = np.log(sample["price"].to_numpy())
    numbers = {
        item.name: values for item in market.features if (values := _read_numbers(sample[item.name])) is not None
    }
    model = _name_models(sample, market)
    for name, values in numbers.items():
        if error := _find_error(values, price):
            _refuse(name, f"alone it gives the price of other cars within {error:.2%}", market)
        for other, others in numbers.items():
            if other != name and (error := _find_combined_error(values, others, price)):
                _refuse(name, f"with {other} it gives the price of other cars within {error:.2%}", market)
        if correlation := _find_correlation(values, price, model):
            _refuse(name, f"within a model its rank correlation with the price is {correlation:.4f}", market)


def predict_alone(values: Floats, price: Floats) -> float:
    """The median absolute error of log price of every second row, between the nearest values of the others."""
    learnt, asked = values[::2], values[1::2]
    known, place = np.unique(learnt, return_inverse=True)
    mean = np.bincount(place, price[::2]) / np.bincount(place)
    return float(np.median(np.abs(np.interp(asked, known, mean) - price[1::2])))


def _find_error(values: Floats, price: Floats) -> float | None:
    """The error of predict_alone where it is too small to be honest."""
    known = ~np.isnan(values)
    if known.sum() < MIN_ROWS:
        return None
    values, price = values[known], price[known]
    usual = float(np.median(np.abs(price - np.median(price))))
    error = predict_alone(values, price)
    return max(error, 1e-9) if error < min(LEAST_ERROR, LEAST_SHARE * usual) else None


def _find_combined_error(values: Floats, others: Floats, price: Floats) -> float | None:
    """The smaller of the errors by the product and the quotient, where it is too small to be honest."""
    with np.errstate(all="ignore"):
        one, other = np.log(np.abs(values)), np.log(np.abs(others))
        combined = [np.where(np.isfinite(each), each, np.nan) for each in (one + other, one - other)]
    return min((error for each in combined if (error := _find_error(each, price))), default=None)


def _find_correlation(values: Floats, price: Floats, model: np.ndarray) -> float | None:
    """The median rank correlation over models, where it is too large to be honest."""
    known = ~np.isnan(values)
    found = []
    names, counts = np.unique(model[known], return_counts=True)
    for name in names[np.argsort(-counts)][:MAX_GROUPS]:
        chosen = known & (model == name)
        if chosen.sum() >= MIN_GROUP_ROWS and len(np.unique(values[chosen])) > 2:
            found.append(abs(_rank_correlation(values[chosen], price[chosen])))
    middle = float(np.median(found)) if found else 0.0
    return middle if middle > MAX_RANK_CORRELATION else None


def _rank_correlation(one: Floats, other: Floats) -> float:
    ranks = [pl.Series(values).rank().to_numpy() for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1]) if len(np.unique(other)) > 1 else 0.0


def _name_models(sample: pl.DataFrame, market: Market) -> np.ndarray:
    keys = [name for name in ("make", "model") if market.feature(name)]
    if not keys:
        return np.zeros(sample.height, int)
    return sample.select(pl.struct(keys).rank("dense")).to_series().to_numpy()


def _read_numbers(values: pl.Series) -> Floats | None:
    """The values as numbers, NaN where missing; None for texts that are not mostly digits."""
    if values.dtype != pl.String:
        return values.fill_null(np.nan).to_numpy()
    digits = values.str.replace_all(r"[^0-9]", "").replace("", None).cast(pl.Float64, strict=False)
    is_text = values.str.contains(r"[A-Za-z]{4}").fill_null(False)
    known = (digits.is_not_null() & ~is_text).sum()
    return digits.fill_null(np.nan).to_numpy() if known > values.count() / 2 else None


def _refuse(name: str, figure: str, market: Market) -> None:
    column = next(item.column for item in market.features if item.name == name)
    raise TrainingError(
        f"Feature {name!r} (column {column!r}) was computed from the price: {figure}",
        f"No caller knows it before the price. Take features.{name} out of the file of market {market.name}, "
        "then train again.",
    )
