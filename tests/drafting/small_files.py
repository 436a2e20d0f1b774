"""A small file of invented cars, written in one way or another, and what its draft makes of it."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.drafting.invented import draw_cars

from carprice.drafting.draft import Answers, Draft, draft_market
from carprice.listings.cleaning import load_listings
from carprice.market.market_file import Feature, Market

Write = Callable[..., Path]
"""The fixture that writes a text to a file."""
ROWS = 120


def write_csv(header: str, rows: Iterator[list[Any]]) -> str:
    output = io.StringIO()
    csv.writer(output).writerows([header.split(","), *rows])
    return output.getvalue()


def cars(header: str, make_row: Callable[..., list[Any]]) -> str:
    """A file with a row of each car: make_row gets the random numbers, make, model, year, miles and price."""
    return write_csv(header, (make_row(*car) for car in draw_cars(ROWS)))


def with_more(header: str, make_values: Callable[..., list[Any]]) -> str:
    """The usual columns, and those of header behind them with what make_values makes of the same car."""
    return cars(f"make,model,year,mileage,price,{header}", lambda luck, *car: [*car, *make_values(luck, *car)])


def usual(
    price: Callable[[int], object] = str, year: Callable[[int], object] = str, miles: Callable[[int], object] = str
) -> str:
    header = "make,model,year,price,mileage"
    return cars(header, lambda _, make, model, y, m, p: [make, model, year(y), price(p), miles(m)])


def group(number: int, mark: str) -> str:
    return f"{number:,}".replace(",", mark)


def draft(write_file: Write, text: str, **answers: Any) -> tuple[Draft, Path]:
    path = write_file(text)
    return draft_market(path, Answers(**answers)), path


def clean(found: Draft, path: Path) -> Any:
    return load_listings(path, found.market)


def feature(market: Market, name: str) -> Feature:
    found = market.feature(name)
    assert found, [item.name for item in market.features]
    return found


def truth() -> list[tuple[int, int, int]]:
    return [(year, miles, price) for _, _, _, year, miles, price in draw_cars(ROWS)]
