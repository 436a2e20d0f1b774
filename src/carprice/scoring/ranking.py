"""Asking prices of a stock list: read from their column, and ranked among those of comparable cars."""

import numpy as np
import polars as pl
from msgspec.structs import replace

from carprice.listings.parsing import parse_value, price_feature, trim_text
from carprice.market.market_file import Market
from carprice.model.evidence.comparables import USUAL_COMPARABLES, ComparableFinder

RANKING = {"asking_rank": pl.Int64, "asking_comparables": pl.Int64}
"""1 for the cheapest of a car and its comparables, whose prices are adjusted to it; and how many these are."""


def read_asking_prices(batch: pl.DataFrame, column: str, market: Market) -> np.ndarray:
    """The prices of a column (rows,), read as the market's price column is; NaN for one that cannot be read."""
    price = price_feature(market)
    currency = price.currency_column if price.currency_column in batch.columns else ""
    feature = replace(price, column=column, currency_column=currency)
    values = batch.select(parse_value(feature, trim_text(feature)).cast(pl.Float64)).to_series()
    return values.fill_null(np.nan).to_numpy()


def rank_asking_prices(
    batch: pl.DataFrame, frame: pl.DataFrame, column: str, finder: ComparableFinder
) -> pl.DataFrame:
    """The columns of RANKING; null where a row has no place, the rank where nothing is comparable.

    batch: with asking prices in a column, and asking_position. frame: the features of the same rows.
    """
    market = finder.pricer.market
    asked = read_asking_prices(batch, column, market)
    rows = frame.select(feature.name for feature in market.features).rows()
    ids = batch[market.listing.id].to_list() if market.listing.id in batch.columns else [None] * batch.height
    placed = batch["asking_position"].is_not_null().to_list()
    ranks: list[tuple[int | None, int | None]] = []
    for values, asking, car, is_placed in zip(rows, asked.tolist(), ids, placed, strict=True):
        ranks.append(_rank(finder, values, asking, car) if is_placed else (None, None))
    return pl.DataFrame(ranks, schema=RANKING, orient="row")


def _rank(
    finder: ComparableFinder, values: tuple[str | float | None, ...], asking: float, car: str | None
) -> tuple[int | None, int]:
    found = finder.find(values, USUAL_COMPARABLES, car or None, asking).listings
    return (1 + sum(each.adjusted < asking for each in found) if found else None), len(found)
