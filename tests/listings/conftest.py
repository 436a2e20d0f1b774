"""The market that several tests of listings need."""

from pathlib import Path

import pytest

from carprice.market.market_file import Market, load_market


@pytest.fixture(scope="session")
def uk(markets_dir: Path) -> Market:
    return load_market("uk", markets_dir)
