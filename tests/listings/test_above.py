"""Blank cells that mean what stands above them."""

import polars as pl

from carprice.listings.above import fill_from_above


def test_what_stands_above_goes_on_into_the_next_batch() -> None:
    first, last = fill_from_above(pl.DataFrame({"make": ["BMW", "", None], "model": ["X5", "", "X3"]}), ["make"])
    assert first["make"].to_list() == ["BMW"] * 3
    assert first["model"].to_list() == ["X5", "", "X3"]
    second, last = fill_from_above(pl.DataFrame({"make": [" ", "Audi", ""]}), ["make", "gone"], last)
    assert second["make"].to_list() == ["BMW", "Audi", "Audi"]
    assert last == {"make": "Audi"}


def test_nothing_stands_above_the_first_row() -> None:
    batch, _ = fill_from_above(pl.DataFrame({"make": ["", "Audi"]}), ["make"])
    assert batch["make"].to_list() == [None, "Audi"]
