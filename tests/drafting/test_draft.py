import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.drafting.invented import dollar_tsv, german_csv, nameless_csv

from carprice.drafting.columns.names import choose_name
from carprice.drafting.draft import Answers, PriceScaleError, draft_market
from carprice.drafting.draft_defaults import round_down, round_up
from carprice.errors import ListingsError, MarketError
from carprice.listings.cleaning import check_listings
from carprice.market.market_file import Feature, Listing, Market, parse_market
from carprice.settings import load_settings
from carprice.training.train import train_file

Write = Callable[..., Path]

INVENTED = {"german": german_csv, "nameless": nameless_csv, "dollar": dollar_tsv}


def draft_text(path: Path, **answers: Any) -> str:
    return draft_market(path, Answers(**answers)).text


def read_draft(path: Path, **answers: Any) -> Market:
    return parse_market(tomllib.loads(draft_text(path, **answers)), "draft.toml")


def kinds(market: Market) -> dict[str, tuple[str, str]]:
    return {feature.name: (feature.column, feature.kind) for feature in market.features}


def feature(market: Market, name: str) -> Feature:
    found = market.feature(name)
    assert found
    return found


def test_german_file(write_file: Write) -> None:
    path = write_file(german_csv(), "autos.csv")
    market = read_draft(path)
    assert (market.name, market.currency, market.distance_unit) == ("autos", "EUR", "km")
    assert kinds(market) == {
        "make": ("Marke", "category"),
        "model": ("Modell", "category"),
        "year": ("Erstzulassung", "year"),
        "mileage": ("Kilometerstand", "number"),
        "engine_size": ("Hubraum", "number"),
        "klimaanlage": ("Klimaanlage", "flag"),
    }
    assert (market.price.column, market.price.decimal) == ("Preis", ",")
    assert feature(market, "mileage").unit == "km"
    assert feature(market, "engine_size").missing == ("k.A.",)
    assert feature(market, "klimaanlage").true == ("ja",)
    draft = draft_text(path)
    assert '# "Inserat-ID" is left out: it names the listing, not the car.' in draft
    assert '# "Beschreibung" is left out: nearly every listing has a text of its own.' in draft
    assert '# "Finanzierung" is left out: it follows the price.' in draft


def test_nameless_file(write_file: Write) -> None:
    path = write_file(nameless_csv())
    market = read_draft(path)
    assert market.price.column == "f"
    assert kinds(market) == {
        "make": ("b", "category"),
        "model": ("c", "category"),
        "year": ("d", "year"),
        "mileage": ("e", "number"),
    }
    assert '# "a" is left out: it names the listing, not the car.' in draft_text(path)
    assert "# \"g\" is left out: it is 'x' wherever it is known." in draft_text(path)


def test_dollar_file(write_file: Write) -> None:
    market = read_draft(write_file(dollar_tsv()))
    assert (market.price.column, market.currency, market.distance_unit) == ("selling_price", "USD", "km")
    assert kinds(market) == {
        "make": ("car_name", "category"),
        "model": ("car_name", "category"),
        "year": ("year", "year"),
        "mileage": ("km_driven", "number"),
        "fuel": ("fuel", "category"),
        "engine_size": ("engine", "number"),
        "mileage_2": ("mileage", "number"),
        "seats": ("seats", "number"),
    }
    assert feature(market, "fuel").optional
    assert feature(market, "mileage_2").unit == "kmpl"
    assert feature(market, "seats").missing == ("?",)


@pytest.mark.parametrize(("column", "suffix"), [("Price_in_lakhs", ""), ("Price (Lakh)", ""), ("Price", " Lakh")])
def test_prices_in_lakh(column: str, suffix: str, write_file: Write) -> None:
    rows = "".join(f"Model {row % 5},{2010 + row % 9},{3 + row % 40 / 10}{suffix}\n" for row in range(200))
    path = write_file(f"Model,Year,{column}\n" + rows)
    market = read_draft(path)
    assert (market.currency, market.price.scale) == ("INR", 1 if suffix else 100_000)
    assert 10_000 < market.price.min < 300_000
    assert 690_000 < market.price.max < 10_000_000
    assert "# 0.0 % of the prices lie outside" in draft_text(path)


def test_small_prices_are_never_drafted_without_a_question(write_file: Write) -> None:
    rows = "".join(f"Model {row % 5},{2010 + row % 9},{row % 40 / 50}\n" for row in range(400))
    path = write_file("Model,Year,Price\n" + rows)
    with pytest.raises(PriceScaleError) as error:
        draft_text(path)
    assert str(error.value) == (
        f"{path}: column 'Price': the median price is 0.4, in no unit of car prices\n"
        "Say what each is multiplied by, such as --price-scale 1000, or 1 to take them as they are."
    )
    market = read_draft(path, price_scale=1.0)
    assert (market.price.min, market.price.scale) == (0.007, 1)
    assert read_draft(path, price_scale=10_000.0).price.min == 70


