"""What every test may use."""

import os
import signal
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from carprice.market.market_file import Market, load_market, parse_market

ROOT = Path(__file__).resolve().parents[1]
STACKS = ROOT / "tests" / "stack"
LONG = ("tracking",)
"""Folders whose files start servers that take long to start."""

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

# The settings of whoever runs the tests, of a .env file too, are none of the tests'.
for name in [name for name in os.environ if name.startswith("CARPRICE_") and name != "CARPRICE_LISTINGS"]:
    del os.environ[name]

# Hundreds of interpreters start here: without the bytecode that others left, each compiles its libraries again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would every command that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Long files first: at the end, one of them would keep one process busy and the others waiting.

    Those of tests/stack are spread among the others: the first builds the image, for which all of them wait.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    yield  # -m leaves tests out
    paths = list(dict.fromkeys(item.path for item in items))
    paths.sort(key=lambda path: path not in slow and path.parent.name not in LONG)
    stacks = [path for path in paths if STACKS in path.parents]
    others = [path for path in paths if STACKS not in path.parents]
    place = {path: (number, 1) for number, path in enumerate(others)}
    place |= {path: (number * len(others) // len(stacks), 0) for number, path in enumerate(stacks)}
    items.sort(key=lambda item: place[item.path])


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def markets_dir(root: Path) -> Path:
    """The market files of the checkout."""
    return root / "markets"


@pytest.fixture(scope="session")
def listings_dir(root: Path) -> Path:
    """The folder with uk.csv.gz and georgia.csv.gz."""
    folder = Path(os.environ.get("CARPRICE_LISTINGS", root.parent / "shared" / "data"))
    if not (folder / "uk.csv.gz").exists():
        pytest.skip(f"no real listings in {folder}; set CARPRICE_LISTINGS to their folder")
    return folder


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory, markets_dir: Path) -> Path:
    """An artifacts folder with one champion of the uk market, on invented listings. Copy it to change it."""
    # Imported here: polars and lightgbm take seconds that other tests need not wait.
    from tests.bundles import grow_bundle, invent_uk_listings

    market = load_market("uk", markets_dir)
    folder = tmp_path_factory.mktemp("uk") / "artifacts"
    grow_bundle(folder, invent_uk_listings(market), market)
    return folder


@pytest.fixture(scope="session")
def dated_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifacts folder with one champion of a market with flags, dates and optional values."""
    from tests.bundles import dated_market, grow_bundle, invent_dated_listings

    folder = tmp_path_factory.mktemp("dated") / "artifacts"
    grow_bundle(folder, invent_dated_listings(), dated_market())
    return folder


@pytest.fixture(scope="session")
def titled_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifacts folder with one champion of a market with a text."""
    from tests.bundles import grow_bundle, invent_titled_listings, titled_market

    folder = tmp_path_factory.mktemp("titled") / "artifacts"
    grow_bundle(folder, invent_titled_listings(), titled_market())
    return folder


@pytest.fixture(scope="module")
def quick_training() -> Iterator[None]:
    """Every training of the module takes a quick recipe; tests/training is about the choice of one."""
    from tests.quick_training import train_quickly

    with train_quickly():
        yield


@pytest.fixture
def make_market() -> Callable[..., Market]:
    """A market of make and year, with more keys of the price, and more tables of TOML text below."""

    def make(more: str = "", price: str = "") -> Market:
        text = CARS.replace("[price]\n", f"[price]\n{price}\n")
        return parse_market(tomllib.loads(text + more), "cars.toml")

    return make


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[..., Path]:
    """Write bytes or text to a file of that name and give its path."""

    def write(content: bytes | str, name: str = "cars.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
