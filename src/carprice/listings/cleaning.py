"""Raw listings to clean ones, as the market file declares it, with a report of what was done."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic

import polars as pl
from msgspec.structs import replace

from carprice.errors import ListingsError
from carprice.listings.above import ABOVE, fill_from_above
from carprice.listings.cap import CheckHeld, cap_batches, check_cap
from carprice.listings.columns import check_columns, find_absent
from carprice.listings.deduplication import CAR as CAR
from carprice.listings.deduplication import DAY as DAY
from carprice.listings.deduplication import SeenRows, hash_features, pair_ids
from carprice.listings.hygiene.inspection import FLAGS, LINE
from carprice.listings.hygiene.quarantine import quarantine
from carprice.listings.hygiene.slips import FIRST_YEAR, LAST_YEAR
from carprice.listings.hygiene.texts import PRICE_REASONS, TextReader, read_price_texts
from carprice.listings.listings_files import ListingsFiles, Source, open_listings
from carprice.listings.one_hot import join_categories
from carprice.listings.parsed_batch import find_fixes, parse_batch
from carprice.listings.parsing import (
    OUTSIDE_LIMITS,
    PRICE_OUTSIDE,
    check_patterns,
    parse_day,
    price_feature,
    unreadable,
)
from carprice.listings.reading.row_lines import shorten
from carprice.listings.report import DROPPED, FIXED, CleaningEntry, CleaningReport
from carprice.listings.stored import Frame
from carprice.market.market_file import Market

REF = "@ref"
"""The column of a clean frame with what leads to each listing, besides CAR and DAY; no feature has such a name."""
DUPLICATE = "duplicate"
DISTANCE_AS_YEAR, YEAR_AS_PRICE = "year is a distance", "price is a year"
CHECKS_BY_REASON = {
    DISTANCE_AS_YEAR: "shifted",
    YEAR_AS_PRICE: "shifted",
    **{reason: check for check, reason in PRICE_REASONS.items()},
}
"""The check of [hygiene] that decides a reason to drop a row of a batch."""
MAX_YEAR = 2200
"""A number above it in the column of the year is something else."""
UNREADABLE_DAY = "unreadable day, taken as missing"
MAX_UNREADABLE_PRICES = 0.5
"""With a larger share of unreadable prices in the first batch, the column is not the price."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Listings(Generic[Frame]):
    """Clean, de-duplicated listings, what cleaning did, and a fingerprint of what was kept.

    frame: one column per feature in market order (String or Float64), price (Float64), key (UInt64, of the
    features), CAR (UInt64, of the id, else the key), and where the market has listing.seen, DAY (Float64, days
    since 1970-01-01; null where it is not known), where comparables may be shown, REF (String, the link, else the
    id), and with a cap, SHARE. fingerprint: SHA-256 over the keys and prices in file order. cap: of each make and
    model, None for none.
    """

    frame: Frame
    report: CleaningReport
    fingerprint: str
    cap: int | None = None


def load_listings(
    source: Source,
    market: Market,
    report_progress: Progress | None = None,
    cap: int | None = None,
    check_held: CheckHeld | None = None,
) -> Listings[pl.DataFrame]:
    """Read and clean a whole file, or several; report_progress gets the number of rows read after each batch.

    cap: at most so many listings of each make and model are kept. check_held gets what is held so far; what it
    raises ends the reading. Raises ListingsError where the file cannot be read, lacks a column of the market, or
    keeps no row.
    """
    check_cap(cap)
    cleaner = Cleaner(market, str(source))
    files = open_listings(source)
    check_columns(market, files.columns, str(source))
    report = cleaner.report
    report.counted, report.name = files.counted, files.name
    judged = _judge_batches(cleaner, files, report_progress)
    frame = quarantine(
        cap_batches(judged, market, cap, report, check_held), market, cleaner.texts.examples, report
    )
    report.correct_places(files.find_places)
    report.add_unread(files.dropped)
    report.notes = files.notes
    _check_kept(report, source)
    digest = hashlib.sha256()
    for name in ("key", "price"):
        digest.update(frame[name].to_numpy().tobytes())
    return Listings(frame, report, digest.hexdigest(), cap)


def check_listings(source: Source, market: Market, report_progress: Progress | None = None) -> CleaningReport:
    """The report alone. Raises ListingsError as load_listings does."""
    return load_listings(source, market, report_progress).report


