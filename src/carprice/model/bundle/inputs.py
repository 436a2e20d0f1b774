"""What went into a training, feature by feature, in bins: later listings are counted into the same ones."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec

from carprice.errors import BundleError
from carprice.market.kinds import Value
from carprice.model.bundle.manifest import RETRAIN
from carprice.system.structs import Number, convert

INPUTS = "inputs"
"""The key of the manifest."""
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Bins(msgspec.Struct, frozen=True, omit_defaults=True):
    """The bins of one feature, and the share of the training listings in each; missing values have the last one.

    edges: of a number, ascending; a bin holds what is above its lower and at most its upper edge. values: of a
    category, a bin each, then one for all others. A text has neither, and one bin for those that are given.
    """

    shares: Annotated[list[_Share], msgspec.Meta(min_length=2)]
    edges: list[Number] = []
    values: list[str] | None = None

    def count(self, values: Iterable[Value]) -> list[int]:
        """How many values there are in each bin."""
        counts = [0] * len(self.shares)
        places = None if self.values is None else {text: place for place, text in enumerate(self.values)}
        for value in values:
            if value is None:
                counts[-1] += 1
            elif places is None:
                counts[bisect_left(self.edges, value)] += 1  # a text has no edges
            else:
                counts[places.get(str(value), len(places))] += 1
        return counts


class Inputs(msgspec.Struct, frozen=True):
    """rows: the training listings. features: the bins of each."""

    rows: Annotated[int, msgspec.Meta(ge=1)]
    features: dict[str, Bins]


def read_inputs(manifest: Mapping[str, Any]) -> Inputs | None:
    """What the manifest says of the training listings; None in bundles that keep nothing of them.

    Raises BundleError where it is damaged.
    """
    table = manifest.get(INPUTS)
    if table is None:
        return None
    where = f"manifest.json: {INPUTS}"
    features = convert(table, dict[str, Any], where, BundleError, RETRAIN).get("features")
    named = convert(features, dict[str, Any], f"{where}.features", BundleError, RETRAIN)
    found = {
        name: convert(bins, Bins, f"{where}.features: {name}", BundleError, RETRAIN)
        for name, bins in named.items()
    }
    for name, bins in found.items():
        wanted = len(bins.edges) + 2 if bins.values is None else len(bins.values) + 2
        if len(bins.shares) != wanted:
            raise BundleError(
                f"{where}.features.{name}.shares: should have {wanted} numbers (got {len(bins.shares)})", RETRAIN
            )
    return convert({**table, "features": found}, Inputs, where, BundleError, RETRAIN)
