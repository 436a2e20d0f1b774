"""Golden listings: priced as they were in training, or the bundle is refused."""

import copy
import math
from typing import Any

import pytest
from tests.model.cars import UK_CAR

from carprice.errors import BundleError
from carprice.model.bundle.manifest import RETRAIN
from carprice.model.golden import prove, prove_one
from carprice.model.pricer import MAX_PRICE, Pricer


def test_golden_listings_are_priced_as_stated(any_pricer: Pricer) -> None:
    prove(any_pricer)
    prove_one(any_pricer)
    for golden in any_pricer.manifest["golden"]:
        valuation = any_pricer.price(golden["listing"])
        assert valuation.price == round(golden["price"])
        assert (valuation.low, valuation.high) == (round(golden["low"]), round(golden["high"]))


def with_golden(pricer: Pricer, number: int, **fields: Any) -> Pricer:
    other = copy.copy(pricer)
    golden = [dict(item) for item in pricer.manifest["golden"]]
    golden[number] |= fields
    other.manifest = {**pricer.manifest, "golden": golden}
    return other


@pytest.mark.parametrize("key", ["price", "low", "high"])
@pytest.mark.parametrize("factor", [1.4, 1 + 1e-6])
def test_another_golden_valuation_is_refused(pricer: Pricer, key: str, factor: float) -> None:
    right = pricer.manifest["golden"][2][key]
    with pytest.raises(BundleError) as error:
        prove(with_golden(pricer, 2, **{key: right * factor}))
    assert str(error.value) == (
        f"manifest.json: golden[2].{key}: should be {right * factor!r} (got {right!r})\n"
        f"The files of {pricer.version} do not belong together. {RETRAIN}"
    )


def test_the_last_bit_of_another_machine_is_forgiven(pricer: Pricer) -> None:
    right = pricer.manifest["golden"][0]["price"]
    prove(with_golden(pricer, 0, price=math.nextafter(right, math.inf)))


def test_a_golden_listing_of_another_market_is_refused(pricer: Pricer) -> None:
    with pytest.raises(BundleError) as error:
        prove(with_golden(pricer, 1, listing={**UK_CAR, "year": 1900}))
    assert str(error.value) == (
        f"manifest.json: golden[1]: cannot be priced (year: should be from 1980 to 2021)\n{RETRAIN}"
    )


def test_trees_whose_price_no_number_holds_are_refused(pricer: Pricer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pricer.forest.trees, "predict_row", lambda _: 750.0)
    with pytest.raises(BundleError) as error:
        prove(pricer)
    assert error.value.what.startswith("manifest.json: golden[0].price: should be ")
    assert error.value.what.endswith(f"(got {MAX_PRICE!r})")
