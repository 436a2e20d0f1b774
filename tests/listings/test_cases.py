"""The invented files with what is right beside them, read by path where they are."""

from pathlib import Path

import polars as pl
import pytest

from carprice.errors import ListingsError
from carprice.listings.reading.listings_file import ListingsFile

COLUMNS = {
    "17": ["column_1", "Model", "Version", "Price", "Mileage", "Year"],
    "19": ["make", "model", "year", "price", "mileage"],
    "21": ["car", "price", "mileage", "year", "model"],
    "45": ["make", "model", "year", "price", "mileage"],
}


@pytest.fixture
def cases_dir(root: Path) -> Path:
    folder = root.parent / "shared" / "cases"
    if not folder.exists():
        pytest.skip(f"no cases in {folder}")
    return folder


@pytest.mark.parametrize("number", COLUMNS)
def test_reads(number: str, cases_dir: Path) -> None:
    file = ListingsFile(next(cases_dir.glob(f"{number}-*.csv")))
    frame = pl.concat(file.read_batches())
    assert (file.columns, frame.height, file.dropped) == (COLUMNS[number], 28, [])
    if number == "21":
        assert "Transit груз." in frame["model"].to_list()


def test_no_header(cases_dir: Path) -> None:
    with pytest.raises(ListingsError, match="line 1 looks like a listing, not a header"):
        ListingsFile(next(cases_dir.glob("20-*.csv")))
