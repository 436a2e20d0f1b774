"""Two real models on the same listings: paired figures, their intervals, verdicts and limits."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.bundles import grow_bundle, invent_uk_listings

from carprice.errors import BundleError, ListingsError
from carprice.evaluation.comparison import ALIKE, BETTER, WORSE, compare_frame
from carprice.evaluation.comparison_text import format_comparison
from carprice.evaluation.promotion_limits import find_reasons
from carprice.evaluation.ratio_study import measure_prices
from carprice.evaluation.unlearnt import compare_bundles, compare_reports
from carprice.frames.pricing import price_frame
from carprice.listings.listings_files import ListingsFiles
from carprice.market.market_file import Market, load_market, parse_market
from carprice.model.bundle.manifest import champion_version, read_manifest, write_manifest
from carprice.model.pricer import Pricer, load_pricer
from carprice.settings import Settings

FACTS = {"source": "new.csv", "rows": 2000, "left_aside": 0, "chosen_by": "car", "after": None, "notes": []}


@pytest.fixture(scope="module")
def market(markets_dir: Path) -> Market:
    return load_market("uk", markets_dir)


@pytest.fixture(scope="module")
def coarse(tmp_path_factory: pytest.TempPathFactory, market: Market) -> Path:
    """A bundle of five trees on few listings: worse than the small bundle everywhere."""
    folder = tmp_path_factory.mktemp("coarse") / "artifacts"
    return folder / grow_bundle(folder, invent_uk_listings(market, 150, seed=3), market, trees=5)


@pytest.fixture(scope="module")
def dear(tmp_path_factory: pytest.TempPathFactory, market: Market) -> Path:
    """A bundle that learnt from prices times 1.3."""
    folder = tmp_path_factory.mktemp("dear") / "artifacts"
    frame = invent_uk_listings(market).with_columns(pl.col("price") * 1.3)
    return folder / grow_bundle(folder, frame, market)


@pytest.fixture(scope="module")
def good(small_bundle: Path) -> Path:
    return small_bundle / (champion_version(small_bundle) or "")


def test_the_figures_are_those_of_each_model_alone(
    coarse: Path, uk_pricer: Pricer, uk_listings: pl.DataFrame
) -> None:
    other = load_pricer(coarse)
    found = compare_frame(uk_listings, other, uk_pricer, FACTS)
    for name, pricer in (("challenger", other), ("champion", uk_pricer)):
        priced = price_frame(uk_listings, pricer)
        alone = measure_prices(*(priced[key].to_numpy() for key in ("price", "predicted", "low", "high")))
        assert found["overall"][name] == {key: alone[key] for key in found["overall"][name]}
    assert list(found["segments"]) == ["make", "age", "fuel", "price"]
    for parts in found["segments"].values():
        assert sum(part["rows"] for part in parts) <= uk_listings.height


def test_a_worse_model_is_worse_with_its_interval_and_beyond_the_limits(
    coarse: Path, uk_pricer: Pricer, uk_listings: pl.DataFrame
) -> None:
    found = compare_frame(uk_listings, load_pricer(coarse), uk_pricer, FACTS)
    change = found["overall"]["median_ape_change"]
    assert found["result"] == WORSE
    assert 0 < change["low"] < change["value"] < change["high"]
    assert found["overall"]["mae_change"]["low"] > 0
    reasons = find_reasons(found, Settings())
    assert reasons[0].startswith("Overall: the median error is ")
    assert any(reason.startswith("Make Ford: ") for reason in reasons)
    text = format_comparison(found, reasons)
    tables = [line for line in format_comparison(found, reasons, 80).splitlines() if "   " in line]
    assert max(map(len, tables)) <= 80, "on a terminal its tables fit"
    assert "It is worse: median error" in text
    assert "It is beyond the limits of a promotion:\n  Overall: the median error" in text


def test_the_other_way_round_it_is_better(coarse: Path, uk_pricer: Pricer, uk_listings: pl.DataFrame) -> None:
    found = compare_frame(uk_listings, uk_pricer, load_pricer(coarse), FACTS)
    assert found["result"] == BETTER
    assert [reason for reason in find_reasons(found, Settings()) if "prices move" not in reason] == []


def test_a_model_is_like_itself(uk_pricer: Pricer, uk_listings: pl.DataFrame) -> None:
    found = compare_frame(uk_listings, uk_pricer, uk_pricer, FACTS)
    assert found["result"] == ALIKE
    assert found["overall"]["median_ape_change"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert (found["overall"]["price_shift"], found["overall"]["far_shift"]) == (1.0, 1.0)
    assert find_reasons(found, Settings()) == []


def test_prices_that_move_are_beyond_a_limit_of_their_own(
    dear: Path, uk_pricer: Pricer, uk_listings: pl.DataFrame
) -> None:
    """Also where the listings that judge have moved along, and the challenger comes out better."""
    listings = uk_listings.with_columns(pl.col("price") * 1.3)
    found = compare_frame(listings, load_pricer(dear), uk_pricer, FACTS)
    assert found["result"] == BETTER
    assert found["overall"]["price_shift"] == pytest.approx(1.3, abs=0.02)
    reasons = find_reasons(found, Settings())
    assert reasons == [
        f"Overall: prices move by {found['overall']['price_shift'] - 1:+.1%} in the median; they may by 10%"
    ]
    assert find_reasons(found, Settings(promote_price_shift=0.5)) == []


def test_limits_are_absolute_and_relative_and_need_a_clear_difference() -> None:
    part = {
        "name": "all",
        "rows": 500,
        "challenger": {"median_ape": 0.104, "coverage": 0.9},
        "champion": {"median_ape": 0.100, "coverage": 0.9},
        "median_ape_change": {"value": 0.004, "low": 0.001, "high": 0.007},
        "price_shift": 1.0,
    }
    found: dict[str, Any] = {"overall": part, "segments": {"make": [{**part, "name": "Ford"}]}}
    assert find_reasons(found, Settings()) == []
    assert len(find_reasons(found, Settings(promote_absolute_change=0.003))) == 1
    assert len(find_reasons(found, Settings(promote_relative_change=0.03))) == 1
    assert find_reasons(found, Settings(promote_segment_absolute_change=0.003)) == [
        "Make Ford: the median error is 10.4% against 10.0% on 500 listings; it may rise by 0.3 points and by 15% "
        "of itself"
    ]
    part["median_ape_change"] = {"value": 0.004, "low": -0.001, "high": 0.007}
    assert find_reasons({"overall": part, "segments": {}}, Settings(promote_absolute_change=0.003)) == []
    part["challenger"] = {"median_ape": 0.1, "coverage": 0.8}
    assert find_reasons({"overall": part, "segments": {}}, Settings()) == [
        "Overall: the range holds 80.0% against 90.0% of 500 listings; it may hold 5 points less"
    ]


def write_listings(path: Path, frame: pl.DataFrame, market: Market) -> Path:
    columns = {feature.name: feature.column for feature in market.features}
    frame.rename(columns).with_columns(pl.col("year").cast(pl.Int64)).write_csv(path)
    return path


def test_a_file_is_compared_without_the_cars_that_the_bundles_name(
    good: Path, coarse: Path, tmp_path: Path, market: Market, uk_listings: pl.DataFrame
) -> None:
    source = ListingsFiles([write_listings(tmp_path / "new.csv", uk_listings, market)])
    found = compare_bundles(coarse, good, source)
    assert found["result"] == WORSE
    assert found["listings"] == {
        "source": "new.csv",
        "rows": found["listings"]["rows"],
        "left_aside": 0,
        "chosen_by": "car",
        "after": None,
        "notes": [],
    }


@pytest.mark.slow
def test_listings_that_were_learnt_from_are_left_aside(
    good: Path, tmp_path: Path, market: Market, uk_listings: pl.DataFrame, quick_training: None
) -> None:
    """Really trained on the file's own keys."""
    from carprice.frames.encoding import unify_spellings
    from carprice.listings.cleaning import load_listings
    from carprice.training.train import train

    learnt = ListingsFiles([write_listings(tmp_path / "learnt.csv", uk_listings[:1200], market)])
    settings = Settings(artifacts_dir=tmp_path / "artifacts")
    training = train(load_listings(learnt, market), market, settings, say=lambda _: None)
    both = ListingsFiles([write_listings(tmp_path / "both.csv", uk_listings, market)])
    found = compare_bundles(training.folder, good, both)
    frame = unify_spellings(load_listings(both, market).frame, market)
    assert found["listings"]["rows"] + found["listings"]["left_aside"] == frame.height
    assert found["listings"]["left_aside"] == training.manifest["data"]["served_rows"]
    with pytest.raises(ListingsError, match=f"holds the very listings that {training.version} was trained with"):
        compare_bundles(training.folder, good, learnt)
    few = ListingsFiles([write_listings(tmp_path / "few.csv", uk_listings[1150:1250], market)])
    with pytest.raises(ListingsError, match=r"50 of its 100 listings are new to both .* at least 100 are needed"):
        compare_bundles(training.folder, good, few)


