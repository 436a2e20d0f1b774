"""Categories that a file has as columns of yes and no, make_BMW and make_Audi, and a market as column make_*."""

from collections.abc import Iterable, Sequence

import polars as pl

from carprice.market.market_file import Market

REST = "_*"
"""With the underscore: a column `Make*` has a mark of its own."""
YES = ("1", "1.0", "true", "True", "TRUE")
NO = ("0", "0.0", "false", "False", "FALSE")


def find_parts(column: str, columns: Iterable[str]) -> list[str]:
    """The columns whose names begin as that of a category of a market; none where it is in the file itself."""
    if not column.endswith(REST) or column in columns:
        return []
    return [name for name in columns if name.startswith(column[:-1])]


def with_categories(market: Market, columns: Sequence[str]) -> list[str]:
    """The columns of a file, and those of the market that columns of yes and no stand for."""
    joined = {item.column: None for item in market.features if find_parts(item.column, columns)}
    return [*columns, *joined]


def join_categories(batch: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """The rows with those of columns that columns of yes and no stand for: what says yes, else null."""
    parts = {column: find_parts(column, batch.columns) for column in columns}
    return batch.with_columns(_join(column, names) for column, names in parts.items() if names)


def _join(column: str, names: Sequence[str]) -> pl.Expr:
    begin = len(column) - 1
    said = (
        pl.when(pl.col(name).cast(pl.String).str.strip_chars().is_in(YES)).then(pl.lit(name[begin:]))
        for name in names
    )
    return pl.coalesce(said).alias(column)
