"""What the words of a text add up to, how they are shown, and what tables of words are refused."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from tests.bundles import TRIMS, invent_titled_listings, titled_market
from tests.model.cars import TITLED_CAR, change
from tests.model.damage import edit_manifest, edit_pickle, put, refusal

from carprice.frames.encoding import encode_frame, read_listing
from carprice.frames.pricing import predict_frame, price_frame
from carprice.model.bundle.manifest import find_bundle
from carprice.model.evidence.comparables import load_finder
from carprice.model.pricer import Pricer, load_pricer
from carprice.model.text import OTHER_WORDS, add_words, find_fault, list_words, share_by_words
from carprice.scoring.score_file import score_file
from carprice.tracking.listing_pricer import ListingPricer

AMOUNTS = {"m": 0.05, "m sport": 0.2, "sport": 0.02, "base": -0.1}
TITLES = [None, "BMW", "nothing known", "M Sport", "m-sport BASE", "£12,995 reduced", "Sport Base M sport"]


@pytest.fixture(scope="module")
def pricer(titled_bundle: Path) -> Pricer:
    return load_pricer(find_bundle(titled_bundle))


@pytest.mark.parametrize(
    ("text", "total"),
    [("BMW M Sport", 0.27), ("sport", 0.02), ("Sport M", 0.07), ("base Base", -0.1)],
)
def test_known_words_are_added(text: str, total: float) -> None:
    assert add_words(text, AMOUNTS) == pytest.approx(total)


@pytest.mark.parametrize("text", [None, "", "Estate", "£12,995"])
def test_no_known_word_is_no_value(text: str | None) -> None:
    assert math.isnan(add_words(text, AMOUNTS))


def test_a_pair_has_what_its_words_add() -> None:
    assert list_words("430i M Sport, base", AMOUNTS) == [("M Sport", pytest.approx(0.27)), ("base", -0.1)]
    assert [each.word for each in list_words("Sport M", AMOUNTS)] == ["Sport", "M"]


def test_the_weakest_of_many_words_are_shown_together() -> None:
    amounts = {f"w{chr(97 + number)}": (number + 1) / 100 for number in range(12)}
    found = list_words(" | ".join(amounts), amounts)
    assert [each.word for each in found] == [*list(amounts)[4:], OTHER_WORDS]
    assert sum(each.amount for each in found) == pytest.approx(sum(amounts.values()))


@pytest.mark.parametrize("part", [0.0, 0.3, -0.05])
def test_words_share_what_the_trees_give_the_text(part: float) -> None:
    for text in ("M Sport base", "sport"):
        assert sum(share_by_words(list_words(text, AMOUNTS), part)) == pytest.approx(part)
    assert sum(share_by_words(list_words("a b", {"a": 0.0, "b": 0.0}), part)) == pytest.approx(part)


@pytest.mark.parametrize(
    ("amounts", "fault"),
    [
        ({"12995": 0.1}, "should have words or pairs of words in small letters (got '12995')"),
        ({"a b c": 0.1}, "should have words or pairs of words in small letters (got 'a b c')"),
        ({"": 0.1}, "should have words or pairs of words in small letters (got '')"),
        ({"price m": 0.1}, "should have words or pairs of words in small letters (got 'price m')"),
        ({"m": 2.5}, "should be within 2 for 'm' (got 2.5)"),
        ({f"w{number}": 0.1 for number in range(100, 5_200)}, "should have at most 5,000 words (got 5,100)"),
        (AMOUNTS, None),
    ],
)
def test_tables_of_words_are_checked(amounts: dict[str, float], fault: str | None) -> None:
    assert find_fault(amounts) == fault


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "title: should be an object (got [])"),
        ({"m": "dear"}, "title.m: should be a number (got 'dear')"),
        ({"m": math.inf}, "title.m: should be"),
        ({"m": 3.0}, "title: should be within 2 for 'm' (got 3.0)"),
    ],
)
def test_a_damaged_table_is_refused(titled_copy: Path, value: Any, message: str) -> None:
    edit_pickle(titled_copy, "scaler.pkl", put("title", value=value))
    assert str(refusal(titled_copy)).startswith(f"{titled_copy / 'scaler.pkl'}: {message}")


def test_a_table_of_figures_is_no_table_of_words(titled_copy: Path) -> None:
    edit_manifest(titled_copy, put("market", "features", "title", "kind", value="number"))
    assert str(refusal(titled_copy)).startswith(f"{titled_copy / 'scaler.pkl'}: title: fill is missing")


def test_only_a_bundle_with_texts_needs_a_new_reader(titled_bundle: Path, small_bundle: Path) -> None:
    formats = [
        json.loads((find_bundle(each) / "manifest.json").read_text())["format"]
        for each in (titled_bundle, small_bundle)
    ]
    assert formats == [3, 2]


def test_the_words_of_a_title_move_the_price(pricer: Pricer) -> None:
    prices = [
        pricer.price(change(TITLED_CAR, title=f"2017 BMW 3 Series {trim}")).price for trim in ("Sport", "M Sport")
    ]
    assert prices[1] / prices[0] == pytest.approx(math.exp(TRIMS["M Sport"] - TRIMS["Sport"]), rel=0.1)
    assert not pricer.price(change(TITLED_CAR, title="never heard of")).warnings
    nothing, missing = (pricer.price(change(TITLED_CAR, title=title)) for title in ("never heard of", None))
    assert nothing.price == missing.price
    assert [each.field for each in missing.not_given] == ["title"]


@pytest.mark.parametrize("usual", [False, True])
def test_the_breakdown_names_the_words(pricer: Pricer, usual: bool) -> None:
    found = pricer.explain_values(pricer.read_values(TITLED_CAR), usual, grouped=True)
    [title] = [part for part in found.parts if part.feature == "title"]
    amounts = {each.word: each.amount for each in title.words or ()}
    assert amounts["M Sport"] == max(amounts.values()) > 1_000
    assert sum(amounts.values()) == title.amount
    assert found.base + sum(part.amount for part in found.parts) == pricer.price(TITLED_CAR).price


def test_every_way_gives_the_same_price(pricer: Pricer, tmp_path: Path) -> None:
    cars = [change(TITLED_CAR, title=title) for title in TITLES]
    values = [pricer.read_values(car) for car in cars]
    schema = {item.name: pl.String if item.is_text else pl.Float64 for item in titled_market().features}
    frame = pl.concat([pl.DataFrame(values, schema, orient="row"), invent_titled_listings(300, 5).drop("price")])
    values = [pricer.read_values(read_listing(row, pricer.market)) for row in frame.iter_rows(named=True)]
    singles = [pricer.price_values(each) for each in values]
    assert pricer.price_rows(values) == singles
    assert predict_frame(frame, pricer).score.tolist() == [pricer._predict(each)[0] for each in values]
    matrix = encode_frame(frame, pricer.market, pricer.encoders, pricer.scaler, pricer.encoder.zero)
    assert str(matrix.tolist()) == str([pricer.encoder.encode(each)[0] for each in values])
    prices = [found.price for found in singles]
    assert [round(price) for price in price_frame(frame, pricer)["predicted"]] == prices
    listings = pd.DataFrame([read_listing(row, pricer.market) for row in frame.iter_rows(named=True)])
    assert ListingPricer(pricer).predict(listings)["price"].tolist() == prices
    frame.write_csv(tmp_path / "cars.csv")
    [scored] = score_file(tmp_path / "cars.csv", pricer)
    assert scored["predicted_price"].cast(pl.Int64).to_list() == prices


def test_comparables_have_their_titles(pricer: Pricer, titled_bundle: Path) -> None:
    finder = load_finder(find_bundle(titled_bundle), pricer)
    assert finder is not None
    found = finder.find(pricer.read_values(TITLED_CAR))
    assert all("M Sport" in each.listing["title"] for each in found.listings[:3])
