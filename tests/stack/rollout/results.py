"""What the loader saw: failures, gaps, percentiles, and the order of the releases."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.stack.rollout.loader import Record


@dataclass(frozen=True)
class Results:
    """Every request of a load, in the order of their ends. Times are seconds since 1970."""

    records: Sequence[Record]

    @property
    def failed(self) -> list[Record]:
        """What was not answered as it should."""
        return [record for record in self.records if record.trouble]

    @property
    def longest_gap_ms(self) -> float:
        """The longest time without one good answer."""
        ends = [record.ended for record in self.records if not record.trouble]
        return 1000 * max((later - earlier for earlier, later in pairwise(ends)), default=0.0)

    @property
    def stall_ms(self) -> float:
        """For how long at most the machine was too busy to let the loader itself run."""
        return 1000 * max((record.dealt - record.due for record in self.records), default=0.0)

    @property
    def releases(self) -> list[str]:
        """The releases that answered, in the order of their first answers."""
        return list(dict.fromkeys(record.release for record in self.records if record.release))

    def p99_ms(self) -> float:
        """The 99th percentile of the time from when a request was dealt."""
        took = sorted(record.ended - record.dealt for record in self.records)
        return 1000 * took[int(0.99 * (len(took) - 1))] if took else 0.0

    def between(self, begin: float, end: float) -> "Results":
        """The requests that ended in a span of time."""
        return Results([record for record in self.records if begin <= record.ended < end])

    def after(self, begin: float) -> "Results":
        """The requests that began then or later."""
        return Results([record for record in self.records if record.began >= begin])

    def find_steps_back(self) -> list[Record]:
        """Answers of a release that a client had left behind already."""
        return [record for client in self._by_client() for record in _find_steps_back(client)]

    def summary(self) -> str:
        """One line for people."""
        return (
            f"{len(self.records)} requests, {len(self.failed)} failed, longest gap {self.longest_gap_ms:.0f} ms "
            f"(loader itself stalled for {self.stall_ms:.0f} ms), "
            f"p99 {self.p99_ms():.0f} ms, releases {' '.join(self.releases)}"
        )

    def _by_client(self) -> Iterable[list[Record]]:
        for number in {record.client for record in self.records}:
            yield [record for record in self.records if record.client == number and record.release]


def read_results(path: Path) -> Results:
    """The records of a loader's output, each id once."""
    records = [Record(**_decode(line)) for line in path.read_text().splitlines()]
    ids = [record.id for record in records]
    assert len(set(ids)) == len(ids), "an id was answered twice"
    return Results(records)


def _decode(line: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(line)
    return data


def _find_steps_back(records: Sequence[Record]) -> list[Record]:
    """In one client's order: a release that comes again after another took its place."""
    left: set[str] = set()
    back = []
    for earlier, later in pairwise(records):
        if later.release != earlier.release:
            left.add(earlier.release)
        if later.release in left:
            back.append(later)
    return back
