"""The bake: the new set serves, the old one is warm, and any trouble sends the traffic back."""

import time
from collections.abc import Sequence

from carprice.deploy.edge import NEXT, Traffic
from carprice.deploy.replicas import Replica
from carprice.deploy.site import Site
from carprice.errors import StackError

POLL_SECONDS = 0.4
MIN_REQUESTS = 20
MIN_PRICES = 200
SLOW_FLOOR_MS = 20.0


class BakeError(StackError):
    """The new release does worse than the old one."""


def watch_bake(
    site: Site, replicas: Sequence[Replica], before: Traffic, old_mean: float | None, accept: bool
) -> None:
    """Watch errors, latency and prices for the bake's time. Raises BakeError at the first trouble.

    before: the old set's traffic just before the switch; old_mean: its mean predicted price, if known.
    """
    end = time.monotonic() + site.limits.bake
    start = site.edge.traffic(NEXT)
    while time.monotonic() < end:
        time.sleep(min(POLL_SECONDS, site.limits.bake))
        now = site.edge.traffic(NEXT)
        _check_errors(site, start, now)
        _check_latency(site, before, now)
        if site.edge.ready_servers(NEXT) == 0:
            raise BakeError("no replica of the new release is ready any more", "See its log: ./carprice doctor")
    if old_mean and not accept:
        _check_prices(site, replicas, old_mean)


def mean_price(replicas: Sequence[Replica]) -> float | None:
    """The mean of the prices that a set predicted so far, from its own counts; None for fewer than 200."""
    total = count = 0.0
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
    return total / count if count >= MIN_PRICES else None


def _check_errors(site: Site, start: Traffic, now: Traffic) -> None:
    requests, failed = now.requests - start.requests, now.failed - start.failed
    limit = site.limits.bake_error_share
    if requests >= MIN_REQUESTS and failed > limit * requests:
        raise BakeError(
            f"{failed} of {requests} requests failed with 5xx after the switch, the limit is {limit:.1%}",
            "See its log: docker compose logs car-price-api-next",
        )


def _check_latency(site: Site, before: Traffic, now: Traffic) -> None:
    limit = max(before.mean_ms * site.limits.bake_slowdown, SLOW_FLOOR_MS)
    if now.mean_ms > limit:
        raise BakeError(
            f"requests take {now.mean_ms:g} ms on average after the switch, the limit is {limit:g} ms",
            "Raise bake_slowdown in rollout.toml, or give the machine room",
        )


def _check_prices(site: Site, replicas: Sequence[Replica], old_mean: float) -> None:
    new_mean = mean_price(replicas)
    if new_mean is None:
        return
    shift, limit = new_mean / old_mean - 1, site.limits.price_shift_p95
    if abs(shift) > limit:
        raise BakeError(
            f"the mean price moved by {shift:+.1%} after the switch, the limit is {limit:.1%}",
            "To accept it: ./carprice rollout --accept-price-shift",
        )
