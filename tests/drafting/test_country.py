"""What country a file is from, and what that says of its money and its distances."""

import random
import re
from typing import Any

import pytest
from tests.drafting.small_files import Write, clean, draft, truth, usual, with_more

DOLLARS = usual(price=lambda price: f"${price:,}")


def with_addresses(address: str) -> str:
    def make_values(luck: random.Random, *car: Any) -> list[Any]:
        return [address.format(luck.randint(1, 99)), f"${car[-1]:,}"]

    return with_more("dealer_address,asked", make_values).replace(",price,", ",was,", 1).replace("asked", "price")


@pytest.mark.parametrize(
    ("address", "currency", "distance"),
    [
        ("{} King St, ON, M5V 2T6", "CAD", "km"),
        ("{} Main St, Austin, TX 78701", "USD", "mi"),
        ("{} Queen St, Auckland", "NZD", "km"),
    ],
)
def test_addresses_tell_dollars_apart(address: str, currency: str, distance: str, write_file: Write) -> None:
    found, _ = draft(write_file, with_addresses(address))
    assert (found.market.currency, found.market.distance_unit) == (currency, distance)
    assert "currency" not in found.questions


def test_dollars_of_no_country_are_asked_for(write_file: Write) -> None:
    found, _ = draft(write_file, DOLLARS)
    assert found.market.currency == "USD"
    assert found.questions["currency"].startswith("the sign may mean AUD, CAD,")
    assert found.questions["distance"] == "distances in mi are only a guess: say it with --distance"
    found, _ = draft(write_file, DOLLARS.replace("mileage", "miles"))
    assert "currency" not in found.questions, "only a distance that the file names tells American dollars"


def test_dollars_in_a_country_of_kilometres(write_file: Write) -> None:
    text = with_more("city", lambda luck, *_: [luck.choice(["Київ", "Львів", "Одеса"])])
    found, _ = draft(write_file, text.replace(",price,", ",price_usd,", 1))
    assert (found.market.currency, found.market.distance_unit) == ("USD", "km")
    assert "usual with UA" in found.text


@pytest.mark.parametrize(
    ("column", "factor", "scale"),
    [("price_krw", 0.1, 10_000), ("price_vnd", 0.02, 1_000_000), ("price_idr", 0.01, 1_000_000)],
)
def test_currencies_of_which_one_buys_little(column: str, factor: float, scale: float, write_file: Write) -> None:
    found, _ = draft(write_file, usual(price=lambda price: round(price * factor)).replace("price", column))
    assert found.market.price.scale == scale
    assert "taken as" in found.questions["price_scale"]


def test_whole_prices_stay_whole(write_file: Write) -> None:
    found, _ = draft(write_file, usual(price=lambda price: price * 1_000).replace("price", "price_krw"))
    assert found.market.price.scale == 1
    assert "price_scale" not in found.questions


@pytest.mark.parametrize(
    ("link", "currency"),
    [("https://www.cars.co.il/{}", "ILS"), ("https://cars.co.za/{}", "ZAR"), ("x.com.br/{}", "BRL")],
)
def test_links_of_countries_with_names_of_two_parts(link: str, currency: str, write_file: Write) -> None:
    found, _ = draft(write_file, with_more("url", lambda luck, *_: [link.format(luck.random())]))
    assert found.market.currency == currency


def test_provinces_of_canada(write_file: Write) -> None:
    found, _ = draft(write_file, with_more("city", lambda luck, *_: [luck.choice(["Laval · QC", "Granby · QC"])]))
    assert (found.market.currency, found.market.distance_unit) == ("CAD", "km")


def test_balboas(write_file: Write) -> None:
    found, path = draft(write_file, usual(price=lambda price: f"B/.{price:,} (Rebajado {price % 70 + 1}%)"))
    assert found.market.currency == "PAB"
    assert clean(found, path).frame["price"].to_list() == [price for _, _, price in truth()]


def test_pounds_and_miles_are_british(write_file: Write) -> None:
    found, _ = draft(write_file, usual(price=lambda price: f"£{price:,}", miles=lambda miles: f"{miles} miles"))
    assert (found.market.currency, found.questions.get("currency")) == ("GBP", None)


