"""Columns that are found by parts of their names, or inside other columns."""

import random
from typing import Any

import pytest
from tests.drafting.invented import draw_cars
from tests.drafting.small_files import ROWS, Write, cars, clean, draft, feature, group, truth, usual, with_more

from carprice.model.listing import parse_fields


def test_a_year_before_the_name(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{year} {make} {model}{['', ' GT Line', ' Sport'][miles % 3]}", f"{miles:,} Kms", f"₹ {price:,}"]

    header, *lines = cars("Car Name,Kms Driven,Price", row).splitlines()
    found, path = draft(write_file, "\n".join([header, *lines, *lines, *lines]))
    frame = clean(found, path).frame
    assert frame["year"].to_list() == [year for year, _, _ in truth()]
    assert set(frame["model"]) == {model for _, _, model, *_ in draw_cars(ROWS)}
    assert set(frame["version"]) == {"GT Line", "Sport", None}


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


@pytest.mark.parametrize("show", [lambda year: str(year % 100), lambda year: f"{year % 100:02}"])
def test_years_of_two_digits(show: Any, write_file: Write) -> None:
    found, path = draft(write_file, usual(year=show))
    assert feature(found.market, "year").calendar == "two digits"
    assert clean(found, path).frame["year"].to_list() == [year for year, _, _ in truth()]


def test_an_age_that_is_called_a_year_is_none(write_file: Write) -> None:
    found, _ = draft(write_file, usual(year=lambda year: str(2023 - year)))
    assert feature(found.market, "year").kind == "number"


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


def test_a_year_among_shifted_cells(write_file: Write) -> None:
    """In some rows of a scraped file the cells stand a column too far to the left."""

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make, model, "Essence" if luck.random() < 0.15 else year, miles, price]

    found, _ = draft(write_file, cars("Marque,Modele,Annee,Kilometrage,Prix", row), currency="TND")
    year = feature(found.market, "year")
    assert (year.column, year.kind, year.outside) == ("Annee", "year", "missing")


