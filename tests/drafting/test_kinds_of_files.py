"""A small invented file for each kind of fault that files are found with, and what a domain expert would draft."""

import random
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from tests.drafting.invented import draw_cars
from tests.drafting.small_files import (
    ROWS,
    Write,
    cars,
    clean,
    draft,
    feature,
    group,
    truth,
    usual,
    write_csv,
)

from carprice.drafting.draft import Answers, PriceScaleError, draft_market
from carprice.errors import MarketError

PRICES = {
    "indian groups": (
        lambda p: f"{p * 100 // 100_000},{p * 100 // 1000 % 100:02},{p * 100 % 1000:03}",
        "INR",
        100,
    ),
    "reais": (lambda p: f"R$ {group(p, '.')},00", "BRL", 1),
    "dirhams": (lambda p: f"AED {p:,}", "AED", 1),
    "rupees": (lambda p: f"Rs. {p}", "INR", 1),
    "francs": (lambda p: f"CHF {group(p, chr(39))}", "CHF", 1),
    "kronor": (lambda p: f"kr {group(p, ' ')}", "SEK", 1),
    "ringgit": (lambda p: f"RM {p:,}", "MYR", 1),
    "forint": (lambda p: f"{group(p * 400, '.')} Ft", "HUF", 400),
    "cedis": (lambda p: f"GH¢ {p:,}", "GHS", 1),
    "euros behind": (lambda p: f"{group(p, ' ')} €", "EUR", 1),
    "lakh": (lambda p: f"{p / 1000:.3f} Lakh", "INR", 100),
    "ten thousand yen": (lambda p: f"{p / 100:.2f}万円", "JPY", 100),
    "ten thousand won": (lambda p: f"{p:,}만원", "KRW", 10_000),
    "thousands": (lambda p: f"€{p / 1000:.3f}k", "EUR", 1),
    "what it was": (lambda p: f"€{p:,} (was €{p + 1000:,})", "EUR", 1),
    "a footnote": (lambda p: f"€ {group(p, '.')},- 1", "EUR", 1),
    "a small footnote": (lambda p: f"{group(p, '.')} €¹", "EUR", 1),
    "dollars glued": (lambda p: f"u$s{group(p, '.')}", "USD", 1),
    "American dollars glued": (lambda p: f"US${p:,}", "USD", 1),
    "rupees glued": (lambda p: f"Rs.{p:,}", "INR", 1),
    "soles": (lambda p: f"S/.{p:,}", "PEN", 1),
    "the old price first": (lambda p: f"{p + 999:,}\n{' ' * 80}\n฿{p:,}\n", "THB", 1),
    "a deposit behind": (lambda p: f"฿{p:,} ราคาดาวน์ ฿{p // 20:,}", "THB", 1),
    "instead of": (lambda p: f"{group(p, '.')} € statt {group(p + 999, '.')} €", "EUR", 1),
}


@pytest.mark.parametrize("name", PRICES)
def test_prices_as_people_write_them(name: str, write_file: Write) -> None:
    show, currency, factor = PRICES[name]
    found, path = draft(write_file, usual(price=show))
    assert found.market.currency == currency
    prices = clean(found, path).frame["price"].to_list()
    assert len(prices) == ROWS
    assert prices == pytest.approx([price * factor for _, _, price in truth()], rel=0.001)


def test_on_request_is_dropped_and_counted(write_file: Write) -> None:
    luck = random.Random(3)
    found, path = draft(
        write_file, usual(price=lambda p: "Ask For Price" if luck.random() < 0.2 else f"{p * 100:,} €")
    )
    listings = clean(found, path)
    assert listings.report.rows_read == ROWS == listings.report.rows_kept + sum(listings.report.dropped.values())
    assert listings.report.rows_kept > 0.7 * ROWS


def test_lakh_without_the_word(write_file: Write) -> None:
    found, path = draft(write_file, usual(price=lambda p: f"{p / 1000:.2f}").replace("mileage", "km_driven"))
    assert (found.market.price.scale, found.market.currency) == (100_000, "INR")
    assert "taken as lakh; --price-scale says otherwise" in found.text
    assert found.questions["price_scale"]
    assert clean(found, path).frame["price"].min() > 10_000


