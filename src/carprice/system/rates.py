"""Rates of requests: as a text such as 50/s, and kept by a bucket.

A bucket holds one number, the time at which it would be full again: the generic cell rate algorithm, which admits
what a token bucket of that size admits (ITU-T Recommendation I.371, annex A).
"""

import re
import threading

MAX_PER_SECOND = 1_000_000
MAX_BUCKETS = 10_000
"""Of each of two halves: an IPv4 address with its bucket takes about 250 bytes."""
FLOAT_LOSS = 1e-3
"""The share of a request by which sums of floats may be off."""

_RATE = re.compile(r"([1-9][0-9]{0,6})/s", re.ASCII)


def parse_rate(text: str) -> int:
    """Requests a second of a text such as `50/s`; 0, which is no limit, for an empty one. Raises ValueError."""
    if not text:
        return 0
    found = _RATE.fullmatch(text)
    if not found or int(found[1]) > MAX_PER_SECOND:
        raise ValueError(f"should be a whole number a second, such as 50/s (got {text!r})")
    return int(found[1])


class Bucket:
    """Admits so many requests a second, and as many at once after a second's rest. Threads may share it."""

    def __init__(self, per_second: int) -> None:
        self._each = 1 / per_second
        self._most = 1 + self._each * FLOAT_LOSS
        self._full_at = 0.0
        self._lock = threading.Lock()

    def take(self, now: float) -> float:
        """0 where the request is admitted, else the seconds until one would be. now: of a monotonic clock."""
        with self._lock:
            full_at = self._full_at
            full_at = (full_at if full_at > now else now) + self._each
            if full_at - now > self._most:
                return full_at - now - 1
            self._full_at = full_at
        return 0.0


class Buckets:
    """A bucket for each name, of which any number may come: those that were not asked for a second are forgotten.

    A bucket that rested for a second is as good as a new one, so two halves take turns: the old one is dropped
    after a second at least, or when the new one has MAX_BUCKETS.
    """

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._new: dict[str, Bucket] = {}
        self._old: dict[str, Bucket] = {}
        self._turns_at = 0.0

    def take(self, name: str, now: float) -> float:
        """As Bucket.take, from the bucket of that name."""
        if now >= self._turns_at or len(self._new) >= MAX_BUCKETS:
            self._old, self._new, self._turns_at = self._new, {}, now + 1
        bucket = self._new.get(name)
        if bucket is None:
            bucket = self._new.setdefault(name, self._old.get(name) or Bucket(self._per_second))
        return bucket.take(now)
