"""One car listed again: by its id, or by features that are too alike to be another car's."""

import math

import numpy as np
import polars as pl

from carprice.listings.deduplication import CAR, DAY
from carprice.listings.hygiene.expectation import Mask
from carprice.listings.hygiene.mixture import explain
from carprice.market.market_file import Market

FEW_UNITS = 50
"""How far a car goes, in its distance unit, between two of its listings at most."""
MAX_PRICE_RATIO = 2.0
MAX_CHANCE = 0.2
"""Of another car: both listings of two cars are worth learning from."""
USUAL_SPAN = 0.5
"""Of a distance: how far apart those of cars of one kind and year lie at least."""
LEAST_DISTANCE = 1000
MAX_LISTINGS = 4
"""Of one car: more rows so near each other are several cars."""
GRAINS = (10, 100, 1000, 10_000)
"""Of distances that people round."""


def find_relisted(frame: pl.DataFrame, market: Market) -> Mask:
    """Whether each row (rows,) is an earlier listing of a car whose newer listing is in the frame too.

    The newest counts, or the last one where there is no day. Cars that are sold again (price_type "paid") are
    sales each. frame: of clean listings, with key and CAR.
    """
    none = np.zeros(frame.height, bool)
    if market.listing.price_type == "paid" or not frame.height:
        return none
    slim = _pick_columns(frame, market)
    groups = [slim.filter(pl.col(CAR) != pl.col("key")).select("@row", "@day", pl.col(CAR).alias("@group"))]
    if "@kind" in slim.columns:
        nameless = (pl.col(CAR) == pl.col("key")) & (pl.col("@way") >= LEAST_DISTANCE)
        groups.append(_group_alike(slim.filter(nameless).select("@row", "@day", "price", "@way", "@kind")))
    del slim
    for group in groups:
        order = group.sort("@group", "@day", "@row", nulls_last=False)
        is_last = order["@group"] != order["@group"].shift(-1)
        none[order.filter(~is_last.fill_null(True))["@row"].to_numpy()] = True
    return none


def _pick_columns(frame: pl.DataFrame, market: Market) -> pl.DataFrame:
    """What the comparison needs of each row, without the texts; "@way" and "@kind" where the market has both.

    A row without a year has no "@way": it is like no other.
    """
    mileage, year = market.mileage, market.year
    day = pl.col(DAY) if DAY in frame.columns else pl.lit(None, pl.Float64)
    found = [pl.int_range(pl.len(), dtype=pl.UInt32).alias("@row"), day.alias("@day"), pl.col(CAR, "key", "price")]
    if mileage is not None and year is not None:
        others = [feature.name for feature in market.features if feature != mileage]
        way = pl.when(pl.col(year.name).is_not_null()).then(pl.col(mileage.name))
        found += [way.alias("@way"), pl.struct(others).hash(seed=1).alias("@kind")]
    return frame.select(found)


def _group_alike(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that have another one so alike, with a group of each such car."""
    frame = frame.sort("@kind", "@way", "@day", "@row")
    is_same = _judge_neighbours(frame)
    return frame.select("@row", "@day", pl.Series("@group", ~is_same).cum_sum())


def _judge_neighbours(frame: pl.DataFrame) -> Mask:
    """Of each row whether it is the same car as the row before it, which is of its kind and has gone less.

    Distances of other cars of the kind come at random, those of one car listed again are alike: which of both is
    likelier, by how many cars of the kind there are, how round the distances are, and how frequent such rows are.
    """
    if not frame.height:
        return np.zeros(0, bool)
    span = (pl.max("@way") - pl.min("@way")).over("@kind")
    rate = _count_others(frame) / pl.max_horizontal(span, pl.col("@way") * USUAL_SPAN)
    grain = pl.max_horizontal(
        pl.when((pl.col("@way") % step == 0) & (pl.col("@way").shift() % step == 0))
        .then(float(step))
        .otherwise(1.0)
        for step in GRAINS
    )
    gap = pl.col("@way") - pl.col("@way").shift()
    is_near = (pl.col("@kind") == pl.col("@kind").shift()) & (gap <= FEW_UNITS)
    is_back = (gap >= 1) & (pl.col("@day") < pl.col("@day").shift())  # it had gone further before
    ratio = (pl.col("price").log() - pl.col("price").shift().log()).abs()
    is_near = is_near & ~is_back.fill_null(False) & (ratio <= math.log(MAX_PRICE_RATIO))
    by_chance = pl.when(is_near).then(rate * grain * (-rate * gap).exp()).otherwise(1.0)
    again = pl.when(is_near).then(1 / (gap + 1) / math.log(FEW_UNITS)).otherwise(0.0)
    found = frame.select(by_chance.alias("chance"), again.alias("again"))
    every = np.ones(frame.height, bool)
    return explain(found["chance"].to_numpy(), [found["again"].to_numpy()], every, MAX_CHANCE) >= 0


def _count_others(frame: pl.DataFrame) -> pl.Series:
    """How many other cars of its kind each row is to be expected to have.

    Where the kind has one car alone, or one listed again, that is what Good and Turing say of a kind seen once:
    twice the kinds seen twice over those seen once (I. J. Good, Biometrika 40, 1953).
    """
    is_apart = (pl.col("@way") - pl.col("@way").shift() > FEW_UNITS).fill_null(True)
    kinds = frame.group_by("@kind").agg(is_apart.sum().alias("cars"), pl.len().alias("rows"))
    once, twice = (kinds.filter(pl.col("cars") == number).height for number in (1, 2))
    alone = min(1.0, max(2 * twice, 1) / max(once, 1))
    others = pl.when((pl.col("cars") <= 1) & (pl.col("rows") <= MAX_LISTINGS)).then(alone)
    table = kinds.select("@kind", others.otherwise(pl.col("rows") - 1.0).alias("others"))
    return frame.join(table, on="@kind", how="left", maintain_order="left")["others"]
