"""Comparables: listings that the model learnt from, most like one car, each with its price adjusted to that car.

Alike are cars that fall into the same leaves: the share of the trees that put both into one leaf is the proximity
of Breiman, "Random forests" (Machine Learning, 2001). All trees of all listings would take too long, so only the
NEAREST by their values are compared so; what else was tried stands in docs/LOG.md. A listing's price is adjusted
by the model itself: times what this car is worth over what that one is, both on the last day learnt from.
"""

import math
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from operator import eq
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec

from carprice.errors import BundleError
from carprice.market.kinds import EPOCH, KINDS, Value
from carprice.model.bundle.contents import read_pickle
from carprice.model.bundle.manifest import COMPARABLES
from carprice.model.evidence.comparable_store import ComparableStore
from carprice.model.listing import write_fields
from carprice.model.pricer import Pricer
from carprice.model.valuation import Money

MAX_COMPARABLES = 20
USUAL_COMPARABLES = 5
RECENT_DAYS = 60
"""Before the last day learnt from: these are asked first."""
CLOSE, FAR = 0.25, 0.5
"""How much dearer the dearer of two cars may be, by the model, for one to speak for the other."""
WINDOW = 400
"""So many of these, by the difference of their scores, are compared value by value."""
NEAREST = 100
"""So many of those, by their values, are asked for their leaves."""
OTHER_CATEGORY = 0.5
"""What another category adds to the distance of values, where a standard deviation of a number adds 1."""
ONE_MISSING = 1.0
"""What a number adds that only one of both has."""
DIGITS = 3


class Comparable(msgspec.Struct, frozen=True):
    """A listing that the model learnt from."""

    day: Annotated[str | None, msgspec.Meta(description="When it was seen.", extra_json_schema={"format": "date"})]
    link: Annotated[str | None, msgspec.Meta(description="To it, where the market file names a column of links.")]
    id: Annotated[str | None, msgspec.Meta(description="Of the car, where it names no links but ids.")]
    price: Money
    adjusted: Annotated[int, msgspec.Meta(description="Its price, for the car that is asked about.")]
    alike: Annotated[float, msgspec.Meta(description="The share of the trees that take both cars for the same.")]
    listing: Annotated[dict[str, Any], msgspec.Meta(description="Its fields.")]


class Comparables(msgspec.Struct, frozen=True):
    """The listings most like a car, the most alike first."""

    search: Annotated[str, msgspec.Meta(description="How far the search had to go.")]
    same: Annotated[tuple[str, ...], msgspec.Meta(description="The fields in which they are equal to the car.")]
    days: Annotated[int | None, msgspec.Meta(description="Before the last one learnt from; null for any.")]
    median: Annotated[int | None, msgspec.Meta(description="Of the adjusted prices.")]
    listings: tuple[Comparable, ...]


class Step(NamedTuple):
    """A width of the search: how many keys are the same, how old a listing may be, how much dearer or cheaper."""

    depth: int
    days: int | None
    reach: float


NOT_KEPT = "this model keeps no listings to show"
NOTHING_ALIKE = "no listing is like this car"


