"""Names of cars: what stands for the make, the model, the version and the year in them."""

import random
from typing import Any

import pytest
from tests.drafting.invented import draw_cars
from tests.drafting.small_files import ROWS, Write, cars, clean, draft, feature, truth

TRIMS = ["LXI", "Sport", "Comfort"]


def columns(found: Any) -> dict[str, str]:
    return {item.name: item.column for item in found.market.features}


def test_a_year_between_the_model_and_the_version(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{make} {model} Alltrack  {year} {luck.choice(TRIMS)}", year, price, miles]

    found, path = draft(write_file, cars("Name,Year,Price,KM", row))
    frame = clean(found, path).frame
    assert set(frame["model"]) == {f"{model} Alltrack" for _, _, model, *_ in draw_cars(ROWS)}
    assert set(frame["version"]) == set(TRIMS)


def test_a_year_behind_the_name(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{make} {model} {year}", f"{miles:,} KM", price]

    found, path = draft(write_file, cars("name,mileage,price", row), currency="EGP")
    frame = clean(found, path).frame
    assert set(frame["model"]) == {model for _, _, model, *_ in draw_cars(ROWS)}, "without the year"
    assert frame["year"].to_list() == [year for year, _, _ in truth()]
    assert "version" not in frame.columns


def test_few_models_of_more_words_before_the_year_stay_whole(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        more = " 7 Pro Max" if luck.random() < 0.05 else ""
        return [f"{make} {model}{more} {year}", f"{miles:,} KM", price]

    found, path = draft(write_file, cars("name,mileage,price", row), currency="EGP")
    frame = clean(found, path).frame
    assert frame.height == ROWS
    assert any(model.endswith(" 7 Pro Max") for model in frame["model"])


def test_names_that_a_site_has_cut_give_no_models(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [
            f"{make} {model} 1...n clim" if luck.random() < 0.5 else f"{make} {model} LX",
            year,
            f"{miles:,} KM",
            price,
        ]

    found, _ = draft(write_file, cars("name,year,mileage,price", row), currency="EGP")
    assert ".n" not in feature(found.market, "model").pattern


@pytest.mark.parametrize("series", ["Series", "Serisi", "класс"])
def test_series_and_classes_belong_to_the_model_before_them(series: str, write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        name = model.replace("Golf", f"{luck.choice('35')} {series}")
        return [f"{make} {name} {luck.choice(TRIMS)} {luck.randint(1, 99)}", year, price, miles]

    found, path = draft(write_file, cars("name,year,price,km", row))
    models = set(clean(found, path).frame["model"])
    assert {f"3 {series}", f"5 {series}"} <= models
    assert not any(model.startswith(series) for model in models)


def test_a_number_that_looks_like_a_year_is_the_model(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{make} {model.replace('Golf', '2008')} {year}", year, price, miles]

    found, path = draft(write_file, cars("name,year,price,km", row))
    frame = clean(found, path).frame
    assert {"2008", "Polo"} < set(frame["model"])
    assert frame["year"].to_list() == [year for year, _, _ in truth()]


LONG = {"Golf": "Land Cruiser", "Polo": "Land Cruiser Prado", "320": "Santa Fe", "X5": "Model 3"}


def test_models_of_several_words(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{make} {LONG.get(model, model)} 2.0 {luck.choice(TRIMS)} {miles % 9}", year, price, miles]

    found, path = draft(write_file, cars("name,year,price,km", row))
    models = set(clean(found, path).frame["model"])
    assert {"Santa Fe", "Model 3", "Octavia", "Fabia"} < models
    assert {model for model in models if model.startswith("Land")} <= {"Land Cruiser", "Land Cruiser Prado"}


def test_a_korean_name_begins_with_new(write_file: Write) -> None:
    names = {"Volkswagen": "현대", "BMW": "기아", "Opel": "쉐보레", "Skoda": "제네시스"}

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{names[make]} 더 뉴 {model} {luck.choice(TRIMS)}", year, f"{price:,}만원", f"{miles:,} km"]

    found, path = draft(write_file, cars("이름,연식,가격,주행거리", row))
    assert set(clean(found, path).frame["model"]) == {f"더 뉴 {model}" for _, _, model, *_ in draw_cars(ROWS)}


def test_makes_that_no_blank_follows(write_file: Write) -> None:
    names = {"Volkswagen": "大众", "BMW": "宝马", "Opel": "别克 ", "Skoda": "路虎 "}

    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [
            f"{names[make]}{model} {year}款 1.6L 自动",
            f"{year}年",
            f"{price / 1e4:.2f}",
            f"{miles / 1e4:.2f}万公里",
        ]

    found, path = draft(write_file, cars("车型,年份,价格(万),表显里程", row))
    frame = clean(found, path).frame
    assert set(frame["make"]) == {name.strip() for name in names.values()}
    assert set(frame["model"]) == {model for _, _, model, *_ in draw_cars(ROWS)}


def test_trims_in_the_column_that_is_called_model(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [year, f"{make} Grand {model}", luck.choice(TRIMS), miles, price]

    found, path = draft(write_file, cars("year,name,model,km,price", row))
    assert columns(found)["model"] == "name"
    assert columns(found)["trim"] == "model"
    assert set(clean(found, path).frame["model"]) == {f"Grand {model}" for _, _, model, *_ in draw_cars(ROWS)}


def test_series_and_their_models(write_file: Write) -> None:
    """Turkish files have a series, as Clio is one, and call its trims models."""

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        trim = f"1.{luck.randint(0, 9)} {luck.choice(TRIMS)}"
        return [make, model + " Serisi", trim, year, miles, f"{price:,}".replace(",", ".") + " TL"]

    found, _ = draft(write_file, cars("Marka,Seri,Model,Yıl,Kilometre,Fiyat", row))
    assert {name: columns(found)[name] for name in ("model", "trim")} == {"model": "Seri", "trim": "Model"}


def test_models_of_a_class_stay_models(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make, f"{model} class", f"{model} {luck.choice(TRIMS)}", year, miles, price]

    found, _ = draft(write_file, cars("make,class,model,year,km,price", row))
    assert columns(found)["model"] == "model"


@pytest.mark.parametrize("name", ["car_name", "Title"])
def test_words_of_names_that_are_all_different_are_learnt(write_file: Write, name: str) -> None:
    numbers = iter(range(9_999))

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        trim = luck.choice(["quattro", "base"])
        dearer = 1.4 if trim == "quattro" else 1.0
        number = next(numbers)
        return [f"{make} {model} {trim} stock{number}", year, miles + number, int(price * dearer)]

    lines = [cars(f"{name},year,km,price", row).splitlines() for _ in range(6)]
    found, _ = draft(write_file, "\n".join([lines[0][0], *(line for some in lines for line in some[1:])]))
    texts = [item for item in found.market.features if item.kind == "text"]
    assert [item.column for item in texts] == [name]
    assert "quattro" in found.text


def test_a_title_that_says_no_more_is_left_out(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{make} {model} {year}", make, model, year, miles, price]

    found, _ = draft(write_file, cars("title,make,model,year,km,price", row))
    assert '"title" is left out: it says no more than "make", "model", "year".' in found.text
    assert "title" not in columns(found).values()


def test_dealers_have_no_models(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{make} {model} {luck.choice(TRIMS)}", luck.choice(["A", "B"]), year, miles, price]

    found, path = draft(write_file, cars("Type,Dealer_Name,year,km,price", row))
    assert feature(found.market, "model").column == "Type"
    assert "Octavia" in set(clean(found, path).frame["model"])


def test_models_with_their_versions_beside_a_make(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        version = f"{luck.choice(['1.6', '2.0'])} {luck.choice(TRIMS)} {luck.choice(['TDI', 'TSI'])} {miles % 4}"
        return [make, f"{model} {version}", year, miles, price]

    found, path = draft(write_file, cars("brand,model,first_registration,kilometers,price", row))
    frame = clean(found, path).frame
    assert set(frame["model"]) == {model for _, _, model, *_ in draw_cars(ROWS)}
    assert set(frame["engine_size"]) == {1.6, 2.0}


def test_models_that_many_listings_have_stay_whole(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make, f"{model} Plus Line", year, miles, price]

    found, path = draft(write_file, cars("brand,model,year,kilometers,price", row))
    assert set(clean(found, path).frame["model"]) == {f"{model} Plus Line" for _, _, model, *_ in draw_cars(ROWS)}


def test_power_in_horses_of_many_languages(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        fuel, power = luck.choice(["Benzin", "Dizel"]), luck.randint(60, 250)
        return [make, model, year, f"1.{luck.randint(2, 8)} L/{power} a.g./{fuel}", miles, price]

    found, path = draft(write_file, cars("brand,model,year,engine,distance,price", row))
    frame = clean(found, path).frame
    assert frame["power"].is_between(60, 250).all()
    assert set(frame["fuel"]) == {"Benzin", "Dizel"}


def test_models_behind_the_makes_of_a_column(write_file: Write) -> None:
    """Names that do not begin with the make, and some that have none."""

    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        called = make.replace("Volkswagen", luck.choice(["VW", "volkswagen"]))
        before = luck.choice(["", f"{year} ", f"'{year % 100:02} ", "151 ", "Lovely "])
        name = f"{before}{called} {model}{luck.choice([',', ''])} {luck.choice(TRIMS)} {miles % 99}"
        return ["Car" if luck.random() < 0.05 else name, make, year, miles, price]

    found, path = draft(write_file, cars("name,make,year,km,price", row))
    assert columns(found)["model"] == "name"
    frame = clean(found, path).frame
    assert frame.height == ROWS
    assert set(frame["model"].drop_nulls()) == {model for _, _, model, *_ in draw_cars(ROWS)}
    assert 0 < frame["model"].null_count() < 20


def test_models_behind_a_comma_are_without_it(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{make} {model}{luck.choice([',', ''])} {luck.choice(TRIMS)}", year, miles, price]

    found, path = draft(write_file, cars("name,year,km,price", row))
    frame = clean(found, path).frame
    assert set(frame["model"]) == {model for _, _, model, *_ in draw_cars(ROWS)}
    assert set(frame["version"]) == set(TRIMS)


def test_makes_of_a_column_that_names_call_otherwise(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{make.replace('Opel', 'MG')} {model} {year}", make.replace("Opel", "moris-garage"), price, miles]

    found, path = draft(write_file, cars("name,make,price,km", row))
    assert set(clean(found, path).frame["model"]) == {model for _, _, model, *_ in draw_cars(ROWS)}


@pytest.mark.parametrize(
    "show", ["Продажа {} {}, {} год в Москве", "Dijual {} {} {}", "For sale: {} {} {}", "Used {} {}, {}"]
)
def test_words_of_an_offer_before_the_name(show: str, write_file: Write) -> None:
    text = cars("name,mileage,price", lambda _, make, model, y, m, p: [show.format(make, model, y), f"{m} km", p])
    found, path = draft(write_file, text, currency="EUR")
    frame = clean(found, path).frame
    assert set(frame["make"]) == {make for _, make, *_ in draw_cars(ROWS)}
    assert set(frame["model"]) == {model for _, _, model, *_ in draw_cars(ROWS)}, "without the comma"
    assert frame["year"].to_list() == [year for year, _, _ in truth()]
    assert "version" not in frame.columns


def test_a_year_and_the_next_one_before_the_name(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        years = f"{year}/{year + 1}" if miles % 10 == 1 else year
        return [f"{years} {make} {model} {TRIMS[miles % 3]}", f"{miles} km", price]

    found, path = draft(write_file, cars("name,mileage,price", row), currency="EUR")
    frame = clean(found, path).frame
    assert set(frame["make"]) == {make for _, make, *_ in draw_cars(ROWS)}
    assert frame["year"].to_list() == [year for year, _, _ in truth()]


def test_series_in_russian_belong_to_the_number_before_them(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"BMW {luck.choice('357')} серии {luck.choice(TRIMS)}", year, f"{miles} km", price]

    found, path = draft(write_file, cars("title,year,mileage,price", row), currency="RUB")
    frame = clean(found, path).frame
    assert set(frame["model"]) == {"3 серии", "5 серии", "7 серии"}
    assert set(frame["version"]) == set(TRIMS)


def test_names_that_were_cut_at_their_blanks(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        name = [f"{make} {model}", "Land Rover Defender", "Toyota Land Cruiser"][miles % 3]
        words = f"{name} {year} {['Black', 'White'][price % 2]}".split()
        return [" ".join(words), *words[:3], f"{miles} km", price]

    found, path = draft(write_file, cars("car_name,make,model,year,mileage,price", row), currency="KES")
    frame = clean(found, path).frame
    assert {"Land Rover", "Toyota"} <= set(frame["make"])
    assert {"Defender", "Land Cruiser"} <= set(frame["model"])
    assert frame["year"].to_list() == [year for year, _, _ in truth()]
    assert '# "model" is left out: it has but one word of "car_name".' in found.text


def test_names_that_lose_nothing_leave_their_parts_alone(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{make} {model} {luck.choice(TRIMS)}", make, model, year, f"{miles} km", price]

    found, _ = draft(write_file, cars("car_name,make,model,year,mileage,price", row), currency="KES")
    assert columns(found)["make"] == "make"
    assert columns(found)["model"] == "model"


def test_few_models_with_their_makes_before_them_are_whole(write_file: Write) -> None:
    def row(luck: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        more = " Altis" if miles % 3 == 0 else ""
        title = f"{year} {make} {model}{more} 1.6 {TRIMS[miles % 3]} - {miles}"
        return [title, f"{make} {model}{more}", f"{miles} km", price]

    found, path = draft(write_file, cars("Description,Model,Mileage,Price", row), currency="MYR")
    frame = clean(found, path).frame
    expected = [f"{model} Altis" if miles % 3 == 0 else model for _, _, model, _, miles, _ in draw_cars(ROWS)]
    assert frame["model"].to_list() == expected
    assert "model_2" not in frame.columns


@pytest.mark.parametrize("header", ["make,model", "title"])
def test_the_make_of_a_file_of_one_make_may_be_given_or_left_out(header: str, write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        names = ["Opel", model] if "," in header else [f"Opel {model} {TRIMS[miles % 3]}"]
        return [*names, year, f"{miles} km", price]

    found, path = draft(write_file, cars(f"{header},year,mileage,price", row), currency="EUR")
    assert feature(found.market, "make").optional
    assert set(clean(found, path).frame["make"]) == {"Opel"}
    assert "# All listings are of this make, so it may be left out." in found.text


def test_a_make_that_is_named_twice_has_no_model_behind_it(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [
            make.replace("Volkswagen", "VW Volkswagen").replace("BMW", "VW Volkswagen"),
            model,
            year,
            miles,
            price,
        ]

    found, path = draft(write_file, cars("manufacturer,model,year,mileage,price", row), currency="EUR")
    assert {item.name: item.column for item in found.market.features}["model"] == "model"
    assert set(clean(found, path).frame["make"]) == {"VW Volkswagen", "Opel", "Skoda"}


def test_models_behind_makes_in_a_script_that_nobody_knows(write_file: Write) -> None:
    makes = {"BMW": "ბემვე", "Opel": "ოპელი", "Skoda": "შკოდა", "Volkswagen": "ფოლკსვაგენი"}

    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"{makes[make]} {model} {TRIMS[miles % 3]}", makes[make], year, f"{miles} km", price]

    found, path = draft(write_file, cars("version,CompanyName,year,mileage,price", row), currency="GEL")
    frame = clean(found, path).frame
    assert set(frame["make"]) == {*makes.values()}
    assert set(frame["model"]) == {model for _, _, model, *_ in draw_cars(ROWS)}


@pytest.mark.parametrize("show", ["{make} {model} - {year}", "{make} {model} | {year}", "{year} - {make} {model}"])
def test_dashes_are_no_part_of_a_model(show: str, write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [show.format(make=make, model=model, year=year), f"{miles} km", price]

    found, path = draft(write_file, cars("title,mileage,price", row), currency="EUR")
    assert set(clean(found, path).frame["model"]) == {model for _, _, model, *_ in draw_cars(ROWS)}


def test_dashes_between_make_model_and_version(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        fuel = ["Diesel", "Petrol"][price % 2]
        return [f"{make} - {model} - {TRIMS[miles % 3]}", f"{year}/{miles}km/{fuel}", f"{price} EUR"]

    found, path = draft(write_file, cars("Vehicle,Details,Cost", row))
    frame = clean(found, path).frame
    assert set(frame["model"]) == {model for _, _, model, *_ in draw_cars(ROWS)}
    assert set(frame["version"]) == set(TRIMS)
    assert frame["mileage"].to_list() == [miles for _, miles, _ in truth()]
    assert set(frame["fuel"]) == {"Diesel", "Petrol"}


def test_years_of_two_digits_before_the_name(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [f"'{year % 100:02} {make} {model} {TRIMS[miles % 3]}", f"{miles} km", price]

    found, path = draft(write_file, cars("name,mileage,price", row), currency="EUR")
    frame = clean(found, path).frame
    assert set(frame["make"]) == {make for _, make, *_ in draw_cars(ROWS)}
    assert frame["year"].to_list() == [year for year, _, _ in truth()]


def test_what_stands_behind_the_name_and_beside_the_year(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        details = f"{year} • {miles:,} km • {['Diesel', 'Petrol'][miles % 2]} • {80 + miles % 60} hp"
        return [f"{make} {model} 1.6 | {['Manual', 'Automatic'][price % 2]}", details, f"{price} EUR"]

    found, path = draft(write_file, cars("title,details,price", row))
    frame = clean(found, path).frame
    assert set(frame["fuel"]) == {"Diesel", "Petrol"}
    assert set(frame["transmission"]) == {"Manual", "Automatic"}
    assert frame["power"].to_list() == [80 + miles % 60 for _, miles, _ in truth()]


def test_names_beside_a_column_of_makes_that_is_nearly_empty(write_file: Write) -> None:
    def row(_: random.Random, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [
            make if miles % 67 == 0 else "",
            f"{make} {model} {['GT', 'Sport'][miles % 2]}",
            year,
            miles,
            price,
        ]

    header, *lines = cars("Brand,Observation,year,mileage,price", row).splitlines()
    found, path = draft(write_file, "\n".join([header, *lines, *lines, *lines]))
    frame = clean(found, path).frame
    assert set(frame["make"]) == {make for _, make, *_ in draw_cars(ROWS)}
    assert set(frame["model"]) == {model for _, _, model, *_ in draw_cars(ROWS)}
