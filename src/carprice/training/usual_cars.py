"""What the usual car of each make and model is like, and from where to where its numbers go."""

from typing import Any

import polars as pl

from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import Feature, Market

MIN_ROWS = 10
"""With fewer listings of a make and model none is usual."""
ODD_SHARE = 0.005
"""Of the listings of a make and model at either end, which may be errors themselves."""


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


def span_values(frame: pl.DataFrame, market: Market, encoders: dict[str, list[str]]) -> dict[str, Any] | None:
    """From where to where the numbers of each make and model go, but for a few odd listings, as model.pkl has it.

    None of the mileage, which goes by the age, and of a number that fewer than MIN_ROWS listings have.
    """
    keys = [name for name in ("make", "model") if (found := market.feature(name)) and found.is_category]
    numbers = [item for item in market.features if KINDS[item.kind].input == "number"]
    fields = [item.name for item in numbers if item is not market.mileage]
    if not keys or not fields:
        return None
    rows = frame.drop_nulls(keys).group_by(keys).agg(map(_span, fields)).sort(keys)
    codes = [{text: code for code, text in enumerate(encoders[name])} for name in keys]
    spans = []
    for row in rows.rows():
        limits = [None if ends is None else list(ends.values()) for ends in row[len(keys) :]]
        if any(limits):
            spans.append([[known[text] for known, text in zip(codes, row, strict=False)], limits])
    return {"fields": fields, "rows": spans}


def _span(name: str) -> pl.Expr:
    known = pl.col(name).drop_nulls()
    ends = pl.struct(known.quantile(ODD_SHARE, "lower"), known.quantile(1 - ODD_SHARE, "higher").alias("high"))
    return pl.when(known.len() >= MIN_ROWS).then(ends).alias(name)


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
