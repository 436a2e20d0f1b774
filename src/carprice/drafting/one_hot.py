"""Columns of yes and no that are one category, as pandas' get_dummies makes them: make_BMW, make_Audi."""

import polars as pl

from carprice.drafting.columns.names import split_words
from carprice.listings.one_hot import NO, REST, YES, find_parts, join_categories

MIN_PARTS = 2
MIN_ONE, MAX_SEVERAL = 0.6, 0.01
"""Of the rows, so many have one part that says yes (the first value may have no column), and so many several."""
NO_NAMES = {"is", "has", "with"}
"""Words that flags begin with, and no category."""


def join_one_hot(sample: pl.DataFrame) -> pl.DataFrame:
    """The rows, with a column `make_*` in place of the first of make_BMW, make_Audi and so on."""
    for prefix in _find_prefixes(sample):
        column = f"{prefix[:-1]}{REST}"
        parts = find_parts(column, sample.columns)
        at = sample.columns.index(parts[0])
        joined = join_categories(sample, [column])
        sample = joined.select(*sample.columns[:at], column, *sample.columns[at:]).drop(parts)
    return sample


def _find_prefixes(sample: pl.DataFrame) -> list[str]:
    """What the names of columns that are one category begin with; no two of them share a column."""
    flags = [column.name for column in sample.get_columns() if _is_flag(column)]
    counts: dict[str, list[str]] = {}
    for name in flags:
        for end, mark in enumerate(name):
            if mark == "_" and 0 < end < len(name) - 1:
                counts.setdefault(name[: end + 1], []).append(name)
    found: list[str] = []
    for prefix, parts in sorted(counts.items(), key=lambda item: (-len(item[1]), -len(item[0]))):
        is_whole = [name for name in sample.columns if name.startswith(prefix)] == parts
        is_free = not any(prefix.startswith(other) or other.startswith(prefix) for other in found)
        if is_whole and is_free and _is_category(sample, prefix, parts):
            found.append(prefix)
    return found


def _is_flag(column: pl.Series) -> bool:
    texts = column.drop_nulls().str.strip_chars()
    return bool(texts.len()) and bool(texts.is_in([*YES, *NO]).all())


def _is_category(sample: pl.DataFrame, prefix: str, parts: list[str]) -> bool:
    if len(parts) < MIN_PARTS or {*split_words(prefix)} <= NO_NAMES:
        return False
    said = sample.select(
        pl.sum_horizontal(pl.col(name).str.strip_chars().is_in(YES).cast(pl.UInt32) for name in parts)
    ).to_series()
    return bool((said == 1).mean() >= MIN_ONE and (said > 1).mean() <= MAX_SEVERAL)  # type: ignore[operator]
