"""The proof of a rollout, counted at the edge: every request that passed, read from its event stream."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

from carprice.errors import StackError
from carprice.ops.docker import argv
from carprice.ops.edge.haproxy import Edge
from carprice.ops.requests import Request, RequestStats
from carprice.system.processes import end_program

BEFORE_SECONDS = 60.0
JOIN_SECONDS = 5.0
AGAIN_SECONDS = 0.2
SERVER_ERROR = 500
# First letters of a termination state that are no fault of the service: none, the client, a refused request.
_NO_FAULT = "-CcPL"


@dataclass(frozen=True)
class TrafficReport:
    """What happened to the traffic meanwhile. Milliseconds; None where there was no traffic to measure.

    failed: answered with 5xx or broken off by the service. cut: still in flight at the drain limit. is_whole:
    every request was seen; not so where the edge itself was restarted meanwhile.
    """

    requests: int
    failed: int
    cut: int
    longest_gap_ms: int | None
    p99_before_ms: int | None
    p99_during_ms: int | None
    is_whole: bool = True

    def as_dict(self) -> dict[str, Any]:
        """For the journal and --json."""
        return asdict(self)

    def __str__(self) -> str:
        gap, before, during = (
            "not known" if value is None else f"{value} ms"
            for value in (self.longest_gap_ms, self.p99_before_ms, self.p99_during_ms)
        )
        end = "" if self.is_whole else "; the edge was restarted meanwhile, what it did not see is not counted"
        return (
            f"{self.requests:,} requests, {self.failed} failed, {self.cut} cut, longest gap {gap}, "
            f"p99 {before} before and {during} during{end}"
        )


class TrafficMonitor:
    """Counts the requests that pass the edge; `before` are those of the minute before, which it remembers."""

    def __init__(self, now_ms: int) -> None:
        self.before = RequestStats()
        self._from_ms = now_ms
        self._during = RequestStats()
        self._watched = RequestStats()
        self._watched_backend = ""
        self._last_ms = 0
        self._resumed_ms = 0
        self._cut = 0
        self._is_whole = True
        self._lock = threading.Lock()

    def add_cut(self, count: int) -> None:
        """Count requests that a set still had in flight at the drain limit."""
        self._cut += count

    def watch(self, backend: str) -> None:
        """From here on count apart what one set answers."""
        with self._lock:
            self._watched_backend, self._watched = backend, RequestStats()

    def watched(self) -> RequestStats:
        """What the watched set answered since."""
        with self._lock:
            stats = self._watched
            return RequestStats(stats.requests, stats.failed, took=stats.took.copy())

    def sum_up(self) -> TrafficReport:
        """What was seen so far."""
        with self._lock:
            during = self._during
            return TrafficReport(
                requests=during.requests,
                failed=during.failed,
                cut=self._cut,
                longest_gap_ms=during.longest_gap_ms,
                p99_before_ms=self.before.percentile(0.99),
                p99_during_ms=during.percentile(0.99),
                is_whole=self._is_whole,
            )

    def add(self, request: Request) -> None:
        """Count one request; one that was seen already, before the stream broke off, is left out."""
        if request.ended_ms < self._resumed_ms:
            return
        with self._lock:
            self._last_ms = request.ended_ms
            # Once it has begun, a clock that goes back takes no request out of it.
            if self._during.requests or request.ended_ms >= self._from_ms:
                self._during.add(request)
            elif request.ended_ms >= self._from_ms - 1000 * BEFORE_SECONDS:
                self.before.add(request)
            if request.backend == self._watched_backend:
                self._watched.add(request)

    def resume(self) -> None:
        """The stream broke off and starts again, with what the edge remembers."""
        self._is_whole = False
        self._resumed_ms = self._last_ms + 1


class EventStream:
    """Reads the edge's events into a monitor, again after a restart of the edge, until it is stopped."""

    def __init__(self, edge: Edge, monitor: TrafficMonitor) -> None:
        self._edge = edge
        self._monitor = monitor
        self._stopped = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._follow, name="traffic", daemon=True)

    def start(self) -> None:
        """Read in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the end."""
        self._stopped.set()
        if self._process:
            end_program(self._process)
        self._thread.join(JOIN_SECONDS)

    def _follow(self) -> None:
        while not self._stopped.is_set():
            with suppress(StackError, OSError):
                self._read()
            if not self._stopped.wait(AGAIN_SECONDS):
                self._monitor.resume()

    def _read(self) -> None:
        with self._edge.runner.stream(argv.edge_events(self._edge.find_container())) as process:
            self._process = process
            for line in process.stdout or ():
                if self._stopped.is_set():
                    return
                if request := parse_event(line):
                    self._monitor.add(request)


@contextmanager
def monitor_traffic(edge: Edge) -> Iterator[TrafficMonitor]:
    """Count what passes the edge beside the block."""
    monitor = TrafficMonitor(int(1000 * time.time()))
    stream = EventStream(edge, monitor)
    stream.start()
    try:
        yield monitor
    finally:
        stream.stop()


def parse_event(line: str) -> Request | None:
    """One line of the edge's ring `proof`: end in ms, status, ms taken, backend, termination state.

    The termination state's first letter says who ended it: `S` the server, `C` the client, `-` nobody.
    Configuration manual, 8.5: https://docs.haproxy.org/3.0/configuration.html#8.5
    """
    words = line.split()
    if len(words) != 5 or not words[0].isdecimal():
        return None
    try:
        ended, status, took = int(words[0]), int(words[1]), int(words[2])
    except ValueError:
        return None
    return Request(ended, took, words[3], status >= SERVER_ERROR or words[4][0] not in _NO_FAULT)