def test_prices_that_are_nearly_all_the_same(write_file: Write) -> None:
    rows = "".join(f"Model {row % 5},{2010 + row % 9},{4000 if row % 9 else 4500}\n" for row in range(90))
    market = read_draft(write_file("Model,Year,Price\n" + rows))
    assert (market.price.min, market.price.max) == (2000, 8000)


@pytest.mark.parametrize("name", INVENTED)
def test_draft_keeps_every_row(name: str, write_file: Write) -> None:
    path = write_file(INVENTED[name]())
    report = check_listings(path, read_draft(path))
    assert (report.rows_kept, report.fixed) == (800, {})


@pytest.mark.parametrize(
    "name", ["german", *(pytest.param(name, marks=pytest.mark.slow) for name in INVENTED if name != "german")]
)
def test_draft_trains_as_it_stands(name: str, write_file: Write, tmp_path: Path, quick_training: None) -> None:
    path = write_file(INVENTED[name]())
    settings = load_settings({}, artifacts_dir=tmp_path / "artifacts", var_dir=tmp_path / "var")
    trained = train_file(
        path, read_draft(path, currency="" if name == "dollar" else "EUR"), settings, say=lambda _: None
    )
    assert trained.manifest["metrics"]["overall"]["median_ape"] < 0.15


@pytest.mark.slow
@pytest.mark.listings
def test_uk(listings_dir: Path) -> None:
    path = listings_dir / "uk.csv.gz"
    market = read_draft(path)
    assert market.distance_unit == "mi"
    assert list(kinds(market)) == [
        *("make", "model", "year", "mileage", "fuel", "transmission", "engine_size", "tax", "mpg"),
    ]
    assert check_listings(path, market).rows_kept > 85_300


@pytest.mark.slow
@pytest.mark.listings
def test_auction(listings_dir: Path) -> None:
    if not (path := listings_dir / "auction.csv.gz").exists():
        pytest.skip(f"{path} is not there")
    market = read_draft(path)
    assert market.listing == Listing(id="car", seen="saledate", price_type="paid")
    assert {"mmr", "car", "saledate"}.isdisjoint(item.column for item in market.features)


@pytest.mark.listings
def test_georgia(listings_dir: Path) -> None:
    path = listings_dir / "georgia.csv.gz"
    market = read_draft(path)
    assert market.distance_unit == "km"
    assert list(kinds(market)) == [
        *("make", "model", "year", "mileage", "fuel", "transmission", "engine_size", "turbo", "body", "drive"),
        *("color", "doors", "cylinders", "levy", "leather_interior", "wheel", "airbags"),
    ]
    assert feature(market, "turbo") == Feature(
        "turbo", "Engine volume", "flag", "Turbo", pattern="Turbo", optional=True
    )
    assert feature(market, "levy").missing == ("-",)
    assert check_listings(path, market).rows_kept > 12_900


def draw_sales(day: str = "saledate", price: str = "sellingprice") -> str:
    lines = [f"{day},vin,make,year,odometer,registered,url,image url,{price}"]
    for row in range(400):
        year = 2005 + row % 9
        cells = [
            f"2014-12-{row % 28 + 1:02}",
            f"1FAHP3K2{row % 390:02}CL{row % 390:05}",
            ("Ford", "Kia", "BMW")[row % 3],
            str(year),
            str((2015 - year) * 9_000 + row * 37 % 5_000),
            f"{year}-06-{row % 28 + 1:02}",
            f"https://cars.example/{row}",
            f"https://cars.example/{row}.jpg",
            str(4_000 + 900 * (year - 2004) + row * 53 % 800),
        ]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def test_what_a_row_is(write_file: Write) -> None:
    path = write_file(draw_sales())
    market = read_draft(path)
    assert market.listing == Listing("vin", "saledate", "url", "paid")
    assert list(kinds(market)) == ["make", "year", "mileage", "registered"]
    draft = draft_text(path)
    assert '# "vin" is left out: it names the car, which [listing] says.' in draft
    assert '# "saledate" is left out: it is the day of the listing, which [listing] says; no model' in draft
    assert '# "url" is left out: it leads to the listing, which [listing] says.' in draft
    assert check_listings(path, market).rows_kept == 400


