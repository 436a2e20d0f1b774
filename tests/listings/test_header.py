from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from carprice.errors import ListingsError
from carprice.listings.reading.listings_file import ListingsFile

Write = Callable[..., Path]

READ = {
    "pipes": ("make|price\nFord|1\nBMW|2\n", ["make", "price"], []),
    "comma inside a name": ("Price, EUR;Year\n5.000,50;2015\n6.000,00;2014\n", ["Price, EUR", "Year"], []),
    "decimal commas": ("make;price;km\nFord;1,5;2,5\nBMW;2,5;3,5\n", ["make", "price", "km"], []),
    "groups above the names": (
        "Car,Car,Car,Sale\nmake,model,year,price\nFord,Focus,2015,7000\nAudi,A3,2014,8100\n",
        ["make", "model", "year", "price"],
        ["Skipped line 1 above the header: 'Car,Car,Car,Sale'"],
    ),
    "a listing below names that are there twice": (
        "make,make,make,price\nFord,Focus,S,7000\nAudi,A3,SE,8100\n",
        ["make", "make_2", "make_3", "price"],
        [
            "Column 'make' is there twice: the one at place 2 is called 'make_2'",
            "Column 'make' is there twice: the one at place 3 is called 'make_3'",
        ],
    ),
    "semicolons inside of texts": ('make,tags\nFord,"a;b"\nBMW,c;d\n', ["make", "tags"], []),
    "as many semicolons in every text": (
        "make,tags,price\nFord,a;b;c;d,1\nBMW,c;d;e;f,2\n",
        ["make", "tags", "price"],
        [],
    ),
    "units below the names": (
        "make,mileage,engine,price\n,km,cc,EUR\nFord,900,998,1\nBMW,800,1598,2\n",
        ["make", "mileage (km)", "engine (cc)", "price (EUR)"],
        ["Took the units in the row below the header into the names of the columns"],
    ),
    "units in brackets": (
        "make;mileage;price\n-;[km];(€)\nFord;900;1\n",
        ["make", "mileage (km)", "price (€)"],
        ["Took the units in the row below the header into the names of the columns"],
    ),
    "index": (",make\n1,Ford\n0,BMW\n", ["column_1", "make"], ["Column 1 has no name: it is called 'column_1'"]),
    "index without a header": (
        'make,price\n"1","Ford",5\n"2","BMW",6\n',
        ["column_1", "make", "price"],
        [
            "Rows have one field more than the header: the first is taken as an index without a name",
            "Column 1 has no name: it is called 'column_1'",
        ],
    ),
    "empty columns": ("make,price,,\nFord,1,,\n", ["make", "price"], ["Left out 2 empty columns without a name"]),
    "delimiter at the end of rows": (
        "make,price\nFord,1,\nBMW,2,\n",
        ["make", "price"],
        ["Left out 1 empty column without a name"],
    ),
    "delimiter at the end of the header": ("make,price,\nFord,1\nBMW,2\n", ["make", "price"], []),
    "name twice": (
        "make,price,price\nFord,1,2\n",
        ["make", "price", "price_2"],
        ["Column 'price' is there twice: the one at place 3 is called 'price_2'"],
    ),
    "title": (
        "Our used cars\n\nmake,year,price\nFord,2015,5\nBMW,2016,6\n",
        ["make", "year", "price"],
        ["Skipped line 1 above the header: 'Our used cars'"],
    ),
    "title with delimiters": (
        "Our used cars;;\nmake;year;price\nFord;2015;5\nBMW;2016;6\n",
        ["make", "year", "price"],
        ["Skipped line 1 above the header: 'Our used cars;;'"],
    ),
    "separator line": (
        "sep=|\nmake|price\nFord|1\n",
        ["make", "price"],
        ["Skipped line 1 above the header: 'sep=|'"],
    ),
    "years as names": ("make,2019,2020\nFord,a,b\nBMW,b,a\n", ["make", "2019", "2020"], []),
    "a header that comes again": ("make,fuel\nFord,gas\nmake,fuel\nBMW,oil\n", ["make", "fuel"], []),
}
NO_HEADER = {
    "numbers": "Skoda,Octavia,2011,38532\nKia,Rio,2012,25516\n",
    "units": "Skoda,164656 km,€ 5000\nKia,152244 km,€ 6000\n",
    "texts": "Ford,Focus,Petrol\nFord,Ka,Petrol\nFord,Focus,Diesel\n",
}


@pytest.mark.parametrize("case", READ)
def test_reads(case: str, write_file: Write) -> None:
    text, columns, notes = READ[case]
    file = ListingsFile(write_file(text))
    assert (file.columns, file.notes) == (columns, notes)
    frame = pl.concat(file.read_batches())
    assert file.dropped == []
    assert file.find_lines([file.first_line + frame.height - 1]) == [text.count("\n")]


@pytest.mark.parametrize("case", NO_HEADER)
def test_no_header(case: str, write_file: Write) -> None:
    text = NO_HEADER[case]
    path = write_file(text)
    with pytest.raises(ListingsError) as error:
        ListingsFile(path)
    first = text.splitlines()[0]
    names = ",".join(f"name{number + 1}" for number in range(len(first.split(","))))
    assert str(error.value) == (
        f"{path}: line 1 looks like a listing, not a header: {first!r}\n"
        f"Put the names of the columns above it: (echo '{names}'; cat {path}) > with-header.csv"
    )


def test_texts_of_many_lines_hide_no_delimiter(write_file: Write) -> None:
    text = "a line, and more\n" * 70
    rows = "".join(f'Ford,{number},"{text}"\n' for number in range(40))
    file = ListingsFile(write_file(f"make,price,text\n{rows}"))
    assert file.columns == ["make", "price", "text"]
    assert pl.concat(file.read_batches())["price"].to_list() == [str(number) for number in range(40)]


def test_a_quote_that_is_never_closed_hides_no_delimiter(write_file: Write) -> None:
    file = ListingsFile(write_file("make,price,text\n" + 'Ford,1,"x\n' + "BMW,2,y\n" * 300))
    assert file.columns == ["make", "price", "text"]
    assert pl.concat(file.read_batches()).height == 300
    assert [row.count for row in file.dropped] == [1]
