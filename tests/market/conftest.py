"""Small markets and files."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from carprice.market.market import Market, parse_market

CARS = """
name = "cars"
title = "Cars"
currency = "EUR"
distance_unit = "km"

[price]
column = "Price"
min = 500
max = 100000

[features.make]
column = "Make"
kind = "category"

[features.year]
column = "Year"
kind = "year"
min = 1990
max = 2021
"""


@pytest.fixture
def make_market() -> Callable[..., Market]:
    """A market of make and year, with more tables of TOML text below."""

    def make(more: str = "") -> Market:
        return parse_market(tomllib.loads(CARS + more), "cars.toml")

    return make


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[..., Path]:
    """Write bytes or text to a file of that name and give its path."""

    def write(content: bytes | str, name: str = "cars.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
