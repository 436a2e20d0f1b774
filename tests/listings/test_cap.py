"""The cap: of each make and model so many, however the file is cut or ordered, and the mix of the market again."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from carprice.errors import ListingsError
from carprice.listings import cap as cap_module
from carprice.listings.cap import MIN_CAP, SHARE, cap_batches, thin_as_market
from carprice.listings.cleaning import CAR, load_listings
from carprice.listings.report import CleaningReport
from carprice.market.market_file import Market

GOLDEN_RATIO = 0x9E3779B97F4A7C15
MODELS = {"Golf": 8_000, "Polo": 1_000, "Up": 300}
CAP = 1_000


def invent(rows: dict[str, int], line: int = 2) -> pl.DataFrame:
    """Clean rows as the cleaner judges them, cars as spread out as hashes are, models in turns."""
    models = [name for name, count in rows.items() for _ in range(count)]
    cars = [(number * GOLDEN_RATIO) % 2**64 for number in range(1, len(models) + 1)]
    frame = pl.DataFrame(
        {"make": "VW", "model": models, "price": 5000.0, CAR: pl.Series(cars, dtype=pl.UInt64)},
    ).with_columns(pl.lit(None, pl.String).alias("problem"))
    frame = frame.sort(CAR)
    return frame.with_columns(pl.int_range(line, line + frame.height, dtype=pl.UInt32).alias("@line"))


def keep(
    batches: list[pl.DataFrame], market: Market, cap: int | None = CAP
) -> tuple[pl.DataFrame, CleaningReport]:
    rows = sum(batch.filter(pl.col("problem").is_null()).height for batch in batches)
    report = CleaningReport("uk", "cars.csv", rows_read=rows, rows_kept=rows)
    return cap_batches(batches, market, cap, report), report


def counts(frame: pl.DataFrame) -> dict[str, int]:
    return dict(frame.group_by("model").len().iter_rows())


def test_of_each_model_so_many_and_all_of_the_rare_ones(uk: Market) -> None:
    frame, report = keep([invent(MODELS)], uk)
    assert counts(frame) == {"Golf": CAP, "Polo": CAP, "Up": 300}
    shares = dict(frame.group_by("model").agg(pl.first(SHARE)).iter_rows())
    assert shares == {"Golf": 1 / 8, "Polo": 1.0, "Up": 1.0}
    assert (report.over_cap, report.dropped) == (7_000, {"over 1,000 of its make and model": 7_000})
    assert report.rows_read == report.rows_kept + 7_000


def test_batches_and_their_order_do_not_decide(uk: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cap_module, "MIN_PRUNED", 700)
    whole = invent(MODELS)
    once, _ = keep([whole], uk)
    parts = [whole[start : start + 500] for start in range(0, whole.height, 500)]
    frame, report = keep(parts, uk)
    assert frame.equals(once)
    assert report.over_cap == 7_000
    assert report.entries[0].line == whole.join(once, on=CAR, how="anti")["@line"].min()
    backwards, _ = keep(parts[::-1], uk)
    assert set(backwards[CAR]) == set(once[CAR])


def test_spellings_are_of_one_model_and_rows_with_a_problem_take_no_place(uk: Market) -> None:
    fault = pl.lit("price: price outside limits")
    odd = invent({"Golf": 2_000}).with_columns(
        pl.when(pl.col("@line") % 2 == 0).then(pl.lit("GOLF")).otherwise(pl.col("model")).alias("model"),
        pl.when(pl.col("@line") % 4 == 0).then(fault).alias("problem"),
    )
    kept, report = keep([odd], uk)
    assert kept["problem"].null_count() == CAP
    assert kept.filter(pl.col("problem").is_not_null()).height == 500
    assert report.over_cap == 500


def test_without_a_cap_every_row_is_kept(uk: Market) -> None:
    frame, report = keep([invent(MODELS)], uk, None)
    assert (frame.height, SHARE in frame.columns, report.over_cap) == (9_300, False, 0)
    assert thin_as_market(frame) is frame


def test_thinned_listings_are_mixed_as_the_market_is(uk: Market) -> None:
    frame, _ = keep([invent({"Golf": 40_000, "Polo": 4_000, "Up": 400})], uk, 4_000)
    found = counts(thin_as_market(frame))
    assert found["Golf"] == 4_000
    assert found["Polo"] == pytest.approx(400, abs=70)
    assert found["Up"] == pytest.approx(40, abs=25)
    assert thin_as_market(frame, 1_000).height == pytest.approx(1_000, abs=120)


def test_a_file_is_kept_so_far(
    write_file: Callable[..., Path], make_market: Callable[..., Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cap_module, "MIN_CAP", 3)
    rows = "".join(f"Ford,{2000 + number},{5000 + number}\n" for number in range(20))
    path = write_file(f"Make,Year,Price\n{rows}Fiat,2015,5000\n")
    listings = load_listings(path, make_market(), cap=5)
    assert listings.frame["make"].to_list().count("Ford") == 5
    assert (listings.report.rows_kept, listings.report.over_cap, listings.cap) == (6, 15, 5)
    assert listings.fingerprint != load_listings(path, make_market()).fingerprint


def test_too_small_a_cap_is_refused(write_file: Callable[..., Path], make_market: Callable[..., Market]) -> None:
    with pytest.raises(ListingsError, match=f"--cap 999: should be at least {MIN_CAP:,} listings"):
        load_listings(write_file("Make,Year,Price\nFord,2015,5000\n"), make_market(), cap=999)
