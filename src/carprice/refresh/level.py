"""The price index between trainings: prices that came back move the level of the served model, within a bound."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from carprice.errors import BundleError, SettingsError
from carprice.feedback.entry import Feedback
from carprice.frames.encoding import Floats
from carprice.market.kinds import EPOCH, KINDS
from carprice.model.bundle.manifest import find_bundle
from carprice.model.listing import check_listing
from carprice.model.moved_level import MovedLevel, forget_level, read_level, write_level
from carprice.model.pricer import Pricer, load_pricer
from carprice.ops.journal import who
from carprice.settings import Settings
from carprice.system.jsonl import append_line
from carprice.training.price_index import INDEX, PriceIndex, update_level

JOURNAL = "level.jsonl"
MIN_ROWS = 100
MIN_DAYS = 3
"""Prices, and days of them, below which the level stays."""
FEEDBACK_KINDS = {"paid": "sold", "asking": "listed"}
"""By the price type of a market: what is paid is not what is asked, which is no move of the market."""
ONE_SIZE = 0.6827
"""The coverage of one standard deviation up and down."""
DIGITS = 6


class LevelMove(NamedTuple):
    """What came of it. level, before: in log price. reason: why it stays; empty where it moved."""

    version: str
    before: float
    level: float
    rows: int
    days: int
    reason: str = ""


class Prices(NamedTuple):
    """Prices that came back. day: since 1970-01-01. error: actual less trained; size: what is usual; log price."""

    day: Floats
    error: Floats
    size: Floats


def move_level(settings: Settings, entries: Iterable[Feedback], dry_run: bool = False) -> LevelMove:
    """Move the level of the champion by the feedback since its last day, and say so in the journal.

    Every price since counts each time, so it does not matter how often this is done. Raises SettingsError where
    the index is off, BundleError where the champion has none, FileError.
    """
    if not settings.index_bound:
        raise SettingsError(
            "CARPRICE_INDEX_BOUND is 0, so prices stay at the level of the training",
            "Let them move by at most 5 %: echo CARPRICE_INDEX_BOUND=0.05 >> .env, then ./carprice restart",
        )
    pricer = load_pricer(find_bundle(settings.artifacts_dir, settings.model_version), settings.trusted_keys)
    found = measure_move(pricer, entries, settings)
    if not found.reason and not dry_run:
        _keep(found, settings)
    return found


def reset_level(settings: Settings) -> LevelMove:
    """Put the level back to that of the training. Raises FileError."""
    version = find_bundle(settings.artifacts_dir, settings.model_version).name
    found = LevelMove(version, read_level(settings.artifacts_dir, version, math.inf), 0.0, 0, 0)
    append_line(settings.artifacts_dir / JOURNAL, _describe(found))
    forget_level(settings.artifacts_dir)
    return found


def measure_move(pricer: Pricer, entries: Iterable[Feedback], settings: Settings) -> LevelMove:
    """How far prices have moved since the last day that the model learnt from; never beyond index_bound."""
    index = read_index(pricer)
    prices = read_prices(pricer, entries)
    rows, days = len(prices.day), len(np.unique(prices.day))
    before = read_level(settings.artifacts_dir, pricer.version, settings.index_bound)
    if rows < MIN_ROWS or days < MIN_DAYS:
        kind = FEEDBACK_KINDS[pricer.market.listing.price_type]
        reason = (
            f"{rows} prices ({kind}) of {days} days after {pricer.as_of} came back; {MIN_ROWS} of {MIN_DAYS} days "
            "are needed"
        )
        return LevelMove(pricer.version, before, before, rows, days, reason)
    level = update_level(index, *prices, bound=settings.index_bound)
    return LevelMove(pricer.version, before, round(level, DIGITS), rows, days)


def read_index(pricer: Pricer) -> PriceIndex:
    """The index as it stood on the last day learnt from. Raises BundleError where the manifest has none."""
    table = pricer.manifest.get(INDEX)
    if not table or pricer.as_of is None:
        raise BundleError(
            f"{pricer.version} has no price index: its listings have no day, or it is of an older version",
            "Train on listings with a day ([listing] seen in the market file): ./carprice train",
        )
    last = float((pricer.as_of - EPOCH).days)
    return PriceIndex(np.array([last]), np.array([0.0]), table["step"], table["day_effect"], table["variance"])


def read_prices(pricer: Pricer, entries: Iterable[Feedback]) -> Prices:
    """The prices of cars that came back after the last day learnt from, which training saw such cars of."""
    kind, learnt = FEEDBACK_KINDS[pricer.market.listing.price_type], (pricer.as_of or EPOCH).isoformat()
    found = []
    for entry in entries:
        if entry.kind == kind and entry.day > learnt and entry.listing is not None:
            values, problems = check_listing(pricer.market, entry.listing)
            if not problems:
                found.append((entry, values))
    valuations = pricer.price_rows([values for _, values in found], pricer.range.limits(ONE_SIZE))
    rows = [
        (KINDS["date"].read(entry.day), np.log(entry.price / said.price), np.log(said.high / said.low) / 2)
        for (entry, _), said in zip(found, valuations, strict=True)
        if said.coverage is not None
    ]
    return Prices(*np.array(rows, dtype=float).reshape(-1, len(Prices._fields)).T)


def _keep(found: LevelMove, settings: Settings) -> None:
    facts = _describe(found)
    append_line(settings.artifacts_dir / JOURNAL, facts)
    moved = MovedLevel(found.version, found.level, facts["time"], found.rows)
    write_level(settings.artifacts_dir, moved)


def _describe(found: LevelMove) -> dict[str, Any]:
    """A line of the journal."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    facts = {name: value for name, value in found._asdict().items() if name != "reason"}
    return {"time": now, "who": who()["by"], **facts}
