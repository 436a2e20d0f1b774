"""Bundles whose files fit their digests and each other, made to do harm: they price wrongly, and no more."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.model.cars import UK_CAR, UK_VALUES, change
from tests.model.fuzzing import fit_sizes

from carprice.errors import BundleError
from carprice.model.bundle.contents import Bundle, check_bundle
from carprice.model.pricer import MAX_PRICE, Pricer

HUGE_RANGE = {"edges": [], "quantiles": [[-4e8] * 50 + [4e8] * 49] * 2, "unseen": 1e300}


def change_model(bundle: Bundle, **changes: Any) -> Pricer:
    """The pricer of the bundle with other parts of its model, as loading it would make one."""
    changed = replace(bundle, model={**bundle.model, **changes})
    return Pricer(check_bundle(changed, Path("changed")))


def raise_leaves(text: str, by: float) -> str:
    """Every leaf of the first tree, by that much in log price."""
    raised = re.sub(
        r"(?m)^leaf_value=(.*)$",
        lambda line: f"leaf_value={' '.join(str(float(value) + by) for value in line[1].split())}",
        text,
        count=1,
    )
    return fit_sizes(raised)


def test_a_price_beyond_any_is_still_a_number(bundle: Bundle) -> None:
    """A great leaf, or a range without end, used to be an error of the service."""
    for changes in ({"trees": raise_leaves(bundle.model["trees"], 80)}, {"level": 20.0}, {"range": HUGE_RANGE}):
        pricer = change_model(bundle, **changes)
        for car in (UK_CAR, change(UK_CAR, model="Never seen")):
            found = pricer.price(car)
            assert 0 <= found.low <= found.price <= found.high <= MAX_PRICE
        assert pricer.price_rows([UK_VALUES])[0].high <= MAX_PRICE


def test_a_breakdown_sums_to_such_a_price_too(bundle: Bundle) -> None:
    pricer = change_model(bundle, trees=raise_leaves(bundle.model["trees"], 30))
    found = pricer.explain(UK_CAR)
    assert found.base + sum(part.amount for part in found.parts) == pricer.price(UK_CAR).price == MAX_PRICE


@pytest.mark.parametrize("first", [-(10**15), -9_999, 9_900])
def test_years_that_no_car_has_take_no_time(bundle: Bundle, first: int) -> None:
    """Every year between a car's own and those of its line was asked for: ten to the fifteenth of them."""
    table = bundle.model["depreciation"]
    spans = [[*map(int, line[: len(table["keys"])]), first, first + 50] for line in table["lines"]]
    changes = {"years": {"field": "year", "spans": spans}}
    if abs(first) > 10_000:
        with pytest.raises(BundleError, match=r"years\.spans\[0\]: should have 2 codes, a first and a last year"):
            change_model(bundle, **changes)
    else:
        assert change_model(bundle, **changes).price(UK_CAR).price >= 0
