"""A stored frame is as the frame was, column by column, and leaves nothing behind."""

from pathlib import Path

import polars as pl
import pytest

from carprice.listings import stored
from carprice.listings.stored import StoredFrame, gather_rows, load_frame, spread_rows, store_frame


@pytest.fixture
def frame() -> pl.DataFrame:
    cars = pl.Series([2**64 - 1, 1, 2] * 100, dtype=pl.UInt64)
    return pl.DataFrame({"make": ["VW", None, "Ford"] * 100, "@car": cars}).with_columns(
        price=pl.int_range(300) / 7
    )


@pytest.mark.parametrize("many", [1, 1_000_000], ids=["in files", "in memory"])
def test_it_is_the_same_again(
    many: int, frame: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "MANY_ROWS", many)
    table = store_frame(frame, tmp_path)
    assert isinstance(table, StoredFrame) == (many == 1)
    assert (table.height, table.columns) == (300, ["make", "@car", "price"])
    for _ in range(2):
        assert load_frame(table).equals(frame)
    assert table.select("price", "make").equals(frame.select("price", "make"))
    assert spread_rows(table, 300).equals(frame)
    assert spread_rows(table, 100).equals(frame[::3])
    assert gather_rows(table, pl.Series([299, 0])).equals(frame[[299, 0]])
    assert list(tmp_path.iterdir()) == []


def test_chosen_rows_are_those_of_the_frame_also_of_some_chosen_before(
    frame: pl.DataFrame, tmp_path: Path
) -> None:
    is_dear, is_named = frame["price"] > 20, frame["make"].is_not_null()
    some = StoredFrame.write(frame, tmp_path).filter(is_dear)
    assert load_frame(some).equals(frame.filter(is_dear))
    assert load_frame(some.filter(is_named.filter(is_dear))).equals(frame.filter(is_dear & is_named))
    assert some.filter(is_named.filter(is_dear)).height == (is_dear & is_named).sum()


def test_a_changed_column_is_in_its_place_and_the_table_before_stays(frame: pl.DataFrame, tmp_path: Path) -> None:
    table = StoredFrame.write(frame, tmp_path)
    changed = table.with_columns(frame["make"].fill_null("Opel"))
    assert load_frame(changed).equals(frame.with_columns(pl.col("make").fill_null("Opel")))
    assert load_frame(table).equals(frame)
    with pytest.raises(ValueError, match="some rows alone"):
        table.filter(frame["price"] > 20).with_columns(frame["make"])
