"""The market files of the product against their real listings."""

from pathlib import Path

import polars as pl
import pytest

from carprice.listings.cleaning import Listings, load_listings
from carprice.market.market_file import load_market

pytestmark = pytest.mark.listings


@pytest.fixture(scope="module")
def uk(listings_dir: Path, markets_dir: Path) -> Listings:
    return load_listings(listings_dir / "uk.csv.gz", load_market("uk", markets_dir))


@pytest.fixture(scope="module")
def georgia(listings_dir: Path, markets_dir: Path) -> Listings:
    return load_listings(listings_dir / "georgia.csv.gz", load_market("georgia", markets_dir))


def test_uk_report(uk: Listings) -> None:
    assert uk.report.as_table().partition("\n")[2] == (
        "  rows read          86,871\n"
        "  rows kept          85,614\n"
        "  rows dropped        1,257\n"
        "    duplicate                       1,254   first: line 247\n"
        "    year: value outside limits          3   first: line 34,318, '2060'\n"
        "  values fixed       86,885\n"
        "    model: spaces trimmed                           86,867   first: line 2, ' A1'\n"
        "    mpg: value outside limits, taken as missing         18   first: line 34,715, '1.1'"
    )


def test_uk_values(uk: Listings) -> None:
    frame = uk.frame
    assert frame.null_count().row(0, named=True) == dict.fromkeys(frame.columns, 0) | {
        "mpg": 17,
        "engine_size": 228,
    }
    assert frame["make"].n_unique() == 9
    assert frame["model"].n_unique() == 194
    assert not frame.filter(pl.col("model").str.contains(r"^\s|\s$")).height
    assert frame["year"].max() == 2020
    assert frame["engine_size"].min() == 0.6
    assert frame.select("key", "price").is_unique().all()


def test_georgia_report(georgia: Listings) -> None:
    assert georgia.report.as_table().partition("\n")[2] == (
        "  rows read          16,806\n"
        "  rows kept          12,868\n"
        "  rows dropped        3,938\n"
        "    duplicate                        2,446   first: line 219\n"
        "    Price: price outside limits      1,492   first: line 25, '30'\n"
        "  values fixed       38,843\n"
        "    Doors: text replaced                                      16,806   first: line 2, '04-May'\n"
        "    Wheel: text replaced                                      16,806   first: line 2, 'Left wheel'\n"
        "    Category: text replaced                                    5,130   first: line 2, 'Jeep'\n"
        "    Mileage: value outside limits, taken as missing               65   first: line 136, '1111111 km'\n"
        "    Engine volume: value outside limits, taken as missing         34   first: line 1,393, '0.4'\n"
        "    Model: text replaced                                           2   first: line 6,873, '09-Mar'"
    )


def test_georgia_values(georgia: Listings) -> None:
    frame = georgia.frame
    first = frame.drop("key", "@car").row(0, named=True)
    assert first == {
        "make": "LEXUS",
        "model": "RX 450",
        "year": 2010.0,
        "mileage": 186005.0,
        "fuel": "Hybrid",
        "transmission": "Automatic",
        "engine_size": 3.5,
        "turbo": 0.0,
        "cylinders": 6.0,
        "body": "SUV",
        "drive": "4x4",
        "doors": "4-5",
        "wheel": "Left",
        "color": "Silver",
        "leather": 1.0,
        "airbags": 12.0,
        "levy": 1399.0,
        "price": 13328.0,
    }
    assert frame["doors"].unique().sort().to_list() == ["2-3", "4-5", "over 5"]
    assert frame["wheel"].unique().sort().to_list() == ["Left", "Right"]
    assert frame.filter(pl.col("make") == "SAAB")["model"].unique().to_list() == ["9-3"]
    assert 0.05 < frame["turbo"].mean() < 0.15
    assert 0.3 < frame["levy"].null_count() / frame.height < 0.4
    assert (frame["price"].min(), frame["price"].max()) == (500.0, 147397.0)
