"""Prices for a whole file of listings: every row of the file gets a row of prices, in order."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from carprice.errors import FileError, ListingsError
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import Cleaner
from carprice.listings.columns import check_columns, describe_absent
from carprice.listings.listings_file import ListingsFile
from carprice.model.pricer import Pricer

BATCH_ROWS = 50_000
PARQUET = ".parquet"
SUFFIXES = (".csv", PARQUET)
PRICES = ("predicted_price", "predicted_low", "predicted_high", "problem", "confidence", "warnings")

Progress = Callable[[int], None]
Note = Callable[[str], None]


def check_suffix(output: Path | None) -> None:
    """Raises FileError for an output file of another format than those of write_scores."""
    if output is None or output.suffix.casefold() in SUFFIXES:
        return
    found = f"format {output.suffix}" if output.suffix else "a file without an ending"
    raise FileError(
        f"{output}: cannot be written as {found}: prices are written as {' or '.join(SUFFIXES)}",
        f"Write {output.with_suffix('.csv')}, which spreadsheets open: --output {output.with_suffix('.csv')}",
    )


def is_parquet(output: Path | None) -> bool:
    """Whether the name of the output file asks for Parquet."""
    return output is not None and output.suffix.casefold() == PARQUET


def score_file(
    path: Path, pricer: Pricer, progress: Progress | None = None, note: Note | None = None
) -> Iterator[pl.DataFrame]:
    """Price a listings file batch by batch, so that memory stays flat.

    Yields the file's own columns as text, then PRICES: price, low and high in whole units of the market's
    currency, problem, which says why a row has no price, confidence, and warnings as `code:field`, joined by
    "; ". A batch is read while the one before it is priced. note gets a line for each optional feature whose
    column the file does not have. Raises ListingsError where the file cannot be read, lacks another column, or
    has one of PRICES.
    """
    file = ListingsFile(path)
    for name in PRICES:
        if name in file.columns:
            raise ListingsError(
                f"{path}: has a column {name!r} already, which the prices would replace",
                "Rename or remove that column, or score the file that was scored before it was",
            )
    check_columns(pricer.market, file.columns, str(path), with_price=False)
    for line in describe_absent(pricer.market, file.columns) if note else ():
        note(line)  # type: ignore[misc]
    cleaner = Cleaner(pricer.market, str(path), with_price=False)
    pending: Future[pl.DataFrame] | None = None
    with ThreadPoolExecutor(1, "pricing") as pool:
        for batch in file.read_batches(BATCH_ROWS):
            frame = cleaner.mark_problems(batch, file.first_line + cleaner.report.rows_read)
            priced, pending = pending, pool.submit(_price_batch, batch, frame, pricer)
            if priced:
                yield priced.result()
            if progress:
                progress(cleaner.report.rows_read)
        if pending:
            yield pending.result()


def write_scores(batches: Iterator[pl.DataFrame], output: IO[bytes], as_parquet: bool) -> int:
    """Write batches as CSV with one header, or as Parquet; returns the rows written.

    Raises BrokenPipeError where the reader of the output went away.
    """
    rows = 0
    writer: Any = None
    for batch in batches:
        if not as_parquet:
            # Not written by polars itself, which has a closed pipe as an error without its number.
            output.write(batch.write_csv(include_header=rows == 0).encode())
        else:
            table = batch.to_arrow()
            writer = writer or pq.ParquetWriter(output, table.schema)
            writer.write_table(table)
        rows += batch.height
    if writer:
        writer.close()
    return rows


def _price_batch(batch: pl.DataFrame, frame: pl.DataFrame, pricer: Pricer) -> pl.DataFrame:
    """The batch with PRICES. frame: of Cleaner.mark_problems, row by row the same cars."""
    good = frame["problem"].is_null()
    priced = price_frame(frame.filter(good).drop("problem"), pricer)
    is_valued = pl.col("unvalued").is_null()
    amounts = [
        pl.when(is_valued).then(pl.Series(np.rint(priced[source].to_numpy()))).cast(pl.Int64).alias(name)
        for name, source in zip(PRICES, ("predicted", "low", "high"), strict=False)
    ]
    answers = priced.select(
        *amounts,
        pl.concat_str(pl.lit("not valued: "), "unvalued").alias("problem"),
        pl.when(is_valued).then("confidence").alias("confidence"),
        pl.col("warnings"),
    )
    if good.all():
        return batch.hstack(answers)
    rows = pl.DataFrame({"row": good.arg_true()}).hstack(answers)
    placed = frame.select("problem").with_row_index("row").join(rows, "row", "left", maintain_order="left")
    return batch.hstack(placed.select(*PRICES[:3], pl.coalesce("problem", "problem_right"), *PRICES[4:]))
