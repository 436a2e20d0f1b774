"""Judging a model by listings that came after its training."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl

from carprice.errors import BundleError, ListingsError
from carprice.evaluation.report import Price, Report, build_report
from carprice.frames.encoding import unify_spellings
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import DAY, load_listings
from carprice.listings.listings_files import Source
from carprice.market.kinds import EPOCH
from carprice.model.pricer import Pricer

Progress = Callable[[int], None]


def read_report(manifest: dict[str, Any]) -> Report:
    """The report that a model's training made, with what hygiene found among its listings.

    Raises BundleError for a model of before there was one.
    """
    report: Report | None = manifest.get("report")
    if not report:
        version = manifest["version"]
        raise BundleError(
            f"{version} has no valuation report: it was trained before there was one",
            f"Judge it by listings that it has not learnt from: ./carprice report {version} --data LISTINGS",
        )
    hygiene = manifest.get("data", {}).get("hygiene")
    return {**report, "hygiene": hygiene} if hygiene else report


def judge_listings(
    source: Source, pricer: Pricer, report_progress: Progress | None = None, price: Price = price_frame
) -> Report:
    """The report on a file of the model's own market, and `later`, what of the file was judged.

    Where the market names the listing's day and the model knows the last one it has learnt from, listings that are
    not later, or of no known day, are left aside. price: as for build_report. Raises ListingsError where no
    listing is left, or where the file is the one learnt from.
    """
    market, version = pricer.market, pricer.version
    listings = load_listings(source, market, report_progress)
    see = f"See how it was judged by others: ./carprice report {version}"
    if listings.fingerprint == pricer.manifest.get("data", {}).get("fingerprint"):
        raise ListingsError(f"{source}: holds the very listings that {version} was trained with", see)
    frame = unify_spellings(listings.frame, market)
    is_dated = DAY in frame.columns and pricer.as_of is not None
    later = frame.filter(pl.col(DAY) > _count_days(pricer)) if is_dated else frame
    if later.is_empty():
        raise ListingsError(
            f"{source}: none of its {frame.height:,} listings is later than {pricer.as_of}, the last day that "
            f"{version} has learnt from",
            see,
        )
    found = build_report(later, pricer, pricer.manifest.get("ageing"), price)
    facts = {
        "source": source.name,
        "left_aside": frame.height - later.height,
        **_find_span(later, pricer, is_dated),
    }
    notes = list(found["notes"])
    if not is_dated:
        notes.insert(0, "Whether the model has learnt from some of these listings is not known: they have no day.")
    hygiene = listings.report.hygiene()
    return {**found, "later": facts, "notes": notes, **({"hygiene": hygiene} if hygiene else {})}


def _count_days(pricer: Pricer) -> float:
    return float((pricer.as_of - EPOCH).days) if pricer.as_of else float("-inf")


def _find_span(later: pl.DataFrame, pricer: Pricer, is_dated: bool) -> dict[str, Any]:
    """The first and last day of the judged listings, and how many days after the last one learnt from they are."""
    if not is_dated:
        return {"first": None, "last": None, "from_days": None, "to_days": None}
    first, last = (int(later.select(end).item()) for end in (pl.col(DAY).min(), pl.col(DAY).max()))
    start = int(_count_days(pricer))
    return {
        "first": (EPOCH + timedelta(days=first)).isoformat(),
        "last": (EPOCH + timedelta(days=last)).isoformat(),
        "from_days": first - start,
        "to_days": last - start,
    }
