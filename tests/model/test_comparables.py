"""Comparables: equal to a slow reference in NumPy, never the car itself, none twice, and refused where damaged."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
from tests.bundles import RECIPE, SEED, add_keys, invent_uk_listings

from carprice.errors import BundleError
from carprice.frames.encoding import encode_frame, read_listing
from carprice.frames.scoring import find_codes, find_lines, flag_matrix, plain_scores
from carprice.listings.cleaning import CAR, DAY, REF
from carprice.market.kinds import EPOCH
from carprice.market.market_file import Listing, Market, load_market
from carprice.model.evidence.comparables import (
    NEAREST,
    NOTHING_ALIKE,
    ONE_MISSING,
    OTHER_CATEGORY,
    WINDOW,
    ComparableFinder,
    hash_id,
    open_store,
)
from carprice.model.pricer import Pricer
from carprice.training.comparables import MAX_PER_MODEL, build_comparables, pick_listings
from carprice.training.fit import Fitted, fit_listings

ROWS = 1_500
LAST = date(2020, 6, 30)
CARS = 40
COUNT = 5


@dataclass(frozen=True)
class World:
    """A fitted market of cars with ids, days and links, and its listings."""

    frame: pl.DataFrame
    market: Market
    fitted: Fitted
    pricer: Pricer
    data: dict[str, Any]
    finder: ComparableFinder


@pytest.fixture(scope="module")
def world(markets_dir: Path) -> World:
    plain = load_market("uk", markets_dir)
    market = Market(
        *(plain.name, plain.title, plain.currency, plain.distance_unit, plain.price, plain.features),
        Listing(id="vin", seen="seen", link="url"),
    )
    frame = add_keys(invent_uk_listings(market, ROWS))
    last = float((LAST - EPOCH).days)
    names = [f"VIN{row}" for row in range(frame.height)]
    frame = frame.with_columns(
        pl.Series(CAR, [hash_id(name) for name in names], pl.UInt64),
        pl.Series(DAY, [last - row % 200 if row % 9 else None for row in range(frame.height)], pl.Float64),
        pl.Series(REF, [f"https://cars.example/{name}" if row % 7 else None for row, name in enumerate(names)]),
    )
    fitted = fit_listings(frame, market, SEED, lambda _: None, RECIPE)
    pricer = fitted.pricer("20200701T000000Z")
    data = build_comparables(frame, pricer, fitted.index)
    return World(frame, market, fitted, pricer, data, ComparableFinder(open_store(data, pricer), pricer))


def draw_cars(world: World) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every so many of the listings: the row, and the listing as the API takes it."""
    for row in world.frame[:: world.frame.height // CARS].iter_rows(named=True):
        yield row, read_listing(row, world.market)


def find_slowly(world: World, values: list[Any], own_car: int, count: int) -> tuple[list[float], str]:
    """The prices of the most alike, over all listings in NumPy, and the search that found them."""
    frame, pricer, market = world.frame, world.pricer, world.market
    cars = pl.concat(
        [
            pl.DataFrame([values], schema={f.name: frame.schema[f.name] for f in market.features}, orient="row"),
            frame.select(f.name for f in market.features),
        ]
    )
    matrix = encode_frame(cars, market, pricer.encoders, pricer.scaler, pricer.encoder.zero)
    score = plain_scores(matrix.copy(), pricer.forest).astype(np.float32).astype(float)
    score[0] = pricer.plain_score(values)
    key = matrix[:, list(pricer.forest.depreciation.keys)]
    day = frame[DAY].fill_null(np.nan).to_numpy()
    last = float((LAST - EPOCH).days)
    allowed = frame[CAR].to_numpy() != own_car
    apart = np.abs(score[1:] - score[0])
    same_model = (key[1:] == key[0]).all(1)
    steps = [
        (
            same_model & (day >= last - 60) & (apart <= math.log(1.25)),
            "same make and model, of the last 60 days, worth at most 25% more or less",
        ),
        (same_model & (apart <= math.log(1.25)), "same make and model, worth at most 25% more or less"),
        (same_model & (apart <= math.log(1.5)), "same make and model, worth at most 50% more or less"),
        ((key[1:, 0] == key[0, 0]) & (apart <= math.log(1.25)), "same make, worth at most 25% more or less"),
    ]
    rows, search = next(
        ((np.flatnonzero(mask & allowed), name) for mask, name in steps if (mask & allowed).sum() >= count)
    )
    assert len(rows) <= WINDOW, "the reference takes all of them"
    distance = np.zeros(len(rows))
    for index, feature in enumerate(market.features):
        column, own = matrix[1:][rows, index], matrix[0, index]
        other = np.where(column == own, 0, OTHER_CATEGORY) if feature.is_category else np.abs(column - own)
        other[np.isnan(column) != np.isnan(own)] = OTHER_CATEGORY if feature.is_category else ONE_MISSING
        other[np.isnan(column) & np.isnan(own)] = 0
        distance += other
    near = np.argsort(distance, kind="stable")[:NEAREST]
    find_lines(matrix, pricer.forest.depreciation)
    wide = [find_codes(matrix[:, index], codes) for index, codes in pricer.forest.wide]
    seen = np.column_stack([matrix, *wide, *flag_matrix(matrix, pricer.forest.flags)])
    leaves = lgb.Booster(model_str=world.fitted.model["trees"]).predict(seen, pred_leaf=True)
    alike = (leaves[1:][rows[near]] == leaves[0]).mean(1)
    order = np.lexsort((distance[near], -alike))[:count]
    return frame["price"].to_numpy()[rows[near[order]]].tolist(), search


def test_they_are_those_of_a_slow_reference(world: World) -> None:
    for row, listing in draw_cars(world):
        values = world.pricer.read_values(listing)
        found = world.finder.find(values, COUNT)
        prices, search = find_slowly(world, values, row[CAR], COUNT)
        assert (found.search, [each.price for each in found.listings]) == (search, prices)
        assert [each.alike for each in found.listings] == sorted(
            (each.alike for each in found.listings), reverse=True
        )


def test_each_is_adjusted_by_the_model_and_the_index(world: World) -> None:
    frame = {row["price"]: row for row in world.frame.iter_rows(named=True)}
    for _, listing in draw_cars(world):
        values = world.pricer.read_values(listing)
        found = world.finder.find(values, COUNT)
        for each in found.listings:
            [own, other] = world.pricer.log_prices([values, world.pricer.read_values(each.listing)])
            moved = 0.0
            if world.fitted.index and each.day:
                day = float((date.fromisoformat(each.day) - EPOCH).days)
                moved = float(world.fitted.index.since(np.array([day]))[0])
            assert each.adjusted == pytest.approx(each.price * math.exp(own - other + moved), abs=1)
            assert each.price in frame
        adjusted = sorted(each.adjusted for each in found.listings)
        assert found.median == adjusted[COUNT // 2]


def test_the_car_itself_is_never_one(world: World) -> None:
    for number, (row, listing) in enumerate(draw_cars(world)):
        values = world.pricer.read_values(listing)
        everything = world.finder.find(values, 20, asking=row["price"] + 1)
        own = [each for each in everything.listings if each.listing == listing and each.price == row["price"]]
        for hidden in ({}, {"asking": row["price"]}, {"car": f"VIN{number * (ROWS // CARS)}", "asking": 1.0}):
            found = world.finder.find(values, 20, **hidden)  # type: ignore[arg-type]
            assert not [each for each in found.listings if each in own], hidden
        assert len(own) == 1, "asked at another price it is another car, and the most alike"
        assert everything.listings[0].alike == 1.0


def test_links_and_days_are_the_listings_own(world: World) -> None:
    links = dict(zip(world.frame[CAR], world.frame[REF], strict=True))
    days = dict(zip(world.frame[CAR], world.frame[DAY], strict=True))
    store = world.finder.store
    for place in range(store.rows):
        assert store.text(place) == links[store.car[place]]
        assert (store.day[place] if store.day else None) == days[store.car[place]]
    _, listing = next(draw_cars(world))
    for each in world.finder.find(world.pricer.read_values(listing), 20).listings:
        assert each.id is None
        assert each.link is None or each.link.startswith("https://cars.example/VIN")
        assert each.day is None or LAST - timedelta(days=200) <= date.fromisoformat(each.day) <= LAST


def test_nothing_alike_is_an_answer(world: World) -> None:
    _, listing = next(draw_cars(world))
    for strange in ({"make": "Lada"}, {"make": "Lada", "model": "Niva"}):
        found = world.finder.find(world.pricer.read_values({**listing, **strange}))
        assert (found.search, found.listings, found.median) == (NOTHING_ALIKE, (), None)
    wider = world.finder.find(world.pricer.read_values({**listing, "model": "Never seen"}))
    assert (wider.search, wider.same, len(wider.listings)) == (
        *("same make, worth at most 25% more or less", ("make",)),
        5,
    )


def test_a_car_is_kept_once_by_its_newest_listing(world: World) -> None:
    again = world.frame.head(50).with_columns(pl.col(DAY) + 500, price=pl.col("price") * 2)
    kept = pick_listings(pl.concat([world.frame, again]), world.market, ["make", "model"])
    assert kept[CAR].n_unique() == kept.height == world.frame.height
    known = again.filter(pl.col(DAY).is_not_null())
    assert (
        kept.filter(pl.col(CAR).is_in(known[CAR].implode()))["price"].sort().to_list()
        == known["price"].sort().to_list()
    )


def test_of_a_model_the_newest_are_kept(world: World) -> None:
    copies = MAX_PER_MODEL + 100
    frame = pl.concat([world.frame.head(1)] * copies).with_columns(
        pl.int_range(copies, dtype=pl.UInt64).alias(CAR), pl.int_range(copies).cast(pl.Float64).alias(DAY)
    )
    kept = pick_listings(frame, world.market, ["make", "model"])
    assert (kept.height, kept[DAY].min()) == (MAX_PER_MODEL, 100)


def test_many_cars_of_one_year_leave_room_for_those_of_others(world: World) -> None:
    copies = MAX_PER_MODEL + 100
    many = pl.concat([world.frame.head(1)] * copies).with_columns(pl.lit(2019.0).alias("year"))
    few = many.head(300).with_columns(pl.lit(2011.0).alias("year"))
    cars = pl.concat([many, few]).with_columns(pl.int_range(copies + 300, dtype=pl.UInt64).alias(CAR))
    for frame in (cars, cars.drop(DAY)):
        kept = pick_listings(frame, world.market, ["make", "model"])
        assert dict(kept["year"].value_counts().iter_rows()) == {2019.0: MAX_PER_MODEL - 300, 2011.0: 300}


DAMAGE: list[tuple[str, Any, str]] = [
    ("rows", -1, "comparables.pkl: rows: should be at least 0 (got -1)"),
    ("rows", 3, "comparables.pkl: groups: should follow each other"),
    ("keys", ["model", "make"], "comparables.pkl: columns: should be make, model, year"),
    ("columns", {}, "comparables.pkl: columns: should be make, model, year"),
    ("groups", [], "comparables.pkl: groups: should hold 1500 rows (got 0)"),
    ("groups", [["Ford", 0, 1500]], "comparables.pkl: groups: should follow each other"),
    ("score", b"", "comparables.pkl: score: should have 6000 bytes (got 0)"),
    ("car", b"12", "comparables.pkl: car: should have 12000 bytes (got 2)"),
    ("price", {"table": b"", "codes": bytes(1500)}, "comparables.pkl: price.codes: should be below 0 (got 0)"),
    (
        "price",
        {"table": bytes(9), "codes": bytes(1500)},
        "comparables.pkl: price.table: should be numbers of 8 bytes",
    ),
    (
        "price",
        {"table": bytes(8), "codes": bytes(9)},
        "comparables.pkl: price.codes: should have a whole number for",
    ),
    ("price", 3, "comparables.pkl: price: should be an object (got 3)"),
    (
        "texts",
        {"prefix": "", "rests": b"", "ends": b""},
        "comparables.pkl: texts.ends: should have 6000 bytes (got 0)",
    ),
]


@pytest.mark.parametrize(("key", "value", "message"), DAMAGE)
def test_a_store_that_does_not_fit_is_refused(world: World, key: str, value: Any, message: str) -> None:
    with pytest.raises(BundleError) as error:
        open_store({**world.data, key: value}, world.pricer)
    assert error.value.what.startswith(message)


def test_only_a_dict_is_a_store(world: World) -> None:
    with pytest.raises(BundleError, match=r"comparables.pkl: should be an object"):
        open_store([], world.pricer)