@pytest.mark.slow
def test_dated_listings_are_compared_by_the_days_after_both(
    good: Path, tmp_path: Path, market: Market, dated_pair: Callable[..., tuple[Path, Path]]
) -> None:
    new, old = dated_pair()
    frame = invent_uk_listings(market, 600, seed=21)
    days = pl.Series("seen", ["2020-06-30", "2020-07-02", "2020-07-09"] * 200)
    source = ListingsFiles([write_listings(tmp_path / "days.csv", frame.with_columns(days), market)])
    found = compare_bundles(new, old, source)
    assert found["listings"]["chosen_by"] == "day"
    assert found["listings"]["after"] == "2020-07-02", "the later of both"
    assert found["listings"]["rows"] == 200


@pytest.fixture
def dated_pair(tmp_path: Path, market: Market) -> Callable[..., tuple[Path, Path]]:
    """Two bundles of listings with days, which learnt up to 30 June and 2 July 2020."""
    from carprice.listings.cleaning import DAY
    from carprice.market.market_file import dump_market

    data = {**dump_market(market), "listing": {"seen": "seen"}}
    dated = parse_market(data, "dated uk")

    def grow(seed: int, last: int) -> Path:
        folder = tmp_path / f"artifacts{last}"
        frame = invent_uk_listings(market, 500, seed=seed)
        days = pl.Series(DAY, np.linspace(18_300, last, 500).round())
        return folder / grow_bundle(folder, frame.with_columns(days), dated)

    return lambda: (grow(31, 18_445), grow(32, 18_443))


