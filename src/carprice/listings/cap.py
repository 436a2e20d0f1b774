"""At most so many listings of each make and model, chosen while files of any length are read.

More rows of a model hardly lower its error, so what a cap leaves out costs little and makes memory a matter of the
models there are. Which rows are kept follows from the hash of each car alone: the same file keeps the same ones, a
car is kept with all its listings, and neither days nor prices nor the order of the file decide.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import polars as pl

from carprice.errors import ListingsError
from carprice.listings.deduplication import CAR
from carprice.listings.report import DROPPED, CleaningEntry, CleaningReport
from carprice.listings.stored import T
from carprice.market.market_file import Market

CheckHeld = Callable[[list[pl.DataFrame]], None]

SHARE = "@share"
"""A column of a capped clean frame: the share of the listings of its make and model that was kept, 0 to 1."""
LINE = "@line"
MIN_CAP = 1_000
"""Of a smaller cap too few would judge the model: a fifth of them does, of the most frequent model."""
MIN_PRUNED = 500_000
"""Rows that come before it is looked again which of them are over the cap."""
_GROUP, _SEEN = "@group", "@seen"
_DIGITS = 1_000_000


def check_cap(cap: int | None) -> None:
    """Raises ListingsError for a cap that is too small to judge a model."""
    if cap is not None and cap < MIN_CAP:
        raise ListingsError(
            f"--cap {cap:,}: should be at least {MIN_CAP:,} listings of each make and model", f"--cap {MIN_CAP}"
        )


def cap_batches(
    batches: Iterable[pl.DataFrame],
    market: Market,
    cap: int | None,
    report: CleaningReport,
    check_held: CheckHeld | None = None,
) -> pl.DataFrame:
    """All rows of the batches in order, or those within the cap with their SHARE; the report counts the others.

    batches: as Cleaner.judge_rows has them, of clean rows and of rows with a problem, which are capped by
    themselves and have no share. check_held: called with what is kept so far; what it raises ends the reading.
    """
    check = check_held or (lambda _: None)
    if cap is None:
        return pl.concat(_watch(batches, check))
    capped = _Capped(market, cap, check)
    for batch in batches:
        capped.add(batch)
    return capped.finish(report)


def _watch(batches: Iterable[pl.DataFrame], check: CheckHeld) -> Iterator[pl.DataFrame]:
    held: list[pl.DataFrame] = []
    for batch in batches:
        held.append(batch)
        check(held)
        yield batch


def describe_cap(cap: int) -> str:
    """The reason by which the report counts what is over the cap."""
    return f"over {cap:,} of its make and model"


def thin_as_market(frame: T, rows: int | None = None) -> T:
    """Of a clean frame listings that are mixed as the market is: of each model as small a part as of any.

    A frame without a cap stays as it is. rows: at most about so many, by digits of the car that neither split nor
    folds use.
    """
    least = 1.0 if rows is None else min(1.0, rows / max(frame.height, 1))
    share: pl.Series | float = 1.0
    if SHARE in frame.columns:
        share = frame[SHARE]
        smallest = float(share.min() or 1.0)  # type: ignore[arg-type]
        kept = float((smallest / share).sum())
        least = smallest * (1.0 if rows is None else min(1.0, rows / max(kept, 1.0)))
    if least == 1.0:
        return frame
    return frame.filter((frame[CAR] // 1000 % _DIGITS) * share < least * _DIGITS)


class _Capped:
    """The rows within the cap of those that were added: of each group those of the smallest hashes of cars."""

    def __init__(self, market: Market, cap: int, check: CheckHeld) -> None:
        self._check = check
        self._keys = [name for name in ("make", "model") if (item := market.feature(name)) and item.is_category]
        self._cap = cap
        self._held: list[pl.DataFrame] = []
        self._fresh, self._kept = 0, 0
        self._seen = pl.DataFrame(schema={_GROUP: pl.UInt64, _SEEN: pl.UInt32})
        self._over, self._first = 0, 0

    def add(self, batch: pl.DataFrame) -> None:
        batch = batch.with_columns(self._name_groups(batch))
        seen = batch.group_by(_GROUP).agg(pl.len().alias(_SEEN))
        self._seen = pl.concat([self._seen, seen]).group_by(_GROUP).agg(pl.sum(_SEEN))
        self._held.append(batch)
        self._fresh += batch.height
        if self._fresh > max(self._kept, MIN_PRUNED):
            self._prune()

    def finish(self, report: CleaningReport) -> pl.DataFrame:
        """All that is kept, in the order of the file."""
        self._prune()
        if self._over:
            report.add(CleaningEntry(DROPPED, describe_cap(self._cap), "", self._over, self._first, None))
            report.rows_kept -= self._over
            report.over_cap = self._over
        [frame] = self._held
        share = (self._cap / pl.col(_SEEN)).clip(upper_bound=1.0).alias(SHARE)
        table = self._seen.select(_GROUP, share)
        return frame.join(table, on=_GROUP, how="left", maintain_order="left").drop(_GROUP)

    def _name_groups(self, batch: pl.DataFrame) -> pl.Series:
        """A number for each make and model, without their case and spaces; rows with a problem have their own."""
        texts = [pl.col(name).str.to_lowercase().str.replace_all(r"\s+", " ") for name in self._keys]
        group = pl.struct(pl.col("problem").is_null().alias("good"), *texts).hash(seed=1)
        return batch.select(group.alias(_GROUP)).to_series()

    def _prune(self) -> None:
        """Lets go of what is over the cap; what is let go once would be later too, for its group has enough."""
        frame = pl.concat(self._held)
        order = frame.select(_GROUP, CAR).with_row_index("@row").sort(_GROUP, CAR, "@row")
        place = order.select(pl.int_range(pl.len()).over(_GROUP)).to_series()
        is_kept = np.zeros(frame.height, bool)
        is_kept[order["@row"].filter(place < self._cap).to_numpy()] = True
        over = frame.filter(pl.Series(~is_kept) & pl.col("problem").is_null())[LINE]
        if over.len():
            first = int(over[0])
            self._first = min(self._first, first) if self._over else first
            self._over += over.len()
        # A text that is kept would keep all the texts of its batch in memory: an equal one is written anew.
        kept = frame.filter(pl.Series(is_kept)).with_columns(pl.col(pl.String) + "")
        self._held, self._fresh, self._kept = [kept], 0, kept.height
        self._check(self._held)