def test_small_prices_beside_a_column_that_says_what_they_are_in(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        new = 30 + 4 * len(model)
        return [make, model, year, f"{miles / 1e4:.2f}万公里", f"{new}万", f"{price / 1e3:.2f}"]

    found, path = draft(write_file, cars("make,model,year,mileage,new price,price", row))
    assert found.market.price.scale == 10_000
    assert "taken as 万; --price-scale says otherwise" in found.questions["price_scale"]
    assert "column 'new price' is in 万" in found.text
    assert clean(found, path).frame["price"].min() > 10_000


def test_small_prices_of_a_chinese_file(write_file: Write) -> None:
    text = usual(price=lambda p: f"{p / 1e3:.2f}").replace("make,model,year,price", "品牌,车型,年份,价格")
    found, _ = draft(write_file, text)
    assert (found.market.currency, found.market.price.scale) == ("CNY", 10_000)
    assert "CNY is counted in 万" in found.text


def test_small_prices_of_an_unknown_unit_are_a_question(write_file: Write) -> None:
    path = write_file(usual(price=lambda p: f"{p / 1000:.2f}"))
    with pytest.raises(PriceScaleError):
        draft_market(path)
    assert draft_market(path, Answers(price_scale=1000.0)).market.price.scale == 1000


def test_two_currencies_are_told_apart(write_file: Write) -> None:
    luck = random.Random(1)
    found, path = draft(write_file, usual(price=lambda p: f"{p} EUR" if luck.random() < 0.75 else f"{p * 4} PLN"))
    assert found.market.currency == "EUR"
    assert "Prices are in EUR 7" in found.text
    assert "PLN" in found.questions["rates"]
    report = clean(found, path).report
    assert report.dropped["price in another currency"] > 0.15 * ROWS


def test_a_column_names_the_currency(write_file: Write) -> None:
    text = usual().replace("\r\n", ",EGP\r\n").replace("mileage,EGP", "mileage,CURRENCY")
    assert draft(write_file, text)[0].market.currency == "EGP"
    lines = text.split("\r\n")
    mixed = "\r\n".join(line.replace("EGP", "USD") if row % 5 == 1 else line for row, line in enumerate(lines))
    found, path = draft(write_file, mixed)
    assert (found.market.currency, found.market.price.currency_column) == ("EGP", "CURRENCY")
    assert clean(found, path).report.dropped["price in another currency"] > 10


def test_a_currency_that_the_prices_are_not_in_is_refused(write_file: Write) -> None:
    path = write_file(usual(price=lambda p: f"{p} €"))
    with pytest.raises(MarketError, match="prices are in EUR, not in GBP"):
        draft_market(path, Answers(currency="GBP"))
    with pytest.raises(MarketError, match="--currency: should be a currency by ISO 4217"):
        draft_market(path, Answers(currency="EURO"))


YEARS = {
    "2015 reg": lambda y: f"{y} reg",
    "03/2015": lambda y: f"03/{y}",
    "15.03.2015": lambda y: f"15.03.{y}",
    "Mar-15": lambda y: f"Mar-{y % 100:02}",
    "2015.0": lambda y: f"{y}.0",
    "2014/2015": lambda y: f"{y - 1}/{y}",
    "15년 03월": lambda y: f"{y % 100:02}년 03월",
    "15/03식": lambda y: f"{y % 100:02}/03식({y % 100:02}년형)",
    "spreadsheet": lambda y: (date(y, 5, 1) - date(1899, 12, 30)).days,
    "some of a spreadsheet": lambda y: (date(y, 5, 1) - date(1899, 12, 30)).days if y % 3 else y,
}


@pytest.mark.parametrize("name", YEARS)
def test_years_as_people_write_them(name: str, write_file: Write) -> None:
    found, path = draft(write_file, usual(year=YEARS[name]))
    assert feature(found.market, "year").kind == "year"
    assert clean(found, path).frame["year"].to_list() == [year for year, _, _ in truth()]


def test_limits_of_years_keep_the_file_of_next_year(write_file: Write) -> None:
    newest = max(year for year, _, _ in truth())
    assert feature(draft(write_file, usual())[0].market, "year").max >= newest + 2


DISTANCES = {
    "mi.": (lambda m: f"{m:,} mi.", "mi", 1),
    "km": (lambda m: f"{m} km", "km", 1),
    "км": (lambda m: f"{group(m, ' ')} км", "km", 1),
    "thousand": (lambda m: f"{m // 1000}", "km", 1),
    "tkm": (lambda m: f"{m / 1000:.3f} tkm", "km", 1),
}


@pytest.mark.parametrize("name", DISTANCES)
def test_distances_as_people_write_them(name: str, write_file: Write) -> None:
    show, unit, _ = DISTANCES[name]
    found, path = draft(write_file, usual(miles=show))
    mileage = feature(found.market, "mileage")
    assert (found.market.distance_unit, mileage.unit) == (unit, unit)
    assert clean(found, path).frame["mileage"].to_list() == pytest.approx(
        [miles for _, miles, _ in truth()], abs=1000
    )


def test_numbers_in_a_sentence(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        power, size = luck.choice([(120, 1.6), (190, 2.0), (300, 3.7)])
        words = luck.choice(["V6 Cylinder Engine Gasoline Fuel", "V8 Engine Diesel Fuel"])
        return [make, model, year, miles, f"{power}.0HP {size}L {words}", price]

    market = draft(write_file, cars("brand,model,model_year,milage,engine,price", row))[0].market
    assert (feature(market, "power").unit, feature(market, "engine_size").unit) == ("hp", "l")
    assert feature(market, "cylinders").kind == "number"
    assert feature(market, "fuel").column == "engine"


def test_three_in_one_and_swapped_roles(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        engine = luck.choice(["2.0 л / 190 л.с. / Бензин", "3.0 л / 249 л.с. / Дизель"])
        gear, wheels = (
            luck.choice(["автоматическая", "механическая"]),
            luck.choice(["полный", "задний", "передний"]),
        )
        return [f"{make} {model}", engine, gear, wheels, f"{group(miles, ' ')} км", year, f"{group(price, ' ')} ₽"]

    market = draft(write_file, cars("title,engine,gearbox,transmission,mileage,year,price", row))[0].market
    assert market.currency == "RUB"
    assert [
        feature(market, name).column for name in ("transmission", "drive", "power", "engine_size", "fuel")
    ] == [
        *("gearbox", "transmission", "engine", "engine", "engine"),
    ]


def test_the_make_inside_the_name(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        make = "Land Rover" if make == "Opel" else make
        return [f"{make} {model} {luck.choice(['LXI', 'Sport'])}", year, price, miles, "Diesel"]

    found, path = draft(write_file, cars("name,year,selling_price,km_driven,fuel", row))
    frame = clean(found, path).frame
    assert set(frame["make"]) == {"Volkswagen", "BMW", "Land Rover", "Skoda"}
    assert "Golf" in set(frame["model"])
    assert feature(found.market, "version").column == "name"


def test_a_title_for_everything(write_file: Write) -> None:
    numbers = iter(range(ROWS))
    found, path = draft(
        write_file,
        cars(
            "title,year,price,km",
            lambda _, make, model, y, m, p: [f"{y} {make} {model} top {next(numbers)}", y, p, m],
        ),
    )
    frame = clean(found, path).frame
    assert set(frame["make"]) == {"Volkswagen", "BMW", "Opel", "Skoda"}
    assert "Octavia" in set(frame["model"])


def test_words_beside_numbers_are_kept(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        fuel = luck.choices(["Diesel", "Petrol"], [7, 3])[0]
        return [make, model, year, price, miles, f"{luck.choice(['1.4', '2.0'])} {fuel}"]

    market = draft(write_file, cars("make,model,year,price,mileage,engine", row))[0].market
    assert feature(market, "engine_size").unit == "l"
    assert (feature(market, "fuel").kind, feature(market, "fuel").column) == ("category", "engine")


def test_prices_and_the_year_called_model(write_file: Write) -> None:
    header = "Model,Km_Driven,prices,Power,Unit,Company,Model_name"
    rows = cars(
        header,
        lambda luck, make, model, y, m, p: [y, m, p / 1000, luck.choice([1300.0, 1800.0]), "cc", make, model],
    )
    market = draft(write_file, rows)[0].market
    assert (market.price.column, market.price.scale) == ("prices", 100_000)
    columns = {name: feature(market, name).column for name in ("year", "model", "make", "engine_size")}
    assert columns == {"year": "Model", "model": "Model_name", "make": "Company", "engine_size": "Power"}
    assert feature(market, "engine_size").unit == "cc"


def test_fields_that_nobody_can_answer(write_file: Write) -> None:
    header = "dateCrawled,price,abtest,year,model,odometer,brand,lastSeen,sellerName,streetName,description"

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        day = f"2023-03-{luck.randint(1, 28):02} 17:47:46"
        return [
            day,
            f"€{price:,}",
            luck.choice(["test", "control"]),
            year,
            model,
            miles,
            make,
            day,
            "Autohaus A",
            f"{luck.randint(1, 9)} Lake Ave",
            f"Nice car {luck.random()}, call me",
        ]

    found, _ = draft(write_file, cars(header, row))
    assert [item.name for item in found.market.features] == ["make", "model", "year", "mileage"]
    assert found.market.listing.seen in ("dateCrawled", "lastSeen")
    assert '# "abtest" is left out: nobody can answer it who asks for a price.' in found.text


def test_forms_of_the_price_are_left_out(write_file: Write) -> None:
    header = "make,model,year,price,mileage,MMR,Monthly payment,Deal rating,price_per_km,half"
    rows = cars(
        header,
        lambda luck, make, model, y, m, p: [
            *(make, model, y, p, m, p * luck.uniform(0.9, 1.1), p // 60),
            *(luck.choice(["good", "fair"]), p / m, p / 2),
        ],
    )
    found, _ = draft(write_file, rows)
    assert [item.name for item in found.market.features] == ["make", "model", "year", "mileage"]


def test_columns_in_any_script_have_names_to_type(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [
            make,
            model,
            year,
            price,
            miles,
            luck.choice(["1 владелец", "2 владельца"]),
            luck.choice(["ПТС", "нет"]),
        ]

    market = draft(write_file, cars("Марка,Модель,Год,Цена,Пробег,Владельцы,Документы", row))[0].market
    names = [item.name for item in market.features]
    assert names[:4] == ["make", "model", "year", "mileage"]
    assert "owners" in names
    assert "dokumenty" in names
    assert feature(market, "dokumenty").label == "Документы"


def test_a_yes_or_blank_column_is_a_flag(write_file: Write) -> None:
    rows = cars(
        "make,model,year,price,mileage,clean_title",
        lambda luck, make, model, y, m, p: [make, model, y, p, m, luck.choice(["Yes", ""])],
    )
    found, path = draft(write_file, rows)
    assert feature(found.market, "clean_title").blank == "false"
    assert set(clean(found, path).frame["clean_title"]) == {0.0, 1.0}


def test_a_vin_is_left_out_whatever_share_is_missing(write_file: Write) -> None:
    numbers = iter(range(10_000))

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        vin = f"WAUZZZ8K{next(numbers) // 2 % 30:09}" if luck.random() < 0.5 else ""
        return [make, model, year, price, miles, vin]

    market = draft(write_file, cars("make,model,year,price,mileage,vin_number", row))[0].market
    assert "vin_number" not in [item.name for item in market.features]


def test_zeros_that_mean_unknown_are_missing(write_file: Write) -> None:
    rows = cars(
        "make,model,year,price,mileage,engineSize,mpg",
        lambda luck, make, model, y, m, p: [
            make,
            model,
            y,
            p,
            m,
            luck.choice([0, 1.4, 2.0]),
            luck.choice([0, 45.6, 60.1]),
        ],
    )
    found, path = draft(write_file, rows)
    frame = clean(found, path).frame
    assert frame["engine_size"].null_count() > 10
    assert frame["mpg"].null_count() > 10


def test_spellings_are_folded_or_suggested(write_file: Write) -> None:
    rows = cars(
        "make,model,year,price,mileage",
        lambda luck, _, model, y, m, p: [
            luck.choices(["Mercedes-Benz", "Mercedes Benz", "MERCEDES", "Great", "Great Wall"], [5, 2, 2, 1, 1])[
                0
            ],
            model,
            y,
            p,
            m,
        ],
    )
    found, _ = draft(write_file, rows)
    assert feature(found.market, "make").replace == {
        "Mercedes Benz": "Mercedes-Benz",
        "MERCEDES": "Mercedes-Benz",
    }
    assert "'Great' may be 'Great Wall'" in found.text


def test_dotted_dates_are_no_numbers(write_file: Write) -> None:
    rows = cars(
        "make,model,year,price,mileage,public_date,mot",
        lambda luck, make, model, y, m, p: [
            make,
            model,
            y,
            p,
            m,
            f"{luck.randint(1, 28):02}.0{luck.randint(1, 9)}.2024",
            f"{luck.randint(13, 28)}/06/2025",
        ],
    )
    market = draft(write_file, rows)[0].market
    assert market.listing.seen == "public_date"
    assert (feature(market, "mot").kind, feature(market, "mot").day_first) == ("date", None)


def test_what_a_field_is_worth_is_said(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        power = luck.choice([90, 150, 300])
        return [make, model, year, int(price * (power / 150) ** 0.8), miles, power]

    text = write_csv("make,model,year,price,mileage,power", (row(*car) for car in draw_cars(900)))
    found, _ = draft(write_file, text)
    assert not feature(found.market, "power").optional
    assert "So it is required." in found.text


def test_name_and_title_follow_the_output(write_file: Write) -> None:
    found, _ = draft(write_file, usual(), name="my-market")
    assert (found.market.name, found.market.title) == ("my_market", "Used cars of my_market")
    assert tomllib.loads(found.text)["name"] == "my_market"


def test_units_in_names_and_horses_in_polish(write_file: Write) -> None:
    rows = cars(
        "make,model,year,price,mileage,powerPS,Объем двигателя л",
        lambda luck, make, model, y, m, p: [
            make,
            model,
            y,
            p,
            m,
            luck.choice([75, 105]),
            luck.choice(["1.6", "2.0"]),
        ],
    )
    market = draft(write_file, rows)[0].market
    assert (feature(market, "power").unit, feature(market, "power").column) == ("PS", "powerPS")
    assert feature(market, "engine_size").unit == "l"
    rows = cars(
        "Marka,Model,Rok produkcji,Cena,Przebieg,Moc",
        lambda luck, make, model, y, m, p: [make, model, y, p, f"{m} km", luck.choice(["105 KM", "150 KM"])],
    )
    found, path = draft(write_file, rows)
    assert feature(found.market, "power").unit == "PS"
    assert set(clean(found, path).frame["power"]) == {105.0, 150.0}


def test_the_language_of_values_tells_the_country(write_file: Write) -> None:
    rows = cars(
        "brand,model,year,price,mileage,fuelType,gearbox",
        lambda luck, make, model, y, m, p: [
            *(make, model, y, p, m),
            *(luck.choice(["benzin", "elektro"]), luck.choice(["manuell", "automatik"])),
        ],
    )
    found, _ = draft(write_file, rows)
    assert (found.market.currency, found.questions["currency"]) == (
        "EUR",
        "prices in EUR are only a guess: say it with --currency",
    )


def title_rows(shuffled: bool) -> Iterator[list[Any]]:
    rows = []
    numbers = iter(range(10_000))
    for luck, make, model, year, miles, price in draw_cars(1_200):
        trim = luck.choice(["Sport", "Basic", "Comfort"])
        worth = {"Sport": 1.25, "Basic": 0.85, "Comfort": 1.0}[trim]
        rows.append(
            [make, model, year, int(price * worth), miles, f"{make} {trim} nr {next(numbers)} now {price}"]
        )
    titles = [row[-1] for row in rows]
    if shuffled:
        random.Random(2).shuffle(titles)
    return ([*row[:-1], title] for row, title in zip(rows, titles, strict=True))


def test_words_of_titles_that_prices_follow(write_file: Write) -> None:
    found, _ = draft(write_file, write_csv("make,model,year,price,mileage,Title", title_rows(shuffled=False)))
    assert [item.name for item in found.market.features if item.kind == "text"] == ["title"]
    line, words = re.findall("^# .*$", found.text.partition("[features.title]")[0], re.MULTILINE)[-2:]
    assert line == '# Prices follow the words of "Title", which are learnt one by one, all else equal:'
    assert re.fullmatch(r'# (?:"[a-z ]+" [+-]\d+ %(?:, |\.$))+', words)
    assert {"sport", "basic"} <= set(re.findall(r'"(.+?)"', words))
    found, _ = draft(write_file, write_csv("make,model,year,price,mileage,Title", title_rows(shuffled=True)))
    assert not [item.name for item in found.market.features if item.kind in ("flag", "text")]
