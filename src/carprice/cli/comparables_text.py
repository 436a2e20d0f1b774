"""Comparables as lines for a person."""

from collections.abc import Mapping
from typing import Any

from carprice.market.kinds import KINDS
from carprice.market.market_file import Feature, Market
from carprice.model.evidence.comparables import Comparables
from carprice.system.tables import format_table

NOT_GIVEN = "-"
TITLE = ("make", "model")


def format_comparables(found: Comparables, listing: Mapping[str, Any], market: Market) -> str:
    """The search, a line for each listing with the fields that differ, and the median of the adjusted prices."""
    if not found.listings:
        return f"Comparables: none, {found.search}"
    shown = [feature for feature in market.features if _differs(feature, found, listing)]
    ends = [name for name in ("day", "link", "id") if any(getattr(each, name) for each in found.listings)]
    noun = "Asked" if market.listing.price_type == "asking" else "Paid"
    rows = [[*(feature.label for feature in shown), noun, "Here", *(name.capitalize() for name in ends)]]
    for each in found.listings:
        fields = [_show(feature, each.listing) for feature in shown]
        rows.append(
            [*fields, f"{each.price:,}", f"{each.adjusted:,}", *(getattr(each, name) or "" for name in ends)]
        )
    numbers = [place for place, feature in enumerate(shown) if not feature.is_category]
    table = format_table(rows, [*numbers, len(shown), len(shown) + 1])
    median = f"{found.median:,} {market.currency}"
    return f"Comparables ({found.search})\n{table}\nThe median of these, for this car: {median}"


def _differs(feature: Feature, found: Comparables, listing: Mapping[str, Any]) -> bool:
    """Whether a field is worth a column: one of them has another value than the car, or it names the car."""
    own = _show(feature, listing)
    is_asked = own != NOT_GIVEN or feature.name in TITLE
    return is_asked and any(_show(feature, each.listing).casefold() != own.casefold() for each in found.listings)


def _show(feature: Feature, listing: Mapping[str, Any]) -> str:
    value = listing.get(feature.name)
    return NOT_GIVEN if value is None else f"{KINDS[feature.kind].show(value)} {feature.unit}".rstrip()
