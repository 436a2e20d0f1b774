"""What the usual car of each make and model is like, where its numbers go, what it never is, and its trims."""

from typing import Any

import numpy as np
import polars as pl

from carprice.listings.stored import Table
from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import Feature, Market

MIN_ROWS = 10
"""With fewer listings of a make and model none is usual."""
MIN_YEAR_ROWS = 3
"""Listings whose years say when a make and model was built: docs/LOG.md has how ranges hold beyond them."""
ODD_SHARE = 0.005
"""Of the listings of a make and model at either end, which may be errors themselves."""
MIN_SEEN = 20
"""With fewer listings of a make and model that have a category, a value that none has may be chance."""
MAX_NEW = 0.01
"""Where the next listing is likelier than this to have a value that none before had, one is no surprise either."""
TRIMS = ("trim", "version")
MIN_TRIM_ROWS, MIN_OF_ONE = 3, 0.9
"""Listings of a trim that are of one model, and their share of the trim's in the make."""
MIN_OF_MODEL = 0.2
"""A category of which make and model say less is of no model: any car may have any colour."""


def describe_usual(frame: Table, market: Market, encoders: dict[str, list[str]]) -> dict[str, Any]:
    """Of a clean frame all of these, by their names in model.pkl."""
    return {
        "usual": list_usual(frame, market),
        "usual_values": span_values(frame, market, encoders),
        "seen_values": list_seen(frame, market, encoders),
        "trims": list_trims(frame, market, encoders),
    }


def list_usual(frame: Table, market: Market) -> list[list[Value]]:
    """The usual values by make and model, in feature order: the commonest text, of a number the median.

    A median of even many is the smaller of both in the middle, so that it is a value that there is; None where
    most have none, and for texts, of which none is usual.
    """
    keys = _list_keys(market)
    if not keys:
        return []
    large = _count(frame, keys).filter(pl.col("@rows") >= MIN_ROWS).sort(keys)
    for feature in _others(market, keys):
        large = large.join(_of_each(frame, keys, feature.name, _pick(feature)), on=keys, maintain_order="left")
    return [list(row) for row in large.select(feature.name for feature in market.features).rows()]


def span_values(frame: Table, market: Market, encoders: dict[str, list[str]]) -> dict[str, Any] | None:
    """From where to where the numbers of each make and model go, but for a few odd listings, as model.pkl has it.

    None of the mileage, which goes by the age, and of a number that fewer than MIN_ROWS listings have, or a year
    that fewer than MIN_YEAR_ROWS have.
    """
    keys = _list_keys(market)
    numbers = [item for item in market.features if KINDS[item.kind].input == "number"]
    fields = [item.name for item in numbers if item is not market.mileage]
    if not keys or not fields:
        return None
    rows = frame.select(*keys).drop_nulls().unique().sort(keys)
    for name in fields:
        least = MIN_YEAR_ROWS if market.year and name == market.year.name else MIN_ROWS
        rows = rows.join(_of_each(frame, keys, name, _span(name, least)), on=keys, maintain_order="left")
    codes = [_number_values(encoders[name]) for name in keys]
    spans = []
    for row in rows.rows():
        limits = [None if ends is None else list(ends.values()) for ends in row[len(keys) :]]
        if any(limits):
            spans.append([[known[text] for known, text in zip(codes, row, strict=False)], limits])
    years = frame[market.year.name].drop_nulls().to_numpy() if market.year else np.empty(0)
    older = {"older": float(np.std(years, ddof=1))} if len(years) > 1 else {}  # of polars it depends on its chunks
    return {"fields": fields, "rows": spans, **older}


def list_seen(frame: Table, market: Market, encoders: dict[str, list[str]]) -> dict[str, Any] | None:
    """The values of each category that the listings of a make and model have, as model.pkl has it.

    Only of categories that go with the model; where they are MIN_SEEN listings; and where a new value would
    surprise: by Good and Turing (Good, "The population frequencies of species and the estimation of population
    parameters", 1953) the chance that the next listing has one is the share of the listings whose value no other
    has.
    """
    keys = _list_keys(market)
    fields = [item.name for item in market.features if item.is_category and item.name not in keys]
    if not keys:
        return None
    counted = {name: _count_values(frame, keys, name) for name in fields}
    of_model = [name for name in fields if measure_of_model(counted[name], keys, name) > MIN_OF_MODEL]
    codes = {name: _number_values(encoders[name]) for name in (*keys, *of_model)}
    rows: dict[tuple[int, ...], list[Any]] = {}
    for place, name in enumerate(of_model):
        for *key, values, counts in _pick_telling(counted[name], keys, name).rows():
            known = tuple(codes[each][text] for each, text in zip(keys, key, strict=True))
            rows.setdefault(known, [None] * len(of_model))[place] = [
                [codes[name][text] for text in values],
                counts,
            ]
    return {"fields": of_model, "rows": [[list(known), rows[known]] for known in sorted(rows)]}


