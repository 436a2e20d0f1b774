import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import CARS

from carprice.errors import MarketError
from carprice.market.market_file import Listing, Market, dump_market, load_market, parse_market

MILEAGE = '[features.mileage]\ncolumn = "Km"\nkind = "number"\n'

BAD = {
    "unknown key": ("colour = 1\n" + CARS, "cars.toml: 'colour' is not a key here"),
    "not a number": (
        CARS + MILEAGE + 'max = "ten"',
        "cars.toml: features.mileage.max: should be a number (got 'ten')",
    ),
    "infinite": (
        CARS.replace("max = 100000", "max = inf"),
        "cars.toml: price.max: should be a finite number (got inf)",
    ),
    "no number at all": (
        CARS + MILEAGE + "min = nan",
        "cars.toml: features.mileage.min: should be a finite number (got nan)",
    ),
    "larger than a float": (
        CARS + MILEAGE + f"max = {10**400}",
        "cars.toml: features.mileage.max: should be a finite number (got 1" + "0" * 59 + "…)",
    ),
    "scale of nothing": (
        CARS.replace("max = 100000", "max = 100000\nscale = 0"),
        "cars.toml: price.scale: should be above 0 (got 0)",
    ),
    "scale of a text": (
        CARS + '[features.a]\ncolumn = "A"\nkind = "category"\nscale = 10',
        "cars.toml: features.a.scale: is for kind number alone (got kind 'category')",
    ),
    "not a kind": (
        CARS + '[features.a]\ncolumn = "A"\nkind = "words"',
        "cars.toml: features.a.kind: should be one of category, number, flag, year, date, text (got 'words')",
    ),
    "limits upside down": (
        CARS + MILEAGE + "min = 5\nmax = 5",
        "cars.toml: features.mileage.max: should be above min 5 (got 5)",
    ),
    "decimal": (
        CARS + MILEAGE + 'decimal = ";"',
        "cars.toml: features.mileage.decimal: should be one of ., , (got ';')",
    ),
    "pattern": (
        CARS + MILEAGE + 'pattern = "("',
        "cars.toml: features.mileage.pattern: should be a regular expression (got '(': missing ), "
        "unterminated subpattern at position 0)",
    ),
    "flag without texts": (
        CARS + '[features.a]\ncolumn = "A"\nkind = "flag"',
        "cars.toml: features.a: a flag should have a pattern, or both true and false (got neither)",
    ),
    "reserved name": (
        CARS + '[features.key]\ncolumn = "A"\nkind = "number"',
        "cars.toml: features.key: 'key' is a name that the product uses itself",
    ),
    "asking price as a feature": (
        CARS + '[features.asking_price]\ncolumn = "A"\nkind = "number"',
        "cars.toml: features.asking_price: 'asking_price' is a name that the product uses itself",
    ),
    "bad name": (
        CARS + '[features.Make]\ncolumn = "A"\nkind = "number"',
        "cars.toml: features.Make: should be a name of a-z, 0-9 and _ of at most 40 characters (got 'Make')",
    ),
    "the price as a feature": (
        CARS + '[features.value]\ncolumn = "Price"\nkind = "number"',
        "cars.toml: features.value.column: is the price column 'Price'",
    ),
    "missing but required": (
        CARS + MILEAGE + 'outside = "missing"',
        "cars.toml: features.mileage.outside: 'missing' needs optional = true (got optional = false)",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_market_file(case: str) -> None:
    text, message = BAD[case]
    with pytest.raises(MarketError) as error:
        parse_market(tomllib.loads(text), "cars.toml")
    assert error.value.what == message


def test_a_currency_is_three_letters(markets_dir: Path, tmp_path: Path) -> None:
    text = (markets_dir / "uk.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace('currency = "GBP"', 'currency = "£"'))
    with pytest.raises(MarketError) as error:
        load_market("mine", tmp_path)
    assert error.value.what == (
        f"{tmp_path / 'mine.toml'}: currency: should be the three letters of ISO 4217 (got '£')"
    )


def test_market_survives_the_manifest(markets_dir: Path) -> None:
    for path in markets_dir.glob("*.toml"):
        market = load_market(path.stem, markets_dir)
        assert parse_market(dump_market(market), "manifest.json") == market


def test_scale_survives_the_manifest(make_market: Callable[..., Market]) -> None:
    market = make_market(MILEAGE + "scale = 1000")
    assert market.features[-1].scale == 1000
    assert parse_market(dump_market(market), "manifest.json") == market


def test_unknown_market_names_the_known_ones(markets_dir: Path) -> None:
    with pytest.raises(MarketError) as error:
        load_market("mars", markets_dir)
    assert str(error.value) == (
        f"Market 'mars' has no file {markets_dir / 'mars.toml'}\n"
        "Known markets: demo, georgia, uk. Draft one: ./carprice market init LISTINGS"
    )


def test_year_and_feature(make_market: Callable[..., Market]) -> None:
    market = make_market()
    assert market.year is market.feature("year")
    assert market.feature("wings") is None


def test_what_a_row_is_comes_back_as_it_was(make_market: Callable[..., Market]) -> None:
    market = make_market('[listing]\nid = "VIN"\nseen = "Sold"\nlink = "URL"\nprice_type = "paid"\n')
    assert market.listing == Listing("VIN", "Sold", "URL", "paid")
    assert parse_market(dump_market(market), "again") == market
    assert "listing" not in dump_market(make_market())


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('[listing]\nvin = "VIN"', "cars.toml: listing: 'vin' is not a key here"),
        ("[listing]\nid = 3", "cars.toml: listing.id: should be a text (got 3)"),
        (
            '[listing]\nprice_type = "leased"',
            "cars.toml: listing.price_type: should be one of asking, paid (got 'leased')",
        ),
        ('[listing]\nseen = "Year"', "cars.toml: features.year.column: is the day of the listing, 'Year'"),
        (
            '[features.fuel]\ncolumn = "Fuel"\nkind = "category"\nmonotone = "up"',
            "cars.toml: features.fuel.monotone: is for numbers, years, dates and flags (got kind 'category')",
        ),
        (
            '[features.km]\ncolumn = "Km"\nkind = "number"\nmonotone = "sideways"',
            "cars.toml: features.km.monotone: should be one of up, down, none, by role (got 'sideways')",
        ),
    ],
)
def test_a_wrong_listing_table_is_named(make_market: Callable[..., Market], table: str, message: str) -> None:
    with pytest.raises(MarketError) as error:
        make_market(table)
    assert error.value.what == message


def test_the_year_raises_the_price_and_the_mileage_lowers_it(make_market: Callable[..., Market]) -> None:
    market = make_market(
        '[features.power]\ncolumn = "Power"\nkind = "number"\nmonotone = "up"\n'
        '[features.driven]\ncolumn = "Km"\nkind = "number"\nunit = "km"\n'
        '[features.service]\ncolumn = "Service"\nkind = "number"\nunit = "km"\n'
    )
    signs = {feature.name: market.monotone_sign(feature) for feature in market.features}
    assert signs == {"make": 0, "year": 1, "power": 1, "driven": -1, "service": 0}
    free = make_market('[features.mileage]\ncolumn = "Km"\nkind = "number"\nmonotone = "none"\n')
    assert free.mileage is not None
    assert free.monotone_sign(free.mileage) == 0
