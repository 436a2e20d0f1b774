"""Distances driven, and what is in kilometres and none."""

from typing import Any

import pytest
from tests.drafting.invented import draw_cars
from tests.drafting.small_files import Write, cars, clean, draft, feature, truth, usual

OTHERS = {
    "emissions": ("Emissioni di CO2", lambda luck: f"{luck.randint(90, 180)} g CO2/km (comb.)", "g/km"),
    "grams": ("CO2", lambda luck: f"{luck.randint(90, 180)} g/km", "g/km"),
    "speed": ("Top speed", lambda luck: f"{luck.randint(150, 250)} km/h", "km/h"),
    "speed of any name": ("Vmax", lambda luck: f"{luck.randint(150, 250)} km per hour", ""),
    "range": ("Range", lambda luck: f"{luck.randint(25, 50)}0 km", "km"),
    "Reichweite": ("Elektrische Reichweite", lambda luck: f"{luck.randint(25, 50)}0 km", "km"),
    "electricity": ("Verbrauch", lambda luck: f"{luck.randint(130, 250) / 10} kWh/100 km", "kWh/100 km"),
    "weight": ("Peso", lambda luck: luck.randint(900, 2000), ""),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_distance_driven(name: str, write_file: Write) -> None:
    column, show, unit = OTHERS[name]
    found, path = draft(
        write_file,
        cars(
            f"make,model,year,price,{column}", lambda luck, make, model, y, m, p: [make, model, y, p, show(luck)]
        ),
    )
    assert found.market.mileage is None
    other = next(item for item in found.market.features if item.column == column)
    assert (other.name != "mileage", other.scale) == (True, 1)
    assert other.unit == unit or name == "speed of any name"
    assert clean(found, path).frame[other.name].max() <= 2_000


def test_how_far_away_a_car_is_says_nothing_of_it(write_file: Write) -> None:
    def row(luck: Any, make: str, model: str, year: int, miles: int, price: int) -> list[Any]:
        return [make, model, year, price, f"{luck.randint(1, 300)} km"]

    found, _ = draft(write_file, cars("make,model,year,price,Distance from you", row))
    assert '"Distance from you" is left out: nobody can answer it who asks for a price.' in found.text
    found, _ = draft(write_file, cars("make,model,year,price,Distance", row))
    assert found.market.mileage is None


def test_low_distances_are_thousands_only_where_they_fall_with_the_year(write_file: Write) -> None:
    found, _ = draft(write_file, usual(miles=lambda m: str(m % 600)))
    assert feature(found.market, "mileage").scale == 1
    found, _ = draft(write_file, usual(miles=lambda m: f"{m // 1000} km"))
    assert feature(found.market, "mileage").scale == 1
    found, _ = draft(write_file, usual(miles=lambda m: str(m // 1000)))
    assert feature(found.market, "mileage").scale == 1_000


@pytest.mark.parametrize(
    ("column", "show", "scale"),
    [
        ("Kilometer (Tsd)", lambda m: f"{m / 1000:.1f}", 1_000),
        ("里程(万公里)", lambda m: f"{m / 10_000:.4f}", 10_000),
        ("Mileage", lambda m: f"{m // 1000}K km", 1),
        ("Mileage", lambda m: f"{m // 1000} tsd. km", 1),
    ],
)
def test_words_that_say_thousands(column: str, show: Any, scale: float, write_file: Write) -> None:
    found, path = draft(write_file, usual(miles=show).replace("mileage", column))
    assert feature(found.market, "mileage").scale == scale
    assert clean(found, path).frame["mileage"].to_list() == pytest.approx(
        [miles for _, miles, _ in truth()], abs=1_000
    )


def test_emissions_in_a_name_are_no_unit_of_distances(write_file: Write) -> None:
    text = usual(price=lambda price: f"£{price}")
    header, *rows = text.splitlines()
    lines = [f"{header},CO2 (g/km)", *(f"{row},{90 + place % 80}" for place, row in enumerate(rows))]
    found, _ = draft(write_file, "\n".join(lines))
    assert found.market.distance_unit == "mi"
    assert len(rows) == len(list(draw_cars(len(rows))))


def test_ranges_in_thousands_of_kilometres_in_a_column_that_is_called_mile(write_file: Write) -> None:
    def show(miles: int) -> str:
        low = miles // 5_000 * 5
        return f"{low} - {low + 5}K km" if miles % 3 and low else f"{miles} km" if low else "0 - 5K km"

    found, path = draft(write_file, usual(miles=show).replace("mileage", "mile"))
    mileage = feature(found.market, "mileage")
    assert (mileage.column, mileage.kind, mileage.unit, mileage.scale) == ("mile", "number", "km", 1)
    assert found.market.distance_unit == "km"
    driven = clean(found, path).frame["mileage"].to_list()
    assert driven == pytest.approx([miles for _, miles, _ in truth()], abs=2_501)


def test_miles_in_a_country_of_kilometres_are_asked_for(write_file: Write) -> None:
    found, _ = draft(write_file, usual(price=lambda price: f"฿{price:,}").replace("mileage", "mile"))
    assert found.market.distance_unit == "mi"
    assert found.questions["distance"] == "with THB they are mostly in km: say it with --distance"
    found, _ = draft(write_file, usual(price=lambda price: f"£{price:,}").replace("mileage", "mile"))
    assert "distance" not in found.questions


def test_values_of_a_column_say_more_of_its_unit_than_its_name(write_file: Write) -> None:
    text = usual(miles=lambda m: f"around {m} km, more or less").replace("mileage", "mile")
    found, _ = draft(write_file, text)
    assert found.market.distance_unit == "km"
    assert "values of column 'mile' say so" in found.text
