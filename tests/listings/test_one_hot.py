"""Columns of yes and no that stand for a category of a market."""

import polars as pl

from carprice.listings.one_hot import find_parts, join_categories


def test_the_rest_of_the_name_is_the_value() -> None:
    batch = pl.DataFrame(
        {"make_BMW": ["1", "0", "0", None], "make_Land Rover": ["0", " True ", "0", ""], "km": "9"}
    )
    joined = join_categories(batch, ["km", "make_*", "fuel_*"])
    assert joined["make_*"].to_list() == ["BMW", "Land Rover", None, None]
    assert joined.columns == [*batch.columns, "make_*"]


def test_a_file_that_has_the_column_itself_keeps_it() -> None:
    assert find_parts("make_*", ["make_*", "make_BMW"]) == []
    assert find_parts("make", ["make_BMW"]) == []
    assert find_parts("Make*", ["Make", "Make year"]) == [], "a column that was marked, and is no longer"
