"""Invented listings in the shapes that real files have: other names, other marks, other units."""

import csv
import io
import random
from collections.abc import Iterator

MODELS = {
    "Volkswagen": ("Golf", "Polo", "Passat"),
    "BMW": ("320", "520", "X5"),
    "Opel": ("Astra", "Corsa"),
    "Skoda": ("Octavia", "Fabia"),
}


def draw_cars(rows: int) -> Iterator[tuple[random.Random, str, str, int, int, int]]:
    """The random numbers, make, model, year, mileage and price of each car."""
    luck = random.Random(1)
    for _ in range(rows):
        make = luck.choice(list(MODELS))
        model = luck.choice(MODELS[make])
        year = luck.randint(2005, 2022)
        miles = int((2023 - year) * 14_000 * luck.uniform(0.5, 1.5)) + 500
        new = 18_000 + 6_000 * list(MODELS).index(make) + 4_000 * MODELS[make].index(model)
        yield luck, make, model, year, miles, int(new * 0.9 ** (2023 - year) * luck.uniform(0.9, 1.1))


def german_csv(rows: int = 800) -> str:
    """Semicolons, decimal commas, thousands points, euros, months, a text of its own, a monthly rate."""
    header = (
        "Inserat-ID Marke Modell Erstzulassung Kilometerstand Preis Hubraum Klimaanlage Beschreibung Finanzierung"
    )
    lines = [header.split()]
    for number, (luck, make, model, year, miles, price) in enumerate(draw_cars(rows)):
        lines.append(
            [
                f"{100_000 + number}",
                make,
                model,
                f"{luck.randint(1, 12):02}/{year}",
                f"{miles:,} km".replace(",", "."),
                f"{price:,} €".replace(",", "."),
                luck.choice(["1,4", "1,6", "2,0", "k.A."]),
                luck.choice(["ja", "nein"]),
                f"Auto Nr. {number}; sehr schön",
                f"{price // 60}",
            ]
        )
    return _write(lines, ";")


def nameless_csv(rows: int = 800) -> str:
    """Columns whose names say nothing, a row number, and a column that never changes."""
    lines = [list("abcdefg")]
    for number, (_, make, model, year, miles, price) in enumerate(draw_cars(rows)):
        lines.append([f"{number}", make, model, f"{year}", f"{miles}", f"{price}", "x"])
    return _write(lines, ",")


def dollar_tsv(rows: int = 800) -> str:
    """Tabs, dollars with thousands commas, make and model in one, units in the text, missing texts."""
    lines = [["car_name", "year", "selling_price", "km_driven", "fuel", "mileage", "engine", "seats"]]
    for luck, make, model, year, miles, price in draw_cars(rows):
        lines.append(
            [
                f"{make} {model}",
                f"{year}",
                f"${price:,}",
                f"{miles}",
                luck.choice(["Diesel", "Petrol", ""]),
                luck.choice(["23.4 kmpl", "17.0 kmpl", "n/a"]),
                luck.choice(["1248 CC", "1498 CC"]),
                luck.choice(["5", "7", "?"]),
            ]
        )
    return _write(lines, "\t")


def _write(lines: list[list[str]], delimiter: str) -> str:
    output = io.StringIO()
    csv.writer(output, delimiter=delimiter).writerows(lines)
    return output.getvalue()
