import struct
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

from carprice.errors import ListingsError, MarketError
from carprice.listings.cleaning import Cleaner, check_listings, load_listings
from carprice.listings.reading import csv_rows
from carprice.market.market_file import Market

Make = Callable[..., Market]
Write = Callable[..., Path]

MILEAGE = '[features.mileage]\ncolumn = "Km"\nkind = "number"\nmin = 0\nmax = 1000\n'


def clean_text(market: Market, column: str, *texts: str | None) -> list[object]:
    """What each text of that column becomes; `problem` where its row is dropped."""
    rows = pl.DataFrame(
        {"Make": "Ford", "Year": "2015", "Price": "5000", column: texts},
        schema_overrides={column: pl.String},
    )
    name = market.features[-1].name
    judged = Cleaner(market, "cars.csv").mark_problems(rows, 2)
    return (
        judged.select(
            pl.when(pl.col("problem").is_null() | (pl.col("problem") == "duplicate"))
            .then(pl.col(name).cast(pl.String))
            .otherwise(pl.col("problem"))
        )
        .to_series()
        .to_list()
    )


def bits(number: float) -> int:
    """A float64's bits as a whole number."""
    return int(struct.unpack("<q", struct.pack("<d", number))[0])


VALUES = [
    ("", ["7", " 7 ", "7.50", "1e2", "-0"], ["7.0", "7.0", "7.5", "100.0", "0.0"]),
    ("max = 1e9", ["1,234", "1 234 567", "1'234.5"], ["1234.0", "1234567.0", "1234.5"]),
    ('max = 1e9\ndecimal = ","', ["1.234", "1.234,5", "1,5", "1 234"], ["1234.0", "1234.5", "1.5", "1234.0"]),
    ('max = 1e9\ndecimal = ","', ["1.5", "1,234,567", "1,234"], ["1.5", "1234567.0", "1.234"]),
    ("", ["ten", "nan", "inf", "1.2.3", "04-May", "2 or 3"], ["a: unreadable number"] * 6),
    (
        'max = 1e9\nunit = "km"',
        ["45k", "51,000 mi.", "98 tkm", "12,5"],
        ["45000.0", "82076.544", "98000.0", "12.5"],
    ),
    (
        'max = 1e9\nunit = "mi"\ncolumn_unit = "km"',
        ["16093.44", "10k km", "5 mi"],
        ["10000.0", "6213.71192237334", "5.0"],
    ),
    ('unit = "l"', ["2.0 L", "1998 cc", "1,4"], ["2.0", "1.998", "1.4"]),
    ('max = 1e9\nunit = "km"\nscale = 1000', ["98", "98 km", "98 tkm"], ["98000.0"] * 3),
    ("", ["", None], ["a: missing value"] * 2),
    (
        "min = 5\nmax = 8",
        ["4.9", "5", "8", "8.1"],
        ["a: value outside limits", "5.0", "8.0", "a: value outside limits"],
    ),
    (
        'optional = true\nmissing = ["-", "none"]',
        ["-", " none", "", "--"],
        [None, None, None, "a: unreadable number"],
    ),
    ('optional = true\noutside = "missing"\nmax = 8', ["9", "x", "3"], [None, None, "3.0"]),
    (
        "pattern = '^(\\d+) ?km$'",
        ["186005 km", "5km", "5", "km"],
        ["186005.0", "5.0", *["a: unreadable number"] * 2],
    ),
    ("scale = 1000\nmax = 9000", ["4.6", "9", "9.1"], ["4600.0", "9000.0", "a: value outside limits"]),
    ("scale = 1e300", ["1e300"], ["a: unreadable number"]),
    ('replace = { "two" = "2" }', ["two", "3"], ["2.0", "3.0"]),
]


@pytest.mark.parametrize(("keys", "texts", "expected"), VALUES)
def test_numbers(keys: str, texts: list[str], expected: list[str], make_market: Make) -> None:
    market = make_market(f'[features.a]\ncolumn = "A"\nkind = "number"\n{keys}\n')
    assert clean_text(market, "A", *texts) == expected


