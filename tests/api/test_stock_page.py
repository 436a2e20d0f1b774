"""The page that prices a file: every usual CSV, every row answered, nothing kept."""

import csv
import io
import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from tests.api.calls import Result, as_json, call, find_state
from tests.api.conftest import MakeApp
from tests.model.cars import UK_CAR, change

from carprice.api.pages.stock_file import MAX_ROWS
from carprice.api.pages.stock_routes import MAX_BYTES

BOUNDARY = "a-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
FILE = b"""make,model,year,mileage,fuel,transmission,tax,mpg,engine size,asking_price,note
Ford,Fiesta,2017,15944,Petrol,Manual,150,57.7,1.0,"9,500",=1+1
Ford,Fiista,2017,15k,Petrol,Manual,150,57.7,1.0,,
Ford,Fiesta,1900,15944,Petrol,Manual,150,57.7,1.0,,
Ford,Fiesta,2012,45,,,,,,,
"""


def send(
    app: Flask, data: bytes, wanted: str = "", kind: str = f"multipart/form-data; boundary={BOUNDARY}"
) -> Result:
    parts = [(b'name="file"; filename="cars.csv"', data), (b'name="as"', wanted.encode())]
    body = b"".join(
        b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (BOUNDARY.encode(), head, text)
        for head, text in parts
    )
    return call(app.wsgi_app, "POST", "/stock", body + b"--%s--\r\n" % BOUNDARY.encode(), kind=kind)


def read_table(result: Result) -> list[list[str]]:
    assert result.status == 200
    rows = re.findall(r"<tr data-amounts.*?</tr>", result.body.decode(), re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(unescape(re.sub("<[^>]+>", " ", cell)).split()) for cell in row] for row in cells]


def read_csv(result: Result) -> list[dict[str, str]]:
    assert result.status == 200
    assert result.header("Content-Disposition") == 'attachment; filename="priced.csv"'
    return list(csv.DictReader(io.StringIO(result.body.decode("utf-8-sig"))))


def test_every_row_has_its_price_or_its_problem(app: Flask) -> None:
    table = read_table(send(app, FILE))
    expected = call(app.wsgi_app, "POST", "/predict/price", as_json(change(UK_CAR, asking_price=9_500))).json
    assert table[0][1] == f"£{expected['price']:,}"
    assert table[0][3] == "£9,500"
    assert table[0][4].endswith(expected["position"]["word"])
    assert table[1][5].startswith("Model was not among the training listings")
    assert table[2][1:] == ["no price", "", "", "", "Year should be from 1980 to 2021"]
    assert table[3][5].startswith("Mileage of 45 mi is little for a car of 2012: ")
    assert table[3][5].endswith("taken as usual: Transmission, Fuel")
    assert "3 of 4 cars have a price" in send(app, FILE).body.decode()


def test_a_car_without_usual_values_says_why(app: Flask) -> None:
    [row] = read_table(send(app, b"make,model,year,mileage\nFord,Fiista,2017,15k\n"))
    needed = "Transmission is missing; Fuel is missing"
    assert row[5] == f"{needed}; Model was not among the training listings; did you mean 'Fiesta'?"


def test_the_file_comes_back_with_its_prices(app: Flask) -> None:
    rows = read_csv(send(app, FILE, "csv"))
    expected = call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR)).json
    assert [rows[0][f"predicted_{name}"] for name in ("price", "low", "high")] == [
        str(expected[name]) for name in ("price", "low", "high")
    ]
    assert rows[0]["note"] == "'=1+1", "no formula runs"
    assert rows[1]["warnings"] == "unknown_category:model"
    assert (rows[2]["predicted_price"], rows[2]["problem"]) == ("", "Year should be from 1980 to 2021")


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + FILE,
        FILE.decode().encode("utf-16"),
        b"Make;Model;Year;Mileage;fuelType;Transmission;Tax;MPG;engineSize\r\n"
        b"Ford;Fiesta;2017;15.944;Petrol;Manual;150;57,7;1,0\r\n",
    ],
    ids=["bom", "utf-16", "semicolons"],
)
def test_usual_files_are_read(app: Flask, data: bytes) -> None:
    expected = call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR)).json["price"]
    assert read_table(send(app, data))[0][1] == f"£{expected:,}"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04...", "This looks like an Excel workbook, and it is damaged"),
        (b"\xd0\xcf\x11\xe0...", "This is an old Excel workbook (.xls), or one with a password."),
        (b"a\0b", "This is no text."),
        (b"a,b\n1,2\n", "No column is called Make, Model"),
        (b"make\n" + b"Ford\n" * (MAX_ROWS + 1), "The file has 1,001 cars; here 1,000 are priced at once."),
    ],
    ids=["empty", "xlsx", "xls", "binary", "columns", "rows"],
)
def test_what_cannot_be_priced_says_why(app: Flask, data: bytes, problem: str) -> None:
    page = send(app, data).body.decode()
    assert problem in page
    assert "<table" not in page


def test_rows_of_any_length_are_answered(app: Flask) -> None:
    data = b"make,model,year\nFord\nFord,Fiesta,2017,1,2,3\n"
    assert [row[5] for row in read_table(send(app, data))] == [
        "Model is missing; Year is missing; Transmission is missing; Mileage is missing; Fuel is missing",
        "Mileage is missing",
    ]
    assert len(read_csv(send(app, data, "csv"))) == 2


def test_a_large_file_and_another_type_are_refused(app: Flask) -> None:
    assert send(app, b"x" * (MAX_BYTES + 1)).status == 413
    assert send(app, FILE, kind="text/csv").status == 415
    assert send(app, FILE, kind="multipart/form-data").status == 400


def test_no_more_files_are_priced_at_once_than_batches(make_app: MakeApp) -> None:
    app = make_app(max_batches=1)
    find_state(app).batches.acquire()
    assert send(app, FILE).status == 429


def test_nothing_is_kept(app: Flask, tmp_path: Path) -> None:
    send(app, FILE.replace(b",,\n", b",,secret\n"))
    find_state(app).close()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"secret" not in path.read_bytes()


def test_the_page_says_what_it_takes(app: Flask, make_app: MakeApp, tmp_path: Path) -> None:
    page = call(app.wsgi_app, "GET", "/stock").body.decode()
    assert "At most 1,000 cars and 1 MB" in page
    assert len(page) < 100_000
    assert call(make_app(artifacts_dir=tmp_path / "none").wsgi_app, "GET", "/stock").status == 503