def test_signs_beside_few_prices_do_not_decide_for_all(write_file: Write) -> None:
    """Most prices of a Kenyan file have none; those in dollars say so, and are never mixed with them."""

    def more(luck: random.Random, *car: Any) -> list[Any]:
        return ["Nairobi", f"$ {car[-1]:,}" if luck.random() < 0.2 else f"{130 * car[-1]:,}"]

    text = with_more("location,asked", more).replace(",price,", ",was,", 1).replace("asked", "price")
    found, path = draft(write_file, text)
    assert found.market.currency == "KES"
    assert found.questions["rates"] == "prices in USD are dropped: give [price] their rates"
    assert min(clean(found, path).frame["price"]) > 100_000


def test_few_signs_are_a_guess_where_no_country_is_known(write_file: Write) -> None:
    text = with_more("asked", lambda luck, *car: [f"{car[-1]:,} PLN" if luck.random() < 0.1 else car[-1]])
    found, _ = draft(write_file, text.replace(",price,", ",was,", 1).replace("asked", "price"))
    assert found.market.currency == "PLN"
    assert re.fullmatch(r"only [0-9]+ % of the prices say so: say it with --currency", found.questions["currency"])


@pytest.mark.parametrize("words", [("Pesos", "Dólares"), ("$", "U$S"), ("PESOS", "USD")])
def test_words_of_a_column_of_currencies(words: tuple[str, str], write_file: Write) -> None:
    """Which pesos they are, a file without a country does not say."""

    def more(luck: random.Random, *car: Any) -> list[Any]:
        is_dear = luck.random() < 0.2
        return [words[1] if is_dear else words[0], car[-1] if is_dear else 200 * car[-1]]

    text = with_more("moneda,asked", more).replace(",price,", ",was,", 1).replace("asked", "precio")
    found, path = draft(write_file, text, currency="ARS")
    assert (found.market.currency, found.market.price.currency_column) == ("ARS", "moneda")
    assert "moneda" not in {item.column for item in found.market.features}
    assert "prices in USD are dropped" in found.questions["rates"]
    assert min(clean(found, path).frame["price"]) > 40_000
    assert "ARS" in draft(write_file, text)[0].questions["currency"]


def test_dollars_by_sign_and_by_code_are_the_same(write_file: Write) -> None:
    found, _ = draft(write_file, usual(price=lambda price: f"${price:,}" if price % 3 else f"USD {price:,}"))
    assert found.market.currency == "USD"
    assert "rates" not in found.questions


def test_fuels_of_argentina(write_file: Write) -> None:
    fuels = ["Nafta", "Diésel", "Nafta/GNC", "Híbrido/Nafta"]
    found, _ = draft(write_file, with_more("fuel", lambda luck, *_: [luck.choice(fuels)]))
    assert found.market.currency == "ARS"


@pytest.mark.parametrize(
    ("column", "values", "currency"),
    [
        ("location", ["Naxal, Kathmandu-1, Kathmandu", "Lalitpur", "Pokhara"], "NPR"),
        ("condition", ["Nigerian Used", "Foreign Used", "Brand New"], "NGN"),
        ("colour", ["Trắng", "Đen", "Đỏ", "Bạc"], "VND"),
        ("url", ["https://neoauto.com.pe/1", "https://neoauto.com.pe/2"], "USD"),
        ("link", ["https://www.car.gr/1", "https://www.car.gr/2"], "EUR"),
        ("city", ["Dar es Salaam", "Arusha", "Mwanza"], "TZS"),
    ],
)
def test_other_countries(column: str, values: list[str], currency: str, write_file: Write) -> None:
    text = with_more(f"{column},asked", lambda luck, *car: [luck.choice(values), 3000 * car[-1]])
    found, _ = draft(write_file, text.replace(",price,", ",was,", 1).replace("asked", "price"))
    assert found.market.currency == currency
    assert found.questions["currency"]


def test_nepalese_rupees(write_file: Write) -> None:
    found, path = draft(write_file, usual(price=lambda price: f"रू. {price * 100:,}"))
    assert found.market.currency == "NPR"
    assert clean(found, path).frame["price"].to_list() == [100 * price for _, _, price in truth()]
