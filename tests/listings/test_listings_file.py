import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from carprice.errors import ListingsError
from carprice.listings import listings_file
from carprice.listings.csv_errors import EXPECTED
from carprice.listings.listings_file import ListingsFile

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
    "empty header": (b"\nmake,price\nFord,1\n", "line 1: is empty, not a header"),
    "column twice": (b"make,make\nFord,1\n", "line 1: column 'make' is there twice"),
    "spreadsheet": (b"PK\x03\x04abc", "is a spreadsheet or a zip archive, not CSV"),
    "JSON": (b'[{"make": "Ford"}]', "is JSON, not CSV"),
    "UTF-16": ("make,price\nFord,1\n".encode("utf-16"), "is UTF-16 text, not CSV"),
    "zero byte": (b"make,price\nFo\0rd,1\n", "is not CSV (byte 13 is zero)"),
    "too many fields": (
        b"make,price\nFord,1\n\nBMW,2,3\n",
        "line 4: should have 2 fields, has 3: 'BMW,2,3'",
    ),
    "too few fields": (
        b'make,price\n"Ford\nFiesta",1\nBMW\n',
        "line 4: should have 2 fields, has 1: 'BMW'",
    ),
    "open quote": (
        b'make,price\nFord,1\n"BMW,2\n' + b"VW,3\n" * 50_000,
        "line 3: a quote is opened and never closed",
    ),
    "Latin-1": (b"make,price\nFord,1\nCitro\xebn,2\n", "line 3: is not UTF-8 (byte 23 is 0xeb)"),
    "Latin-1 header": (b"make,pr\xe9is\nFord,1\n", "line 1: is not UTF-8 (byte 7 is 0xe9)"),
    "cut character": (b"make,price\nFord,1\xc3", "line 2: is not UTF-8 (byte 17 is 0xc3)"),
    "gzip cut off": (gzip.compress(b"make,price\n" + b"Ford,1\n" * 9)[:-9], "is gzip and ends too early"),
    "gzip in name only": (b"\x1f\x8babcdefghijkl", "is damaged gzip (Unknown compression method)"),
    "Parquet in name only": (b"PAR1" + b"x" * 20, "is damaged Parquet ("),
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


def test_bad_bytes_say_how_to_convert(write_file: Write) -> None:
    path = write_file(b"make,price\nCitro\xebn,2\n")
    with pytest.raises(ListingsError) as error:
        list(ListingsFile(path).read_batches())
    assert error.value.hint == f"Convert it: iconv {path} -f WINDOWS-1252 -t UTF-8"


def test_bad_line_far_down(write_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listings_file, "BLOCK_BYTES", 1_000)
    path = write_file(b"make,price\n" + b"Ford,1\n" * 5_000 + b"BMW\n")
    with pytest.raises(ListingsError, match="line 5002: should have 2 fields, has 1: 'BMW'"):
        list(ListingsFile(path).read_batches())


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
