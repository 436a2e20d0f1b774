"""Trims that people take for a model are priced as the model with the trim, in every way of asking."""

import copy
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.bundles import TITLED_MARKET, grow_bundle, invent_titled_listings

from carprice.errors import BundleError
from carprice.frames.pricing import price_frame
from carprice.market.market_file import Market, parse_market
from carprice.model.bundle.manifest import find_bundle
from carprice.model.names.trim_names import NOTHING, Meant, TrimNames
from carprice.model.pricer import Pricer, load_pricer
from carprice.training.usual_cars import list_trims

ENCODERS = {"make": ["Audi", "BMW"], "model": ["1 Series", "3 Series", "A4"], "trim": ["320 i", "S"]}
NAMES = ["make", "model", "trim"]


@pytest.fixture(scope="module")
def market() -> Market:
    table = copy.deepcopy(TITLED_MARKET)
    features: dict[str, Any] = table["features"]  # type: ignore[assignment]
    features["trim"] = {"column": "trim", "kind": "category", "optional": True}
    del features["title"]
    return parse_market(table, "trims.toml")


@pytest.fixture(scope="module")
def listings(market: Market) -> pl.DataFrame:
    """A 3 Series is a 320 i or a dearer 335 i; any other car is an SE."""
    frame = invent_titled_listings(1_200).drop("title")
    is_three, is_dear = pl.col("model") == "3 Series", pl.col("mileage") % 2 == 0
    trim = pl.when(is_three & is_dear).then(pl.lit("335 i")).when(is_three).then(pl.lit("320 i"))
    price = pl.when(is_three & is_dear).then(pl.col("price") * 1.6).otherwise("price").round()
    return frame.with_columns(trim.otherwise(pl.lit("SE")).alias("trim"), price.alias("price")).select(
        *(feature.name for feature in market.features), "price"
    )


@pytest.fixture(scope="module")
def pricer(listings: pl.DataFrame, market: Market, tmp_path_factory: pytest.TempPathFactory) -> Pricer:
    folder: Path = tmp_path_factory.mktemp("trims")
    grow_bundle(folder, listings, market)
    return load_pricer(find_bundle(folder))


@pytest.mark.parametrize("text", ["335i", "335 I", "335-i Touring", "3 Series 335i"])
def test_a_trim_is_priced_as_its_model_with_the_trim(pricer: Pricer, text: str) -> None:
    car = {"make": "BMW", "year": 2015, "mileage": 60_000}
    known = pricer.price({**car, "model": "3 Series", "trim": "335 i"})
    found = pricer.price({**car, "model": text})
    assert found.price == known.price > 1.2 * pricer.price({**car, "model": "3 Series", "trim": "320 i"}).price
    [warning] = found.warnings
    assert warning.detail == "was not among the training listings; priced as '3 Series' with '335 i'"
    assert warning.suggestions[0] == "3 Series"
    assert found.coverage is None
    given = pricer.price({**car, "model": text, "trim": "320 i"})
    assert given.price == pricer.price({**car, "model": "3 Series", "trim": "320 i"}).price, "what is given counts"


def test_it_is_the_same_to_the_last_bit_alone_in_a_batch_and_in_a_frame(pricer: Pricer) -> None:
    cars = [
        {"make": make, "model": model, "year": 2014, "mileage": 50_000, "trim": trim}
        for make, model, trim in (
            *(("BMW", text, trim) for text in ("320i", "335 i", "SE", "x") for trim in (None, "SE", "320 i", "y")),
            ("Audi", "320i", None),
            ("Nobody", "320i", None),
        )
    ]
    rows = [pricer.read_values(car) for car in cars]
    alone = [pricer.price_values(values) for values in rows]
    assert pricer.price_rows(rows) == alone
    names = [feature.name for feature in pricer.market.features]
    types = {name: pl.String if name in ("make", "model", "trim") else pl.Float64 for name in names}
    frame = pl.DataFrame(rows, schema=types, orient="row")
    priced = price_frame(frame, pricer)
    assert [round(price) for price in priced["predicted"]] == [one.price for one in alone]
    assert [round(low) for low in priced["low"]] == [one.low for one in alone]


def test_only_trims_of_one_model_are_named(listings: pl.DataFrame, market: Market) -> None:
    encoders = {name: sorted(listings[name].unique()) for name in ("make", "model", "trim")}
    table = list_trims(listings, market, encoders)
    assert table
    named = {
        tuple(encoders[key][code] for key, code in zip(NAMES[::2] + NAMES[1:2], row, strict=True))
        for row in table["rows"]
    }
    assert {("BMW", "320 i", "3 Series"), ("BMW", "335 i", "3 Series")} <= named
    assert not any(make == "Ford" for make, *_ in named), "each of its models is an SE"


def test_names_are_found_by_their_longest_beginning() -> None:
    names = TrimNames({"field": "trim", "rows": [(1, 0, 1), (0, 1, 2)]}, NAMES, ENCODERS)
    assert names.column == 2
    assert names.find(["320i", "Sport"], 1.0) == Meant(1.0, 0.0)
    assert names.find(["320", "I"], 1.0) == Meant(1.0, 0.0)
    assert names.find(["320i"], 0.0) is NOTHING
    assert names.find([], math.nan) is NOTHING
    assert TrimNames(None, NAMES, ENCODERS).find(["320i"], 1.0) is NOTHING


@pytest.mark.parametrize("row", [(2, 0, 1), (1, 2, 1), (1, 0, 3), (-1, 0, 0)])
def test_codes_of_nothing_are_refused(row: tuple[int, int, int]) -> None:
    with pytest.raises(BundleError, match=r"trims\.rows: should be codes of make, trim and model"):
        TrimNames({"field": "trim", "rows": [row]}, NAMES, ENCODERS)
