"""Which listings a bundle keeps to show beside a price, and how: model/evidence/comparable_store.py reads them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from carprice.frames.encoding import Floats, encode_frame
from carprice.frames.scoring import plain_scores
from carprice.listings.cleaning import CAR, DAY, REF
from carprice.listings.stored import Table, gather_rows
from carprice.market.market_file import Market
from carprice.model.pricer import Pricer
from carprice.training.price_index import PriceIndex

MAX_PER_MODEL = 2_000
"""Listings kept of one make and model, as many of each year as there are, the newest."""
MAX_LISTINGS = 1_000_000
"""Kept of all, the newest: what a replica may hold."""
SCORE = "@score"


def build_comparables(frame: Table, pricer: Pricer, index: PriceIndex | None) -> dict[str, Any]:
    """What comparables.pkl holds, from the clean frame that a model has learnt from.

    index: of the same training, so that prices of other days are comparable. Each car is kept once, its newest
    listing; of a make and model at most MAX_PER_MODEL.
    """
    market = pricer.market
    keys = [market.features[place].name for place in pricer.forest.depreciation.keys]
    kept = pick_listings(frame, market, keys)
    matrix = encode_frame(kept, market, pricer.encoders, pricer.scaler, pricer.encoder.zero)
    score = plain_scores(matrix, pricer.forest).astype(np.float32)
    kept = kept.with_columns(pl.Series(SCORE, score)).sort(*keys, SCORE, maintain_order=True)
    day = kept[DAY].fill_null(np.nan).to_numpy() if DAY in kept.columns else None
    return {
        "rows": kept.height,
        "keys": keys,
        "groups": _list_groups(kept, keys),
        "columns": {feature.name: pack_column(kept[feature.name]) for feature in market.features},
        "price": pack_column(kept["price"]),
        "day": None if day is None else pack_column(pl.Series(day)),
        "moved": None if day is None or index is None else pack_column(pl.Series(index.since(day))),
        "score": kept[SCORE].to_numpy().astype("<f4").tobytes(),
        "car": kept[CAR].to_numpy().astype("<u8").tobytes(),
        "texts": _pack_texts(kept[REF]) if REF in kept.columns else None,
    }


def pick_listings(frame: Table, market: Market, keys: list[str]) -> pl.DataFrame:
    """The listings kept: of each car the newest, of each key the newest MAX_PER_MODEL of every year in turn.

    So the many cars of some years leave room for those of the others.
    """
    newest = [DAY] if DAY in frame.columns else []
    year = [market.year.name] if market.year else []
    by = pl.arg_sort_by(*newest, "key", descending=True, nulls_last=True)
    order = frame.select(*newest, "key").select(by).to_series()
    row = order.filter(frame[CAR].gather(order).is_first_distinct())
    if keys:
        row = row.gather(
            _take_in_turn(_number_groups(frame, keys)[row], _number_groups(frame, [*keys, *year])[row])
        )
    return gather_rows(frame, row.head(MAX_LISTINGS))


def _take_in_turn(group: pl.Series, turn: pl.Series) -> pl.Series:
    """The places of MAX_PER_MODEL rows of each group, in order: the first row of each turn, then the second."""
    in_turn = pl.Series(np.argsort(_count_before(turn).to_numpy(), kind="stable"))
    return in_turn.filter(_count_before(group.gather(in_turn)) < MAX_PER_MODEL).sort()


def _count_before(group: pl.Series) -> pl.Series:
    """Of each row how many of its group are before it."""
    return group.to_frame().select(pl.int_range(pl.len(), dtype=pl.UInt32).over(pl.first())).to_series()


def _number_groups(frame: Table, names: Sequence[str]) -> pl.Series:
    """A number for each combination of values; texts themselves would be copied with every sort."""
    number = pl.zeros(frame.height, pl.UInt64, eager=True)
    for name in names:
        rank = frame[name].rank("dense").cast(pl.UInt64).fill_null(0)
        number = number * (int(rank.max() or 0) + 1) + rank  # type: ignore[arg-type]
    return number


def pack_column(values: pl.Series) -> dict[str, Any]:
    """A column as its different values and the code of each row, in as few bytes as that takes."""
    if values.dtype == pl.String:
        table = values.unique(maintain_order=True)
        codes = values.replace_strict(table, np.arange(len(table)), return_dtype=pl.UInt32).to_numpy()
        return {"table": table.to_list(), "codes": _pack_codes(codes, len(table))}
    numbers: Floats = values.fill_null(np.nan).to_numpy()
    unique, codes = np.unique(numbers, return_inverse=True)
    return {"table": unique.astype("<f8").tobytes(), "codes": _pack_codes(codes.reshape(-1), len(unique))}


def _pack_codes(codes: np.ndarray, count: int) -> bytes:
    width = next(width for width in (1, 2, 4) if count <= 1 << 8 * width)
    return codes.astype(f"<u{width}").tobytes()


def _list_groups(kept: pl.DataFrame, keys: list[str]) -> list[list[Any]]:
    """The values of the keys, the first row and the one after the last, of each group in order."""
    if not kept.height:
        return []
    if not keys:
        return [[0, kept.height]]
    runs = (
        kept.select(keys).with_row_index("row").group_by(keys, maintain_order=True).agg(pl.first("row"), pl.len())
    )
    return [[*key, start, start + count] for *key, start, count in runs.iter_rows()]


def _pack_texts(texts: pl.Series) -> dict[str, Any]:
    prefix = _find_start(texts.drop_nulls().to_list())
    rests = [(text or "").removeprefix(prefix).encode() for text in texts]
    ends = np.cumsum([len(rest) for rest in rests], dtype=np.uint64)
    return {"prefix": prefix, "rests": b"".join(rests), "ends": ends.astype("<u4").tobytes()}


def _find_start(texts: Sequence[str]) -> str:
    """What all texts start with, and none is alone."""
    if not texts:
        return ""
    first, last = min(texts), max(texts)
    most = min(map(len, texts)) - 1
    return first[: next((place for place in range(most) if first[place] != last[place]), most)]
