"""Takes the listings out of a clean frame that hygiene drops, and says in the report what it found."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from carprice.listings.hygiene.inspection import FLAGS, LINE, Finding, inspect_again, inspect_listings
from carprice.listings.hygiene.texts import SAID, flag_of
from carprice.listings.report import DROPPED, MARKED, CleaningEntry, CleaningReport
from carprice.market.market_file import Market
from carprice.system.freed_memory import release_memory

MAX_INSPECTED = 500_000
"""Rows that are inspected at a time: what memory that takes does not grow with the file."""
Examples = Mapping[int, Sequence[tuple[int, str, str]]]


def quarantine(frame: pl.DataFrame, market: Market, examples: Examples, report: CleaningReport) -> pl.DataFrame:
    """The rows that are kept, without problem, LINE and FLAGS; the report counts the others by their reason.

    frame: as inspect_listings has it; its rows with a problem are in the report already, by that problem, and are
    moved to the finding that explains it. examples: of TextReader. What such cars usually have is measured anew in
    each MAX_INSPECTED rows; a car listed again is found wherever it was first.
    """
    parts = list(frame.iter_slices(_even_size(frame.height))) or [frame]
    del frame  # the parts go one by one, so that what is kept and what was there are never both in memory
    kept: list[pl.DataFrame] = []
    marked: list[tuple[Finding, np.ndarray]] = []
    start = 0
    while parts:
        part = parts.pop(0)
        is_kept, found = _drop_found(part, market, examples, report)
        marked += [(item, start + np.flatnonzero(item.rows[is_kept])) for item in found]
        kept.append(part.filter(is_kept).drop("problem", FLAGS))
        start += kept[-1].height
        del part
        release_memory()
    frame = pl.concat(kept)
    del kept
    is_left = np.ones(frame.height, bool)
    for item in inspect_again(frame, market):
        if market.hygiene.listed_again == "mark":
            marked.append((item, np.flatnonzero(item.rows)))
            continue
        is_left &= ~item.rows
        _add(report, DROPPED, item, item.rows, frame, market, examples)
    report.rows_kept -= int((~is_left).sum())
    for item, places in _join_marks(marked):
        rows = np.zeros(frame.height, bool)
        rows[places] = True
        _add(report, MARKED, item, rows & is_left, frame, market, examples)
    columns = frame.drop(LINE).get_columns()
    del frame
    return pl.DataFrame(columns if is_left.all() else _choose_rows(columns, is_left))


def _choose_rows(columns: list[pl.Series], chosen: np.ndarray) -> list[pl.Series]:
    """The rows that a mask chooses; the columns go one by one, so that none is there twice."""
    rows, found = pl.Series(chosen).arg_true(), []
    while columns:
        found.append(columns.pop(0).gather(rows))
    return found


def _even_size(rows: int) -> int:
    """Rows of each part: all, or of more than MAX_INSPECTED equally many in each."""
    return max(-(-rows // max(-(-rows // MAX_INSPECTED), 1)), 1)


def _join_marks(marked: list[tuple[Finding, np.ndarray]]) -> list[tuple[Finding, np.ndarray]]:
    """One item for what several parts have found alike, the first one first."""
    joined: dict[tuple[str, str, str], tuple[Finding, list[np.ndarray]]] = {}
    for item, places in marked:
        joined.setdefault((item.check, item.reason, item.column), (item, []))[1].append(places)
    return [(item, np.concatenate(places)) for item, places in joined.values()]


def _drop_found(
    frame: pl.DataFrame, market: Market, examples: Examples, report: CleaningReport
) -> tuple[np.ndarray, list[Finding]]:
    """Which rows of a part are kept, and the findings to be marked; the report counts the others."""
    is_good = frame["problem"].is_null().to_numpy()
    is_kept, lines = is_good.copy(), frame[LINE].to_numpy()
    marked: list[Finding] = []
    is_explained = np.zeros(frame.height, bool)
    for item in inspect_listings(frame, market):
        if getattr(market.hygiene, item.check) == "mark":
            marked.append(item)
            continue
        rows = item.rows & (is_kept | (~is_good & ~is_explained))
        is_kept &= ~rows
        is_explained |= rows
        _add(report, DROPPED, item, rows, frame, market, examples)
    report.rows_kept -= int((is_good & ~is_kept).sum())
    for label in frame["problem"].filter(pl.Series(~is_good & is_explained)).unique():
        is_it = (frame["problem"] == label).fill_null(False).to_numpy()
        rest = ~is_good & ~is_explained & is_it
        report.take_back(label.rpartition(": ")[2], int((is_explained & is_it).sum()), lines[rest])
    return is_kept, marked


def _add(
    report: CleaningReport,
    action: str,
    item: Finding,
    rows: np.ndarray,
    frame: pl.DataFrame,
    market: Market,
    examples: Examples,
) -> None:
    if not rows.any():
        return
    line, column, value = _find_example(item, rows, frame, market, examples)
    report.add(CleaningEntry(action, item.reason, column, int(rows.sum()), line, value, item.check))


def _find_example(
    item: Finding, rows: np.ndarray, frame: pl.DataFrame, market: Market, examples: Examples
) -> tuple[int, str, str | None]:
    """Line, column and text of the first row of a finding."""
    lines = frame[LINE].filter(pl.Series(rows))
    if not item.column and item.check in SAID:
        found = set(lines)
        for line, column, text in examples.get(flag_of(item.check), ()):
            if line in found:
                return line, column, text
    columns = {item.column: item.name for item in market.features if not item.is_text} | {
        market.price.column: "price"
    }
    if item.column not in columns:
        return int(lines[0]), item.column, None
    return int(lines[0]), item.column, f"{frame[columns[item.column]].filter(pl.Series(rows))[0]:.12g}"