def test_gears_are_no_owners(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [
            make,
            model,
            year,
            luck.choice([5, 6]),
            luck.randint(50, 250),
            luck.choice([999, 1598]),
            miles,
            price,
        ]

    found, _ = draft(write_file, cars("brand,line,year,number_of_gears,power_kW,size_ccm,kilometers,price", row))
    features = {item.name: (item.column, item.unit) for item in found.market.features}
    assert features["gears"] == ("number_of_gears", "")
    assert features["power"] == ("power_kW", "kW")
    assert features["engine_size"] == ("size_ccm", "cc")
    assert "owners" not in features


def test_power_by_its_unit(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make, model, year, f"{luck.randint(60, 300)} PS", miles, price]

    found, _ = draft(write_file, cars("make,model,year,Raw,km,price", row))
    assert feature(found.market, "power").column == "Raw"


def test_what_says_the_price_or_nothing_of_the_car(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        mean, registered = int(price * luck.uniform(0.8, 1.25)), f"{year}-0{price % 9 + 1}"
        return [luck.randint(1, 60), make, model, year, miles, price, mean, luck.randint(0, 9), registered]

    found, _ = draft(write_file, cars("ID,Марка,Модель,Год,Пробег,Цена,Средняя цена,favorite,Reg_Dt", row))
    assert [item.name for item in found.market.features] == ["make", "model", "year", "mileage"]
    assert '"ID" is left out: it names the listing, not the car.' in found.text
    assert '"Средняя цена" is left out: it follows the price.' in found.text
    assert '"Reg_Dt" is left out: it says no more than "Год".' in found.text


def test_fuels_in_brackets_behind_litres(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        fuel = luck.choices(["бензин", "дизель"], [19, 1])[0]
        return [make, model, year, f"{luck.choice([1.6, 2])} ({fuel})", miles, price]

    found, path = draft(write_file, cars("Марка,Модель,Год,Объем двигателя,Пробег,Цена", row), currency="KZT")
    assert feature(found.market, "engine_size").unit == "l"
    assert set(clean(found, path).frame["fuel"]) == {"бензин", "дизель"}


def test_fuel_economy_in_miles_of_a_country_of_kilometres(write_file: Write) -> None:
    text = usual(price=lambda price: f"{price} kr").replace("price,mileage", "price,milage")
    header, *lines = text.splitlines()
    rows = [f"{header},mpg", *(f"{line},{18 + index % 9}" for index, line in enumerate(lines))]
    found, _ = draft(write_file, "\n".join(rows), currency="DKK")
    assert found.market.distance_unit == "km"
    assert "fuel economy is in miles" in found.questions["distance"]


def test_years_with_a_month_and_numbers_with_thousands_in_one_cell(write_file: Write) -> None:
    """As Korean sites write them; and who never changed hands has a 0."""

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        engine = f"{luck.choice([999, 1598, 2497]):,} cc ({luck.randint(70, 200)}마력)"
        return [
            make,
            model,
            f"{year}.{miles % 12 + 1:02}",
            f"{miles:,} km",
            engine,
            luck.randint(0, 4),
            f"{price:,}만원",
        ]

    found, path = draft(write_file, cars("제조사,모델,연식,주행거리,배기량,소유자변경횟수,가격", row))
    frame = clean(found, path).frame
    assert frame["year"].null_count() == 0
    assert set(frame["year"]) <= set(range(2005, 2023))
    assert set(frame["engine_size"]) == {999, 1598, 2497}
    assert frame["power"].is_between(70, 200).all()
    owners = next(item for item in found.market.features if item.column == "소유자변경횟수")
    assert frame[owners.name].min() == 0


def test_mileages_as_wide_ranges(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        low = miles // 10_000 * 10_000
        return [make, model, year, f"{low:,} - {low + 9_999:,} km" if low > 30_000 else "1,000 - 9,999 km", price]

    found, path = draft(write_file, cars("make,model,year,mileage,price", row), currency="JOD")
    frame = clean(found, path).frame
    assert frame["mileage"].null_count() == 0
    assert frame["mileage"].min() < 6_000


def test_minus_one_says_that_a_value_is_not_known(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        is_known = luck.random() < 0.8
        return [make, model, year, miles if is_known else -1, luck.choice(["Manual", "Automatic", "-1"]), price]

    found, path = draft(write_file, cars("make,model,year,mileage,transmission,price", row))
    assert feature(found.market, "mileage").missing == ("-1",)
    assert feature(found.market, "mileage").min == 0
    frame = clean(found, path).frame
    assert frame["mileage"].null_count() > 5
    assert set(frame["transmission"].drop_nulls()) == {"Manual", "Automatic"}


def test_a_plain_date_is_the_day_of_the_listing_unless_it_is_of_the_cars_own_year(write_file: Write) -> None:
    def days(luck: random.Random, _make: str, _model: str, year: int, *_: int) -> list[Any]:
        day, month = luck.randint(1, 28), luck.randint(1, 12)
        return [f"2026-04-{day:02}", f"{year}-{month:02}-{day:02}"]

    text = with_more("date,registered", days)
    assert draft(write_file, text)[0].market.listing.seen == "date"
    swapped = text.replace("date,registered", "registered,date")
    assert not draft(write_file, swapped)[0].market.listing.seen


def test_crowns_with_points_are_danish(write_file: Write) -> None:
    found, _ = draft(write_file, usual(price=lambda price: f"{group(price * 10, '.')} kr."))
    assert found.market.currency == "DKK"
    assert "the sign may mean SEK, NOK, ISK too" in found.text
    found, _ = draft(write_file, usual(price=lambda price: f"{group(price * 10, ' ')} kr"))
    assert found.market.currency == "SEK"


def test_kilometres_a_litre_are_one_unit(write_file: Write) -> None:
    text = with_more("economy", lambda luck, *_: [f"{luck.randint(100, 299) / 10} km/l"])
    found, path = draft(write_file, text)
    assert feature(found.market, "economy").unit == "km/l"
    assert clean(found, path).frame["economy"].null_count() == 0
    assert parse_fields(found.market, {"economy": "22.2 km/l"}) == {"economy": 22.2}
    assert parse_fields(found.market, {"economy": "22.2 Km / L"}) == {"economy": 22.2}


def test_a_word_beside_the_one_fuel_of_a_file_is_none(write_file: Write) -> None:
    def describe(luck: random.Random, *_: Any) -> list[Any]:
        trim = "Essence" if luck.random() < 0.1 else "LX"
        return [f"{trim} 1.{luck.randint(0, 9)} 16V ({luck.choice(['Flex', 'flex'])})"]

    found, _ = draft(write_file, with_more("description", describe))
    assert not found.market.feature("fuel")


def test_old_cars_can_be_asked_for(write_file: Write) -> None:
    assert feature(draft(write_file, usual())[0].market, "year").min == 1950


def test_prices_that_are_cut_off_are_told(write_file: Write) -> None:
    limit = sorted(price for *_, price in truth())[ROWS // 2]
    header, *rows = usual().splitlines()
    kept = [row for row in rows if int(row.split(",")[3]) <= limit]
    found, _ = draft(write_file, "\n".join([header, *kept * 4]))
    assert "as if the file was cut off there" in found.questions["cut"]
    assert f"above {limit:,.0f} " in found.text


def test_a_gearbox_that_stands_in_a_sentence(write_file: Write) -> None:
    def describe(luck: random.Random, _: str, model: str, *__: int) -> list[Any]:
        box = luck.choice(["manual", "(aut)", "automático"])
        return [f"{model} 1.{luck.randint(0, 9)} 16V {luck.randint(10, 99)} {box}"]

    found, path = draft(write_file, with_more("description", describe))
    assert set(clean(found, path).frame["transmission"].drop_nulls()) == {"manual", "aut", "automático"}


def test_a_make_by_another_name_is_the_commoner_one(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        name = make.replace("Volkswagen", "VW" if luck.random() < 0.2 else "Volkswagen")
        return [name, model, year, miles, price]

    found, path = draft(write_file, cars("make,model,year,mileage,price", row))
    assert feature(found.market, "make").replace == {"VW": "Volkswagen"}
    assert "VW" not in set(clean(found, path).frame["make"])


def test_values_as_in_america_are_in_dollars_and_miles(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        state = luck.choice(["clean", "salvage", "rebuilt"])
        return [
            make,
            model,
            year,
            miles,
            price,
            luck.choice(["gas", "diesel"]),
            luck.choice(["truck", "sedan"]),
            state,
        ]

    found, _ = draft(write_file, cars("make,model,year,odometer,price,fuel,type,title_status", row))
    assert (found.market.currency, found.market.distance_unit) == ("USD", "mi")
    assert "only a guess" in found.questions["distance"]


def test_a_type_of_offer_that_says_used_or_new_is_a_feature(write_file: Write) -> None:
    offers = ["Used", "Demonstration", "New", "Pre-registered"]
    text = with_more("offerType", lambda luck, *_: luck.choices(offers, [8, 1, 1, 1]))
    assert feature(draft(write_file, text)[0].market, "offer_type")
    assert not draft(write_file, text.replace("Used", "Offer").replace("New", "Wanted"))[0].market.feature(
        "offer_type"
    )


def test_what_the_state_took_for_a_car_is_no_form_of_its_price(write_file: Write) -> None:
    def fees(luck: random.Random, *car: Any) -> list[Any]:
        fee = luck.randint(10, 40) * 1_000
        return [fee, fee + 2_000, round(car[-1] / 7.3)]

    found, _ = draft(write_file, with_more("omv,arf,depreciation", fees))
    assert {"omv", "arf"} <= {item.name for item in found.market.features}
    assert not found.market.feature("depreciation")


def test_the_fuel_of_a_spanish_file_is_said_once(write_file: Write) -> None:
    fuels = [
        "Bencina Bencina",
        "Bencina",
        "Diesel (petróleo) Diesel (petróleo)",
        "Diesel (petróleo)",
        "Diesel,Diesel",
    ]
    text = with_more("Combustible", lambda luck, *_: luck.choices(fuels, [9, 2, 5, 1, 1]))
    found, path = draft(write_file, text)
    assert feature(found.market, "fuel").column == "Combustible"
    assert set(clean(found, path).frame["fuel"]) == {"Bencina", "Diesel (petróleo)", "Diesel,Diesel"}


@pytest.mark.parametrize("column", ["Puissance fiscale", "Potencia fiscal", "Chevaux fiscaux", "cavalli fiscali"])
def test_taxed_horsepower_is_not_that_of_the_engine(column: str, write_file: Write) -> None:
    found, path = draft(write_file, with_more(column, lambda luck, *_: [f"{luck.randint(4, 15)} CV"]))
    fiscal = feature(found.market, "fiscal_power")
    assert (fiscal.column, fiscal.kind, found.market.feature("power")) == (column, "number", None)
    assert clean(found, path).frame["fiscal_power"].is_between(4, 15).all()
    assert parse_fields(found.market, {"fiscal_power": "8"}) == {"fiscal_power": 8}


def test_a_tax_is_no_horsepower(write_file: Write) -> None:
    found, _ = draft(write_file, with_more("tax", lambda luck, *_: [luck.choice([0, 30, 145, 200])]))
    assert feature(found.market, "tax").unit == ""


def test_the_country_that_a_car_was_made_for_is_no_trim(write_file: Write) -> None:
    text = with_more("Versione per nazione", lambda luck, *_: [luck.choice(["Italia", "Germania", "Svizzera"])])
    assert not draft(write_file, text)[0].market.feature("trim")


def test_types_of_bodies_are_no_models(write_file: Write) -> None:
    bodies = {"Volkswagen": ["Sedan", "Hatchback"], "BMW": ["SUV", "Coupe"], "Opel": ["Van"], "Skoda": ["Pickup"]}

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make, luck.choice(bodies[make]), luck.choice(["Sedan", "SUV"]), year, miles, price]

    found, _ = draft(write_file, cars("make,subtype,body,year,mileage,price", row))
    assert not found.market.feature("model")


@pytest.mark.parametrize("column", ["address", "Location name", "Fahrzeugstandort", "City", "Comuna"])
def test_where_a_car_is_can_never_be_its_model(column: str, write_file: Write) -> None:
    def row(luck: random.Random, _: str, __: str, year: int, miles: int, price: int) -> list[Any]:
        return ["Mazda", f"{luck.choice('ABCDE')}town {luck.choice('NSWE')}", year, miles, price]

    found, _ = draft(write_file, cars(f"make,{column},year,mileage,price", row))
    assert not found.market.feature("model")


def test_what_a_user_says_of_the_car_is_kept(write_file: Write) -> None:
    def row(luck: random.Random, *_: Any) -> list[Any]:
        return [f"{luck.choice(['1.0', '1.4'])} {luck.randint(60, 99)} CV {luck.choice([3, 5])} porte", "Paul"]

    found, _ = draft(write_file, with_more("vehicle_user_desc,user_name", row))
    assert "vehicle_user_desc" in {item.column for item in found.market.features}
    assert '"user_name" is left out' in found.text


def test_equipment_is_no_number_of_its_kind(write_file: Write) -> None:
    def values(luck: random.Random, *_: Any) -> list[Any]:
        return [luck.choice([0, 1]) for _ in range(3)]

    found, _ = draft(write_file, with_more("power sliding door,heated seats,motorized mirrors", values))
    kinds = {item.name: item.kind for item in found.market.features[4:]}
    assert kinds == {"power_sliding_door": "flag", "heated_seats": "flag", "motorized_mirrors": "flag"}


def test_a_dash_before_a_unit_is_no_value(write_file: Write) -> None:
    def values(luck: random.Random, *_: Any) -> list[Any]:
        is_known = luck.random() < 0.7
        power = f"{luck.randint(40, 300)} kW" if is_known else "- kW"
        return [power, luck.choice(["Manual", "Automático"]) if is_known else "- (Cambio)", "1 owner"]

    found, path = draft(write_file, with_more("power,gearbox,owner", values))
    power, gearbox = feature(found.market, "power"), feature(found.market, "transmission")
    assert (power.kind, power.missing) == ("number", ("- kW",))
    assert gearbox.missing == ("- (Cambio)",)
    assert set(clean(found, path).frame["transmission"]) == {"Manual", "Automático", None}
