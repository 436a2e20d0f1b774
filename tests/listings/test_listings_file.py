import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from carprice.errors import ListingsError
from carprice.listings.reading import csv_rows
from carprice.listings.reading.formats import EXPECTED
from carprice.listings.reading.listings_file import ListingsFile

Write = Callable[..., Path]

ROWS = [{"make": "Ford", "price": "1"}, {"make": "BMW", "price": "2"}]
READABLE = {
    "comma": b"make,price\nFord,1\nBMW,2\n",
    "semicolon": b"make;price\nFord;1\nBMW;2\n",
    "tab": b"make\tprice\nFord\t1\nBMW\t2\n",
    "BOM": b"\xef\xbb\xbfmake,price\nFord,1\nBMW,2\n",
    "Windows line ends": b"make,price\r\nFord,1\r\nBMW,2\r\n",
    "old Mac line ends": b"make,price\rFord,1\rBMW,2\r",
    "no last line end": b"make,price\nFord,1\nBMW,2",
    "empty lines": b"make,price\n\nFord,1\n\n\nBMW,2\n\n",
    "quotes": b'"make","price"\n"Ford","1"\n"BMW","2"\n',
    "spaces in the header": b" make , price\nFord,1\nBMW,2\n",
    "gzip": gzip.compress(b"make,price\nFord,1\nBMW,2\n"),
}

BAD = {
    "empty": (b"", "is empty"),
    "blank": (b"\n \n", "is empty"),
    "header only": (b"make,price\n", "has a header and no listings"),
    "header without a line end": (b"make,price", "has a header and no listings"),
    "a zero byte in the header": (b"ma\0ke,price\nFord,1\n", "is no text (byte 2 is zero)"),
    "a binary file": (b"make,price\n" + bytes(range(9)) * 99 + b"\n", "is no text (byte 11 is zero)"),
    "nothing but a zero byte": (b"make,price\nFo\0rd,1\n", "line 2: a zero byte: 'Fo\\x00rd,1'"),
    "no row that fits": (b"make,price\nFord,1,2,3\n", "line 2: should have 2 fields, has 4: 'Ford,1,2,3'"),
    "gzip cut off": (
        gzip.compress(b"make,price\n" + b"Ford,1\n" * 9)[:-9],
        "is packed and ends too early",
    ),
    "gzip in name only": (b"\x1f\x8babcdefghijkl", "is packed and is damaged (Unknown compression method)"),
    "Parquet in name only": (b"PAR1" + b"x" * 20, "is damaged Parquet ("),
    "old Excel": (
        b"\xd0\xcf\x11\xe0" + b"\0" * 40,
        "is an old Excel file (.xls), or one with a password, no table of listings",
    ),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3", "is a PDF file, no table of listings"),
    "HTML": (b"<!DOCTYPE html>\n<table><tr><td>Ford", "is HTML, no table of listings"),
}
DROPPED = {
    "too many fields": (b"make,price\nFord,1\n\nBMW,2,3\nVW,3\n", ["Ford", "VW"], ("too many fields", 4)),
    "too few fields": (
        b'make,price\n"Ford\nFiesta",1\nBMW\nVW,3\n',
        ["Ford\nFiesta", "VW"],
        ("too few fields", 4),
    ),
    "too many fields in several lines": (
        b'make,price,text\nFord,1,"a\nb",x\nVW,2,c\n',
        ["VW"],
        ("too many fields", 2),
    ),
    "open quote": (
        b'make,price\nFord,1\n"BMW,2\n' + b"VW,3\n" * 50_000,
        ["Ford", *["VW"] * 50_000],
        ("a quote is opened and never closed", 3),
    ),
    "open quote before a quote": (
        b'a,b,c,d\n1,2,3,4\n"2,2,3,4\n3,2,3,4\n4,2,3,4\n5,"2",3,4\n',
        ["1", "3", "4", "5"],
        ("a quote is opened and never closed", 3),
    ),
    "a cut character": (
        "make,price\nŠkoda,1\nCitroën,2\n".encode() + b"Fo\xc3rd,3\n",
        ["Škoda", "Citroën"],
        ("bytes that are not UTF-8", 4),
    ),
    "a zero byte near the start": (
        b"make,price\nFord,1\nB\0MW,1\nVW,2\n",
        ["Ford", "VW"],
        ("a zero byte", 3),
    ),
    "a zero byte far down": (
        b"make,price\n" + b"Ford,1\n" * 700 + b"B\0MW,1\n",
        ["Ford"] * 700,
        ("a zero byte", 702),
    ),
}
KEPT = {
    "quote inside of a field": (b'make,price\nFord 5" rim,1\nVW,2\n', ['Ford 5" rim', "VW"]),
    "quotes inside of quotes": (b'make,price\n"Ford "Focus" ST",1\nVW,2\n', ['Ford "Focus" ST', "VW"]),
    "quotes behind spaces": (b'make, price\n"Ford", "1"\n"VW", "2"\n', ["Ford", "VW"]),
    "doubled quotes": (b'make,price\n"Ford ""Focus""",1\nVW,2\n', ['Ford "Focus"', "VW"]),
    "text of several lines": (
        b'make,price,text,c,d\nFord,1,"Red.\nABS, ESP, air bag, radio, CD\nCall",1,2\n',
        ["Ford"],
    ),
}


