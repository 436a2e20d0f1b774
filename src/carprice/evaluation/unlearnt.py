"""Which listings two models are compared by: those that neither learnt from, as far as their bundles can tell."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from carprice.errors import BundleError, ListingsError
from carprice.evaluation.comparison import (
    ALIKE,
    COMPARISON_FORMAT,
    FIGURES,
    Comparison,
    compare_frame,
    pick_figures,
)
from carprice.frames.encoding import unify_spellings
from carprice.listings.cleaning import CAR, DAY, load_listings
from carprice.listings.listings_files import Source
from carprice.market.kinds import EPOCH
from carprice.model.bundle.contents import read_pickle
from carprice.model.bundle.manifest import COMPARABLES
from carprice.model.pricer import Pricer, load_pricer

MIN_ROWS = 100
"""Listings that say something of the difference between two models."""
BY_DAY, BY_CAR, TEST_PART = "day", "car", "test part"
COMMON_KINDS = ("make", "age", "fuel")
"""Segments of reports that hold the same listings for both models; those by price are cut by each model's own."""

Progress = Callable[[int], None]


def compare_bundles(
    challenger: Path, champion: Path, source: Source | None, trusted: str = "", progress: Progress | None = None
) -> Comparison:
    """Compare two bundles by the listings of a file that neither has learnt from, else by their common test part.

    trusted: as in load_pricer. Raises ListingsError where the file has fewer than MIN_ROWS of them, and
    BundleError where there is no file and the two were not judged by the same listings.
    """
    new, old = (load_pricer(folder, trusted) for folder in (challenger, champion))
    if source is None:
        return compare_reports(new.manifest, old.manifest)
    listings = load_listings(source, new.market, progress)
    for pricer in (new, old):
        data = pricer.manifest.get("data", {})
        if listings.fingerprint == data.get("fingerprint") and not data.get("held_rows"):
            raise ListingsError(
                f"{source}: holds the very listings that {pricer.version} was trained with",
                f"Compare by newer ones: ./carprice compare {new.version} {old.version} --data LISTINGS",
            )
    frame = unify_spellings(listings.frame, new.market)
    fair, facts = pick_unlearnt(frame, [(new, challenger), (old, champion)])
    if fair.height < MIN_ROWS:
        raise ListingsError(
            f"{source}: {fair.height:,} of its {frame.height:,} listings are new to both {new.version} and "
            f"{old.version}, and at least {MIN_ROWS} are needed to compare them",
            "Compare by listings that came after both were trained.",
        )
    return compare_frame(fair, new, old, {"source": source.name, **facts})


def pick_unlearnt(frame: pl.DataFrame, models: list[tuple[Pricer, Path]]) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The rows of a clean frame that none of the models has learnt from, and how that is known.

    By day where the listings have one, every model knows its last one, and enough came later; else by the cars
    that the bundles name. The facts are rows, left_aside, chosen_by, after (ISO, by day alone) and notes.
    """
    days = [pricer.as_of for pricer, _ in models if pricer.as_of is not None]
    notes: list[str] = []
    after: date | None = None
    fair = frame.clear()
    if DAY in frame.columns and len(days) == len(models):
        after = max(days)
        fair = frame.filter(pl.col(DAY) > (after - EPOCH).days)
    chosen_by = BY_DAY
    if fair.height < MIN_ROWS:
        chosen_by, after, fair = BY_CAR, None, frame
        for pricer, folder in models:
            cars, note = list_cars(pricer, folder)
            fair = fair.filter(~pl.col(CAR).is_in(cars.implode()))
            notes += note
    return fair, {
        "rows": fair.height,
        "left_aside": frame.height - fair.height,
        "chosen_by": chosen_by,
        "after": after.isoformat() if after else None,
        "notes": notes,
    }


def list_cars(pricer: Pricer, folder: Path) -> tuple[pl.Series, list[str]]:
    """The cars (UInt64) that a bundle says it has learnt from, and a note where it does not name all.

    Raises BundleError where the file of its listings is damaged.
    """
    entry = pricer.manifest["files"].get(COMPARABLES)
    learnt = pricer.manifest.get("data", {}).get("served_rows")
    if entry is None:
        note = f"{pricer.version} keeps no listings, so it may have learnt from some of these."
        return pl.Series([], dtype=pl.UInt64), [note]
    cars = pl.Series(np.frombuffer(read_pickle(folder / COMPARABLES, entry)["car"], "<u8").astype(np.uint64))
    if learnt is not None and cars.len() < learnt:
        note = f"{pricer.version} names {cars.len():,} of the {learnt:,} listings that it has learnt from."
        return cars, [note]
    return cars, []


def compare_reports(new: dict[str, Any], old: dict[str, Any]) -> Comparison:
    """Compare two manifests whose models were judged by the same test part, which neither judged model saw.

    Bundles keep figures, no prices by listing: there is no interval and no price shift. Raises BundleError where
    the test parts differ.
    """
    if not is_same_test(new, old):
        raise BundleError(
            f"{new['version']} and {old['version']} were judged by different listings, so their figures do not "
            "compare",
            f"Compare by listings that neither has learnt from: ./carprice compare {new['version']} "
            f"{old['version']} --data LISTINGS",
        )
    one, other = new["report"], old["report"]
    overall = _pair_figures("all", one["overall"], other["overall"])
    return {
        "format": COMPARISON_FORMAT,
        "market": one["market"],
        "currency": one["currency"],
        "challenger": new["version"],
        "champion": old["version"],
        "listings": {
            "source": new["data"]["source"],
            "rows": overall["rows"],
            "left_aside": 0,
            "chosen_by": TEST_PART,
            "after": new["data"].get("cut"),
            "notes": ["The figures are of the models of the training parts; bundles keep no prices by listing."],
        },
        "unvalued": {"challenger": one["unvalued"]["rows"], "champion": other["unvalued"]["rows"]},
        "overall": overall,
        "segments": _pair_segments(one["segments"], other["segments"]),
        "result": ALIKE,
    }


def is_same_test(new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Whether both manifests have a report on the same listings, of one market."""
    reports = [manifest.get("report") for manifest in (new, old)]
    if not all(report and report["overall"] for report in reports):
        return False
    facts = [
        [manifest.get("data", {}).get(key) for key in ("fingerprint", "judged_by", "cut")]
        for manifest in (new, old)
    ]
    sizes = [[report[key] for key in ("market", "currency", "rows")] for report in reports if report]
    return bool(facts[0][0]) and facts[0] == facts[1] and sizes[0] == sizes[1]


def _pair_segments(one: dict[str, Any], other: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for kind in COMMON_KINDS:
        theirs = {item["name"]: item for item in other.get(kind, [])}
        pairs = [(item, theirs[item["name"]]) for item in one.get(kind, []) if item["name"] in theirs]
        found[kind] = [_pair_figures(new["name"], new, old) for new, old in pairs if new["rows"] == old["rows"]]
    return {kind: parts for kind, parts in found.items() if parts}


def _pair_figures(name: str, new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    changes = {key: new[key] - old[key] for key in FIGURES[:2]}
    return {
        "name": name,
        "rows": new["rows"],
        "challenger": pick_figures(new),
        "champion": pick_figures(old),
        **{f"{key}_change": {"value": value, "low": None, "high": None} for key, value in changes.items()},
        "price_shift": None,
        "far_shift": None,
    }
