"""docs/markets.md is manual and schema at once: its example loads, and has every key."""

import re
import tomllib
from pathlib import Path

import polars as pl
from msgspec.structs import asdict, fields

from carprice.listings.cleaning import Cleaner
from carprice.market.hygiene import Hygiene
from carprice.market.kinds import KINDS
from carprice.market.market_file import Feature, Listing, Market, Price, parse_market


def load_example(root: Path) -> tuple[str, Market]:
    text = (root / "docs" / "markets.md").read_text()
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert example
    return example[1], parse_market(tomllib.loads(example[1]), "docs/markets.md")


def test_example_has_every_key(root: Path) -> None:
    text, market = load_example(root)
    assert {feature.kind for feature in market.features} == set(KINDS)
    for item in (*fields(Price), *fields(Listing), *fields(Hygiene), *fields(Feature)):
        if item.name != "name":
            assert re.search(rf"^{item.name} = .*#", text, re.MULTILINE), item.name


def test_example_has_the_defaults_of_hygiene(root: Path) -> None:
    text, _ = load_example(root)
    assert tomllib.loads(text)["hygiene"] == asdict(Hygiene())


def test_example_reads_what_its_comments_say(root: Path) -> None:
    _, market = load_example(root)
    listing = {
        "Asking price": "12.500 €",
        "Currency": "",
        "Manufacturer": "Saab",
        "Model": "04-May",
        "First registration": "03/2017",
        "Mileage": "186005 km",
        "Engine": "2.0 Turbo",
        "Leather interior": "Yes",
        "Title": "2017 Saab 9-5 Aero",
        "Inspected until": "2020-12-31",
        "VIN": "YS3FB45S831012345",
        "Listed on": "2020-06-30 09:15:00",
    }
    frame = Cleaner(market, "docs/markets.md").clean(pl.DataFrame([listing]), 2)
    assert frame.drop("key", "@car").rows() == [
        ("Saab", "4-5", 2017.0, 186005.0, 2.0, 1.0, 1.0, "2017 Saab 9-5 Aero", 18627.0, 12500.0, 18443.0)
    ]