@pytest.mark.parametrize(
    ("day", "price", "price_type"),
    [
        ("posted", "price", "asking"),
        ("Date listed", "Selling Price", "asking"),
        ("posted", "Sale price", "paid"),
        ("Sold", "price", "paid"),
        ("posted", "price paid", "paid"),
    ],
)
def test_what_prices_are(day: str, price: str, price_type: str, write_file: Write) -> None:
    assert read_draft(write_file(draw_sales(day, price))).listing == Listing("vin", day, "url", price_type)


def test_a_date_before_the_car_was_sold_is_no_day_of_a_sale(write_file: Write) -> None:
    market = read_draft(write_file(draw_sales().replace("2014-12-", "2003-12-")))
    assert market.listing == Listing("vin", "", "url", "asking")
    assert feature(market, "saledate").kind == "date"


def test_a_file_of_cars_alone_needs_no_listing_table(write_file: Write) -> None:
    assert "[listing]" not in draft_text(write_file(german_csv()))


def test_price_is_named_by_hand(write_file: Write) -> None:
    path = write_file("Make,Year,Worth\n" + "Ford,2016,5000\nBMW,2015,9000\n" * 5)
    with pytest.raises(MarketError) as error:
        draft_market(path)
    assert str(error.value) == (
        f"{path}: no column looks like a price\nName it with --price COLUMN. Columns of numbers: Year, Worth."
    )
    assert 'column = "Worth"\nmin = ' in draft_text(path, price="Worth")


def test_a_price_that_cannot_be_read_is_named(write_file: Write) -> None:
    path = write_file("Make,Year,Price\n" + "Ford,2016,5000 or 6000\nBMW,2015,7000 or 9000\n" * 5)
    with pytest.raises(MarketError) as error:
        draft_market(path)
    assert str(error.value) == (
        f"{path}: no column looks like a price\nName it with --price COLUMN. Columns of numbers: Year. "
        '"Price" has texts such as "5000 or 6000": bring them into a form such as 12,500 or 12.500 €.'
    )


def test_named_price_is_none(write_file: Write) -> None:
    path = write_file("Make,Year,Price\n" + "Ford,2015,5000\nBMW,2016,9000\n" * 5)
    with pytest.raises(ListingsError) as missing:
        draft_text(path, price="Cost")
    assert str(missing.value) == f"{path}: has no column 'Cost'\nThe file has: Make, Year, Price."
    with pytest.raises(MarketError) as text:
        draft_text(path, price="Make")
    assert str(text.value) == (
        f"{path}: column 'Make': should be a price (got 'BMW')\nName another column with --price COLUMN."
    )


def test_only_a_price(write_file: Write) -> None:
    path = write_file("Price,Currency\n" + "".join(f"{price},EUR\n" for price in range(1_000, 1_100)))
    with pytest.raises(MarketError) as error:
        draft_market(path)
    assert error.value.what == f"{path}: no column besides the price can be a feature"


def test_column_names_that_need_care(write_file: Write) -> None:
    rows = "".join(f"{row % 7},{row % 3},{row % 5},always,{row % 9 * 997 + 2000}\n" for row in range(90))
    path = write_file('"say ""hi""",Ärger,Price band,key,Price\n' + rows)
    market = read_draft(path)
    assert {name: column for name, (column, _) in kinds(market).items()} == {
        "say_hi": 'say "hi"',
        "arger": "Ärger",
    }


@pytest.mark.parametrize(("value", "up", "down"), [(1_234, 2_000, 1_000), (0.3, 0.3, 0.3), (0, 0, 0), (7, 7, 7)])
def test_rounding(value: float, up: float, down: float) -> None:
    assert (round_up(value), round_down(value)) == (up, down)


def test_names_are_taken_once() -> None:
    taken: set[str] = set()
    assert [choose_name(text, taken) for text in ("Fuel Type", "fuelType", "12", "price", "სხვა")] == [
        *("fuel_type", "fuel_type_2", "column_12", "price_2", "skhva"),
    ]


def test_an_index_without_a_name_is_left_out(write_file: Write) -> None:
    rows = [f"{row},Make{row % 5},{2000 + row % 20},{1000 + 37 * (row % 17)}" for row in range(60)]
    draft = draft_text(write_file("\n".join([",make,year,price", *rows])))
    assert '# "column_1" is left out: it has no name and counts the rows.' in draft
    assert "[features.make]" in draft


def test_the_cars_of_today_can_be_asked_for_by_an_old_file(write_file: Write) -> None:
    market = read_draft(write_file(german_csv()))
    assert market.year
    assert market.year.max == date.today().year + 2
