"""The valuation report: every part of it, that planted faults are named, and that it is plain JSON."""

import copy
import json
import time
from datetime import date

import numpy as np
import polars as pl
import pytest
from tests.bundles import invent_uk_listings

from carprice.evaluation.ratio_study import measure_prices
from carprice.evaluation.report import WORST, Report, build_report
from carprice.evaluation.segments import MAX_SEGMENTS, MIN_SEGMENT_ROWS
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import DAY
from carprice.model.listing import check_listing
from carprice.model.pricer import Pricer

TEST_PART_ROWS = 20_000
MAX_SECONDS = 10.0


def names(report: Report, kind: str) -> list[str]:
    return [item["name"] for item in report["segments"][kind]]


def test_a_report_is_plain_data_of_every_part(uk_report: Report) -> None:
    assert json.loads(json.dumps(uk_report, allow_nan=False)) == uk_report
    assert list(uk_report) == [
        "format", "market", "title", "currency", "as_of", "rows", "overall", "segments", "left_out", "sense",
        "unvalued", "ageing", "worst", "charts", "notes",
    ]  # fmt: skip
    assert list(uk_report["segments"]) == ["make", "age", "price", "fuel", "confidence", "promise"]
    assert uk_report["unvalued"] == {"rows": 0, "reasons": {}}


def test_the_whole_is_what_the_prices_say(uk_report: Report, uk_listings: pl.DataFrame, uk_pricer: Pricer) -> None:
    priced = price_frame(uk_listings, uk_pricer)
    columns = [priced[name].to_numpy() for name in ("price", "predicted", "low", "high")]
    assert uk_report["overall"] == pytest.approx(measure_prices(*columns), rel=1e-5)


def test_prices_that_are_cut_off_are_noted(uk_listings: pl.DataFrame, uk_pricer: Pricer) -> None:
    low = uk_listings.filter(pl.col("price") <= uk_listings["price"].median())
    [note, *_] = build_report(low, uk_pricer)["notes"]
    assert note.endswith(
        "as if the file was cut off there: dearer or cheaper cars are priced as if there were none."
    )


def test_segments_cover_the_listings(uk_report: Report, uk_listings: pl.DataFrame) -> None:
    for kind, items in uk_report["segments"].items():
        assert sum(item["rows"] for item in items) >= uk_listings.height - MIN_SEGMENT_ROWS, kind
    assert names(uk_report, "age") == ["0-1", "2-3", "4-6", "7-10", "11-15"]
    assert names(uk_report, "fuel") == ["Diesel", "Electric", "Hybrid", "Petrol"]
    fifths = uk_report["segments"]["price"]
    assert [item["rows"] for item in fifths] == pytest.approx([uk_listings.height / 5] * 5, abs=3)
    assert [item["name"].split("-")[1] for item in fifths[:-1]] == [
        item["name"].split("-")[0] for item in fifths[1:]
    ]


def test_a_level_of_confidence_says_how_often_it_is_near(uk_report: Report) -> None:
    levels = uk_report["segments"]["confidence"]
    assert names(uk_report, "confidence") == [
        name for name in ("high", "medium", "low") if name in {item["name"] for item in levels}
    ]
    for item in levels:
        assert item["ppe10"] == pytest.approx(item["said_within_10"], abs=0.15)


def test_only_the_largest_makes_are_listed(uk_listings: pl.DataFrame, uk_pricer: Pricer) -> None:
    makes = pl.Series([f"Make {number % 45:02}" for number in range(uk_listings.height)])
    found = build_report(uk_listings.with_columns(makes.alias("make")), uk_pricer)
    assert len(names(found, "make")) == MAX_SEGMENTS
    few = uk_listings.with_columns(
        pl.Series(["Lada"] * (MIN_SEGMENT_ROWS - 1) + ["Ford"] * (uk_listings.height - 19)).alias("make")
    )
    assert names(build_report(few, uk_pricer), "make") == ["Ford"]


def test_listings_with_a_day_are_judged_by_month_and_days_since(
    uk_listings: pl.DataFrame, uk_pricer: Pricer
) -> None:
    first = (date(2021, 1, 1) - date(1970, 1, 1)).days
    days = pl.Series([None if row % 50 == 0 else float(first + row % 120) for row in range(uk_listings.height)])
    pricer = copy.copy(uk_pricer)
    pricer.as_of = date(2021, 1, 15)
    found = build_report(uk_listings.with_columns(days.alias(DAY)), pricer)
    assert names(found, "month") == ["2021-01", "2021-02", "2021-03", "2021-04", "not known"]
    assert names(found, "days") == ["0-7", "8-30", "31-60", "61-90", "91+"]
    assert found["as_of"] == "2021-01-15"
    week = found["segments"]["days"][0]
    assert week["rows"] == sum(day is not None and first + 14 < day <= first + 21 for day in days)


