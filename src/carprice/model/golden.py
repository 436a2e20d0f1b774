"""The proof of a bundle: its golden listings are priced as they were when it was written."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from carprice.errors import BundleError, ListingsError
from carprice.model.bundle.manifest import RETRAIN

if TYPE_CHECKING:
    from carprice.model.pricer import Pricer

TOLERANCE = 1e-9
"""Relative. The last bit of exp may differ between machines; a larger difference is another model."""


def prove(pricer: "Pricer") -> None:
    """Price the golden listings of the manifest. Raises BundleError where a price is not as in training."""
    for number, golden in enumerate(pricer.manifest["golden"]):
        _prove_golden(pricer, number, golden)


def prove_one(pricer: "Pricer") -> None:
    """Price the first golden listing only, for frequent health checks. Raises BundleError as prove does."""
    _prove_golden(pricer, 0, pricer.manifest["golden"][0])


def _prove_golden(pricer: "Pricer", number: int, golden: Mapping[str, Any]) -> None:
    where = f"manifest.json: golden[{number}]"
    try:
        found = pricer.golden_valuation(golden["listing"])
    except (ListingsError, OverflowError) as error:
        raise BundleError(f"{where}: cannot be priced ({error.args[0]})", RETRAIN) from None
    for key, value in found.items():
        if not math.isclose(golden[key], value, rel_tol=TOLERANCE):
            raise BundleError(
                f"{where}.{key}: should be {golden[key]!r} (got {value!r})",
                f"The files of {pricer.version} do not belong together. {RETRAIN}",
            )
