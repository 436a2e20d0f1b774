import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import CARS

from carprice.errors import MarketError
from carprice.market.market_file import Market, dump_market, load_market, parse_market

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
        "cars.toml: features.a.kind: should be one of category, number, flag, year, date (got 'words')",
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