class ComparableFinder:
    """Finds comparables in the store of one bundle. Safe to share between threads."""

    def __init__(self, store: ComparableStore, pricer: Pricer) -> None:
        self.store = store
        self.pricer = pricer
        self._last = None if pricer.as_of is None else float((pricer.as_of - EPOCH).days)
        self._is_category = [feature.is_category for feature in pricer.market.features]

    def find(
        self,
        values: Sequence[Value],
        count: int = USUAL_COMPARABLES,
        car: str | None = None,
        asking: float | None = None,
    ) -> Comparables:
        """The comparables of a listing's checked values, at most count.

        car: its id, as the column of the market file has it. The car itself is never found: neither the one of
        that id, nor one of the same values, if it has the same price or nothing is asked here.
        """
        score = self.pricer.plain_score(values)
        best: tuple[Step, list[int]] | None = None
        for step in self._list_steps():
            rows = self._find_rows(values, score, step, car, asking)
            if best is None or len(rows) > len(best[1]):
                best = step, rows
            if len(rows) >= count:
                break
        if best is None or not best[1]:
            return Comparables(NOTHING_ALIKE, (), None, None, ())
        step, rows = best
        found = self._describe(values, self._rank(values, rows)[:count])
        same = tuple(self.store.keys[: step.depth])
        median = _find_median([each.adjusted for each in found])
        return Comparables(_describe_step(same, step), same, step.days, median, found)

    def _list_steps(self) -> list[Step]:
        """From narrow to wide: recent ones, any day, cars that differ more, then without the last key."""
        depth = len(self.store.keys)
        recent = [Step(depth, RECENT_DAYS, CLOSE)] if self._last is not None and self.store.day else []
        wider = [Step(each, None, CLOSE) for each in range(depth - 1, 0, -1)]
        return [*recent, Step(depth, None, CLOSE), Step(depth, None, FAR), *wider]

    def _find_rows(
        self, values: Sequence[Value], score: float, step: Step, car: str | None, asking: float | None
    ) -> list[int]:
        """The rows of a step, at most WINDOW, the nearest by score first."""
        store, reach = self.store, math.log1p(step.reach)
        rows = [
            row
            for start, end in self._find_groups(values, step.depth)
            for row in store.find_window(start, end, score, reach)
        ]
        if step.days is not None and store.day and self._last is not None:
            oldest = self._last - step.days
            rows = [row for row in rows if (day := store.day[row]) is not None and day >= oldest]
        scores, own = store.score, None if car is None else hash_id(car)
        rows.sort(key=lambda row: (abs(scores[row] - score), row))
        found: list[int] = []
        for row in rows:
            if store.car[row] != own and not self._is_same(row, values, asking):
                found.append(row)
                if len(found) == WINDOW:
                    break
        return found

    def _find_groups(self, values: Sequence[Value], depth: int) -> list[tuple[int, int]]:
        """The groups with the same first keys as a car; none where one of them is not known."""
        row, _ = self.pricer.encoder.encode(values)
        key: list[str | None] = []
        for name, index in zip(self.store.keys[:depth], self.pricer.forest.depreciation.keys, strict=False):
            code = row[index]
            key.append(None if code != code else self.pricer.encoders[name][int(code)])
        if None in key:
            return []
        return self.store.find_groups(tuple(key))

    def _is_same(self, row: int, values: Sequence[Value], asking: float | None) -> bool:
        if asking is not None and self.store.price[row] != asking:
            return False
        return self.store.has_values(row, values)

    def _rank(self, values: Sequence[Value], rows: Sequence[int]) -> list[tuple[int, float]]:
        """The rows and their share of common leaves, the most alike first; of equal ones the nearer by values."""
        columns, _ = self.pricer.encoder.encode_columns([values, *(self.store.values(row) for row in rows)])
        distances = measure_distances(columns, self._is_category)
        nearest = sorted(range(len(rows)), key=lambda place: (distances[place], rows[place]))[:NEAREST]
        kept = [[column[0], *(column[place + 1] for place in nearest)] for column in columns]
        own, *others = self.pricer.forest.leaf_rows(kept)
        shares = [sum(map(eq, own, leaves)) / (len(own) or 1) for leaves in others]
        order = sorted(
            range(len(nearest)), key=lambda each: (-shares[each], distances[nearest[each]], rows[nearest[each]])
        )
        return [(rows[nearest[each]], shares[each]) for each in order]

    def _describe(self, values: Sequence[Value], ranked: Sequence[tuple[int, float]]) -> tuple[Comparable, ...]:
        store, pricer = self.store, self.pricer
        listings = [store.values(row) for row, _ in ranked]
        own, *others = pricer.log_prices([values, *listings])
        found = []
        for (row, alike), listing, log_price in zip(ranked, listings, others, strict=True):
            price = float(store.price[row])
            adjusted = price * math.exp(store.moved(row) + own - log_price)
            text = store.text(row)
            link, car = (text, None) if pricer.market.listing.link else (None, text)
            day = store.day[row] if store.day else None
            shown = None if day is None else KINDS["date"].write(day)
            fields = write_fields(pricer.market, listing)
            found.append(Comparable(shown, link, car, round(price), round(adjusted), round(alike, DIGITS), fields))
        return tuple(found)


def load_finder(folder: Path, pricer: Pricer) -> ComparableFinder | None:
    """The comparables of a pricer's bundle folder; None where it has none. Raises BundleError for any damage."""
    entry: Mapping[str, Any] | None = pricer.manifest["files"].get(COMPARABLES)
    if entry is None:
        return None
    data = read_pickle(folder / COMPARABLES, entry)
    finder = ComparableFinder(open_store(data, pricer), pricer)
    prove_finder(finder, pricer.manifest)
    return finder


def open_store(data: Any, pricer: Pricer) -> ComparableStore:
    """The store of what comparables.pkl holds, if it fits the pricer. Raises BundleError."""
    names = [feature.name for feature in pricer.market.features]
    return ComparableStore(data, names, [names[index] for index in pricer.forest.depreciation.keys])


def prove_finder(finder: ComparableFinder, manifest: Mapping[str, Any]) -> None:
    """Raises BundleError where the golden listing has other comparables than in training."""
    golden = (manifest.get("comparables") or {}).get("golden")
    if golden is None:
        return
    found = [each.price for each in finder.find(golden_values(finder.pricer)).listings]
    if found != golden:
        raise BundleError(
            f"{COMPARABLES}: golden: should be {golden} (got {found})",
            f"The files of {finder.pricer.version} do not belong together.",
        )


def golden_values(pricer: Pricer) -> Sequence[Value]:
    """The first golden listing's values, by which a store is proved."""
    return pricer.read_values(pricer.manifest["golden"][0]["listing"])


def find_none() -> Comparables:
    """What is said where a bundle keeps no listings."""
    return Comparables(NOT_KEPT, (), None, None, ())


def hash_id(text: str) -> int:
    """The id of a car as a number, as listings/deduplication.py makes it."""
    return int.from_bytes(blake2b(text.strip().encode(), digest_size=8).digest(), "little")


def measure_distances(columns: Sequence[Sequence[float]], is_category: Sequence[bool]) -> list[float]:
    """How far each row but the first is from the first: encoded values, column by column."""
    totals = [0.0] * (len(columns[0]) - 1) if columns else []
    for column, of_categories in zip(columns, is_category, strict=True):
        own, *others = column
        for place, value in enumerate(others):
            if value != value or own != own:
                apart = 0.0 if value != value and own != own else OTHER_CATEGORY if of_categories else ONE_MISSING
            elif of_categories:
                apart = 0.0 if value == own else OTHER_CATEGORY
            else:
                apart = abs(value - own)
            totals[place] += apart
    return totals


def _find_median(amounts: Sequence[int]) -> int | None:
    ordered, count = sorted(amounts), len(amounts)
    if not count:
        return None
    return round((ordered[(count - 1) // 2] + ordered[count // 2]) / 2)


def _describe_step(same: Sequence[str], step: Step) -> str:
    what = f"same {' and '.join(same)}" if same else "any car"
    when = "" if step.days is None else f", of the last {step.days} days"
    return f"{what}{when}, worth at most {step.reach:.0%} more or less"