def list_trims(frame: Table, market: Market, encoders: dict[str, list[str]]) -> dict[str, Any] | None:
    """Of each make the trims that are of one model, the commonest first, as model.pkl has them."""
    name = next((item.name for item in market.features if item.is_category and item.name in TRIMS), None)
    keys = _list_keys(market)
    if name is None or len(keys) < 2:
        return None
    of_one = (
        _count(frame, [*keys, name])
        .filter(
            pl.col("@rows") >= MIN_TRIM_ROWS,
            pl.col("@rows") >= MIN_OF_ONE * pl.col("@rows").sum().over("make", name),
        )
        .sort(["@rows", "make", name], descending=[True, False, False])
    )
    codes = [_number_values(encoders[key]) for key in ("make", name, "model")]
    rows = of_one.select("make", name, "model").rows()
    return {"field": name, "rows": [[known[text] for known, text in zip(codes, row, strict=True)] for row in rows]}


def measure_of_model(counted: pl.DataFrame, keys: list[str], name: str) -> float:
    """Which share of a category's entropy goes where make and model are known; 0 where it has none.

    The coefficient of uncertainty (Theil, "On the estimation of relationships involving qualitative variables",
    1970). counted: how many @rows have each value.
    """
    whole = counted.group_by(name).agg(pl.col("@rows").sum()).select(_entropy()).item()
    if counted.is_empty() or not whole:
        return 0.0
    rows = pl.col("@rows").sum()
    parts = counted.group_by(keys).agg(rows.alias("rows"), _entropy().alias("within"))
    left = parts.select((pl.col("rows") * pl.col("within")).sum() / pl.col("rows").sum()).item()
    return float(1 - left / whole)


def _entropy() -> pl.Expr:
    share = pl.col("@rows") / pl.col("@rows").sum()
    return -(share * share.log()).sum()


def _count_values(frame: Table, keys: list[str], name: str) -> pl.DataFrame:
    """How many @rows of each make and model have each value of a category; only where they are MIN_SEEN."""
    return _count(frame, [*keys, name]).filter(pl.col("@rows").sum().over(keys) >= MIN_SEEN)


def _count(frame: Table, names: list[str]) -> pl.DataFrame:
    """How many @rows have each combination of values; the frame's other columns are not copied."""
    return frame.select(*names).drop_nulls().group_by(names).agg(pl.len().alias("@rows"))


def _list_keys(market: Market) -> list[str]:
    """Make and model, those of them that are categories."""
    return [name for name in ("make", "model") if (found := market.feature(name)) and found.is_category]


def _number_values(values: list[str]) -> dict[str, int]:
    return {text: code for code, text in enumerate(values)}


def _pick_telling(counted: pl.DataFrame, keys: list[str], name: str) -> pl.DataFrame:
    """The values of each make and model and their counts, the commonest first, where a new one would surprise."""
    rows = pl.col("@rows")
    telling = counted.filter((rows == 1).sum().over(keys) <= MAX_NEW * rows.sum().over(keys))
    ordered = telling.sort(["@rows", name], descending=[True, False])
    return ordered.group_by(keys, maintain_order=True).agg(pl.col(name), rows)


def _of_each(frame: Table, keys: list[str], name: str, found: pl.Expr) -> pl.DataFrame:
    """What an expression finds in a column of each make and model; of all columns at once, it copies the frame."""
    return frame.select(*keys, name).drop_nulls(keys).group_by(keys).agg(found)


def _span(name: str, least: int) -> pl.Expr:
    known = pl.col(name).drop_nulls()
    ends = pl.struct(known.quantile(ODD_SHARE, "lower"), known.quantile(1 - ODD_SHARE, "higher").alias("high"))
    return pl.when(known.len() >= least).then(ends).alias(name)


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
