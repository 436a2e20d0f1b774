import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from carprice.errors import ListingsError
from carprice.listings.reading.listings_file import ListingsFile

Write = Callable[..., Path]

HEADER = ["make", "price", "day", "sold", "engine"]
ROWS = [["Ford", 5000.0, date(2020, 1, 2), True, 1.5], ["BMW", 6000, datetime(2020, 1, 2, 3, 4), False, 2.0]]
TEXTS = [
    {"make": "Ford", "price": "5000", "day": "2020-01-02", "sold": "true", "engine": "1.5"},
    {"make": "BMW", "price": "6000", "day": "2020-01-02 03:04:00", "sold": "false", "engine": "2"},
]


def make_workbook(**sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def read(path: Path) -> tuple[list[dict[str, str]], ListingsFile]:
    file = ListingsFile(path)
    return pl.concat(file.read_batches()).to_dicts(), file


def test_values_are_text_as_a_csv_has_them(write_file: Write) -> None:
    rows, file = read(write_file(make_workbook(Cars=[HEADER, *ROWS]), "cars.xlsx"))
    assert rows == TEXTS
    assert (file.counted, file.notes, file.find_lines([2, 3])) == ("row", [], [2, 3])


def test_the_first_sheet_with_a_table_is_read(write_file: Write) -> None:
    sheets = {
        "Cover": [["Our cars"]],
        "Cars": [["Export"], [], HEADER, ROWS[0], [], ROWS[1]],
        "Old": [HEADER, *ROWS],
    }
    rows, file = read(write_file(make_workbook(**sheets), "cars.xlsx"))
    assert rows == TEXTS
    assert file.notes == ["Read sheet 'Cars', not 'Old'", "Skipped rows 1 to 2 above the header"]
    assert file.find_lines([file.first_line, file.first_line + 1]) == [4, 6]


def test_a_row_of_groups_above_the_names_is_skipped(write_file: Write) -> None:
    groups = ["Car", None, "Sale", None, None]
    rows, file = read(write_file(make_workbook(Cars=[groups, HEADER, *ROWS]), "cars.xlsx"))
    assert rows == TEXTS
    assert file.notes == ["Skipped row 1 above the header"]


def test_units_below_the_names_belong_to_them(write_file: Write) -> None:
    units = [None, None, "km", "EUR", None]
    rows, file = read(write_file(make_workbook(Cars=[HEADER, units, *ROWS]), "cars.xlsx"))
    assert [[*row.values()] for row in rows] == [[*row.values()] for row in TEXTS]
    assert file.columns == ["make", "price", "day (km)", "sold (EUR)", "engine"]


def test_errors_of_formulas_are_no_values(write_file: Write) -> None:
    rows, _ = read(write_file(make_workbook(Cars=[["make", "price"], ["Ford", "#N/A"], ["BMW", 2]]), "cars.xlsx"))
    assert rows == [{"make": "Ford", "price": None}, {"make": "BMW", "price": "2"}]


def test_cells_beside_the_table_are_counted(write_file: Write) -> None:
    rows, file = read(write_file(make_workbook(Cars=[["a", "b"], [1, 2], [3, 4, None, "look"]]), "cars.xlsx"))
    assert rows == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert file.notes == ["Cells beside the table were not read in 1 rows"]


def test_no_table_and_damage(write_file: Write) -> None:
    with pytest.raises(ListingsError, match="has no sheet with a table"):
        ListingsFile(write_file(make_workbook(Cover=[["Our cars"]]), "cars.xlsx"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook>")
    with pytest.raises(ListingsError, match="is a damaged workbook"):
        ListingsFile(write_file(packed.getvalue(), "cars.xlsx"))


def test_other_documents_are_called_by_their_name(write_file: Write) -> None:
    for name, what in (("xl/workbook.bin", "a binary Excel workbook"), ("word/document.xml", "a Word document")):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(name, "x")
        with pytest.raises(ListingsError, match=f"is {what}"):
            ListingsFile(write_file(packed.getvalue(), "cars.xlsx"))
