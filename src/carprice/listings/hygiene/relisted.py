"""One car listed again: by its id, or by features that are too alike to be another car's."""

import math
from collections.abc import Iterator

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
MAX_ROWS = 500_000
"""Compared at a time: what memory that takes does not grow with the file."""


def find_relisted(frame: pl.DataFrame, market: Market) -> Mask:
    """Whether each row (rows,) is an earlier listing of a car whose newer listing is in the frame too.

    The newest counts, or the last one where there is no day. Cars that are sold again (price_type "paid") are
    sales each. frame: of clean listings, with key and CAR.
    """
    found = np.zeros(frame.height, bool)
    if market.listing.price_type == "paid" or not frame.height:
        return found
    for group in (_group_by_id(frame), _group_alike(frame, market)):
        order = group.sort("@group", "@day", "@row", nulls_last=False)
        is_last = order["@group"] != order["@group"].shift(-1)
        found[order.filter(~is_last.fill_null(True))["@row"].to_numpy()] = True
    return found


def _group_by_id(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that have an id, with the group of each car."""
    rows = (frame[CAR] != frame["key"]).arg_true().alias("@row")
    return pl.DataFrame([rows, _read_days(frame, rows), frame[CAR].gather(rows).alias("@group")])


def _group_alike(frame: pl.DataFrame, market: Market) -> pl.DataFrame:
    """The rows without an id that have another one so alike, with a group of each such car.

    Distances of other cars of a kind come at random, those of one car listed again are alike: which of both is
    likelier, by how many cars of the kind there are, how round the distances are, and how frequent such rows are.
    """
    found, cars, rows = [], [], 0
    for part in _deal_kinds(frame, market):
        kinds = _count_cars(part)
        found.append(_list_near(part, kinds))
        cars.append(kinds["cars"])
        rows += part.height
    if not rows:
        return pl.DataFrame(schema={"@row": pl.UInt32, "@day": pl.Float64, "@group": pl.UInt32})
    near = pl.concat(found)
    same = near.filter(_judge_near(near, _expect_alone(pl.concat(cars)), rows)).select("@row", "@before")
    is_first = same["@before"] != same["@row"].shift().fill_null(frame.height)
    same = same.with_columns(is_first.cum_sum().alias("@group"))
    first = same.filter(is_first).select(pl.col("@before").alias("@row"), "@group")
    group = pl.concat([same.select("@row", "@group"), first])
    return group.with_columns(_read_days(frame, group["@row"]))


def _deal_kinds(frame: pl.DataFrame, market: Market) -> Iterator[pl.DataFrame]:
    """The rows without an id, all of a kind in one part, by kind and distance; none of a market without distances.

    A row without a year is like no other.
    """
    mileage, year = market.mileage, market.year
    if mileage is None or year is None:
        return
    others = [item.name for item in market.features if item != mileage]
    kind = frame.select(pl.struct(others).hash(seed=1)).to_series()
    way = frame[mileage.name]
    nameless = (frame[CAR] == frame["key"]) & frame[year.name].is_not_null() & (way >= LEAST_DISTANCE)
    columns = {"price": frame["price"], "@way": way, "@kind": kind}
    parts = -(-frame.height // MAX_ROWS)
    for number in range(parts):
        rows = (nameless & (kind % parts == number)).arg_true().alias("@row")
        gathered = [values.gather(rows).alias(name) for name, values in columns.items()]
        part = pl.DataFrame([rows, _read_days(frame, rows), *gathered])
        yield part.sort("@kind", "@way", "@day", "@row")


def _read_days(frame: pl.DataFrame, rows: pl.Series) -> pl.Series:
    if DAY in frame.columns:
        return frame[DAY].gather(rows).alias("@day")
    return pl.Series("@day", [], pl.Float64).extend_constant(None, len(rows))


def _count_cars(part: pl.DataFrame) -> pl.DataFrame:
    """Of each kind the cars, as far as they are apart, the rows, and how far apart their distances lie."""
    way = pl.col("@way")
    is_apart = (way - way.shift() > FEW_UNITS).fill_null(True)
    return part.group_by("@kind").agg(
        is_apart.sum().alias("cars"), pl.len().alias("rows"), (way.max() - way.min()).alias("span")
    )


def _list_near(part: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """The rows that may be the same car as the row before, which is of its kind and has gone less.

    With that row (@before), the gap, its grain, the other cars of the kind, unknown where it may have one alone,
    and how wide their distances lie.
    """
    way, before = pl.col("@way"), pl.col("@way").shift()
    grain = pl.max_horizontal(
        pl.when((way % step == 0) & (before % step == 0)).then(float(step)).otherwise(1.0) for step in GRAINS
    )
    gap = way - before
    is_back = (gap >= 1) & (pl.col("@day") < pl.col("@day").shift())  # it had gone further before
    ratio = (pl.col("price").log() - pl.col("price").shift().log()).abs()
    is_near = (pl.col("@kind") == pl.col("@kind").shift()) & (gap <= FEW_UNITS)
    is_near &= ~is_back.fill_null(False) & (ratio <= math.log(MAX_PRICE_RATIO))
    last = pl.col("@row").shift().alias("@before")
    told = part.select("@way", "@kind", "@row", last, gap.alias("gap"), grain.alias("grain"))
    near = told.filter(part.select(is_near).to_series())
    near = near.join(kinds, on="@kind", how="left", maintain_order="left")
    is_alone = (pl.col("cars") <= 1) & (pl.col("rows") <= MAX_LISTINGS)
    others = pl.when(~is_alone).then(pl.col("rows") - 1.0).alias("others")
    width = pl.max_horizontal("span", way * USUAL_SPAN).alias("width")
    return near.select("@row", "@before", "gap", "grain", others, width)


def _judge_near(near: pl.DataFrame, alone: float, rows: int) -> pl.Series:
    """Whether each is the car of the row before.

    alone: the other cars of a kind where these are unknown. rows: that were looked at; most are near no other.
    """
    rate = pl.col("others").fill_null(alone) / pl.col("width")
    by_chance = rate * pl.col("grain") * (-rate * pl.col("gap")).exp()
    again = 1 / (pl.col("gap") + 1) / math.log(FEW_UNITS)
    chances = [near.select(chance).to_series().to_numpy() for chance in (by_chance, again)]
    every = np.ones(near.height, bool)
    return pl.Series(explain(chances[0], chances[1:], every, MAX_CHANCE, rows - near.height) >= 0)


def _expect_alone(cars: pl.Series) -> float:
    """How many other cars are to be expected of a kind that has one car alone, or one listed again.

    That is what Good and Turing say of a kind seen once: twice the kinds seen twice over those seen once
    (I. J. Good, Biometrika 40, 1953).
    """
    once, twice = (int((cars == number).sum()) for number in (1, 2))
    return min(1.0, max(2 * twice, 1) / max(once, 1))
