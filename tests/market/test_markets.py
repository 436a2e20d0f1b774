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
        "  rows kept          85,502\n"
        "  rows dropped        1,369\n"
        "    duplicate                               1,254   first: line 247\n"
        "    mileage: distance in thousands             41   first: line 260, '10'"
        '   otherwise: [hygiene] mileage_scale = "keep"\n'
        "    listed again                               36   first: line 1,059"
        '   otherwise: [hygiene] listed_again = "keep"\n'
        "    mileage: placeholder distance              19   first: line 2,304, '11111'"
        '   otherwise: [hygiene] mileage_placeholder = "keep"\n'
        "    price: price is the distance                7   first: line 6,461, '27176'"
        '   otherwise: [hygiene] shifted = "keep"\n'
        "    mileage: distance is the year               4   first: line 46,399, '2019'"
        '   otherwise: [hygiene] shifted = "keep"\n'
        "    year: value outside limits                  3   first: line 34,318, '2060'\n"
        "    price: placeholder price                    3   first: line 12,594, '123456'"
        '   otherwise: [hygiene] price_placeholder = "keep"\n'
        "    mileage: distance 10 times too far          2   first: line 50,094, '240494'"
        '   otherwise: [hygiene] mileage_scale = "keep"\n'
        "  rows marked           919\n"
        "    mileage: distance near zero            864   first: line 201, '10'"
        '   otherwise: [hygiene] mileage_near_zero = "drop"\n'
        "    price: price far from such cars         55   first: line 2,688, '8695'"
        '   otherwise: [hygiene] price_far_off = "drop"\n'
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
        "  rows kept          12,530\n"
        "  rows dropped        4,276\n"
        "    duplicate                               2,446   first: line 219\n"
        "    Price: price outside limits             1,486   first: line 25, '30'\n"
        "    Mileage: placeholder distance             168   first: line 89, '333333'"
        '   otherwise: [hygiene] mileage_placeholder = "keep"\n'
        "    listed again                              121   first: line 2"
        '   otherwise: [hygiene] listed_again = "keep"\n'
        "    Mileage: distance 10 times too far         20   first: line 470, '676825'"
        '   otherwise: [hygiene] mileage_scale = "keep"\n'
        "    Price: price 10 times too low              18   first: line 509, '348'"
        '   otherwise: [hygiene] price_scale = "keep"\n'
        "    Price: price 10 times too high              9   first: line 2,740, '51746'"
        '   otherwise: [hygiene] price_scale = "keep"\n'
        "    Mileage: distance is a year                 5   first: line 2,478, '2005'"
        '   otherwise: [hygiene] shifted = "keep"\n'
        "    Mileage: distance is the year               2   first: line 592, '2012'"
        '   otherwise: [hygiene] shifted = "keep"\n'
        "    Price: placeholder price                    1   first: line 8,223, '1111'"
        '   otherwise: [hygiene] price_placeholder = "keep"\n'
        "  rows marked           452\n"
        "    Mileage: distance near zero            447   first: line 11, '0'"
        '   otherwise: [hygiene] mileage_near_zero = "drop"\n'
        "    Price: price far from such cars          5   first: line 2,293, '51166'"
        '   otherwise: [hygiene] price_far_off = "drop"\n'
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
        "make": "HONDA",
        "model": "FIT",
        "year": 2006.0,
        "mileage": 200000.0,
        "fuel": "Petrol",
        "transmission": "Variator",
        "engine_size": 1.3,
        "turbo": 0.0,
        "cylinders": 4.0,
        "body": "Hatchback",
        "drive": "Front",
        "doors": "4-5",
        "wheel": "Right",
        "color": "Black",
        "leather": 0.0,
        "airbags": 2.0,
        "levy": None,
        "price": 8467.0,
    }
    assert frame["doors"].unique().sort().to_list() == ["2-3", "4-5", "over 5"]
    assert frame["wheel"].unique().sort().to_list() == ["Left", "Right"]
    assert frame.filter(pl.col("make") == "SAAB")["model"].unique().to_list() == ["9-3"]
    assert 0.05 < frame["turbo"].mean() < 0.15
    assert 0.3 < frame["levy"].null_count() / frame.height < 0.4
    assert (frame["price"].min(), frame["price"].max()) == (549.0, 147397.0)