def test_without_listings_the_reports_on_the_same_test_part_compare(good: Path, uk_report: dict[str, Any]) -> None:
    manifest = read_manifest(good)
    old = {**manifest, "report": uk_report}
    worse = {**uk_report, "overall": {**uk_report["overall"], "median_ape": 0.2}}
    found = compare_reports({**manifest, "version": "20300101T000000Z", "report": worse}, old)
    assert found["overall"]["rows"] == uk_report["overall"]["rows"]
    assert found["overall"]["price_shift"] is None
    assert found["result"] == ALIKE, "without an interval nothing is clear"
    assert [reason[:31] for reason in find_reasons(found, Settings())] == ["Overall: the median error is 20"]
    assert "of the test part that both trainings had" in format_comparison(found, [])


def test_without_listings_other_test_parts_do_not_compare(good: Path, uk_report: dict[str, Any]) -> None:
    old = {**read_manifest(good), "report": uk_report}
    new = {**old, "version": "20300101T000000Z", "data": {**old["data"], "fingerprint": "other"}}
    with pytest.raises(BundleError) as caught:
        compare_reports(new, old)
    assert str(caught.value) == (
        f"20300101T000000Z and {old['version']} were judged by different listings, "
        "so their figures do not compare\nCompare by listings that neither has learnt from: "
        f"./carprice compare 20300101T000000Z {old['version']} --data LISTINGS"
    )


def test_models_of_other_market_files_do_not_compare(
    good: Path, tmp_path: Path, uk_listings: pl.DataFrame, uk_pricer: Pricer
) -> None:
    folder = Path(shutil.copytree(good, tmp_path / good.name))
    manifest = read_manifest(folder)
    write_manifest(folder, {**manifest, "market": {**manifest["market"], "currency": "EUR"}})
    with pytest.raises(BundleError, match="do not read the same listings: their market files differ in currency"):
        compare_frame(uk_listings, load_pricer(folder), uk_pricer, FACTS)


def test_no_listing_that_either_would_not_value(uk_pricer: Pricer, uk_listings: pl.DataFrame, good: Path) -> None:
    other = load_pricer(good)
    other.market = replace_refusal(other.market)
    listings = uk_listings.with_columns(
        make=pl.when(pl.int_range(pl.len()) < 50).then(pl.lit("Lada")).otherwise(pl.col("make"))
    )
    uk_pricer = load_pricer(good)
    uk_pricer.market = replace_refusal(uk_pricer.market)
    found = compare_frame(listings, other, uk_pricer, FACTS)
    assert found["unvalued"] == {"challenger": 50, "champion": 50}
    assert found["overall"]["rows"] == listings.height - 50


def replace_refusal(market: Market) -> Market:
    import msgspec

    return msgspec.structs.replace(market, price=msgspec.structs.replace(market.price, refuse=True))
