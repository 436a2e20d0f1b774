"""A whole training, on invented cars: what comes out, that it comes out again, and what cannot be trained on."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace
from tests.bundles import add_keys, dated_market, invent_dated_listings, invent_uk_listings

from carprice.errors import TrainingError
from carprice.evaluation.later_listings import read_report
from carprice.evaluation.text import format_report
from carprice.frames.pricing import price_frame
from carprice.listings import cap as cap_module
from carprice.listings.cleaning import DAY, Listings
from carprice.listings.report import CleaningReport
from carprice.market.kinds import EPOCH
from carprice.market.market_file import Market
from carprice.model.bundle.manifest import COMPARABLES
from carprice.model.evidence.comparables import load_finder
from carprice.model.pricer import load_pricer
from carprice.settings import Settings
from carprice.training import train as train_module
from carprice.training.baselines import warn_of_baselines
from carprice.training.fit import Fitted, fit_listings
from carprice.training.forest.recipes import Recipe
from carprice.training.golden import UNKNOWN_TEXT
from carprice.training.model_selection import Say
from carprice.training.train import Training, train

ROWS = 1200
SEED = 7
ADDED = ["predicted", "low", "high", "confidence", "coverage", "within", "unvalued"]


@pytest.fixture
def teach(tmp_path: Path) -> Callable[..., Training]:
    """Train on a clean frame, quietly, into a folder of the test's own."""

    def teach(
        frame: pl.DataFrame,
        market: Market,
        seed: int = SEED,
        say: Callable[[str], None] = lambda _: None,
        keep_comparables: bool = True,
    ) -> Training:
        report = CleaningReport(market.name, "invented.csv", rows_read=frame.height)
        listings = Listings(add_keys(frame), report, "fingerprint")
        return train(listings, market, Settings(artifacts_dir=tmp_path / "artifacts"), seed, say, keep_comparables)

    return teach


@pytest.fixture(autouse=True)
def _quick(grow_quickly: Callable[..., None]) -> None:
    """Without choosing a recipe; test_model_selection.py is about that."""


def test_the_bundle_is_of_every_listing_and_the_figures_of_the_training_part(
    teach: Callable[..., Training], uk: Market
) -> None:
    trained = teach(invent_uk_listings(uk, ROWS), uk)
    data, proof = trained.manifest["data"], trained.manifest["proof"]
    assert (data["train_rows"] + data["test_rows"], data["served_rows"]) == (ROWS, ROWS)
    assert trained.manifest["metrics"]["overall"]["median_ape"] == pytest.approx(proof["judged"])
    assert proof["served"] < proof["judged"], "it has seen them"
    pricer = load_pricer(trained.folder)
    assert (
        price_frame(trained.test.drop(ADDED), pricer)["predicted"].to_list() != trained.test["predicted"].to_list()
    )
    rows = pricer.forest.depreciation.of_all.rows
    assert rows == ROWS


def test_a_served_model_that_is_worse_than_the_judged_one_is_a_bug(
    teach: Callable[..., Training], uk: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(
        frame: pl.DataFrame,
        market: Market,
        seed: int,
        say: Say,
        recipe: Recipe | None = None,
        *_: object,
    ) -> Fitted:
        fitted = fit_listings(frame, market, seed, say, recipe)
        if recipe is not None:  # the one that serves
            fitted.model["level"] += 0.3
        return fitted

    monkeypatch.setattr(train_module, "fit_listings", forget)
    with pytest.raises(TrainingError, match=r"has a median error of \d+\.\d% on listings that it has seen, where"):
        teach(invent_uk_listings(uk, ROWS), uk)


def test_listings_are_kept_to_be_shown_unless_they_may_not_be(teach: Callable[..., Training], uk: Market) -> None:
    frame = invent_uk_listings(uk, 300)
    kept = teach(frame, uk)
    assert kept.manifest["comparables"]["rows"] == 300
    assert COMPARABLES in kept.manifest["files"]
    finder = load_finder(kept.folder, load_pricer(kept.folder))
    assert finder
    assert finder.store.rows == 300
    forbidden = replace(uk, listing=replace(uk.listing, comparables=False))
    for without in (teach(frame, forbidden), teach(frame, uk, keep_comparables=False)):
        assert "comparables" not in without.manifest
        assert not (without.folder / COMPARABLES).exists()
        assert load_finder(without.folder, load_pricer(without.folder)) is None


def test_the_recipe_is_chosen_once(teach: Callable[..., Training], uk: Market) -> None:
    said: list[str] = []
    manifest = teach(invent_uk_listings(uk, 300), uk, say=said.append).manifest
    assert sum("Chose recipe" in line for line in said) == 1
    assert manifest["params"]["recipe"] == "test"
    assert manifest["params"]["cv_error_test"] == 0.1


def test_the_manifest_says_how_good_it_is(teach: Callable[..., Training], uk: Market) -> None:
    manifest = teach(invent_uk_listings(uk, ROWS), uk).manifest
    data, metrics = manifest["data"], manifest["metrics"]
    assert metrics["overall"]["rows"] == data["test_rows"]
    assert metrics["overall"]["median_ape"] < manifest["baselines"]["median"]["median_ape"]
    assert set(metrics) == {"overall", "make", "age", "price_band"}
    assert manifest["coverage"]["target"] == 0.9
    assert 0.82 < manifest["coverage"]["measured"] <= 0.98
    assert sum(manifest["importance"].values()) == pytest.approx(1.0)
    assert manifest["params"]["seed"] == SEED
    assert (data["cut"], data["as_of"], manifest["ageing"]) == (None, None, None)


def test_listings_with_a_day_are_judged_by_time(teach: Callable[..., Training], uk: Market) -> None:
    day = pl.Series(DAY, 18_000 + np.random.default_rng(1).integers(0, 40, ROWS), dtype=pl.Float64)
    trained = teach(invent_uk_listings(uk, ROWS).with_columns(day), uk)
    data = trained.manifest["data"]
    assert data["judged_by"] == "time"
    assert data["as_of"] == "2019-05-23"
    assert data["cut"] < str(EPOCH + timedelta(days=trained.test[DAY].min())) <= data["as_of"]
    assert [row["days"] for row in trained.manifest["ageing"]] == ["0-7", "8-30", "31-60", "61-90"]
    assert load_pricer(trained.folder).as_of == date(2019, 5, 23)


def test_spellings_are_one_in_training_too(teach: Callable[..., Training], uk: Market) -> None:
    frame = invent_uk_listings(uk, 600)
    odd = pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.format(" {} ", pl.col("make").str.to_uppercase()))
    trained = teach(frame.with_columns(odd.otherwise(pl.col("make")).alias("make")), uk)
    assert load_pricer(trained.folder).encoders["make"] == sorted(set(frame["make"]))


