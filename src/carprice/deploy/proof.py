"""The proof of a rollout, counted at the edge: every request that passed, read from its event stream."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from carprice.deploy import argv
from carprice.deploy.runner import Runner

EVENTS = "show events proof -w -n"


@dataclass(frozen=True)
class Request:
    """One request as the edge saw it end: when, how, how long it took, whether the server broke it off."""

    ended_ms: int
    status: int
    took_ms: int
    backend: str
    is_cut: bool


@dataclass(frozen=True)
class Proof:
    """What happened to the traffic meanwhile. Milliseconds; None where there was no traffic to measure."""

    requests: int
    failed: int
    cut: int
    longest_gap_ms: int | None
    p99_before_ms: int | None
    p99_during_ms: int | None

    def as_dict(self) -> dict[str, Any]:
        """For the journal and --json."""
        return asdict(self)

    def __str__(self) -> str:
        gap = "not known" if self.longest_gap_ms is None else f"{self.longest_gap_ms} ms"
        before, during = (
            "not known" if value is None else f"{value} ms" for value in (self.p99_before_ms, self.p99_during_ms)
        )
        return (
            f"{self.requests:,} requests, {self.failed} failed, {self.cut} cut, longest gap {gap}, "
            f"p99 {before} before and {during} during"
        )


class Witness:
    """Collects the requests that pass the edge while its block runs."""

    def __init__(self) -> None:
        self._requests: list[Request] = []
        self._from = 0
        self._cut = 0

    def add_cut(self, count: int) -> None:
        """Count requests that a set still had in hand at the drain limit."""
        self._cut += count

    def mark(self) -> None:
        """From here on requests count as during the rollout; those before give the p99 before."""
        self._from = len(self._requests)

    def sum_up(self) -> Proof:
        """What was seen so far."""
        before, during = self._requests[: self._from], self._requests[self._from :]
        return Proof(
            requests=len(during),
            failed=sum(request.status >= 500 or request.status < 0 for request in during),
            cut=self._cut + sum(request.is_cut for request in during),
            longest_gap_ms=_longest_gap([request.ended_ms for request in during]),
            p99_before_ms=_percentile([request.took_ms for request in before], 0.99),
            p99_during_ms=_percentile([request.took_ms for request in during], 0.99),
        )

    def follow(self, process: "subprocess.Popen[str]") -> None:
        """Read events until the stream ends."""
        for line in process.stdout or ():
            request = parse_event(line)
            if request:
                self._requests.append(request)


@contextmanager
def witness_traffic(runner: Runner) -> Iterator[Witness]:
    """Follow the edge's events beside the block."""
    witness = Witness()
    with runner.stream(argv.edge_runtime(EVENTS)) as process:
        thread = threading.Thread(target=witness.follow, args=(process,), name="witness", daemon=True)
        thread.start()
        yield witness
    thread.join(timeout=5)


def parse_event(line: str) -> Request | None:
    """One line of the edge's ring `proof`: end in ms, status, ms taken, backend, termination state.

    The termination state's first letter says who ended it: `S` the server, `C` the client, `-` nobody.
    """
    words = line.split()
    if len(words) != 5 or not words[0].isdigit():
        return None
    try:
        return Request(int(words[0]), int(words[1]), int(words[2]), words[3], words[4].startswith("S"))
    except ValueError:
        return None


def _longest_gap(ended: list[int]) -> int | None:
    gaps = [later - earlier for earlier, later in pairwise(ended)]
    return max(gaps) if gaps else None


def _percentile(values: list[int], share: float) -> int | None:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
