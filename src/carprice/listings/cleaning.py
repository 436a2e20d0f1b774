"""Raw listings to clean ones, as the market file declares it, with a report of what was done."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rapidfuzz import fuzz, process

from carprice.errors import ListingsError
from carprice.listings.csv_errors import shorten
from carprice.listings.deduplication import SeenRows, hash_features, pair_ids
from carprice.listings.listings_file import ListingsFile
from carprice.listings.parsing import (
    OUTSIDE_LIMITS,
    check_patterns,
    find_fault,
    parse_value,
    price_feature,
    replace_text,
    trim_text,
    unreadable,
)
from carprice.listings.report import DROPPED, MENDED, CleaningReport, Finding
from carprice.market.market_file import Feature, Market

DUPLICATE = "duplicate"
MAX_UNREADABLE_PRICES = 0.5
"""With more prices of the first batch than this unreadable, the column is taken for another one."""

CLOSE = 80
"""How alike, of 100, a column's name must be to be offered for a missing one."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Listings:
    """Clean, de-duplicated listings, what cleaning did, and a fingerprint of what was kept.

    frame: one column per feature in market order (String or Float64), price (Float64), key (UInt64).
    fingerprint: SHA-256 over the keys and prices in file order.
    """

    frame: pl.DataFrame
    report: CleaningReport
    fingerprint: str


def load_listings(path: Path, market: Market, report_progress: Progress | None = None) -> Listings:
    """Read and clean a whole file; report_progress is told the rows read after each batch.

    Raises ListingsError where the file cannot be read, has not the market's columns, or keeps no row.
    """
    cleaner = Cleaner(market, str(path))
    digest = hashlib.sha256()
    frames = []
    for frame in _clean_batches(cleaner, path, report_progress):
        digest.update(frame["key"].to_numpy().tobytes())
        digest.update(frame["price"].to_numpy().tobytes())
        frames.append(frame)
    return Listings(pl.concat(frames), cleaner.report, digest.hexdigest())


def check_listings(path: Path, market: Market, report_progress: Progress | None = None) -> CleaningReport:
    """The report alone, in flat memory."""
    cleaner = Cleaner(market, str(path))
    for _ in _clean_batches(cleaner, path, report_progress):
        pass
    return cleaner.report


class Cleaner:
    """Cleans batches of one file, and remembers its rows to drop duplicates across batches.

    Without a price the price column need not be there, the frame has none, and duplicates stay: they are
    to be priced. Raises MarketError for a pattern that cannot be run.
    """

    def __init__(self, market: Market, source: str, with_price: bool = True) -> None:
        check_patterns(market)
        self.market = market
        self.with_price = with_price
        self.report = CleaningReport(market.name, source)
        self._fields = (*market.features, *((price_feature(market.price),) if with_price else ()))
        self._names = [feature.name for feature in market.features]
        self._seen = SeenRows()

    def clean(self, batch: pl.DataFrame, first_line: int) -> pl.DataFrame:
        """The rows that are kept: features in market order, price, key; first_line is that of the first row.

        Raises ListingsError for a column that is missing, or a price column that holds something else.
        """
        return self.judge(batch, first_line).filter(pl.col("problem").is_null()).drop("problem")

    def judge(self, batch: pl.DataFrame, first_line: int) -> pl.DataFrame:
        """All rows in order, as clean gives them, with `problem`: why clean drops the row, else null."""
        check_columns(self.market, batch.columns, self.report.source, self.with_price)
        work = _parse_batch(batch, self._fields)
        if self.with_price and not self.report.rows_read:
            self._check_price(work, first_line)
        frame = work.select(pl.col(f"value:{field.name}").alias(field.name) for field in self._fields)
        frame = frame.with_columns(hash_features(frame.select(self._names)), work["problem"])
        if self.with_price:
            frame = self._mark_duplicates(frame)
        self._report_mended(work, first_line)
        self._report_dropped(frame["problem"], work, first_line)
        self.report.rows_read += batch.height
        self.report.rows_kept += frame["problem"].null_count()
        return frame

    def _check_price(self, work: pl.DataFrame, first_line: int) -> None:
        is_bad = work["fault:price"] == unreadable(price_feature(self.market.price))
        count = is_bad.sum()
        if count <= MAX_UNREADABLE_PRICES * work.height:
            return
        row = is_bad.arg_max() or 0
        report, column = self.report, self.market.price.column
        raise ListingsError(
            f"{report.source}: {report.counted} {first_line + row}: column {column!r}: should be a price "
            f"(got {shorten(work['raw:price'][row])}; {count:,} of the first {work.height:,} rows have none)",
            f"Name the price column, or a pattern that takes the price out of it, in the file of market "
            f"{self.market.name}: docs/markets.md",
        )

    def _mark_duplicates(self, frame: pl.DataFrame) -> pl.DataFrame:
        good = frame["problem"].is_null()
        kept = frame.filter(good)
        rows = good.arg_true().filter(pl.Series(~self._seen.add(pair_ids(kept["key"], kept["price"]))))
        return frame.with_columns(frame["problem"].scatter(rows, DUPLICATE))

    def _report_dropped(self, problem: pl.Series, work: pl.DataFrame, first_line: int) -> None:
        columns = {field.name: field.column for field in self._fields}
        found = problem.to_frame().with_row_index("row").drop_nulls().group_by("problem", maintain_order=True)
        for label, count, row in found.agg(pl.len(), pl.first("row")).iter_rows():
            name, _, reason = label.rpartition(": ")
            value = work[f"raw:{name}"][row] if name else None
            self.report.add(Finding(DROPPED, reason, columns.get(name, ""), count, first_line + row, value))

    def _report_mended(self, work: pl.DataFrame, first_line: int) -> None:
        for field in self._fields:
            for reason in _mended_masks(field):
                mask = work[f"{reason}:{field.name}"]
                if count := int(mask.sum()):
                    row = mask.arg_max() or 0
                    value = work[f"raw:{field.name}"][row]
                    self.report.add(Finding(MENDED, reason, field.column, count, first_line + row, value))