def test_fields_left_out_one_by_one_and_together(uk_report: Report) -> None:
    found = {item["name"]: item for item in uk_report["left_out"]}
    assert list(found) == ["nothing", "tax", "mpg", "engine_size", "all optional", "each optional one in two"]
    assert found["all optional"]["fields"] == ["tax", "mpg", "engine_size"]
    assert found["all optional"]["median_ape"] > found["nothing"]["median_ape"]
    assert {tuple(item) for item in found.values()} == {
        ("name", "fields", "rows", "median_ape", "coverage", "width")
    }


def test_the_worst_misses_are_listings_that_the_api_takes(
    uk_report: Report, uk_pricer: Pricer, uk_listings: pl.DataFrame
) -> None:
    worst = uk_report["worst"]
    assert len(worst) == WORST
    far = [abs(np.log(item["ratio"])) for item in worst]
    assert far == sorted(far, reverse=True)
    for item in worst:
        assert check_listing(uk_pricer.market, item["listing"])[1] == []
        valued = uk_pricer.price(item["listing"])
        assert (valued.price, valued.low, valued.high) == (item["predicted"], item["low"], item["high"])
        assert valued.confidence == item["confidence"]


@pytest.mark.parametrize("factor", [1.05, 1 / 1.05], ids=["too high", "too low"])
def test_a_bias_in_one_make_is_named(uk_pricer: Pricer, factor: float) -> None:
    many = invent_uk_listings(uk_pricer.market, 5000, seed=10)
    fords = price_frame(many.filter(pl.col("make") == "Ford"), uk_pricer)
    level = float((fords["predicted"] / fords["price"]).median() or 0)
    planted = pl.when(pl.col("make") == "Ford").then(pl.col("price") * level / factor).otherwise(pl.col("price"))
    notes = build_report(many.with_columns(planted.alias("price")), uk_pricer)["notes"]
    way = "high" if factor > 1 else "low"
    [said] = [note for note in notes if note.startswith("Make Ford: prices are")]
    assert f"too {way} in the median of {fords.height:,} listings." in said
    assert not any(note.startswith("Make Skoda: prices") for note in notes)


def test_a_range_that_does_not_hold_is_named(uk_listings: pl.DataFrame, uk_pricer: Pricer) -> None:
    planted = uk_listings.with_columns(
        pl.when(pl.col("fuel") == "Hybrid").then(pl.col("price") * 2).otherwise(pl.col("price"))
    )
    notes = build_report(planted, uk_pricer)["notes"]
    assert any(note.startswith("Fuel Hybrid: the range holds ") and note.endswith(", not 90%.") for note in notes)
    assert not any(note.startswith("Fuel Petrol") for note in notes)


def test_cars_that_are_refused_count_with_their_reasons(uk_listings: pl.DataFrame, uk_pricer: Pricer) -> None:
    def refuse(frame: pl.DataFrame, pricer: Pricer) -> pl.DataFrame:
        is_refused = pl.col("make") == "Ford"
        reason = pl.when(is_refused).then(pl.lit("too few like it")).otherwise(pl.lit(None, pl.String))
        return price_frame(frame, pricer).with_columns(reason.alias("unvalued"))

    found = build_report(uk_listings, uk_pricer, price=refuse)
    fords = uk_listings.filter(pl.col("make") == "Ford").height
    assert found["unvalued"] == {"rows": fords, "reasons": {"too few like it": fords}}
    assert found["overall"]["rows"] == uk_listings.height - fords
    assert "Ford" not in names(found, "make")
    only = build_report(uk_listings.filter(pl.col("make") == "Ford"), uk_pricer, price=refuse)
    assert (only["overall"], only["segments"], only["worst"]) == (None, {}, [])


def test_a_market_without_years_has_no_ages(dated_pricer: Pricer, dated_listings: pl.DataFrame) -> None:
    found = build_report(dated_listings, dated_pricer)
    assert "age" not in found["segments"]
    assert found["charts"]["ages"] == []
    assert list(found["sense"]) == ["mileage"]


def test_one_listing_is_enough(uk_listings: pl.DataFrame, uk_pricer: Pricer) -> None:
    found = build_report(uk_listings.head(1), uk_pricer)
    assert found["overall"]["rows"] == 1
    assert len(found["worst"]) == 1
    json.dumps(found, allow_nan=False)


def test_the_ageing_table_is_passed_through(uk_listings: pl.DataFrame, uk_pricer: Pricer) -> None:
    ageing = [{"days": "0-7", "median_ape": 0.05, "low_ratio": 0.99, "high_ratio": 1.01, "seen": True}]
    assert build_report(uk_listings.head(50), uk_pricer, ageing)["ageing"] == ageing


def test_every_listing_is_in_the_chart(uk_report: Report, uk_listings: pl.DataFrame) -> None:
    chart = uk_report["charts"]["prices"]
    assert sum(chart["rows"]) == uk_listings.height
    assert len(chart["actual"]) == len(chart["predicted"]) == len(chart["rows"])


def test_a_large_test_part_takes_seconds(uk_listings: pl.DataFrame, uk_pricer: Pricer) -> None:
    large = pl.concat([uk_listings] * (TEST_PART_ROWS // uk_listings.height))
    began = time.monotonic()
    build_report(large, uk_pricer)
    assert time.monotonic() - began < MAX_SECONDS