KINDS = [
    ('kind = "category"', [" A1 ", "", None], ["A1", "a: missing value", "a: missing value"]),
    ('kind = "category"', ["a" * 100, "a" * 101], ["a" * 100, "a: value outside limits"]),
    ('kind = "category"\noptional = true\noutside = "missing"', ["a" * 101], [None]),
    ('kind = "category"\nmax = 120', ["a" * 101], ["a" * 101]),
    ('kind = "category"\nmax = 3', ["abc", "abcd"], ["abc", "a: value outside limits"]),
    ('kind = "category"\nreplace = { "04-May" = "4-5" }', ["04-May", ">5"], ["4-5", ">5"]),
    ('kind = "category"\npattern = "([A-Z]+)"', ["x AB", "x"], ["AB", "a: unreadable text"]),
    ('kind = "flag"\ntrue = ["Yes"]\nfalse = ["No"]', ["Yes", "No", "yes"], ["1.0", "0.0", "a: unreadable flag"]),
    (
        'kind = "flag"\ntrue = ["x"]\nfalse = ["No"]\nblank = "false"',
        ["x", "", "No", None],
        ["1.0", "0.0", "0.0", "0.0"],
    ),
    ('kind = "flag"\npattern = "Turbo"\noptional = true', ["2.0 Turbo", "2.0", ""], ["1.0", "0.0", None]),
    (
        'kind = "year"\nmin = 1990\nmax = 2021',
        ["2015", "2060", "2015.5"],
        ["2015.0", "a: value outside limits", "a: unreadable number"],
    ),
    (
        'kind = "year"\nmin = 1990\nmax = 2021',
        ["2015 reg", "03/2015", "15.03.2015", "Mar-15", "2014/2015", "42000", "soon"],
        [*["2015.0"] * 5, "a: value outside limits", "a: unreadable number"],
    ),
    (
        'kind = "year"\nmin = 1990\nmax = 2021\ncalendar = "spreadsheet"',
        ["42000", "42000.5", "2015", "03/2015", "186005"],
        ["2014.0", "2014.0", "2015.0", "2015.0", "a: value outside limits"],
    ),
    ('kind = "year"\nmin = 1990\nmax = 2021\ncalendar = "buddhist"', ["2558", "ปี 2558"], ["2015.0"] * 2),
    ('kind = "year"\nmin = 1990\nmax = 2021\ncalendar = "japanese"', ["平成27年", "H27", "2015"], ["2015.0"] * 3),
    ('kind = "date"\nday_first = true', ["1/2/2020", "01-02-2020"], ["18293.0"] * 2),
    ('kind = "date"', ["Tue Dec 16 2014 12:30:00 GMT-0800", "20141216", "41989", "16/12/2014"], ["16420.0"] * 4),
    ('kind = "year"\nmin = 1990\nmax = 2021\npattern = "([0-9]{4})"', ["03/2015"], ["2015.0"]),
    ('kind = "date"', ["1970-01-02", "2020-01-01T10:00", "2020-01-01 10:00:00"], ["1.0", "18262.0", "18262.0"]),
    ('kind = "date"', ["2020/01/01", "01.01.2020", "1.1.2020 10:00"], ["18262.0"] * 3),
    ('kind = "date"', ["1/2/2020", "2020-02-30", "31.13.2020", "1.1.20"], ["a: unreadable date"] * 4),
]


@pytest.mark.parametrize(("keys", "texts", "expected"), KINDS)
def test_kinds(keys: str, texts: list[str], expected: list[str], make_market: Make) -> None:
    assert clean_text(make_market(f'[features.a]\ncolumn = "A"\n{keys}\n'), "A", *texts) == expected


def test_prices_in_lakh(make_market: Make, write_file: Write) -> None:
    market = make_market()
    market = replace(market, price=replace(market.price, min=100_000, max=1_000_000, scale=100_000))
    path = write_file("Price,Make,Year\n3.35,Ford,2015\n4.6,Ford,2016\n0.9,Ford,2017\n335000,Ford,2018\n")
    listings = load_listings(path, market)
    assert listings.frame["price"].to_list() == [335_000.0, 460_000.0]
    assert listings.report.dropped == {"price outside limits": 2}


