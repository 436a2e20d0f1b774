"""Takes the listings out of a clean frame that hygiene drops, and says in the report what it found."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from carprice.listings.hygiene.inspection import FLAGS, LINE, Finding, inspect_listings
from carprice.listings.hygiene.texts import SAID, flag_of
from carprice.listings.report import DROPPED, MARKED, CleaningEntry, CleaningReport
from carprice.market.market_file import Market

Examples = Mapping[int, Sequence[tuple[int, str, str]]]


def quarantine(frame: pl.DataFrame, market: Market, examples: Examples, report: CleaningReport) -> pl.DataFrame:
    """The rows that are kept, without problem, LINE and FLAGS; the report counts the others by their reason.

    frame: as inspect_listings has it; its rows with a problem are in the report already, by that problem, and are
    moved to the finding that explains it. examples: of TextReader.
    """
    problem = frame["problem"].to_numpy()
    is_good = frame["problem"].is_null().to_numpy()
    is_kept, lines = is_good.copy(), frame[LINE].to_numpy()
    marked: list[tuple[Finding, np.ndarray]] = []
    is_explained = np.zeros(frame.height, bool)
    for item in inspect_listings(frame, market):
        if getattr(market.hygiene, item.check) == "mark":
            marked.append((item, item.rows))
            continue
        rows = item.rows & (is_kept | (~is_good & ~is_explained))
        is_kept &= ~rows
        is_explained |= rows
        _add(report, DROPPED, item, rows, frame, market, examples)
    for item, rows in marked:
        _add(report, MARKED, item, rows & is_kept, frame, market, examples)
    report.rows_kept -= int((is_good & ~is_kept).sum())
    for label in set(problem[~is_good & is_explained]):
        rest = ~is_good & ~is_explained & (problem == label)
        report.take_back(label.rpartition(": ")[2], int((is_explained & (problem == label)).sum()), lines[rest])
    return frame.filter(is_kept).drop("problem", LINE, FLAGS)


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
    columns = {market.price.column: "price", **{feature.column: feature.name for feature in market.features}}
    if item.column not in columns:
        return int(lines[0]), item.column, None
    return int(lines[0]), item.column, f"{frame[columns[item.column]].filter(pl.Series(rows))[0]:.12g}"
