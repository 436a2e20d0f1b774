"""Columns that are found by parts of their names, or inside other columns."""

import random
from typing import Any

import pytest
from tests.drafting.invented import draw_cars
from tests.drafting.small_files import ROWS, Write, cars, clean, draft, feature, truth, usual


def test_a_year_before_the_name(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{year} {make} {model}", f"{miles:,} Kms", f"₹ {price:,}"]

    header, *lines = cars("Car Name,Kms Driven,Price", row).splitlines()
    found, path = draft(write_file, "\n".join([header, *lines, *lines, *lines]))
    frame = clean(found, path).frame
    assert frame["year"].to_list() == [year for year, _, _ in truth()]
    assert set(frame["version"]) == {f"{make} {model}" for _, make, model, *_ in draw_cars(ROWS)}


def test_nested_names_and_a_date_of_registration(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make, model, f"{year}-{miles % 12 + 1:02}-01", miles, price, "EUR"]

    header = "vehicle.brand,vehicle.series,vehicle.firstRegistration,vehicle.odometer,offer.amount,offer.currency"
    found, path = draft(write_file, cars(header, row))
    assert [item.name for item in found.market.features] == ["make", "model", "year", "mileage"]
    assert clean(found, path).frame["year"].to_list() == [year for year, _, _ in truth()]


def test_scandinavian_miles(write_file: Write) -> None:
    text = usual(miles=lambda m: str(m // 10)).replace("mileage", "Miltal")
    found, path = draft(write_file, text)
    assert feature(found.market, "mileage").scale == 10
    assert "Scandinavian miles of 10 km" in found.text
    assert clean(found, path).frame["mileage"].max() > 10_000


YEARS = {
    "solar hijri": ("سال", lambda year: str(year - 621).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))),
    "buddhist": ("ปี", lambda year: str(year + 543)),
    "minguo": ("年份", lambda year: str(year - 1911)),
}


@pytest.mark.parametrize("calendar", YEARS)
def test_years_of_other_calendars(calendar: str, write_file: Write) -> None:
    column, show = YEARS[calendar]
    found, path = draft(write_file, usual(year=show).replace("year", column))
    assert feature(found.market, "year").calendar == calendar
    assert clean(found, path).frame["year"].to_list() == [year for year, _, _ in truth()]


def test_prices_paid_are_the_prices(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make, model, year, miles, price + 900, price, miles % 90]

    found, _ = draft(write_file, cars("make,model,year,mileage,asking_price,sold_price,days_to_sell", row))
    assert (found.market.price.column, found.market.listing.price_type) == ("sold_price", "paid")
    assert [item.name for item in found.market.features] == ["make", "model", "year", "mileage"]


def test_most_cars_without_a_price_paid_have_an_asking_price(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make, model, year, miles, price + 900, price if miles % 5 == 0 else ""]

    found, _ = draft(write_file, cars("make,model,year,mileage,asking_price,sold_price", row))
    assert found.market.price.column == "asking_price"


def test_prices_in_cents(write_file: Write) -> None:
    text = usual(price=lambda price: str(price * 100)).replace("price", "price_cents", 1)
    found, path = draft(write_file, text)
    assert clean(found, path).frame["price"].to_list() == [price for _, _, price in truth()]