def test_a_feature_computed_from_the_price_is_refused_before_anything_is_learnt(
    teach: Callable[..., Training], uk: Market
) -> None:
    with pytest.raises(TrainingError, match="Feature tax gives the price away"):
        teach(invent_uk_listings(uk, 600).with_columns((pl.col("price") / 40).alias("tax")), uk)


@pytest.mark.parametrize("longest", [1, 7, 8, 100])
def test_an_unknown_category_is_no_longer_than_the_market_allows(
    teach: Callable[..., Training], uk: Market, longest: int
) -> None:
    features = [replace(item, max=longest) if item.name == "model" else item for item in uk.features]
    market = replace(uk, features=tuple(features))
    frame = invent_uk_listings(uk, 300).with_columns(pl.col("model").str.slice(0, longest))
    listings = [item["listing"] for item in teach(frame, market).manifest["golden"]]
    assert any(listing["model"] == UNKNOWN_TEXT[:longest].strip() for listing in listings)


@pytest.mark.slow
def test_the_same_listings_and_seed_give_the_same_trees(teach: Callable[..., Training], uk: Market) -> None:
    frame = invent_uk_listings(uk, ROWS)
    first, again, other = teach(frame, uk), teach(frame, uk), teach(frame, uk, SEED + 1)
    assert first.manifest["files"] == again.manifest["files"]
    assert first.manifest["golden"] == again.manifest["golden"]
    assert first.manifest["files"]["model.pkl"] != other.manifest["files"]["model.pkl"]


@pytest.mark.slow
def test_prices_in_another_currency_give_the_same_model_in_it(teach: Callable[..., Training], uk: Market) -> None:
    frame = invent_uk_listings(uk, ROWS)
    pounds, pence = teach(frame, uk), teach(frame.with_columns(pl.col("price") * 128), uk)
    ratio = pence.test["predicted"] / pounds.test["predicted"]
    assert ratio.median() == pytest.approx(128, rel=1e-3)


def test_every_kind_of_feature_trains(teach: Callable[..., Training]) -> None:
    trained = teach(invent_dated_listings(ROWS), dated_market())
    assert set(trained.manifest["metrics"]) == {"overall", "make", "price_band"}
    errors, baseline = trained.manifest["metrics"]["overall"], trained.manifest["baselines"]["median"]
    assert errors["median_ape"] < baseline["median_ape"]


@pytest.mark.parametrize("is_text", [False, True], ids=["numbers", "categories"])
def test_features_of_one_sort_train(teach: Callable[..., Training], uk: Market, is_text: bool) -> None:
    market = replace(uk, features=tuple(item for item in uk.features if item.is_category == is_text))
    trained = teach(invent_uk_listings(uk, ROWS), market)
    assert load_pricer(trained.folder).version == trained.version
    assert trained.manifest["baselines"]["ridge"]["rows"] == trained.manifest["data"]["test_rows"]


def test_two_hundred_listings_are_enough(teach: Callable[..., Training], uk: Market) -> None:
    trained = teach(invent_uk_listings(uk, 200), uk)
    assert trained.manifest["metrics"]["overall"]["median_ape"] < 0.4
    assert load_pricer(trained.folder).version == trained.version


