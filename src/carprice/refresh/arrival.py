"""Whether a new file of listings is like the one that the champion learnt from: a bad one should never go live."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from carprice.evaluation.unlearnt import MIN_ROWS, pick_unlearnt
from carprice.frames.encoding import unify_spellings
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import Listings
from carprice.model.bundle.inputs import read_inputs
from carprice.model.pricer import Pricer

MIN_ROWS_SHARE = 0.5
"""Of the listings that were kept last time."""
MAX_UNREADABLE = 0.2
"""By how much more of the rows may be dropped than last time."""
MAX_UNKNOWN = 0.25
"""The share of a category's texts that the champion may not know."""
MAX_GONE = 0.25
"""The share of last time's listings that may be of makes which are not there any more."""
MAX_MISSING = 0.2
"""By how much more of a field's values may be missing than last time."""
MAX_OUTSIDE = 0.25
"""The share of a number's values that may lie outside those that the champion learnt from."""
MAX_PRICE_SHIFT = 0.15
"""How far prices may be from the champion's in the median, up or down."""
JUDGED_ROWS = 20_000


def find_differences(listings: Listings[pl.DataFrame], champion: Pricer, folder: Path) -> list[str]:
    """In what a file differs too much from that of the champion, a sentence each; empty where it does not.

    folder: of the champion's bundle.
    """
    frame = unify_spellings(listings.frame, champion.market)
    found = [*_judge_rows(listings, champion), *_judge_makes(frame, champion)]
    for feature in champion.market.features:
        if feature.name in champion.encoders:
            found += _judge_texts(feature.name, frame[feature.name], champion)
        elif feature.name in champion.scaler:
            found += _judge_numbers(feature.name, frame[feature.name], champion)
    found += _judge_missing(frame, champion)
    return [*found, *_judge_prices(frame, champion, folder)]


def _judge_rows(listings: Listings[pl.DataFrame], champion: Pricer) -> Iterator[str]:
    data, report = champion.manifest["data"], listings.report
    if report.rows_kept < MIN_ROWS_SHARE * data["rows_kept"]:
        yield f"it has {report.rows_kept:,} listings, the last one had {data['rows_kept']:,}"
    now, before = (1 - kept / max(read, 1) for kept, read in _count_rows(listings, champion))
    if now > before + MAX_UNREADABLE:
        yield f"{now:.0%} of its rows are dropped, of the last one {before:.0%}"


def _count_rows(listings: Listings[pl.DataFrame], champion: Pricer) -> Iterator[tuple[int, int]]:
    """Rows that could be learnt from, and rows read: of the file, and of the champion's."""
    data = champion.manifest["data"]
    yield listings.report.rows_kept + listings.report.over_cap, listings.report.rows_read
    yield data["rows_kept"] + data.get("over_cap", 0), data["rows_read"]


def _judge_makes(frame: pl.DataFrame, champion: Pricer) -> Iterator[str]:
    judged = (champion.manifest.get("report") or {}).get("segments", {}).get("make", [])
    rows = {item["name"]: item["rows"] for item in judged}
    if "make" not in frame.columns or not rows:
        return
    gone = [name for name in rows if name in champion.encoders["make"] and name not in set(frame["make"])]
    share = sum(rows[name] for name in gone) / sum(rows.values())
    if share > MAX_GONE:
        yield f"makes of {share:.0%} of the last listings are gone: {', '.join(gone[:5])}"


def _judge_texts(name: str, texts: pl.Series, champion: Pricer) -> Iterator[str]:
    known = texts.drop_nulls()
    unknown = ~known.is_in(champion.encoders[name])
    if known.len() and (share := float(unknown.mean() or 0)) > MAX_UNKNOWN:  # type: ignore[arg-type]
        yield f"{name}: {share:.0%} of its texts were never seen, such as {known.filter(unknown)[0]!r}"


def _judge_numbers(name: str, numbers: pl.Series, champion: Pricer) -> Iterator[str]:
    limits, known = champion.scaler[name], numbers.drop_nulls()
    outside = ~known.is_between(limits["min"], limits["max"])
    if known.len() and (share := float(outside.mean() or 0)) > MAX_OUTSIDE:  # type: ignore[arg-type]
        yield f"{name}: {share:.0%} of its values are outside {limits['min']:,.10g} to {limits['max']:,.10g}"


def _judge_missing(frame: pl.DataFrame, champion: Pricer) -> Iterator[str]:
    """Which fields came empty that were given last time; bundles before the monitor do not know it."""
    inputs = read_inputs(champion.manifest)
    for name, bins in inputs.features.items() if inputs else ():
        now, before = frame[name].null_count() / frame.height, bins.shares[-1]
        if now > before + MAX_MISSING:
            yield f"{name}: {now:.0%} of its values are missing, of the last ones {before:.0%}"


def _judge_prices(frame: pl.DataFrame, champion: Pricer, folder: Path) -> Iterator[str]:
    """Of all listings, and of those new to the champion: many old ones would hide bad new ones."""
    new, _ = pick_unlearnt(frame, [(champion, folder)])
    parts = {"its prices": frame, "the prices of its new listings": new}
    if "make" in new.columns:
        parts |= {f"the new prices of {make}": part for (make,), part in new.group_by("make", maintain_order=True)}
    for name, part in parts.items():
        if part.height < MIN_ROWS and part is not frame:
            continue
        sample = part.sample(min(JUDGED_ROWS, part.height), seed=1)
        priced = price_frame(sample, champion)
        ratio = float(np.median(sample["price"].to_numpy() / priced["predicted"].to_numpy()))
        if not 1 / (1 + MAX_PRICE_SHIFT) <= ratio <= 1 + MAX_PRICE_SHIFT:
            yield f"{name} are {ratio - 1:+.0%} from those of {champion.version} in the median"
