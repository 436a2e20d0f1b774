"""What cannot be learnt from in the memory there is, is refused while it is read, with what to do instead."""

from pathlib import Path

import polars as pl
import pytest

from carprice.errors import TrainingError
from carprice.listings.cleaning import load_listings
from carprice.listings.room import FIXED_BYTES, advise_cap, count_bytes, count_rows, watch_room
from carprice.market.market_file import Market
from carprice.system.memory import MANY_ROWS, measure_free

GIGABYTE = 10**9


def test_more_memory_is_room_for_more(uk: Market) -> None:
    rows = [count_rows(uk, bytes_) for bytes_ in (0, FIXED_BYTES, 2 * GIGABYTE, 20 * GIGABYTE)]
    assert rows[:2] == [0, 0]
    assert 500_000 < rows[2] < rows[3] < 100_000_000


@pytest.mark.parametrize("rows", [1, 100_000, MANY_ROWS, 5_000_000])
def test_what_is_enough_for_them_is_counted_back(uk: Market, rows: int) -> None:
    assert count_rows(uk, count_bytes(uk, rows)) == pytest.approx(rows, abs=1)


def test_too_many_are_refused_before_they_are_all_read(uk: Market, tmp_path: Path) -> None:
    path = tmp_path / "cars.csv"
    columns = {feature.name: feature.column for feature in uk.features}
    rows = pl.DataFrame({"make": "Ford", "model": "Focus", "year": 2015, "mileage": range(1_000, 6_000)})
    rows = rows.with_columns(
        pl.lit("Manual").alias("transmission"), pl.lit("Petrol").alias("fuel"), price=pl.lit(5_000)
    ).with_columns(pl.lit(1.0).alias(name) for name in ("tax", "mpg", "engine_size"))
    rows.rename({name: column for name, column in columns.items() if name in rows.columns}).write_csv(path)
    check = watch_room(uk, FIXED_BYTES + 2_000_000)
    with pytest.raises(TrainingError) as caught:
        load_listings(path, uk, check_held=check)
    assert caught.value.what == (
        "5,000 listings, and maybe more to come, need 0.7 GB to learn from, and 0.7 GB are free: enough for 2,547"
    )
    assert caught.value.hint == "Learn from a part of each model: ./carprice train ... --cap 2000"
    load_listings(path, uk, cap=2_000, check_held=check)


def test_the_cap_that_is_advised_leaves_room_for_a_longer_file(uk: Market) -> None:
    held = [pl.DataFrame({"make": "VW", "model": ["Golf"] * 100_000 + ["Polo"] * 1_000})]
    assert advise_cap(held, 130_000, uk) == 100_000
    assert advise_cap(held, 29_000, uk) == 10_000
    assert advise_cap(held, 100, uk) == 1_000


def test_free_memory_is_some() -> None:
    assert 10_000_000 < measure_free() < 10**14
