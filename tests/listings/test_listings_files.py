import gzip
import io
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from carprice.errors import ListingsError
from carprice.listings.cleaning import check_listings
from carprice.listings.listings_files import ListingsFiles
from carprice.market.market_file import Market

Write = Callable[..., Path]

A = "Make,Year,Price\nFord,2015,5000\nFord,20,5000\n"
B = "Price;Make;Year\n6000;BMW;2016\n7000;BMW;20\n\n1;2\n"


@pytest.fixture
def folder(write_file: Write) -> Path:
    write_file(B, "b.csv")
    write_file("no listings", "notes.md")
    return write_file(A, "a.csv").parent


def test_files_patterns_and_folders(folder: Path) -> None:
    a, b = folder / "a.csv", folder / "b.csv"
    for named, name in (
        ([a, b], "a.csv and 1 more"),
        ([folder / "*.csv", a], "a.csv and 1 more"),
        ([folder], None),
    ):
        files = ListingsFiles(named)
        assert [file.path for file in files.files] == [a, b]
        assert files.name == (name or files.name)
        assert str(files) == " ".join(map(str, named))
        assert pl.concat(files.read_batches()).rows()[2] == ("BMW", "2016", "6000")


def test_the_report_names_the_file(folder: Path, make_market: Callable[..., Market]) -> None:
    report = check_listings(ListingsFiles([folder]), make_market())
    assert report.as_table() == (
        f"{folder} as market cars\n"
        "  rows read               5\n"
        "  rows kept               2\n"
        "  rows dropped            3\n"
        f"    Year: value outside limits          2   first: {folder / 'a.csv'} line 3, '20'\n"
        f"    too few fields                      1   first: {folder / 'b.csv'} line 5, '1;2'"
    )
    assert report.as_dict()["findings"][1]["file"] == str(folder / "b.csv")


def test_a_renamed_column_is_suggested(folder: Path, write_file: Write) -> None:
    other = write_file("Make,year_built,Price\nVW,2017,8000\n", "c.csv")
    with pytest.raises(ListingsError) as error:
        ListingsFiles([folder / "a.csv", other])
    assert str(error.value) == (
        f"{other}: has no column 'Year', which {folder / 'a.csv'} has\n"
        "Did you mean 'year_built'? Rename it there. Files read together have the same columns; "
        "it has: Make, year_built, Price."
    )
    more = write_file("Make,Year,Price,Km\nVW,2017,8000,5\n", "d.csv")
    with pytest.raises(ListingsError, match=r"d.csv: has a column 'Km', which .*a.csv has not"):
        ListingsFiles([folder / "a.csv", more])


def test_nothing_found(tmp_path: Path) -> None:
    with pytest.raises(ListingsError, match=r"\*.csv: no file has such a name"):
        ListingsFiles([tmp_path / "*.csv"])
    with pytest.raises(ListingsError, match="is a folder without listings"):
        ListingsFiles([tmp_path])


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(A.encode())))
    files = ListingsFiles([Path("-")])
    assert pl.concat(files.read_batches()).height == pl.concat(files.read_batches()).height == 2
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    with pytest.raises(ListingsError, match="standard input: is empty"):
        ListingsFiles([Path("-")])


def test_how_much_was_read_is_known_while_it_is_read(write_file: Write) -> None:
    rows = "Ford,2015,5000\n" * 1_000_000
    a, b = (write_file(f"Make,Year,Price\n{rows}", name) for name in ("a.csv", "b.csv"))
    files = ListingsFiles([a, b])
    assert files.find_share_read() == 0
    shares = [files.find_share_read() for _ in files.read_batches(100_000)]
    assert 0 < shares[0] < 0.5
    assert shares == sorted(shares)
    assert files.find_share_read() == 1


def test_of_a_packed_file_the_share_is_of_what_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"Make,Price\n" + b"".join(b"%d,%d\n" % (n * n, n) for n in range(1_500_000))))
    files = ListingsFiles([path])
    batches = files.read_batches(50_000)
    next(batches)
    assert 0 < files.find_share_read() < 1
    assert sum(batch.height for batch in batches) == 1_450_000
    assert files.find_share_read() == 1


def test_the_end_of_standard_input_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(A.encode())))
    files = ListingsFiles([Path("-")])
    list(files.read_batches())
    assert files.find_share_read() == 0