@pytest.mark.parametrize("case", READABLE)
def test_reads(case: str, write_file: Write) -> None:
    assert pl.concat(ListingsFile(write_file(READABLE[case])).read_batches()).to_dicts() == ROWS


@pytest.mark.parametrize("case", BAD)
def test_bad_file(case: str, write_file: Write) -> None:
    content, message = BAD[case]
    path = write_file(content)
    with pytest.raises(ListingsError) as error:
        list(ListingsFile(path).read_batches())
    assert error.value.what.startswith(f"{path}: {message}")
    if not message.endswith("("):
        assert error.value.what == f"{path}: {message}"


@pytest.mark.parametrize("case", DROPPED)
def test_rows_that_are_none_are_dropped_and_counted(case: str, write_file: Write) -> None:
    content, kept, (reason, line) = DROPPED[case]
    path = write_file(content)
    file = ListingsFile(path)
    rows = pl.concat(file.read_batches())
    assert rows[rows.columns[0]].to_list() == kept
    assert [(row.reason, row.count, row.line) for row in file.dropped] == [(reason, 1, line)]
    with pytest.raises(ListingsError, match=f"line {line}: "):
        list(ListingsFile(path, is_strict=True).read_batches())


@pytest.mark.parametrize("case", KEPT)
def test_quotes_that_are_kept(case: str, write_file: Write) -> None:
    content, kept = KEPT[case]
    file = ListingsFile(write_file(content))
    assert pl.concat(file.read_batches())[file.columns[0]].to_list() == kept
    assert file.dropped == []


def test_a_dropped_row_far_down(write_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 1_000)
    file = ListingsFile(write_file(b"make,price\n" + b"Ford,1\n" * 5_000 + b"BMW\nVW,2\n"))
    assert pl.concat(file.read_batches()).height == 5_001
    assert [(row.count, row.line) for row in file.dropped] == [(1, 5_002)]
    assert file.find_lines([2, 5_001, 5_002]) == [2, 5_001, 5_003]


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "no.csv", "no such file"), (tmp_path, "is a folder, not a file")):
        with pytest.raises(ListingsError) as error:
            ListingsFile(path)
        assert str(error.value) == f"{path}: {message}\n{EXPECTED}"


def test_batches_are_small_and_in_order(write_file: Write) -> None:
    path = write_file("make,price\n" + "".join(f"Ford,{row}\n" for row in range(25)))
    batches = list(ListingsFile(path).read_batches(batch_rows=10))
    assert [batch.height for batch in batches] == [10, 10, 5]
    assert pl.concat(batches)["price"].to_list() == [str(row) for row in range(25)]


def test_lines_of_rows(write_file: Write) -> None:
    file = ListingsFile(write_file('make,price\n"Ford\nFiesta",1\n\nBMW,2\nVW,3\n'))
    assert sum(batch.height for batch in file.read_batches()) == 3
    assert file.find_lines([2, 3, 4]) == [2, 5, 6]


def test_parquet_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "cars.parquet"
    frame = pl.DataFrame(
        {
            "make": pl.Series(["Ford", None], dtype=pl.Categorical),
            "price": [1.5, 2.0],
            "sold": [True, False],
            "since": pl.Series(["2020-01-02", None]).str.to_date(),
            "tags": [["a"], []],
        }
    )
    frame.write_parquet(path)
    assert pl.concat(ListingsFile(path).read_batches()).to_dicts() == [
        {"make": "Ford", "price": "1.5", "sold": "true", "since": "2020-01-02"},
        {"make": None, "price": "2", "sold": "false", "since": None},
    ]


def test_no_number_in_parquet_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "cars.parquet"
    pl.DataFrame({"mpg": [1.5, float("nan"), None], "doors": [3, 4, None]}).write_parquet(path)
    assert pl.concat(ListingsFile(path).read_batches()).to_dicts() == [
        {"mpg": "1.5", "doors": "3"},
        {"mpg": None, "doors": "4"},
        {"mpg": None, "doors": None},
    ]


def test_cut_parquet(tmp_path: Path) -> None:
    path = tmp_path / "cars.parquet"
    pl.DataFrame({"make": ["Ford"] * 1_000}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ListingsError, match="is damaged Parquet"):
        list(ListingsFile(path).read_batches())
