"""The golden listings: real ones over all prices, and each kind of listing that they are not."""

from msgspec.structs import replace
from tests.bundles import add_keys, dated_market, invent_dated_listings, invent_uk_listings

from carprice.market.market_file import Market
from carprice.training.golden import UNKNOWN_TEXT, pick_golden


def test_there_is_one_of_each_kind(uk: Market) -> None:
    frame = add_keys(invent_uk_listings(uk, 300))
    golden = pick_golden(frame, uk)
    assert len({str(listing) for listing in golden}) == len(golden) == 12
    pairs = set(frame.select("make", "model").unique().iter_rows())
    optional = {item.name for item in uk.features if item.optional}
    kinds = {
        "unknown": [item for item in golden if UNKNOWN_TEXT in item.values()],
        "bare": [item for item in golden if not optional & set(item)],
        "odd": [
            item
            for item in golden
            if (item["make"], item["model"]) not in pairs and UNKNOWN_TEXT not in item.values()
        ],
    }
    assert {kind: len(found) for kind, found in kinds.items()} == {"unknown": 2, "bare": 1, "odd": 1}
    assert kinds["odd"][0]["make"] in frame["make"]


def test_markets_without_such_kinds_have_fewer(uk: Market) -> None:
    golden = pick_golden(add_keys(invent_dated_listings(300)), dated_market())
    assert len(golden) == 11
    numbers = replace(uk, features=tuple(item for item in uk.features if item.name in ("year", "mileage")))
    assert len(pick_golden(add_keys(invent_uk_listings(uk, 300)), numbers)) == 9
