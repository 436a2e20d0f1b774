"""What a query asks for besides the price: the breakdown, another coverage, comparables."""

import math
from typing import NamedTuple
from urllib.parse import parse_qs

from carprice.api.responses import RefusedError
from carprice.api.state import LoadedModel
from carprice.model.evidence.comparables import MAX_COMPARABLES
from carprice.model.price_range import MAX_COVERAGE, MIN_COVERAGE, Limits

NO, YES, USUAL = "0", "1", "model"
EXPLAIN = (NO, YES, USUAL)
NAMES = ("explain", "group", "coverage", "comparables", "id")
"""The options there are. Another one is refused, as it would be without effect and nobody would know."""
MAX_ID = 200
"""Characters of a car's id."""


class Options(NamedTuple):
    """explain: "0" for no breakdown, "1" against the average car, "model" against the usual one of its model.

    grouped: year and mileage together in it. limits: None for the usual coverage. comparables: how many, 0 for
    none. car: its id.
    """

    explain: str = NO
    grouped: bool = False
    limits: Limits | None = None
    comparables: int = 0
    car: str | None = None

    @property
    def wants_evidence(self) -> bool:
        """Whether more than a price is asked for."""
        return self.explain != NO or self.comparables > 0


PLAIN = Options()


def read_options(model: LoadedModel, query: str) -> Options:
    """The options of a query. Raises RefusedError with 422 naming what is wrong, and what it should be."""
    options = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
    if unknown := options.keys() - set(NAMES):
        raise RefusedError(
            422, f"The query has no option {sorted(unknown)[0][:MAX_ID]!r}; it has {', '.join(NAMES)}"
        )
    explain, group, car = options.get("explain", NO), options.get("group", NO), options.get("id")
    if explain not in EXPLAIN:
        raise _refuse(f"explain should be {' or '.join(EXPLAIN)}")
    if group not in (NO, YES):
        raise _refuse(f"group should be {NO} or {YES}")
    if car is not None and not 0 < len(car) <= MAX_ID:
        raise _refuse(f"id should have 1 to {MAX_ID} characters")
    limits = _read_limits(model, options.get("coverage"))
    return Options(explain, group == YES, limits, _read_count(options), car)


def _read_limits(model: LoadedModel, text: str | None) -> Limits | None:
    if text is None:
        return None
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not MIN_COVERAGE <= share <= MAX_COVERAGE:
        raise _refuse(f"coverage should be from {MIN_COVERAGE} to {MAX_COVERAGE}")
    return model.pricer.range.limits(share)


def _read_count(options: dict[str, str]) -> int:
    text = options.get("comparables", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= MAX_COMPARABLES):
        raise _refuse(f"comparables should be a whole number from 0 to {MAX_COMPARABLES}")
    return int(text)


def _refuse(what: str) -> RefusedError:
    return RefusedError(422, f"The query has a wrong value: {what}")
