"""Rates and daily quotas of requests: as a text such as 50/s,10000/day, kept by a bucket and a count.

A bucket holds one number, the time at which it would be full again: the generic cell rate algorithm, which admits
what a token bucket of that size admits (ITU-T Recommendation I.371, annex A).
"""

import re
import threading
from typing import NamedTuple

MAX_PER_SECOND = 1_000_000
MAX_PER_DAY = 1_000_000_000
MAX_DAYS = 4
"""Of which a quota keeps its count, so that a clock that jumps to another day and back gives no second one."""
DAY_SECONDS = 86_400
MAX_BUCKETS = 10_000
"""Of each of two halves: an IPv4 address with its bucket takes about 250 bytes."""
FLOAT_LOSS = 1e-3
"""The share of a request by which sums of floats may be off."""

_RATE = re.compile(r"([1-9][0-9]{0,6})/s", re.ASCII)
_QUOTA = re.compile(r"([1-9][0-9]{0,9})/day", re.ASCII)


class Limits(NamedTuple):
    """How many requests are admitted a second, and on a day of UTC; 0 for any number."""

    per_second: int = 0
    per_day: int = 0

    @property
    def text(self) -> str:
        """As parse_limits reads it, empty for no limit."""
        return ",".join(f"{count}/{unit}" for count, unit in zip(self, ("s", "day"), strict=True) if count)


def parse_rate(text: str) -> int:
    """Requests a second of a text such as `50/s`; 0, which is no limit, for an empty one. Raises ValueError."""
    if not text:
        return 0
    found = _RATE.fullmatch(text)
    if not found or int(found[1]) > MAX_PER_SECOND:
        raise ValueError(f"should be a whole number a second, such as 50/s (got {text!r})")
    return int(found[1])


def parse_limits(text: str) -> Limits:
    """A rate, a quota a day or both, such as `50/s,10000/day`; an empty text has neither. Raises ValueError."""
    rate, comma, quota = text.rpartition(",") if text.endswith("/day") else (text, "", "")
    found = _QUOTA.fullmatch(quota)
    try:
        limits = Limits(parse_rate(rate), int(found[1]) if found else 0)
    except ValueError:
        found = limits = None
    if limits is None or bool(found) != bool(quota) or (comma and not rate) or limits.per_day > MAX_PER_DAY:
        raise ValueError(f"should be such as 50/s, 10000/day or 50/s,10000/day (got {text!r})")
    return limits


def day_of(now: float) -> int:
    """The day of UTC, counted from 1970 on. now: seconds since the epoch."""
    return int(now // DAY_SECONDS)


def seconds_to_midnight(now: float) -> int:
    """Whole seconds until the next day of UTC begins, at least 1. now: seconds since the epoch."""
    return DAY_SECONDS - int(now) % DAY_SECONDS


class Quota:
    """Admits so many requests on each day of UTC. Threads may share it."""

    def __init__(self, per_day: int) -> None:
        self._per_day = per_day
        self._counts: dict[int, int] = {}
        self._lock = threading.Lock()

    def take(self, day: int) -> bool:
        """Whether the request is admitted on that day; then it counts."""
        counts = self._counts
        with self._lock:
            count = counts.get(day, 0)
            if count >= self._per_day:
                return False
            counts[day] = count + 1
            if len(counts) > MAX_DAYS:
                del counts[next(iter(counts))]
        return True

    def give_back(self, day: int) -> None:
        """Take a request off the count that was refused for another reason."""
        with self._lock:
            self._counts[day] -= 1


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
