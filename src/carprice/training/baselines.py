"""What any model has to beat: the median of similar cars, and a linear model."""

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix, hstack  # type: ignore[import-untyped]
from sklearn.linear_model import Ridge  # type: ignore[import-untyped]
from sklearn.preprocessing import OneHotEncoder  # type: ignore[import-untyped]

from carprice.evaluation.error_slices import Metrics, measure_errors
from carprice.frames.encoding import Floats, Scaler
from carprice.market.market_file import Market

RIDGE_PENALTY = 1.0
RARE_CATEGORY = 5


def measure_baselines(
    training: pl.DataFrame, test: pl.DataFrame, market: Market, scaler: Scaler
) -> dict[str, Metrics]:
    """The errors of each baseline, learnt from the training part, on the test part."""
    actual = test["price"].to_numpy()
    return {
        "median": measure_errors(actual, price_by_median(training, test, market)),
        "ridge": measure_errors(actual, price_by_ridge(training, test, market, scaler)),
    }


def warn_of_baselines(baselines: dict[str, Metrics], overall: Metrics) -> list[str]:
    """A sentence for each baseline that beats the trees by its mean or its median error."""
    return [
        f"Warning: the {name} baseline has the smaller {label}, {errors[key]:{form}} against "
        f"{overall[key]:{form}}: the listings may be too few or too odd for trees"
        for name, errors in baselines.items()
        for key, label, form in (("mae", "mean error", ",.0f"), ("median_ape", "median error", ".1%"))
        if errors[key] < overall[key]
    ]


def price_by_median(training: pl.DataFrame, test: pl.DataFrame, market: Market) -> Floats:
    """The median price of the same make, model and year; else of make and model, of the make, of all."""
    year = market.year.name if market.year else ""
    names = [name for name in ("make", "model", year) if name and market.feature(name)]
    prices = pl.Series([None] * test.height, dtype=pl.Float64)
    for count in range(len(names), 0, -1):
        groups = training.group_by(names[:count]).agg(pl.col("price").median().alias("median"))
        joined = test.select(names[:count]).join(groups, on=names[:count], how="left", maintain_order="left")
        prices = prices.fill_null(joined["median"])
    return prices.fill_null(training["price"].median()).to_numpy()


def price_by_ridge(training: pl.DataFrame, test: pl.DataFrame, market: Market, scaler: Scaler) -> Floats:
    """Ridge on log price: scaled numbers with missing ones filled, and one column per category value."""
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=RARE_CATEGORY)
    texts = [item.name for item in market.features if item.is_category]
    blocks = []
    for part, is_learning in ((training, True), (test, False)):
        numbers = csr_matrix(_fill_numbers(part, market, scaler))
        if texts:
            values = part.select(pl.col(texts).fill_null("")).to_numpy()
            codes = encoder.fit_transform(values) if is_learning else encoder.transform(values)
            numbers = hstack([numbers, codes]).tocsr()
        blocks.append(numbers)
    model = Ridge(RIDGE_PENALTY, solver="sparse_cg")
    model.fit(blocks[0], np.log(training["price"].to_numpy()))
    return np.asarray(np.exp(model.predict(blocks[1])))


def _fill_numbers(part: pl.DataFrame, market: Market, scaler: Scaler) -> Floats:
    columns = [np.empty((part.height, 0))]
    for item in market.features:
        if not item.is_text:
            scale = scaler[item.name]
            values = part[item.name].fill_null(scale["fill"]).to_numpy()
            columns.append(((values - scale["mean"]) / scale["scale"])[:, None])
    return np.hstack(columns)
