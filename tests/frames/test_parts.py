"""Pricing a frame in parts: the figures are those of one go, to the last bit."""

from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from tests.bundles import invent_uk_listings

from carprice.engine.start import open_engine
from carprice.errors import BundleError
from carprice.frames.parts import PartPricing, find_trusted, load_kept_pricer
from carprice.frames.pricing import price_frame
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import load_pricer


@pytest.mark.parametrize("rows", [0, 1, 401])
def test_parts_are_priced_as_the_whole(rows: int, small_bundle: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("carprice.frames.parts.PART_ROWS", 100)
    bundle = find_bundle(small_bundle)
    pricer = load_pricer(bundle)
    frame = invent_uk_listings(pricer.market, 401, seed=9).head(rows)
    with open_engine(workers=1) as engine:
        found = PartPricing(bundle, "", engine, tmp_path).price(frame, pricer)
    assert_frame_equal(found, price_frame(frame, pricer), check_exact=True)


def test_a_worker_prices_with_no_model_that_nobody_trusted_signed(small_bundle: Path, tmp_path: Path) -> None:
    keys = tmp_path / "trusted"
    keys.mkdir()
    with pytest.raises(BundleError):
        load_kept_pricer(find_bundle(small_bundle), str(keys))
    assert find_trusted("") == ""
    assert find_trusted("./trusted") == str(Path.cwd() / "trusted")