@pytest.mark.parametrize(
    "change",
    [
        pl.lit("Ford").alias("make"),
        pl.lit(None, pl.Float64).alias("mpg"),
        pl.lit(2015.0).alias("year"),
    ],
    ids=["one make", "no mpg at all", "one year"],
)
def test_a_column_that_says_nothing_does_no_harm(
    teach: Callable[..., Training], uk: Market, change: pl.Expr
) -> None:
    trained = teach(invent_uk_listings(uk, 600).with_columns(change), uk)
    assert load_pricer(trained.folder).version == trained.version


def test_listings_alike_but_for_the_price_train(teach: Callable[..., Training], uk: Market) -> None:
    frame = invent_uk_listings(uk, 300)
    same = pl.concat([frame.head(1).drop("price")] * 300).with_columns(frame["price"])
    trained = teach(same, uk)
    assert trained.test["predicted"].n_unique() == 1
    assert trained.test["predicted"][0] == pytest.approx(frame["price"].median(), rel=0.3)


@pytest.mark.parametrize(
    ("rows", "change", "message"),
    [
        (30, pl.col("price"), r"30 usable listings leave 22 for the training part, which needs at least 40"),
        (300, pl.lit(5000.0).alias("price"), r"Every listing costs 5000: there is nothing to learn"),
    ],
    ids=["too few", "one price"],
)
def test_what_cannot_be_learnt_from_is_refused(
    teach: Callable[..., Training], uk: Market, rows: int, change: pl.Expr, message: str
) -> None:
    with pytest.raises(TrainingError) as caught:
        teach(invent_uk_listings(uk, rows).with_columns(change), uk)
    assert re.fullmatch(message, caught.value.what)
    assert "./carprice market check LISTINGS" in caught.value.hint


def test_a_baseline_that_wins_is_named(teach: Callable[..., Training], uk: Market) -> None:
    manifest = teach(invent_uk_listings(uk, 300), uk).manifest
    overall, baselines = manifest["metrics"]["overall"], manifest["baselines"]
    assert overall["median_ape"] > baselines["ridge"]["median_ape"]
    warnings = warn_of_baselines(baselines, overall)
    assert any(
        warning.startswith("Warning: the ridge baseline has the smaller median error") for warning in warnings
    )
    assert warn_of_baselines(baselines, {**overall, "mae": 0.0, "median_ape": 0.0}) == []


def test_what_hygiene_found_is_said_and_kept(uk: Market, tmp_path: Path) -> None:
    columns = {feature.name: feature.column for feature in uk.features}
    frame = invent_uk_listings(uk, 250).rename(columns).with_columns(pl.lit("Ford").alias("title"))
    wanted = pl.when(pl.int_range(pl.len()) < 5).then(pl.lit("Wanted: a Ford")).otherwise(pl.col("title"))
    frame.with_columns(wanted.alias("title")).write_csv(tmp_path / "cars.csv")
    said: list[str] = []
    settings = Settings(artifacts_dir=tmp_path / "artifacts")
    manifest = train_module.train_file(tmp_path / "cars.csv", uk, settings, say=said.append).manifest
    assert 'Dropped 5 (2.0%): title: wanted ad; otherwise: [hygiene] wanted = "keep"' in said
    (finding,) = [item for item in manifest["data"]["hygiene"] if item["check"] == "wanted"]
    assert (finding["count"], finding["line"], finding["value"]) == (5, 2, "Wanted: a Ford")
    assert re.search(r"title: wanted ad +dropped +5 +2.0%", format_report(read_report(manifest)))


def test_what_the_cap_left_aside_is_said_and_the_market_keeps_its_mix(
    uk: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cap_module, "MIN_CAP", 1)
    columns = {feature.name: feature.column for feature in uk.features}
    frame = pl.concat(
        [invent_uk_listings(uk, 3_000).filter(pl.col("make") == "Ford"), invent_uk_listings(uk, 300)]
    )
    frame.rename(columns).write_csv(tmp_path / "cars.csv")
    manifest = train_module.train_file(
        tmp_path / "cars.csv", uk, Settings(artifacts_dir=tmp_path / "a"), say=lambda _: None, cap=150
    ).manifest
    data, report = manifest["data"], manifest["report"]
    assert (data["cap"], data["rows_read"]) == (150, frame.height)
    assert data["over_cap"] > 0
    assert data["train_rows"] < data["rows_kept"] < frame.height - data["over_cap"] + 1
    assert report["notes"][0] == (
        f"Learnt from at most 150 listings of each make and model: {data['over_cap']:,} more were left aside. "
        "Those that judge are mixed as all of them are."
    )
    makes = manifest["inputs"]["features"]["make"]
    share = makes["shares"][makes["values"].index("Ford")]
    assert share == pytest.approx((frame["make"] == "Ford").mean(), abs=0.06)
