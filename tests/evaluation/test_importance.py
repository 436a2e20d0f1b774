"""Importance: of lines and trees together."""

from pathlib import Path

import pytest
from tests.bundles import add_keys, invent_uk_listings
from tests.training.conftest import QUICK

from carprice.evaluation.importance import measure_importance
from carprice.market.market_file import load_market
from carprice.training.fit import fit_listings


def test_what_moves_the_price_comes_first_and_all_sum_to_one(markets_dir: Path) -> None:
    uk = load_market("uk", markets_dir)
    frame = add_keys(invent_uk_listings(uk, 600))
    pricer = fit_listings(frame, uk, 7, lambda _: None, QUICK).pricer("20200101T000000Z")
    shares = measure_importance(frame, pricer)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert next(iter(shares)) == "year"
    assert shares["engine_size"] > shares["transmission"]