def test_clean_frame_and_report(make_market: Make, write_file: Write) -> None:
    path = write_file(
        "Price,Make,Year,Km\n"
        "9000, Ford,2015,10\n"
        "9000,Ford,2015,10\n"
        "9500,Ford,2015,10\n"
        "3,BMW,2015,10\n"
        "cheap,BMW,2015,10\n"
        "9000,BMW,2060,10\n"
        "9000,,2015,10\n"
        "9000,BMW,2015,2000\n"
    )
    market = make_market(MILEAGE + 'optional = true\noutside = "missing"\n')
    listings = load_listings(path, market)
    assert listings.frame.schema == {
        "make": pl.String,
        "year": pl.Float64,
        "mileage": pl.Float64,
        "price": pl.Float64,
        "key": pl.UInt64,
        "@car": pl.UInt64,
    }
    assert listings.frame["@car"].to_list() == listings.frame["key"].to_list()
    assert listings.frame.drop("key", "@car").rows() == [
        ("Ford", 2015.0, 10.0, 9000.0),
        ("Ford", 2015.0, 10.0, 9500.0),
        ("BMW", 2015.0, None, 9000.0),
    ]
    assert listings.frame["key"].to_list()[0] == listings.frame["key"].to_list()[1]
    assert listings.report.as_table() == (
        f"{path} as market cars\n"
        "  rows read               8\n"
        "  rows kept               3\n"
        "  rows dropped            5\n"
        "    duplicate                            1   first: line 3\n"
        "    Price: price outside limits          1   first: line 5, '3'\n"
        "    Price: unreadable number             1   first: line 6, 'cheap'\n"
        "    Year: value outside limits           1   first: line 7, '2060'\n"
        "    Make: missing value                  1   first: line 8, ''\n"
        "  values fixed            2\n"
        "    Make: spaces trimmed                                1   first: line 2, ' Ford'\n"
        "    Km: value outside limits, taken as missing          1   first: line 9, '2000'"
    )
    report = listings.report.as_dict()
    assert report["dropped"] == {
        "duplicate": 1,
        "price outside limits": 1,
        "unreadable number": 1,
        "value outside limits": 1,
        "missing value": 1,
    }
    assert report["fixed"] == {"Make: spaces trimmed": 1, "Km: value outside limits, taken as missing": 1}
    assert report["rows_read"] == report["rows_kept"] + sum(report["dropped"].values())


LISTING = '[listing]\nid = "VIN"\nseen = "Sold"\nprice_type = "paid"\n'


def test_which_car_and_which_day(make_market: Make, write_file: Write) -> None:
    path = write_file(
        "Price,Make,Year,VIN,Sold\n"
        "9000,Ford,2015, A1 ,2020-01-02\n"
        "9500,Ford,2016,A1,2020-01-01 10:00:00\n"
        "7000,BMW,2015,,\n"
        "8000,BMW,2016,B2,yesterday\n"
    )
    listings = load_listings(path, make_market(LISTING))
    frame = listings.frame
    assert frame.columns == ["make", "year", "price", "key", "@car", "@day", "@ref"]
    assert frame["@ref"].to_list() == ["A1", "A1", None, "B2"]
    without = load_listings(path, make_market(f"{LISTING}comparables = false\n")).frame
    assert without.columns == frame.columns[:-1]
    linked = load_listings(path, make_market(f'{LISTING}link = "Make"\n')).frame
    assert linked["@ref"].to_list() == ["Ford", "Ford", "BMW", "BMW"]
    assert frame["@day"].to_list() == [18263.0, 18262.0, None, None]
    cars, keys = frame["@car"].to_list(), frame["key"].to_list()
    assert cars[0] == cars[1] != keys[0]
    assert cars[2] == keys[2]
    assert listings.report.as_table().splitlines()[-1] == (
        "    Sold: unreadable day, taken as missing          1   first: line 5, 'yesterday'"
    )


def test_a_missing_listing_column(make_market: Make, write_file: Write) -> None:
    path = write_file("Make,Year,Price,VIN,Sold on\nFord,2015,5000,A1,2020-01-01\n")
    with pytest.raises(ListingsError) as error:
        load_listings(path, make_market(LISTING))
    assert str(error.value) == (
        f"{path}: has no column 'Sold', which market cars needs for listing.seen\n"
        "Did you mean 'Sold on'? The file has: Make, Year, Price, VIN, Sold on.\n"
        f"Draft a market file for it: ./carprice market init {path}"
    )


def test_cars_to_price_need_no_day_and_no_id(make_market: Make) -> None:
    rows = pl.DataFrame({"Make": ["Ford"], "Year": ["2015"]})
    judged = Cleaner(make_market(LISTING), "cars.csv", with_price=False).mark_problems(rows, 2)
    assert judged.rows()[0][:2] == ("Ford", 2015.0)


