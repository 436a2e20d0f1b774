"""Files in which no column is called after models, or the one that is has other things."""

import random
from typing import Any

import pytest
from tests.drafting.invented import draw_cars
from tests.drafting.small_files import ROWS, Write, cars, clean, draft, feature, truth, with_more

MODELS = {model for _, _, model, *_ in draw_cars(ROWS)}


def test_the_name_of_a_seller_is_no_model(write_file: Write) -> None:
    """The titles of cars are, although nearly each is different."""

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        seller = f"{luck.choice('ABCDE')}. {luck.choice('RSTUV')}."
        return [make, f"Clean {make} {model} no {luck.randint(1, 999)}", year, miles, price, seller, miles % 40]

    found, path = draft(write_file, cars("brand,title,year,km,price,seller_name,seller_total_ads", row))
    assert feature(found.market, "model").column == "title"
    assert set(clean(found, path).frame["model"]) == MODELS
    assert "seller" not in " ".join(item.name for item in found.market.features)


def test_names_of_cars_whose_makes_the_file_does_not_have(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{model} {luck.randint(60, 190)} ch Sport {luck.randint(1, 99)}", year, miles, price]

    found, path = draft(write_file, cars("Version,Annee,Km,Prix", row), currency="EUR")
    assert set(clean(found, path).frame["model"]) == MODELS
    assert [item.name for item in found.market.features] == ["model", "power", "year", "mileage"]


def test_versions_that_are_called_models(write_file: Write) -> None:
    """Nearly each its own, they are no category, and the power stands in them."""

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        engine = f"1.{luck.randint(0, 9)} {luck.randint(60, 180)} CV"
        return [make, f"{engine} {luck.choice(['Easy', 'Sport'])} {miles % 97}", year, miles, price]

    found, _ = draft(write_file, cars("marca,modello,anno,km,prezzo", row), currency="EUR")
    assert [item.name for item in found.market.features] == ["make", "year", "mileage", "power", "engine_size"]
    assert '# "modello" is left out: nearly every listing has a text of its own.' in found.text


def test_a_link_is_the_source_of_nothing(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"https://cars.example/{make}/{model}/4-doors/{year}/{miles}", make, model, year, miles, price]

    found, _ = draft(write_file, cars("link,make,model,modelyear,mileage,price", row))
    assert {item.name: item.column for item in found.market.features} == {
        "make": "make",
        "model": "model",
        "year": "modelyear",
        "mileage": "mileage",
    }


def test_pictures_and_the_day_a_page_was_read_tell_nothing_of_a_car(write_file: Write) -> None:
    def more(luck: random.Random, *_: Any) -> list[Any]:
        return [f"2024-03-{luck.randint(1, 9):02} 11:05:02", luck.randint(1, 25), luck.choice(["True", "False"])]

    found, _ = draft(write_file, with_more("parsed_at,imgs_count,found_img", more))
    assert [item.name for item in found.market.features] == ["make", "model", "year", "mileage"]
    assert found.market.listing.seen == "parsed_at"


def test_the_day_of_a_turkish_advert(write_file: Write) -> None:
    def more(luck: random.Random, *_: Any) -> list[Any]:
        return [f"{luck.randint(1, 28)} Haziran 2024"]

    found, _ = draft(write_file, with_more("İlan Tarihi", more))
    assert found.market.listing.seen == "İlan Tarihi"


def test_power_in_two_units(write_file: Write) -> None:
    def more(luck: random.Random, *_: Any) -> list[Any]:
        power = luck.randint(50, 200)
        return [f"{power} kW ({round(power * 1.36)} CV)"]

    found, path = draft(write_file, with_more("potenza", more))
    assert (feature(found.market, "power").column, feature(found.market, "power").unit) == ("potenza", "kW")
    assert clean(found, path).frame["power"].max() <= 200


def test_distances_of_which_some_have_lost_their_beginning(write_file: Write) -> None:
    """The cells of some rows were cut: their year has the first digits of the distance."""

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        low = miles // 10_000 * 10_000
        if luck.random() < 0.12:
            return [make, model, low // 1000, f"000 - {low + 9999} km", price]
        return [make, model, year, f"{low} - {low + 9999} km", price]

    found, path = draft(write_file, cars("Co,Model,Year,Miles,Price", row), currency="LYD")
    mileage = feature(found.market, "mileage")
    assert (mileage.kind, mileage.column) == ("number", "Miles")
    frame = clean(found, path).frame
    assert frame["mileage"].null_count() == frame["year"].null_count() > 0.1 * ROWS
    assert set(frame["mileage"].drop_nulls() % 10_000) == {4_999.5}


JOINED = {
    "a slash": lambda make, model: f"{make}/{model}",
    "an underscore": lambda make, model: f"{make}_{model}",
    "an empty part": lambda make, model: f"{make}, ,{model}",
    "a bar": lambda make, model: f"{make} | {model}",
    "the make last": lambda make, model: f"{model} {make}",
    "the make last, in brackets": lambda make, model: f"{model} ({make})",
}


@pytest.mark.parametrize("name", JOINED)
@pytest.mark.parametrize("column", ["car", "model", "marca_modelo"])
def test_makes_and_models_that_a_mark_joins(name: str, column: str, write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        make = make.replace("Opel", "Land Rover" if name != "an underscore" else "land_rover")
        return [JOINED[name](make, model.replace("Golf", "Golf Plus")), year, miles, price]

    found, path = draft(write_file, cars(f"{column},year,mileage,price", row), currency="EUR")
    frame = clean(found, path).frame
    assert set(frame["model"]) == MODELS - {"Golf"} | {"Golf Plus"}
    assert {make.casefold().replace("_", " ") for make in frame["make"]} == {
        "bmw",
        "land rover",
        "skoda",
        "volkswagen",
    }


def test_a_version_behind_a_second_mark(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{make}/{model}/{['Base', 'Sport', 'Luxury Line'][miles % 3]}", year, miles, price]

    found, path = draft(write_file, cars("car,year,mileage,price", row), currency="EUR")
    frame = clean(found, path).frame
    assert set(frame["model"]) == MODELS
    assert set(frame["version"]) == {"Base", "Sport", "Luxury Line"}


def test_what_stands_behind_a_comma_is_no_model_where_the_name_is_before_it(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{make} {model}, {['Base', 'Sport'][miles % 2]}", year, miles, price]

    found, path = draft(write_file, cars("car,year,mileage,price", row), currency="EUR")
    frame = clean(found, path).frame
    assert set(frame["model"]) == MODELS
    assert set(frame["make"]) == {make for _, make, *_ in draw_cars(ROWS)}


def test_rows_without_a_price_whose_other_cells_moved_up(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        cells = [make, model, price + 3_000, year, miles, luck.choice(["Petrol", "Diesel"])]
        return cells[:2] + cells[3:] + [""] if luck.random() < 0.1 else cells

    found, path = draft(write_file, cars("make,model,price,year,mileage,fuel", row), currency="EUR")
    listings = clean(found, path)
    assert listings.frame["price"].min() > 3_000
    assert listings.report.dropped["price is a year"] > 0.05 * ROWS


def test_the_last_part_of_a_path_may_say_little(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make, model, year, miles, luck.randint(50, 200), price, "EUR"]

    header = (
        "vehicle.make.name,vehicle.model.name,vehicle.registration.year,vehicle.mileageInKm,vehicle.engine.powerKw,"
        "offer.price.amount,offer.price.currency"
    )
    found, _ = draft(write_file, cars(header, row))
    assert found.market.price.column == "offer.price.amount"
    assert [(item.name, item.unit) for item in found.market.features] == [
        ("make", ""),
        ("model", ""),
        ("year", ""),
        ("mileage", "km"),
        ("power", "kW"),
    ]


def test_a_column_of_yes_and_no_is_no_make(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [int(make == "BMW"), int(make == "Opel"), model, year, miles, price]

    found, _ = draft(write_file, cars("make_BMW,make_Opel,model,year,km,price", row), currency="EUR")
    assert found.market.feature("make") is None
    assert feature(found.market, "make_bmw").kind == "flag"


def test_titles_in_a_file_without_makes(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        words = luck.choice(["tip top", "one owner", "new tyres"])
        return [f"{model.lower()} {words} {luck.randint(1, 99)}", f"{year} / {miles // 1000}k km / Manual", price]

    found, path = draft(write_file, cars("title,details,price", row), currency="EUR")
    frame = clean(found, path).frame
    assert set(frame["model"]) == {model.lower() for model in MODELS}
    assert frame["mileage"].median() > 50_000


def test_distances_in_a_column_called_after_thousands_and_numbers_of_lots(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [luck.randint(1, 90), make, model, year, miles // 1000, price]

    found, _ = draft(write_file, cars("Lot No,make,model,year,TKM,price", row), currency="EUR")
    assert [item.name for item in found.market.features] == ["make", "model", "year", "mileage"]
    assert feature(found.market, "mileage").scale == 1000


def test_makes_with_a_year_before_them_are_not_behind_the_model(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{year} {make}", model, miles, price]

    found, path = draft(write_file, cars("brand,model,km,price", row), currency="CAD")
    assert clean(found, path).frame["year"].to_list() == [year for year, _, _ in truth()]


def test_few_cars_that_have_a_yes_and_columns_whose_own_name_is_yes(write_file: Write) -> None:
    """One car in seventy is damaged, which costs it much."""
    header, *lines = with_more("Damaged,On order", lambda *_: ["", ""]).splitlines()
    rows = [line[: -len(",")] + ("," if at % 3 else ",On order") for at, line in enumerate(lines * 20)]
    rows = [line.replace(",,", ",Yes,", 1) if at % 70 == 0 else line for at, line in enumerate(rows)]
    found, _ = draft(write_file, "\n".join([header, *rows]))
    for name, yes in (("damaged", "Yes"), ("on_order", "On order")):
        flag = feature(found.market, name)
        assert (flag.kind, flag.true, flag.blank) == ("flag", (yes,), "false")


def test_of_joined_tables_the_models_that_stand_in_the_titles(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        title = f"{make} {model} {luck.choice(['GT', 'Line', 'full'])} {year}"
        return [title, make, luck.choice(["Polo", "X5", "Corsa"]), make, model, year, miles, price]

    found, _ = draft(write_file, cars("title,Marca_x,Modelo_x,Marca_y,Modelo_y,year,km,price", row))
    assert feature(found.market, "model").column == "Modelo_y"
