"""What the usual car of each make and model is like."""

import polars as pl

from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import Feature, Market

MIN_ROWS = 10
"""With fewer listings of a make and model none is usual."""


def list_usual(frame: pl.DataFrame, market: Market) -> list[list[Value]]:
    """The usual values by make and model, in feature order: the commonest text, of a number the median.

    A median of even many is the smaller of both in the middle, so that it is a value that there is; None where
    most have none, and for texts, of which none is usual.
    """
    keys = [name for name in ("make", "model") if (found := market.feature(name)) and found.is_category]
    if not keys:
        return []
    counted = (
        frame.drop_nulls(keys).group_by(keys).agg(pl.len().alias("@rows"), *map(_pick, _others(market, keys)))
    )
    large = counted.filter(pl.col("@rows") >= MIN_ROWS).sort(keys)
    return [list(row) for row in large.select(feature.name for feature in market.features).rows()]


def _others(market: Market, keys: list[str]) -> list[Feature]:
    return [feature for feature in market.features if feature.name not in keys]


def _pick(feature: Feature) -> pl.Expr:
    if feature.has_words:
        return pl.lit(None, pl.String).alias(feature.name)
    known = pl.col(feature.name).drop_nulls()
    value = known.quantile(0.5, "lower")
    if feature.is_category:
        value = known.mode().sort().first()
    elif not KINDS[feature.kind].has_range:
        value = known.mode().max()
    return pl.when(known.len() * 2 >= pl.len()).then(value).alias(feature.name)
