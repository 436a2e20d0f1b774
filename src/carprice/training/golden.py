"""The golden listings of a bundle: what it has to price as in training before it serves."""

from typing import Any

import numpy as np

from carprice.frames.encoding import read_listing
from carprice.listings.stored import Table, gather_rows
from carprice.market.market_file import Market

GOLDEN_LISTINGS = 10
UNKNOWN_TEXT = "Not in the listings"

Listing = dict[str, Any]


def pick_golden(frame: Table, market: Market) -> list[Listing]:
    """Listings over the whole range of prices, and changed ones: the parts of a model that real ones do not ask.

    One has an unknown category, one lacks a number, one lacks every optional field, and one is of a model under
    another make, where there is such.
    """
    indexes = np.unique(np.linspace(0, frame.height - 1, GOLDEN_LISTINGS - 2).astype(int))
    order = frame.select("price", "key").with_row_index("@row").sort("price", "key")["@row"]
    rows = gather_rows(frame, order[indexes])
    golden = [read_listing(row, market) for row in rows.iter_rows(named=True)]
    first = golden[0]
    texts = [item for item in market.features if item.is_category]
    if texts:
        changed = texts[min(1, len(texts) - 1)]
        golden.append({**first, changed.name: UNKNOWN_TEXT[: changed.max_length].strip()})
    optional = [item for item in market.features if item.optional]
    for item in [item for item in optional if not item.is_category][:1]:
        golden.append(_without(golden[-1], [item.name]))
    golden.append(_without(first, [item.name for item in optional]))
    return [*golden, *_swap_make(frame, market, first)]


def _without(listing: Listing, names: list[str]) -> Listing:
    return {key: value for key, value in listing.items() if key not in names}


def _swap_make(frame: Table, market: Market, listing: Listing) -> list[Listing]:
    """The listing with a make that has no such model; none where there is no such make."""
    found = [market.feature(name) for name in ("make", "model")]
    if not all(item and item.is_category and item.name in listing for item in found):
        return []
    makes = frame["make"]
    own = makes.filter(frame["model"] == listing["model"]).drop_nulls().unique().to_list()
    others = makes.drop_nulls().unique().sort().to_list()
    return [{**listing, "make": make} for make in others if make not in own][:1]
