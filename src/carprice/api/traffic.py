"""What this process answered lately: rates and percentiles from two looks at its counters."""

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from carprice.api.metrics import SECONDS, Metrics
from carprice.names import METRICS_PATH, PROBE_PATHS, SERVICE_PAGE

WINDOW_SECONDS = 60.0
MIN_SECONDS = 1.0
"""Between two looks that are kept; a rate over less would jump."""
STATIC_ROUTE = "/static/<path:filename>"
OWN_ROUTES = PROBE_PATHS | {METRICS_PATH, SERVICE_PAGE, STATIC_ROUTE}
"""Of probes, of the page that shows this, and of files that pages are made of: nothing that users ask."""

Counts = Mapping[tuple[str, str, int], Sequence[int]]
"""By method, route and status: how many answers in each bucket of SECONDS, and beyond."""


class RouteTraffic(NamedTuple):
    """Of one route, or of all: requests, those a second, and percentiles in seconds; None without a request.

    refused: with a status of 4xx. failed: with 5xx.
    """

    route: str
    requests: int
    per_second: float
    median: float | None
    p95: float | None
    p99: float | None
    refused: int
    failed: int


class Traffic(NamedTuple):
    """Of the last `seconds`. routes: the busiest first."""

    seconds: float
    total: RouteTraffic
    routes: Sequence[RouteTraffic]


class TrafficHistory:
    """Looks at the counters of one process, kept for WINDOW_SECONDS; nothing is counted twice for it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lock = threading.Lock()
        self._looks: deque[tuple[float, Counts]] = deque([(time.monotonic(), {})])

    def look(self, now: float | None = None) -> Traffic:
        """The traffic between the oldest look within the window and now. now: seconds of the monotonic clock.

        Where nobody has looked within the window, it is since the look before that, or since the start.
        """
        now = time.monotonic() if now is None else now
        counts = self._metrics.counts()
        with self._lock:
            while len(self._looks) > 1 and now - self._looks[1][0] >= MIN_SECONDS and self._is_old(now):
                self._looks.popleft()
            since, before = self._looks[0]
            if now - self._looks[-1][0] >= MIN_SECONDS:
                self._looks.append((now, counts))
        return _compare(max(now - since, MIN_SECONDS), before, counts)

    def _is_old(self, now: float) -> bool:
        return now - self._looks[0][0] > WINDOW_SECONDS


def _compare(seconds: float, before: Counts, after: Counts) -> Traffic:
    by_route: dict[str, dict[int, list[int]]] = {}
    for (method, route, status), counts in after.items():
        if route in OWN_ROUTES:
            continue
        earlier = before.get((method, route, status), ())
        added = [count - (earlier[index] if earlier else 0) for index, count in enumerate(counts)]
        statuses = by_route.setdefault(route, {})
        statuses[status] = [
            one + other for one, other in zip(statuses.get(status, [0] * len(added)), added, strict=True)
        ]
    routes = [_sum_up(route, statuses, seconds) for route, statuses in by_route.items()]
    busy = sorted((each for each in routes if each.requests), key=lambda each: (-each.requests, each.route))
    everything: dict[int, list[int]] = {}
    for statuses in by_route.values():
        for status, counts in statuses.items():
            sums = everything.setdefault(status, [0] * len(counts))
            everything[status] = [one + other for one, other in zip(sums, counts, strict=True)]
    return Traffic(seconds, _sum_up("all", everything, seconds), busy)


def _sum_up(route: str, statuses: Mapping[int, Sequence[int]], seconds: float) -> RouteTraffic:
    counts = [sum(column) for column in zip(*statuses.values(), strict=True)]
    requests = sum(counts)
    refused = sum(sum(each) for status, each in statuses.items() if 400 <= status < 500)
    failed = sum(sum(each) for status, each in statuses.items() if status >= 500)
    median, p95, p99 = (find_percentile(counts, share) for share in (0.5, 0.95, 0.99))
    return RouteTraffic(route, requests, requests / seconds, median, p95, p99, refused, failed)


def find_percentile(counts: Sequence[int], share: float) -> float | None:
    """Seconds below which that share of answers took, even within a bucket; None without an answer.

    Beyond the last bucket it is that bucket's limit.
    """
    total = sum(counts)
    if not total:
        return None
    wanted, passed, low = share * total, 0, 0.0
    for bound, count in zip(SECONDS, counts, strict=False):
        if count and passed + count >= wanted:
            return low + (bound - low) * (wanted - passed) / count
        passed, low = passed + count, bound
    return SECONDS[-1]
