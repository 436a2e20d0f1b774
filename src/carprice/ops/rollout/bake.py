"""The limits of the bake: while the new set serves and the old one is warm, any trouble sends the traffic back."""

from collections.abc import Sequence
from dataclasses import dataclass

from carprice.errors import StackError
from carprice.names import LOG_HINT, PRICE_COUNT
from carprice.ops.limits import Limits
from carprice.ops.metrics import read_metrics
from carprice.ops.requests import RequestStats
from carprice.system.http import Address

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
        """The mean price; None for too few to judge by."""
        return self.sum / self.count if self.count >= MIN_PRICES else None


def read_prices(addresses: Sequence[Address]) -> Prices:
    """What a set predicted so far, from its own counts."""
    found = [read_metrics(address) for address in addresses]
    return Prices(
        *(sum(counts.get(f"{PRICE_COUNT}_{name}", 0.0) for counts in found) for name in ("count", "sum"))
    )


def check_errors(seen: RequestStats, limits: Limits) -> None:
    """Refuse more failures than the limit's share, once there are enough to judge by. Raises BakeError."""
    is_enough = seen.requests >= MIN_REQUESTS and seen.failed >= MIN_FAILED
    if is_enough and seen.failed > limits.bake_error_share * seen.requests:
        raise BakeError(
            f"{seen.failed} of {seen.requests} requests failed after the switch, the limit is "
            f"{limits.bake_error_share:.1%}",
            LOG_HINT,
        )


def check_latency(seen: RequestStats, before: RequestStats, limits: Limits) -> None:
    """Refuse answers much slower than before, half of them or one in twenty. Raises BakeError."""
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
    """Refuse a mean price far from the old release's, where both predicted enough. Raises BakeError."""
    if old.mean is None or new.mean is None:
        return
    shift = new.mean / old.mean - 1
    if abs(shift) > limits.price_shift_p95:
        raise BakeError(
            f"the mean price moved by {shift:+.1%} after the switch, the limit is {limits.price_shift_p95:.1%}",
            "To accept it: ./carprice rollout --accept-price-shift",
        )