class Cleaner:
    """Cleans batches of one file, and drops duplicates across them.

    with_price=False is for listings that are to be priced: the file needs no price, no listing.id or seen and no
    column of an optional feature; the frame has no price, CAR or DAY, and duplicates stay. Raises MarketError for
    a pattern that cannot be run.
    """

    def __init__(self, market: Market, source: str, with_price: bool = True) -> None:
        check_patterns(market)
        self.market = market
        self.with_price = with_price
        self.report = CleaningReport(market.name, source)
        self._fields = (*market.features, *((price_feature(market),) if with_price else ()))
        self._names = [feature.name for feature in market.features]
        self._seen = SeenRows()
        self._last: dict[str, str | None] = {}
        self.texts = TextReader(market)

    def clean(self, batch: pl.DataFrame, first_line: int) -> pl.DataFrame:
        """The rows that are kept: features in market order, price, key. first_line: of the batch's first row.

        Raises ListingsError for a column that is missing, or a price column that holds something else.
        """
        return self.mark_problems(batch, first_line).filter(pl.col("problem").is_null()).drop("problem")

    def mark_problems(self, batch: pl.DataFrame, first_line: int) -> pl.DataFrame:
        """All rows in order, as clean returns them, with `problem`: why clean drops the row, else null.

        Raises ListingsError as clean does.
        """
        return self.judge_rows(batch, first_line).drop(LINE, FLAGS, strict=False)

    def judge_rows(self, batch: pl.DataFrame, first_line: int) -> pl.DataFrame:
        """The same with LINE and FLAGS, for hygiene, where there is a price."""
        check_columns(self.market, batch.columns, self.report.source, self.with_price)
        fields = self._fields
        batch = join_categories(batch, [field.column for field in fields])
        above = [field.column for field in fields if field.blank == ABOVE]
        batch, self._last = fill_from_above(batch, above, self._last)
        if not self.with_price:
            absent = find_absent(self.market, batch.columns)
            batch = batch.with_columns(pl.lit(None, pl.String).alias(feature.column) for feature in absent)
            # A blank may mean no; a column that is not there says nothing.
            fields = tuple(replace(field, blank="missing") if field in absent else field for field in fields)
        work = parse_batch(batch, fields)
        flags = pl.Series(FLAGS, [])
        if self.with_price:
            problem, flags = read_price_texts(batch, work["value:price"], work["problem"], self.market)
            work = work.with_columns(_name_shifted(problem, work, self.market).alias("problem"))
            if not self.report.rows_read:
                self._check_price(work, first_line)
        frame = work.select(pl.col(f"value:{field.name}").alias(field.name) for field in self._fields)
        frame = frame.with_columns(hash_features(frame.select(self._names)), work["problem"])
        if self.with_price:
            frame = self._mark_duplicates(frame)
            frame = frame.with_columns(self._name_rows(batch, frame["key"], first_line))
            flags = flags | self.texts.read_flags(batch, first_line)
            lines = pl.int_range(first_line, first_line + batch.height, dtype=pl.UInt32, eager=True)
            frame = frame.with_columns(lines.alias(LINE), flags.alias(FLAGS))
        self._report_fixed(work, first_line)
        self._report_dropped(frame["problem"], work, first_line)
        self.report.rows_read += batch.height
        self.report.rows_kept += frame["problem"].null_count()
        return frame

    def _check_price(self, work: pl.DataFrame, first_line: int) -> None:
        is_bad = work["problem"] == f"price: {unreadable(price_feature(self.market))}"
        count = is_bad.sum()
        if count <= MAX_UNREADABLE_PRICES * work.height:
            return
        row = is_bad.arg_max() or 0
        report, column = self.report, self.market.price.column
        raise ListingsError(
            f"{report.source}: {report.counted} {first_line + row}: column {column!r}: should be a price "
            f"(got {shorten(work['raw:price'][row])}; {count:,} of the first {work.height:,} rows have none)",
            f"In the file of market {self.market.name}, set price.column to the price column, or price.pattern to "
            "what takes the price out of it: docs/markets.md",
        )

    def _mark_duplicates(self, frame: pl.DataFrame) -> pl.DataFrame:
        good = frame["problem"].is_null()
        kept = frame.filter(good)
        rows = good.arg_true().filter(pl.Series(~self._seen.add(pair_ids(kept["key"], kept["price"]))))
        return frame.with_columns(frame["problem"].scatter(rows, DUPLICATE))

    def _name_rows(self, batch: pl.DataFrame, key: pl.Series, first_line: int) -> list[pl.Series]:
        """Which car each row is, and on which day it was seen."""
        listing = self.market.listing
        cars = key
        if listing.id:
            ids = batch[listing.id].cast(pl.String).str.strip_chars()
            cars = hash_features(ids.to_frame()).set(ids.is_null() | (ids == ""), None).fill_null(key)
        found = [cars.alias(CAR)]
        if listing.seen:
            texts = batch[listing.seen].cast(pl.String).str.strip_chars()
            days = texts.to_frame().select(parse_day(pl.col(texts.name), listing.day_first)).to_series()
            is_bad = days.is_null() & texts.is_not_null() & (texts != "")
            if count := int(is_bad.sum()):
                row = is_bad.arg_max() or 0
                entry = CleaningEntry(FIXED, UNREADABLE_DAY, listing.seen, count, first_line + row, texts[row])
                self.report.add(entry)
            found.append(days.alias(DAY))
        reference = listing.link or listing.id
        if listing.comparables and reference and reference in batch.columns:
            texts = batch[reference].cast(pl.String).str.strip_chars()
            found.append(texts.set(texts == "", None).alias(REF))
        return found

    def _report_dropped(self, problem: pl.Series, work: pl.DataFrame, first_line: int) -> None:
        columns = {field.name: field.column for field in self._fields}
        found = problem.to_frame().with_row_index("row").drop_nulls().group_by("problem", maintain_order=True)
        for label, count, row in found.agg(pl.len(), pl.first("row")).iter_rows():
            name, _, reason = label.rpartition(": ")
            value = work[f"raw:{name}"][row] if name else None
            check = CHECKS_BY_REASON.get(reason, "")
            entry = CleaningEntry(DROPPED, reason, columns.get(name, ""), count, first_line + row, value, check)
            self.report.add(entry)

    def _report_fixed(self, work: pl.DataFrame, first_line: int) -> None:
        for field in self._fields:
            for reason in find_fixes(field):
                mask = work[f"{reason}:{field.name}"]
                if count := int(mask.sum()):
                    row = mask.arg_max() or 0
                    value = work[f"raw:{field.name}"][row]
                    self.report.add(CleaningEntry(FIXED, reason, field.column, count, first_line + row, value))


