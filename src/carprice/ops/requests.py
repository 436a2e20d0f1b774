"""Requests and counts of them, wherever they were seen: at the edge, or by the replicas themselves."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """One request as the edge saw it end: when, how, how long it took, which set answered."""

    ended_ms: int
    took_ms: int
    backend: str
    is_failed: bool


@dataclass
class RequestStats:
    """Counts of requests: what is kept of them does not grow with their number."""

    requests: int = 0
    failed: int = 0
    longest_gap_ms: int | None = None
    last_ms: int | None = None
    took: "Counter[int]" = field(default_factory=Counter)

    def add(self, request: Request) -> None:
        """Count one request."""
        self.requests += 1
        self.failed += request.is_failed
        self.took[request.took_ms] += 1
        if self.last_ms is not None:
            self.longest_gap_ms = max(self.longest_gap_ms or 0, request.ended_ms - self.last_ms)
        self.last_ms = request.ended_ms

    def since(self, earlier: "RequestStats") -> "RequestStats":
        """What there was after an earlier look, but for the gaps."""
        took = self.took - earlier.took
        return RequestStats(self.requests - earlier.requests, self.failed - earlier.failed, took=took)

    def percentile(self, share: float) -> int | None:
        """The milliseconds that this share of the requests took at most."""
        left = share * self.requests
        for took, count in sorted(self.took.items()):
            left -= count
            if left <= 0:
                return took
        return None
