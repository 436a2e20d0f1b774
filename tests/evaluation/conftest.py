"""A small bundle's pricer, and listings that it has not learnt from."""

from pathlib import Path

import polars as pl
import pytest
from tests.bundles import dated_market, invent_dated_listings, invent_uk_listings

from carprice.evaluation.report import Report, build_report
from carprice.model.bundle.manifest import champion_version
from carprice.model.pricer import Pricer, load_pricer

ROWS = 2000


@pytest.fixture(scope="session")
def uk_pricer(small_bundle: Path) -> Pricer:
    return load_pricer(small_bundle / (champion_version(small_bundle) or ""))


@pytest.fixture(scope="session")
def dated_pricer(dated_bundle: Path) -> Pricer:
    return load_pricer(dated_bundle / (champion_version(dated_bundle) or ""))


@pytest.fixture(scope="session")
def uk_listings(uk_pricer: Pricer) -> pl.DataFrame:
    return invent_uk_listings(uk_pricer.market, ROWS, seed=9)


@pytest.fixture(scope="session")
def dated_listings() -> pl.DataFrame:
    assert dated_market().year is None
    return invent_dated_listings(ROWS, seed=9)


@pytest.fixture(scope="session")
def uk_report(uk_pricer: Pricer, uk_listings: pl.DataFrame) -> Report:
    return build_report(uk_listings, uk_pricer)
