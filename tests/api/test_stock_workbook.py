"""Excel workbooks on the page that prices a file: those of people, and those that are made to do harm."""

import io
import time
import tracemalloc
import zipfile
from collections.abc import Mapping
from datetime import date, datetime

import openpyxl  # type: ignore[import-untyped]
import pytest
from flask import Flask
from tests.api.calls import as_json, call
from tests.api.test_stock_page import read_csv, read_table, send
from tests.model.cars import UK_CAR, change

from carprice.api.pages import stock_workbook
from carprice.api.pages.stock_file import MAX_ROWS, write_cell
from carprice.api.pages.stock_workbook import WorkbookError, read_workbook

HEADER = [*UK_CAR, "asking_price", "note"]
SECONDS = 10
"""Of the processor, on a busy machine; without limits these files take minutes, or all memory."""
MANY_BYTES = 200_000_000
BOOK = (
    '<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="a" r:id="r1"/></sheets></workbook>'
)
RELATIONS = '<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>'
ROW = '<row><c t="inlineStr"><is><t>Ford</t></is></c><c><v>1</v></c></row>'


def write_book(*rows: list[object], titles: int = 0, first: bool = True) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    if not first:
        sheet.append(["Only a note"])
        sheet = book.create_sheet()
    for row in [*[["Our stock"], []][:titles], *rows]:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def write_zip(parts: Mapping[str, str | bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def write_sheet(rows: str, head: str = "", **more: str | bytes) -> bytes:
    sheet = f"{head}<worksheet><sheetData>{rows}</sheetData></worksheet>"
    parts: dict[str, str | bytes] = {
        "xl/workbook.xml": BOOK,
        "xl/_rels/workbook.xml.rels": RELATIONS,
        "xl/worksheets/sheet1.xml": sheet,
    }
    return write_zip({**parts, **more})


@pytest.mark.parametrize("book", [{}, {"titles": 2}, {"first": False}], ids=["plain", "titles", "second sheet"])
def test_a_workbook_is_priced_as_the_api_prices(app: Flask, book: dict[str, bool]) -> None:
    data = write_book(HEADER, [*UK_CAR.values(), 9500, "=1+1"], [*change(UK_CAR, year=1900).values()], **book)
    table, rows = read_table(send(app, data)), read_csv(send(app, data, "csv"))
    expected = call(app.wsgi_app, "POST", "/predict/price", as_json(change(UK_CAR, asking_price=9_500))).json
    assert table[0][1] == f"£{expected['price']:,}"
    assert table[0][4].endswith(expected["position"]["word"])
    assert table[1][5] == "Year should be from 1980 to 2021"
    assert rows[0]["predicted_price"] == str(expected["price"])
    assert (rows[0]["mileage"], rows[0]["mpg"]) == ("15944", "57.7")


def test_texts_numbers_dates_and_errors_are_read() -> None:
    data = write_book(
        ["a", "b"], [1.5, 45_000], [date(2020, 5, 31), datetime(2020, 6, 1, 12)], [True, "#N/A"], [None, "x" * 300]
    )
    assert read_workbook(data, 10) == [
        ["a", "b"],
        [1.5, 45_000.0],
        ["2020-05-31", "2020-06-01"],
        ["yes"],
        ["", "x" * 300],
    ]


def test_texts_in_pieces_and_cells_without_places_are_read() -> None:
    strings = "<sst><si><r><t>For</t></r><r><t>d</t></r><rPh><t>FORD</t></rPh></si></sst>"
    rows = '<row><c t="s"><v>0</v></c><c r="C1" t="str"><v>x</v></c></row><row/>' + ROW
    data = write_sheet(rows, **{"xl/sharedStrings.xml": strings})
    assert read_workbook(data, 10) == [["Ford", "", "x"], ["Ford", 1.0]]


@pytest.mark.parametrize("decimal", [".", ","])
def test_numbers_have_the_decimal_mark_of_their_column(decimal: str) -> None:
    assert write_cell(1.598, decimal) == f"1{decimal}598"
    assert write_cell(45_000.0, decimal) == "45000"


HOSTILE = {
    "unpacks to gigabytes": write_sheet("", " " * 300_000_000),
    "one long token": write_sheet("<row a='" + "x" * 7_900_000 + "'/>"),
    "elements without end": write_sheet("<row>" + "<c/>" * 1_900_000 + "</row>"),
    "entities": write_sheet(
        ROW * 2, '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>', **{"xl/styles.xml": "<s/>"}
    ),
    "a file of this machine": write_sheet(ROW * 2, '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
    "a text a thousand times": write_sheet(
        '<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>' * 1000,
        **{"xl/sharedStrings.xml": f"<sst><si><t>{'x' * 4_000_000}</t></si></sst>"},
    ),
    "a text that is not there": write_sheet('<row><c t="s"><v>7</v></c><c><v>1</v></c></row>' * 2),
    "no number": write_sheet("<row><c><v>one</v></c><c><v>1</v></c></row>" * 2),
    "a sheet elsewhere": write_zip(
        {"xl/workbook.xml": BOOK, "xl/_rels/workbook.xml.rels": RELATIONS.replace("worksheets", "../../etc")}
    ),
    "unusual packing": write_zip({"xl/workbook.xml": BOOK}, zipfile.ZIP_LZMA),
    "no workbook": write_zip({"cars.csv": "make\nFord\n"}),
    "cut off": write_sheet(ROW * 2)[:-60],
    "broken XML": write_sheet(ROW + "<row>"),
    "far cells": write_sheet('<row><c r="XFD1"><v>1</v></c></row>' * 2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_workbooks_are_refused_soon_and_cheaply(app: Flask, name: str) -> None:
    began = time.process_time()
    with pytest.raises(WorkbookError):
        read_workbook(HOSTILE[name], MAX_ROWS)
    assert time.process_time() - began < SECONDS
    tracemalloc.start()  # which makes it several times slower
    with pytest.raises(WorkbookError):
        read_workbook(HOSTILE[name], MAX_ROWS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MANY_BYTES
    if len(HOSTILE[name]) < 1_000_000:
        page = send(app, HOSTILE[name])
        assert page.status == 200
        assert "This looks like an Excel workbook, and it " in page.body.decode()


def test_damaged_bytes_are_refused() -> None:
    data = bytearray(write_book(["make", "model"], ["Ford", "Fiesta"]))
    for place in range(0, len(data), 37):
        changed = bytes(data[:place]) + bytes([data[place] ^ 0x55]) + bytes(data[place + 1 :])
        try:
            read_workbook(changed, 10)
        except WorkbookError:
            continue


def test_more_rows_than_are_priced_at_once_are_said(app: Flask) -> None:
    data = write_book(HEADER, *([[*UK_CAR.values()]] * (MAX_ROWS + 20)))
    assert "The sheet has over 1,000 cars, the most at once." in send(app, data).body.decode()
    assert len(read_table(send(app, write_book(HEADER, *([[*UK_CAR.values()]] * MAX_ROWS))))) == MAX_ROWS


def test_columns_are_counted_as_letters_are() -> None:
    assert [stock_workbook._count_column(letters) for letters in ("A", "Z", "AA", "XFD")] == [0, 25, 26, 16_383]
