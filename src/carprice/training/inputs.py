"""What the manifest keeps of the training listings: bins, to measure drift by later, and the usual distance."""

from typing import Any

import msgspec
import numpy as np
import polars as pl

from carprice.listings.cap import thin_as_market
from carprice.listings.cleaning import DAY
from carprice.listings.stored import Table
from carprice.market.kinds import EPOCH
from carprice.market.market_file import Feature, Market
from carprice.model.bundle.inputs import Bins

MAX_ROWS = 500_000
PARTS = 10
"""Bins of a number: between its tenths, where these differ."""
MAX_VALUES = 20
MIN_SHARE = 0.01
"""Of a category: rarer values are counted together."""
DIGITS = 6
MIN_ROWS = 20
"""With fewer cars that have year and distance nothing is said."""
DISTANCE_DIGITS = 1
_DAYS_PER_YEAR = 365.25


def describe_inputs(frame: Table, market: Market) -> dict[str, Any]:
    """The manifest's `inputs`: of a clean frame the rows, and each feature's bins with their shares.

    Mixed as the market is, also where a cap kept a part of the frequent models alone; of many rows MAX_ROWS.
    """
    frame = thin_as_market(frame, MAX_ROWS)
    features = {item.name: _describe_feature(frame[item.name], item) for item in market.features}
    return {"rows": frame.height, "features": msgspec.to_builtins(features)}


def measure_distance(frame: Table, market: Market) -> float | None:
    """The median distance per year of age of the cars of a year and older, in the market's unit; None for too few.

    frame: clean listings. The age is counted to the listing's day, else to the newest year of all.
    """
    if market.year is None or market.mileage is None:
        return None
    year, mileage = pl.col(market.year.name), pl.col(market.mileage.name)
    seen = year.max()
    names = [market.year.name, market.mileage.name]
    if DAY in frame.columns:
        names.append(DAY)
        seen = pl.coalesce(EPOCH.year + (pl.col(DAY) / _DAYS_PER_YEAR).floor(), seen)
    aged = frame.select(*names).select((seen - year).alias("age"), mileage.alias("distance")).drop_nulls()
    aged = aged.filter((pl.col("age") >= 1) & (pl.col("distance") > 0))
    if aged.height < MIN_ROWS:
        return None
    return round(float(aged.select((pl.col("distance") / pl.col("age")).median()).item()), DISTANCE_DIGITS)


def _describe_feature(values: pl.Series, item: Feature) -> Bins:
    bins = Bins([0.0, 0.0])
    if item.is_category:
        named = _list_common(values)
        bins = Bins([0.0] * (len(named) + 2), values=named)
    elif not item.is_text:
        edges = _list_edges(values)
        bins = Bins([0.0] * (len(edges) + 2), edges)
    counts = bins.count(values.to_list())
    shares = [round(count / len(values), DIGITS) for count in counts]
    return msgspec.structs.replace(bins, shares=shares)


def _list_common(values: pl.Series) -> list[str]:
    counts = values.drop_nulls().value_counts(sort=True).sort(["count", values.name], descending=[True, False])
    common = counts.filter(pl.col("count") >= MIN_SHARE * len(values)).head(MAX_VALUES)
    return [str(text) for text in common[values.name]]


def _list_edges(values: pl.Series) -> list[float]:
    """The tenths of the known values, each once, below the largest value."""
    known = values.drop_nulls().to_numpy()
    if not known.size:
        return []
    edges = np.unique(np.quantile(known, np.arange(1, PARTS) / PARTS, method="lower"))
    return [float(edge) for edge in edges if edge < known.max()]
