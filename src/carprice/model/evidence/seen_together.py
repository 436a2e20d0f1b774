"""Which values the training listings have together: the models of a make, the years and fuels of a model."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from carprice.market.kinds import KINDS, Value
from carprice.model.evidence.comparables import ComparableFinder
from carprice.model.pricer import Pricer

MAX_REMEMBERED = 500
"""Makes and models whose values are not looked up again."""
MAX_VALUES = 60
"""Of one field; more would be no list to choose from."""

Names = tuple[str, ...]


class SeenTogether:
    """The values of one pricer's training listings. finder: of its comparables, None where it keeps none."""

    def __init__(self, pricer: Pricer, finder: ComparableFinder | None) -> None:
        self._pricer, self._finder = pricer, finder
        features, keys = pricer.market.features, pricer.forest.depreciation.keys
        self.keys = tuple(features[index].name for index in keys)
        """The names of make and model, as far as the market has them."""
        self._parts = _list_parts(pricer, self.keys)
        self._seen = lru_cache(MAX_REMEMBERED)(self._look_up)

    def spell(self, listing: Mapping[str, Any]) -> Names:
        """The known keys of a listing as training has them, up to the first that is missing or not known."""
        names: Names = ()
        for name, index in zip(self.keys, self._pricer.forest.depreciation.keys, strict=True):
            value = listing.get(name)
            spelled = self._pricer.encoder.spell(index, value) if isinstance(value, str) else None
            if spelled not in self._parts.get(names, ()):
                break
            names = (*names, str(spelled))
        return names

    def list_next(self, names: Names) -> list[str]:
        """The values of the next key that were seen with these."""
        return sorted(self._parts.get(names, ()))

    def find_usual(self, names: Names) -> list[Value] | None:
        """The values of the usual car of these keys, in feature order; None where it is not known."""
        if len(names) < len(self.keys) or not names:
            return None
        keyed: list[Value] = [None] * len(self._pricer.market.features)
        for name, index in zip(names, self._pricer.forest.depreciation.keys, strict=True):
            keyed[index] = name
        return self._pricer.usual.find(keyed)

    def list_seen(self, names: Names) -> Mapping[str, Sequence[Value]]:
        """By field, the values of whole listings with all of these keys, sorted; none where no listing is kept.

        Only of categories and years: of other numbers there are too many.
        """
        return self._seen(names) if names and len(names) == len(self.keys) else {}

    def _look_up(self, names: Names) -> dict[str, list[Value]]:
        if self._finder is None:
            return {}
        store = self._finder.store
        rows = [store.values(row) for start, end in store.find_groups(names) for row in range(start, end)]
        found: dict[str, list[Value]] = {}
        for feature, values in zip(self._pricer.market.features, zip(*rows, strict=True), strict=False):
            if (feature.is_category or KINDS[feature.kind].is_whole) and feature.name not in self.keys:
                seen = sorted({value for value in values if value is not None})
                if len(seen) <= MAX_VALUES:
                    found[feature.name] = list(seen)
        return found


def _list_parts(pricer: Pricer, keys: Names) -> dict[Names, set[str]]:
    """The values of the next key by those before it."""
    parts: dict[Names, set[str]] = {}
    for line in pricer.forest.depreciation.lines:
        names: Names = ()
        for name, code in zip(keys, line, strict=True):
            if not 0 <= code < len(pricer.encoders[name]):
                break
            value = pricer.encoders[name][int(code)]
            parts.setdefault(names, set()).add(value)
            names = (*names, value)
    return parts