def test_keys_never_change(make_market: Make) -> None:
    """A changed key would move listings between training and test."""
    rows = pl.DataFrame({"Make": ["Škoda", "Ford"], "Year": "2015", "Price": "5000", "Km": ["1.5", ""]})
    frame = Cleaner(make_market(MILEAGE + "optional = true"), "cars.csv").clean(rows, 2)
    texts = (f"Škoda\x1f{bits(2015.0)}\x1f{bits(1.5)}", f"Ford\x1f{bits(2015.0)}\x1f")
    expected = [int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") for text in texts]
    assert frame["key"].to_list() == expected
    assert expected[0] == 13830998630314824544


def test_duplicates_across_batches(make_market: Make, write_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 500)
    rows = [f"Make{row % 70},{1990 + row % 30},{1000 + row % 210}" for row in range(2_000)]
    path = write_file("Make,Year,Price\n" + "\n".join(rows))
    batches = []
    listings = load_listings(path, make_market(), batches.append)
    assert len(batches) > 10
    assert listings.frame.height == len(set(rows)) == 210
    assert listings.report.dropped == {"duplicate": 1_790}
    assert listings.report.entries[0].line == 2 + 210


def test_the_same_listings_have_the_same_fingerprint(make_market: Make, write_file: Write) -> None:
    market = make_market()
    one = load_listings(write_file("Make,Year,Price\nFord,2015,5000\n", "a.csv"), market)
    same = load_listings(write_file("Price;Year;Make\n5000;2015.0; Ford\n", "b.csv"), market)
    other = load_listings(write_file("Make,Year,Price\nFord,2015,5001\n", "c.csv"), market)
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_without_a_price_every_row_is_judged(make_market: Make) -> None:
    rows = pl.DataFrame({"Make": ["Ford", "Ford", ""], "Year": ["2015", "2015", "2015"]})
    cleaner = Cleaner(make_market(), "cars.csv", with_price=False)
    judged = cleaner.mark_problems(rows, 2)
    assert judged.columns == ["make", "year", "key", "problem"]
    assert judged["problem"].to_list() == [None, None, "make: missing value"]
    assert cleaner.report.rows_kept == 2


def test_examples_name_the_true_line(make_market: Make, write_file: Write) -> None:
    path = write_file('Make,Year,Price\n\n"Ford\nFiesta",2015,5000\nBMW,20,5000\n')
    assert check_listings(path, make_market()).entries[0].line == 5


def test_parquet_examples_name_the_row(make_market: Make, tmp_path: Path) -> None:
    path = tmp_path / "cars.parquet"
    pl.DataFrame({"Make": ["Ford", "BMW"], "Year": [2015, 20], "Price": [5000, 5000]}).write_parquet(path)
    assert "first: row 2, '20'" in check_listings(path, make_market()).as_table()


def test_missing_column(make_market: Make, write_file: Write) -> None:
    path = write_file("Make,year_built,Price\nFord,2015,5000\n")
    with pytest.raises(ListingsError) as error:
        load_listings(path, make_market())
    assert str(error.value) == (
        f"{path}: has no column 'Year', which market cars needs for features.year\n"
        "Did you mean 'year_built'? The file has: Make, year_built, Price.\n"
        f"Draft a market file for it: ./carprice market init {path}"
    )


def test_price_column_full_of_text(make_market: Make, write_file: Write) -> None:
    path = write_file("Make,Year,Price\nFord,2015,5000\nFord,2015,cheap\nBMW,2015,good\n")
    with pytest.raises(ListingsError) as error:
        load_listings(path, make_market())
    assert str(error.value) == (
        f"{path}: line 3: column 'Price': should be a price (got 'cheap'; 2 of the first 3 rows have none)\n"
        "In the file of market cars, set price.column to the price column, or price.pattern to what takes the "
        "price out of it: docs/markets.md"
    )


def test_no_row_is_kept(make_market: Make, write_file: Write) -> None:
    path = write_file("Make,Year,Price\nFord,2015,1\nFord,20,5000\n")
    with pytest.raises(ListingsError) as error:
        load_listings(path, make_market())
    assert error.value.what == (
        f"{path}: none of 2 rows is a listing of market cars "
        "(price outside limits 1: Price '1'; value outside limits 1: Year '20')"
    )


def test_no_row_can_be_read(make_market: Make, write_file: Write) -> None:
    path = write_file("Make,Year,Price\nFord,lots,5000\nBMW,lots,6000\n")
    with pytest.raises(ListingsError) as error:
        load_listings(path, make_market())
    assert error.value.what == (
        f"{path}: none of 2 rows is a listing of market cars (unreadable number 2: Year 'lots')"
    )


PATTERNS = {
    "look-ahead": (
        'pattern = "(?=a)(b)"',
        "market cars: features.a.pattern: has look-around or back-references, which are not supported "
        "(got '(?=a)(b)')",
    ),
    "no group": ('pattern = "a"', "market cars: features.a.pattern: should have one group in ( ) (got 'a')"),
    "two groups": (
        'pattern = "(a)(b)"',
        "market cars: features.a.pattern: should have one group in ( ) (got '(a)(b)')",
    ),
}


@pytest.mark.parametrize("case", PATTERNS)
def test_bad_pattern(case: str, make_market: Make) -> None:
    key, message = PATTERNS[case]
    with pytest.raises(MarketError) as error:
        Cleaner(make_market(f'[features.a]\ncolumn = "A"\nkind = "category"\n{key}\n'), "cars.csv")
    assert error.value.what == message


FOREIGN = "price: price in another currency"
PRICES = [
    ('decimal = ","', ["12.345", "R$ 9.876,00", "4,50,000 €"], ["12345.0", FOREIGN, "450000.0"]),
    ("rates = { BRL = 0.18, USD = 0.9 }", ["R$ 10.000,00", "$1,000", "900 CHF"], ["1800.0", "900.0", FOREIGN]),
    ("scale = 100000", ["3.35", "3.4 lakh", "1.05 Cr"], ["335000.0", "340000.0", "10500000.0"]),
    ('decimal = ","', ["45k", "1.2m", "12.500,-"], ["45000.0", "1200000.0", "12500.0"]),
]


@pytest.mark.parametrize(("keys", "texts", "expected"), PRICES)
def test_prices(keys: str, texts: list[str], expected: list[str], make_market: Make) -> None:
    market = make_market(price=keys)
    market = replace(market, price=replace(market.price, max=1e8))
    rows = pl.DataFrame({"Make": "Ford", "Year": "2015", "Price": texts})
    judged = Cleaner(market, "cars.csv").mark_problems(rows, 2)
    found = judged.select(pl.coalesce("problem", pl.col("price").cast(pl.String))).to_series().to_list()
    assert found == expected


def test_the_currency_of_each_price_in_its_column(make_market: Make) -> None:
    market = make_market(price='currency_column = "Currency"\nrates = { USD = 0.9 }\n')
    rows = pl.DataFrame({"Make": "Ford", "Year": "2015", "Price": "5000", "Currency": ["EUR", "USD", "GBP", None]})
    judged = Cleaner(market, "cars.csv").mark_problems(rows, 2)
    assert judged["price"].to_list()[:2] == [5000.0, 4500.0]
    assert judged["problem"].to_list() == [None, None, FOREIGN, "duplicate"]


def test_a_blank_may_mean_no_and_a_column_that_is_not_there_says_nothing(make_market: Make) -> None:
    keys = 'column = "4wd"\nkind = "flag"\ntrue = ["yes"]\nfalse = ["no"]\nblank = "false"\noptional = true\n'
    market = make_market(f"[features.four_wheels]\n{keys}")
    rows = pl.DataFrame({"Make": "Ford", "Year": "2015", "4wd": ["yes", None]})
    cleaner = Cleaner(market, "cars.csv", with_price=False)
    assert cleaner.mark_problems(rows, 2)["four_wheels"].to_list() == [1.0, 0.0]
    assert cleaner.mark_problems(rows.drop("4wd"), 4)["four_wheels"].to_list() == [None, None]


def test_a_part_that_a_text_does_not_have_is_no_unreadable_text(make_market: Make, write_file: Write) -> None:
    trim = '[features.trim]\ncolumn = "Make"\nkind = "category"\noptional = true\noutside = "missing"\n'
    market = make_market(trim + "pattern = '^\\S+ (.+)$'\n")
    path = write_file("Make,Year,Price\nFord,2015,5000\nFord Titanium,2016,6000\n")
    assert load_listings(path, market).report.as_dict()["fixed"] == {
        "Make: no trim found in it, taken as missing": 1
    }