def check_columns(market: Market, columns: list[str], source: str, with_price: bool = True) -> None:
    """Raise ListingsError naming the first column of the market that is not among columns, and a close one."""
    wanted = [(f"features.{feature.name}", feature.column) for feature in market.features]
    for path, column in [("price", market.price.column), *wanted] if with_price else wanted:
        if column in columns:
            continue
        close = process.extractOne(column, columns, scorer=fuzz.WRatio, processor=str.casefold, score_cutoff=CLOSE)
        guess = f"Did you mean {close[0]!r}? " if close else ""
        raise ListingsError(
            f"{source}: has no column {column!r}, which market {market.name} needs for {path}",
            f"{guess}The file has: {', '.join(columns)}.\n"
            f"Draft a market file for it: ./carprice market init {source}",
        )


def _clean_batches(cleaner: Cleaner, path: Path, report_progress: Progress | None) -> Iterator[pl.DataFrame]:
    file = ListingsFile(path)
    check_columns(cleaner.market, file.columns, str(path))
    report = cleaner.report
    report.counted = "row" if file.is_parquet else "line"
    for batch in file.read_batches():
        yield cleaner.clean(batch, file.first_line + report.rows_read)
        if report_progress:
            report_progress(report.rows_read)
    report.correct_lines(file.find_lines)
    if not report.rows_kept:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in report.dropped.items())
        raise ListingsError(
            f"{path}: none of {report.rows_read:,} rows is a listing of market {cleaner.market.name} ({reasons})",
            "Compare the file with its market file: docs/markets.md",
        )


def _parse_batch(batch: pl.DataFrame, fields: tuple[Feature, ...]) -> pl.DataFrame:
    """The columns raw:, text:, word:, value: and fault: of each field, its mended masks, and problem."""
    work = batch.lazy().select(
        *(pl.col(field.column).alias(f"raw:{field.name}") for field in fields),
        *(trim_text(field).alias(f"text:{field.name}") for field in fields),
    )
    for column, build in _STEPS.items():
        work = work.with_columns(build(field).alias(f"{column}:{field.name}") for field in fields)
    work = work.with_columns(
        mask.fill_null(False).alias(f"{reason}:{field.name}")
        for field in fields
        for reason, mask in _mended_masks(field).items()
    )
    lenient = [field for field in fields if field.outside == "missing"]
    strict = [field for field in reversed(fields) if field.outside != "missing"]
    return work.with_columns(
        *(
            pl.when(_of("fault", field).is_null()).then(_of("value", field)).alias(f"value:{field.name}")
            for field in lenient
        ),
        pl.coalesce(pl.format(f"{field.name}: {{}}", _of("fault", field)) for field in strict).alias("problem"),
    ).collect()


def _of(column: str, field: Feature) -> pl.Expr:
    return pl.col(f"{column}:{field.name}")


_STEPS: dict[str, Callable[[Feature], pl.Expr]] = {
    "word": lambda field: replace_text(field, _of("text", field)),
    "value": lambda field: parse_value(field, _of("word", field)),
    "fault": lambda field: find_fault(field, _of("text", field), _of("value", field)),
}


def _mended_masks(field: Feature) -> dict[str, pl.Expr]:
    text = _of("text", field)
    masks = {"spaces trimmed": text.is_not_null() & _of("raw", field).str.contains(r"^\s|\s$")}
    if field.replace:
        masks["text replaced"] = text != _of("word", field)
    if field.outside == "missing":
        for reason in (unreadable(field), OUTSIDE_LIMITS):
            masks[f"{reason}, taken as missing"] = _of("fault", field) == reason
    return masks
