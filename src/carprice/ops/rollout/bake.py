"""The bake: the new set serves, the old one is warm, and any trouble sends the traffic back."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from carprice.errors import StackError
from carprice.ops.docker.replicas import SEE_LOG, Replica
from carprice.ops.edge.haproxy import NEXT, SERVICES
from carprice.ops.edge.traffic import Tally, Witness
from carprice.ops.limits import Limits
from carprice.ops.rollout.readiness import check_still_healthy
from carprice.ops.stack_context import Site

POLL_SECONDS = 0.1
HEALTH_SECONDS = 1.0
WINDOW_SECONDS = 3.0
MIN_REQUESTS = 20
MIN_FAILED = 3
MIN_PRICES = 200
# A share of the requests, and how many times slower than half of them it may be.
SLOW_SHARES = ((0.5, 1), (0.95, 5))


class BakeError(StackError):
    """The new release does worse than the old one."""


@dataclass(frozen=True)
class Prices:
    """How many prices a set predicted so far, and their sum."""

    count: float = 0.0
    sum: float = 0.0

    def since(self, earlier: "Prices") -> "Prices":
        """What was predicted after an earlier look."""
        return Prices(self.count - earlier.count, self.sum - earlier.sum)

    @property
    def mean(self) -> float | None:
        """The mean price; None for too few to tell."""
        return self.sum / self.count if self.count >= MIN_PRICES else None


def watch_bake(site: Site, witness: Witness, candidate: Sequence[Replica]) -> None:
    """Watch errors, latency and health for the bake's time. Raises StackError at the first trouble."""
    end = time.monotonic() + site.limits.bake
    look = time.monotonic()
    recent: deque[Tally] = deque(maxlen=round(WINDOW_SECONDS / POLL_SECONDS))
    while time.monotonic() < end:
        seen = witness.watched()
        check_errors(seen, site.limits)
        check_errors(seen.since(recent[0] if recent else Tally()), site.limits)
        recent.append(seen)
        check_latency(seen, witness.before, site.limits)
        if time.monotonic() >= look:
            check_still_healthy(site, SERVICES[NEXT], candidate)
            look = time.monotonic() + HEALTH_SECONDS
        time.sleep(min(POLL_SECONDS, site.limits.bake))


def read_prices(replicas: Sequence[Replica]) -> Prices:
    """What a set predicted so far, from its own counts."""
    count = total = 0.0
    for replica in replicas:
        try:
            text = replica.ask("GET", "/metrics").content.decode()
        except OSError:
            continue
        for line in text.splitlines():
            if line.startswith("predicted_price_sum"):
                total += float(line.rsplit(" ", 1)[1])
            elif line.startswith("predicted_price_count"):
                count += float(line.rsplit(" ", 1)[1])
    return Prices(count, total)


def check_errors(seen: Tally, limits: Limits) -> None:
    """Refuse more failures than the limit's share, once there are enough to tell trouble from an accident."""
    is_enough = seen.requests >= MIN_REQUESTS and seen.failed >= MIN_FAILED
    if is_enough and seen.failed > limits.bake_error_share * seen.requests:
        raise BakeError(
            f"{seen.failed} of {seen.requests} requests failed after the switch, the limit is "
            f"{limits.bake_error_share:.1%}",
            SEE_LOG,
        )


def check_latency(seen: Tally, before: Tally, limits: Limits) -> None:
    """Refuse answers that take much longer than before the rollout, half of them or one in twenty."""
    if min(seen.requests, before.requests) < MIN_REQUESTS:
        return
    for share, times in SLOW_SHARES:
        took, usual = seen.percentile(share) or 0, before.percentile(share) or 0
        limit = max(usual * limits.bake_slowdown, times * limits.bake_slow_ms)
        if took > limit:
            raise BakeError(
                f"p{share * 100:g} of the requests is {took} ms after the switch, the limit {limit:g} ms",
                "Raise bake_slow_ms or bake_slowdown in rollout.toml, or give the machine room",
            )


def check_prices(old: Prices, new: Prices, limits: Limits) -> None:
    """Refuse a mean price far from the old release's, where both predicted enough to tell."""
    if old.mean is None or new.mean is None:
        return
    shift = new.mean / old.mean - 1
    if abs(shift) > limits.price_shift_p95:
        raise BakeError(
            f"the mean price moved by {shift:+.1%} after the switch, the limit is {limits.price_shift_p95:.1%}",
            "To accept it: ./carprice rollout --accept-price-shift",
        )
