"""Prices for a whole file of listings: every row of the file gets a row of prices, in order."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from carprice.errors import FileError, ListingsError
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import Cleaner
from carprice.listings.columns import check_columns, describe_absent, find_similar
from carprice.listings.listings_files import ListingsFiles, Source, open_listings
from carprice.listings.reading.row_lines import shorten
from carprice.model.evidence.comparables import ComparableFinder
from carprice.model.pricer import Pricer
from carprice.scoring.ranking import RANKING, rank_asking_prices, read_asking_prices

BATCH_ROWS = 50_000
PARQUET = ".parquet"
SUFFIXES = (".csv", PARQUET)
PRICES = ("predicted_price", "predicted_low", "predicted_high", "problem", "confidence", "warnings")
POSITION = {
    "percentile": "asking_position",
    "word": "asking_word",
    "percent_to_market": "asking_percent_to_market",
}
"""The columns of frames/position.py in the file that is written."""

Progress = Callable[[int], None]
Note = Callable[[str], None]


def check_suffix(output: Path | None) -> Path | None:
    """The output file. Raises FileError for one of another format than those of write_scores."""
    if output is None or output.suffix.casefold() in SUFFIXES:
        return output
    found = f"format {output.suffix}" if output.suffix else "a file without an ending"
    raise FileError(
        f"{output}: cannot be written as {found}: prices are written as {' or '.join(SUFFIXES)}",
        f"Write {output.with_suffix('.csv')}, which spreadsheets open: --output {output.with_suffix('.csv')}",
    )


def is_parquet(output: Path | None) -> bool:
    """Whether the name of the output file asks for Parquet."""
    return output is not None and output.suffix.casefold() == PARQUET


def score_file(
    path: Source,
    pricer: Pricer,
    progress: Progress | None = None,
    note: Note | None = None,
    asking: str | None = None,
    finder: ComparableFinder | None = None,
) -> Iterator[pl.DataFrame]:
    """Price a listings file batch by batch, so that memory stays flat.

    Yields the file's own columns as text, then PRICES: price, low and high in whole units of the market's
    currency, problem, which says why a row has no price, confidence, and warnings as `code:field`, joined by
    "; ". A batch is read while the one before it is priced. note gets a line for each optional feature whose
    column the file does not have. asking: the column with asking prices, written as the market's price column is;
    then the columns of POSITION come last, empty where a row has no price or no asking price. finder: of the
    model's comparables; then those of RANKING follow. Raises ListingsError where the file cannot be read, lacks
    another column, or has one of those that are added.
    """
    file = open_listings(path)
    notes = check_file(file, pricer, asking, finder is not None)
    for line in notes if note else ():
        note(line)  # type: ignore[misc]
    cleaner = Cleaner(pricer.market, str(path), with_price=False)
    pending: Future[pl.DataFrame] | None = None
    with ThreadPoolExecutor(1, "pricing") as pool:
        for batch in file.read_batches(BATCH_ROWS):
            frame = cleaner.mark_problems(batch, file.first_line + cleaner.report.rows_read)
            priced, pending = pending, pool.submit(answer_batch, batch, frame, pricer, asking, finder)
            if priced:
                yield priced.result()
            if progress:
                progress(cleaner.report.rows_read)
        if pending:
            yield pending.result()
    for line in describe_dropped(file) if note else ():
        note(line)  # type: ignore[misc]


def check_file(file: ListingsFiles, pricer: Pricer, asking: str | None, comparables: bool) -> list[str]:
    """A line for each optional feature whose column the file lacks; raises ListingsError as score_file does."""
    _check_free(
        file, [*PRICES, *(POSITION.values() if asking else ()), *(RANKING if asking and comparables else ())]
    )
    if asking:
        _check_asking(file, asking)
    check_columns(pricer.market, file.columns, str(file), with_price=False)
    return list(describe_absent(pricer.market, file.columns))


def describe_dropped(file: ListingsFiles) -> list[str]:
    """A line for each reason why rows of a file, which was read, were none of its table."""
    return [
        f"{row.count:,} rows without a price were left out: {row.reason}, first: {name}{' ' if name else ''}"
        f"{file.counted} {row.line}, {shorten(row.value)}"
        for name, row in file.dropped
    ]


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


def answer_batch(
    batch: pl.DataFrame, frame: pl.DataFrame, pricer: Pricer, asking: str | None, finder: ComparableFinder | None
) -> pl.DataFrame:
    """The batch with every column that is added. frame: of Cleaner.mark_problems, row by row the same cars."""
    priced = _price_batch(batch, frame, pricer, asking)
    return priced.hstack(rank_asking_prices(priced, frame, asking, finder)) if asking and finder else priced


def _check_free(file: ListingsFiles, names: Sequence[str]) -> None:
    for name in names:
        if name in file.columns:
            raise ListingsError(
                f"{file}: has a column {name!r} already, which the prices would replace",
                "Rename or remove that column, or score the file that was scored before it was",
            )


def _check_asking(file: ListingsFiles, asking: str) -> None:
    if asking not in file.columns:
        similar = find_similar(asking, file.columns)
        suggestion = f"Did you mean {similar!r}? " if similar else ""
        raise ListingsError(
            f"{file}: has no column {asking!r} to take asking prices from",
            f"{suggestion}The file has: {', '.join(file.columns)}",
        )


def _price_batch(batch: pl.DataFrame, frame: pl.DataFrame, pricer: Pricer, asking: str | None) -> pl.DataFrame:
    """The batch with PRICES, and POSITION with asking. frame: of Cleaner.mark_problems, row by row the same."""
    good = frame["problem"].is_null()
    asked = None
    if asking:
        asked = read_asking_prices(batch.filter(good), asking, pricer.market)
    priced = price_frame(frame.filter(good).drop("problem"), pricer, asked)
    positions = POSITION if asking else {}
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
        *(pl.when(is_valued).then(name).alias(column) for name, column in positions.items()),
    )
    if good.all():
        return batch.hstack(answers)
    rows = pl.DataFrame({"row": good.arg_true()}).hstack(answers)
    placed = frame.select("problem").with_row_index("row").join(rows, "row", "left", maintain_order="left")
    return batch.hstack(
        placed.select(*PRICES[:3], pl.coalesce("problem", "problem_right"), *PRICES[4:], *positions.values())
    )
