"""Blank cells that mean what stands above them, as in a table that names each make once."""

from collections.abc import Iterable, Mapping

import polars as pl

ABOVE = "above"
"""What `blank` of a feature says of such a column."""


def fill_from_above(
    batch: pl.DataFrame, columns: Iterable[str], last: Mapping[str, str | None] | None = None
) -> tuple[pl.DataFrame, dict[str, str | None]]:
    """The rows with what stands above each blank cell of the columns, and what stands last in each.

    last: of the batch before this one.
    """
    before = last or {}
    named = [column for column in columns if column in batch.columns]
    for column in named:
        texts = batch[column].cast(pl.String)
        texts = texts.set((texts.str.strip_chars() == "").fill_null(False), None).forward_fill()
        batch = batch.with_columns(texts.fill_null(pl.Series([before.get(column)], dtype=pl.String)).alias(column))
    return batch, {column: batch[column][-1] if batch.height else before.get(column) for column in named}