def _judge_batches(
    cleaner: Cleaner, files: ListingsFiles, report_progress: Progress | None
) -> Iterator[pl.DataFrame]:
    """The rows that are kept, and those whose price alone is outside the limits, for hygiene may say why."""
    report = cleaner.report
    for batch in files.read_batches():
        frame = cleaner.judge_rows(batch, files.first_line + report.rows_read)
        yield frame.filter(pl.col("problem").is_null() | (pl.col("problem") == f"price: {PRICE_OUTSIDE}"))
        if report_progress:
            report_progress(report.rows_read)


def _check_kept(report: CleaningReport, source: Source) -> None:
    if report.rows_kept:
        return
    reasons = "; ".join(_describe_drop(entry) for entry in report.entries if entry.action == DROPPED)
    raise ListingsError(
        f"{source}: none of {report.rows_read:,} rows is a listing of market {report.market} ({reasons})",
        f"Compare the market file with a draft of this file: ./carprice market init {source}",
    )


def _describe_drop(entry: CleaningEntry) -> str:
    """Such as `unreadable number 3,000: mileage '45k'`."""
    column = f"{entry.column} " if entry.column else ""
    example = "" if entry.value is None else f": {column}{entry.value!r}"
    return f"{entry.reason} {entry.count:,}{example}"


def _name_shifted(problem: pl.Series, work: pl.DataFrame, market: Market) -> pl.Series:
    """The problem of each row, where a distance stands in the column of the year by its own name, and where the
    price is a year and the year is none: the cells of a row are one column off."""
    year = market.year
    if year is None or market.hygiene.shifted != "drop":
        return problem
    is_distance = (problem == f"{year.name}: {OUTSIDE_LIMITS}") & (work[f"value:{year.name}"] > MAX_YEAR)
    is_wrong = work[f"fault:{year.name}"].is_in([OUTSIDE_LIMITS, unreadable(year)]).fill_null(False)
    price = work["value:price"]
    is_year = price.is_between(FIRST_YEAR, LAST_YEAR) & (price == price.floor())
    problem = problem.set(is_distance, f"{year.name}: {DISTANCE_AS_YEAR}")
    return problem.set((is_wrong & is_year).fill_null(False), f"price: {YEAR_AS_PRICE}")
