"""Which columns of a market a listings file has, and which similar one was meant."""

from collections.abc import Sequence

from rapidfuzz import fuzz, process

from carprice.errors import ListingsError
from carprice.listings.one_hot import with_categories
from carprice.listings.reading.row_lines import SHOWN_CHARACTERS
from carprice.market.market_file import Feature, Market

SHOWN_COLUMNS = 40
MIN_SIMILARITY = 80
"""Of 100: how similar a column's name must be to be suggested for a missing one."""


def check_columns(market: Market, columns: Sequence[str], source: str, with_price: bool = True) -> None:
    """Raises ListingsError naming the first column of the market that is missing, and a similar one.

    with_price=False: as for cars that are to be priced, which need the columns of required features alone.
    """
    columns = with_categories(market, columns)
    needed = [
        (f"features.{feature.name}", feature.column)
        for feature in market.features
        if with_price or not feature.optional
    ]
    rows = [(f"listing.{key}", getattr(market.listing, key)) for key in ("id", "seen")]
    rows.append(("price.currency_column", market.price.currency_column))
    named = [("price", market.price.column), *needed, *((path, column) for path, column in rows if column)]
    for path, column in named if with_price else needed:
        if column in columns:
            continue
        similar = find_similar(column, columns)
        suggestion = f"Did you mean {similar!r}? " if similar else ""
        raise ListingsError(
            f"{source}: has no column {column!r}, which market {market.name} needs for {path}",
            f"{suggestion}The file has: {list_columns(columns)}.\n"
            f"Draft a market file for it: ./carprice market init {source}",
        )


def list_columns(columns: Sequence[str]) -> str:
    """The columns as a message shows them, not all where there are many."""
    shown = ", ".join(column[:SHOWN_CHARACTERS] for column in columns[:SHOWN_COLUMNS])
    return shown + (f" and {len(columns) - SHOWN_COLUMNS} more" if len(columns) > SHOWN_COLUMNS else "")


def find_absent(market: Market, columns: Sequence[str]) -> list[Feature]:
    """The optional features whose column the file does not have, each column once."""
    columns = with_categories(market, columns)
    absent = {item.column: item for item in market.features if item.optional and item.column not in columns}
    return list(absent.values())


def describe_absent(market: Market, columns: Sequence[str]) -> list[str]:
    """A line for each optional feature that cars of such a file are priced without."""
    columns = with_categories(market, columns)
    free = set(columns) - {feature.column for feature in market.features}
    lines = []
    for feature in market.features:
        if feature.optional and feature.column not in columns:
            similar = find_similar(feature.column, sorted(free))
            question = f"; did you mean {similar!r}?" if similar else ""
            lines.append(f"column {feature.column!r} is not in the file: {feature.name} is not given{question}")
    return lines


def find_similar(column: str, columns: Sequence[str]) -> str | None:
    """The name that is most like the column's, if one is like it."""
    found = process.extractOne(
        column, columns, scorer=fuzz.WRatio, processor=str.casefold, score_cutoff=MIN_SIMILARITY
    )
    return str(found[0]) if found else None
