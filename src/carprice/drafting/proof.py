"""Tries a draft out on the file it was made for, and corrects it until it can be learnt from."""

from collections.abc import Sequence

import polars as pl
from msgspec.structs import replace

from carprice.drafting.columns.names import choose_name
from carprice.drafting.draft_defaults import OWN_TEXT
from carprice.drafting.text_words import find_words
from carprice.drafting.usefulness import measure_costs
from carprice.drafting.writing import Entry, format_percent, quote
from carprice.errors import MarketError
from carprice.listings.cleaning import Cleaner
from carprice.listings.leaks import find_leak
from carprice.market.kinds import TEXT
from carprice.market.market_file import Feature, Market

CORE = ("make", "model", "year", "mileage")
MAX_LOST = 0.02
"""Rows that one feature may drop; with more, its unreadable values are missing instead."""
MIN_TOLD, MIN_NEEDED = 0.03, 0.25
"""From which share of the error what leaving a field out costs is told, and the field required."""


def prove_features(
    sample: pl.DataFrame, head: Market, entries: Sequence[Entry], source: str
) -> tuple[list[Entry], Market]:
    """The entries as corrected, and the market with the features that are left.

    Every row of the sample is read with the market: a feature that would drop many rows is made optional, one that
    mostly cannot be read, or gives the price away, is left out with the reason; one that a price needs is
    required.
    """
    entries = list(entries)
    while True:
        market = replace(head, features=tuple(entry.feature for entry in entries if entry.feature))
        if not market.features:
            return entries, market
        frame = Cleaner(market, source).mark_problems(sample, 2)
        corrected = _correct(frame, market, entries, source)
        if corrected == entries:
            kept = frame["problem"].is_null()
            entries = _require(frame.filter(kept), market, entries)
            entries += _draft_words(frame.filter(kept), sample.filter(kept), market, entries)
            return entries, replace(head, features=tuple(entry.feature for entry in entries if entry.feature))
        entries = corrected


def _correct(frame: pl.DataFrame, market: Market, entries: list[Entry], source: str) -> list[Entry]:
    kept = frame.filter(pl.col("problem").is_null())
    problems = dict(frame["problem"].drop_nulls().value_counts().iter_rows())
    found = [_correct_entry(entry, kept, problems, frame.height) for entry in entries]
    if found != entries:
        return found
    if not kept.height:
        hint = "Write the market file by hand: docs/markets.md"
        raise MarketError(f"{source}: no row can be read with any draft ({_name_worst(problems)})", hint)
    leak = find_leak(kept, market)
    # Of two that give the price away together, the one that says less of a car: it was computed from the other.
    names = [name for name in leak.names if name not in CORE] if leak else []
    if leak is None or not names:
        return entries
    reason = f"it is left out: it gives the price away: {leak.figure}"
    return [
        Entry(entry.column, [reason], part=entry.feature.name if entry.feature.pattern else "")
        if entry.feature and entry.feature.name == names[-1]
        else entry
        for entry in entries
    ]


def _name_worst(problems: dict[str, int]) -> str:
    return max(problems, key=lambda problem: problems[problem], default="no rows")


def _correct_entry(entry: Entry, kept: pl.DataFrame, problems: dict[str, int], rows: int) -> Entry:
    feature = entry.feature
    if feature is None:
        return entry
    lost = sum(count for problem, count in problems.items() if problem.startswith(f"{feature.name}: "))
    if lost > MAX_LOST * rows and feature.outside == "drop":
        return _forgive(entry, feature, lost, rows)
    if feature.name == "make" and kept.height and kept["make"].drop_nulls().n_unique() == 1:
        return _keep_one_make(entry, feature)
    if kept.height and kept[feature.name].drop_nulls().n_unique() < (1 if feature.blank == "false" else 2):
        part = feature.name if feature.pattern else ""
        return Entry(entry.column, ["it is left out: it says the same of every listing with a price"], part=part)
    return entry


def _keep_one_make(entry: Entry, feature: Feature) -> Entry:
    """The make of a file of one make: nobody has to name it, but who names another is told that it is unknown."""
    if feature.optional:
        return entry
    line = "All listings are of this make, so it may be left out."
    return Entry(entry.column, [*entry.comment, line], replace(feature, optional=True))


def _draft_words(kept: pl.DataFrame, raw: pl.DataFrame, market: Market, entries: list[Entry]) -> list[Entry]:
    """A text for each column of free text whose words prices follow; raw: the rows of the file that were kept."""
    found = []
    taken = {feature.name for feature in market.features}
    for column in [entry.column for entry in entries if entry.feature is None and OWN_TEXT in entry.comment[0]]:
        words = find_words(kept, raw[column], market)
        if words:
            feature = Feature(choose_name(column, taken), column, TEXT, optional=True, outside="missing")
            named = ", ".join(f"{quote(word)} {effect:+.0%}".replace("%", " %") for word, effect in words)
            line = f"Prices follow the words of {quote(column)}, which are learnt one by one, all else equal:"
            found.append(Entry(column, [line, f"{named}."], feature))
    return found


def _require(kept: pl.DataFrame, market: Market, entries: list[Entry]) -> list[Entry]:
    """The entries with what leaving each out costs; one that costs much, and is always known, is required."""
    whole, costs = measure_costs(kept, market)
    return [_tell_cost(entry, kept, whole, costs) for entry in entries] if costs else entries


def _tell_cost(entry: Entry, kept: pl.DataFrame, whole: float, costs: dict[str, float]) -> Entry:
    feature = entry.feature
    if feature is None or not feature.optional:
        return entry
    cost = costs[feature.name]
    if cost < MIN_TOLD * whole:
        return entry
    error = format_percent(whole + cost)
    line = f"Prices without it miss by {error} in the median instead of {format_percent(whole)}."
    is_needed = cost >= MIN_NEEDED * whole and not kept[feature.name].null_count()
    needed = replace(feature, optional=False, outside="drop") if is_needed else feature
    return Entry(entry.column, [*entry.comment, f"{line} So it is required." if is_needed else line], needed)


def _forgive(entry: Entry, feature: Feature, lost: int, rows: int) -> Entry:
    line = f"{format_percent(lost / rows)} of the rows have no value that can be read: they are kept without it."
    return Entry(entry.column, [*entry.comment, line], replace(feature, optional=True, outside="missing"))
