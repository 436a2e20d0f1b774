"""Makes and models that stand in the first row of each group alone, as cells that a sheet has merged."""

from itertools import pairwise

import polars as pl
from msgspec.structs import replace

from carprice.drafting.columns.names import squash_name, squash_words
from carprice.drafting.columns.vocabulary import ROLE_NAMES
from carprice.drafting.writing import Entry
from carprice.listings.above import fill_from_above

NAMED = {name for role in ("make", "model") for name in squash_words(ROLE_NAMES[role])}
MIN_BLANK, MIN_GROUPS = 0.3, 3
MAX_PAIRS = 1.1
"""Pairs of both columns per value of the second: a model has one make, when its blanks are filled."""
TOLD = "It stands in the first row of each group alone: the rows below have what is above."


def fill_groups(sample: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The rows with makes and models in each, and the columns of which that was so; the rows as they are where
    another reason for the blanks is possible."""
    found = [name for name in sample.columns if squash_name(name) in NAMED and _names_groups(sample[name])]
    filled, _ = fill_from_above(sample, found)
    others = [name for name in sample.columns if squash_name(name) in NAMED]
    return (filled, found) if found and len(others) > 1 and _belong(filled, found[0], others) else (sample, [])


def tell_groups(entries: list[Entry], columns: list[str]) -> list[Entry]:
    """The entries, with those of the columns as such, and said to be."""
    return [
        Entry(entry.column, [TOLD, *entry.comment], replace(entry.feature, blank="above"), part=entry.part)
        if entry.feature and entry.column in columns
        else entry
        for entry in entries
    ]


def _names_groups(column: pl.Series) -> bool:
    """Whether many cells are blank, the first is not, and none says what the one above it said."""
    texts = column.str.strip_chars()
    is_known = (texts != "").fill_null(False)
    known = texts.filter(is_known).to_list()
    is_often = 1 - len(known) / max(texts.len(), 1) >= MIN_BLANK
    return is_often and len(known) >= MIN_GROUPS and bool(is_known[0]) and all(a != b for a, b in pairwise(known))


def _belong(filled: pl.DataFrame, first: str, others: list[str]) -> bool:
    """Whether each value of another of the columns goes with one value of the first."""
    other = next(name for name in others if name != first)
    pairs = filled.select(first, other).drop_nulls()
    less, more = sorted((pairs[first].n_unique(), pairs[other].n_unique()))
    return less > 1 and pairs.n_unique() <= MAX_PAIRS * more
