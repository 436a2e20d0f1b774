"""Replicas at their addresses: which is healthy, and when all are warm."""

import math
from collections.abc import Sequence
from contextlib import suppress

from carprice.errors import StackError
from carprice.names import LOG_HINT, PRICE_PATH, STATUS_PATH
from carprice.ops.limits import STATUS_SECONDS, Limits
from carprice.ops.rollout.gates import example_listing
from carprice.system.http import Address
from carprice.system.waiting import wait_for

WARMUP_WINDOW = 50


def warm_up(limits: Limits, addresses: Sequence[Address]) -> None:
    """Send a listing to each address until the p95 of the last 50 answers is within the limit.

    Raises StackError with the last p95 at the deadline.
    """
    for address in addresses:
        listing = example_listing(address)
        took: list[float] = []

        def send(address: Address = address, listing: object = listing, took: list[float] = took) -> float:
            took.append(_time_price(address, listing))
            return _p95_ms(took) if len(took) >= WARMUP_WINDOW else math.inf

        p95 = wait_for(send, limits.warmup_deadline, lambda found: found <= limits.warmup_p95_ms, pause=0)
        if p95 > limits.warmup_p95_ms:
            raise StackError(
                f"{address.name} is not warm within {limits.warmup_deadline:g} s: p95 of the last "
                f"{WARMUP_WINDOW} answers is {_p95_ms(took):.1f} ms, the limit {limits.warmup_p95_ms:g} ms",
                "Raise warmup_p95_ms in rollout.toml, or give the machine room",
            )


def find_healthy(addresses: Sequence[Address]) -> Address | None:
    """The first that answers 200 on its status, or None."""
    for address in addresses:
        with suppress(OSError):
            if address.ask("GET", STATUS_PATH, seconds=STATUS_SECONDS).status == 200:
                return address
    return None


def _time_price(address: Address, listing: object) -> float:
    try:
        reply = address.ask("POST", PRICE_PATH, listing)
    except OSError as error:
        raise StackError(f"{address.name} broke off while it warmed up ({error})", LOG_HINT) from None
    if reply.status != 200:
        raise StackError(
            f"{address.name} answered {reply.status} while it warmed up, should be 200: {reply.detail()}",
            LOG_HINT,
        )
    return reply.seconds


def _p95_ms(took: Sequence[float]) -> float:
    window = sorted(took[-WARMUP_WINDOW:])
    return 1000 * window[int(0.95 * (len(window) - 1))] if window else 0.0
