import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from carprice.errors import ListingsError
from carprice.listings.reading import byte_source
from carprice.listings.reading.listings_file import ListingsFile

Write = Callable[..., Path]

CSV = b"make,price\nFord,1\n"
PARQUET = io.BytesIO()
pl.DataFrame({"make": ["Ford"], "price": [1]}).write_parquet(PARQUET)


def make_zip(**files: bytes) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return output.getvalue()


def make_tar(**files: bytes) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"folder/{name.replace('__', '.')}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return output.getvalue()


READABLE = {
    "zip": make_zip(cars__csv=CSV, README__md=b"hello"),
    "zip with gzip": make_zip(cars__csv__gz=gzip.compress(CSV)),
    "gzip of zip": gzip.compress(make_zip(cars__csv=CSV)),
    "zip of JSON": make_zip(cars__json=b'[{"make": "Ford", "price": 1}]'),
    "zip of Parquet": make_zip(cars__parquet=PARQUET.getvalue()),
    "gzip of Parquet": gzip.compress(PARQUET.getvalue()),
    "tar": make_tar(cars__csv=CSV, LICENSE=b"free"),
    "tar.gz": gzip.compress(make_tar(cars__csv=CSV)),
    "gzip in gzip": gzip.compress(gzip.compress(CSV)),
}


@pytest.mark.parametrize("case", READABLE)
def test_reads(case: str, write_file: Write) -> None:
    file = ListingsFile(write_file(READABLE[case], "cars.bin"))
    assert pl.concat(file.read_batches()).to_dicts() == [{"make": "Ford", "price": "1"}]
    assert any("of the archive" in note for note in file.notes) == ("zip" in case.split() or "tar" in case)


def test_several_tables_are_named(write_file: Write) -> None:
    for data in (make_zip(a__csv=CSV, b__csv=CSV), gzip.compress(make_tar(a__csv=CSV, b__csv=CSV))):
        with pytest.raises(ListingsError, match=r"is an archive with 2 tables: (folder/)?a.csv, (folder/)?b.csv"):
            ListingsFile(write_file(data))


def test_damage(write_file: Write) -> None:
    packed = make_zip(cars__csv=CSV * 1_000)
    for data in (packed[:-30], gzip.compress(make_tar(cars__csv=CSV))[:-20], b"PK\x03\x04abc"):
        with pytest.raises(ListingsError, match=r"is a damaged archive|ends too early"):
            ListingsFile(write_file(data))


def test_too_many_layers(write_file: Write) -> None:
    data = CSV
    for _ in range(5):
        data = gzip.compress(data)
    with pytest.raises(ListingsError, match="is packed more than 3 times"):
        ListingsFile(write_file(data))


def test_bombs(write_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_source, "FREE_BYTES", 1_000_000)
    lines = b"make,price\n" + b"Ford,1\n" * 1_000_000
    for data in (gzip.compress(lines), make_zip(cars__csv=lines), gzip.compress(make_tar(cars__csv=lines))):
        with pytest.raises(ListingsError, match="unpacks to more than 200 times its"):
            list(ListingsFile(write_file(data)).read_batches())


def test_lines_without_an_end(write_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_source, "MAX_LINE_BYTES", 3_000_000)
    with pytest.raises(ListingsError, match="the line at byte 11 is longer than"):
        ListingsFile(write_file(b"make,price\nF" + b"o" * 9_000_000))
    with pytest.raises(ListingsError, match="line 1: is longer than 256 kB"):
        ListingsFile(write_file(b"F" + b"o" * 1_000_000))
