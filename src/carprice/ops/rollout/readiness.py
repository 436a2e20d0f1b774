"""Waiting for a set of replicas: healthy, warm, and still so. Deadlines, the last status in every message."""

import math
from collections.abc import Sequence
from contextlib import suppress

from carprice.errors import StackError
from carprice.names import DOCTOR_HINT, LOG_HINT, PRICE_PATH, STATUS_PATH
from carprice.ops.docker import compose_argv
from carprice.ops.docker.containers import find_exit_code, list_containers, read_log
from carprice.ops.instance import Instance
from carprice.ops.limits import Limits
from carprice.ops.rollout.gates import example_listing
from carprice.ops.stack_context import StackContext
from carprice.system.http import Address
from carprice.system.waiting import wait_for

STATUS_SECONDS = 5.0
START_SECONDS = 120.0
WARMUP_WINDOW = 50
READY = "200"


def start_set(context: StackContext, service: str, count: int, *, recreate: bool = False) -> None:
    """Create and start the replicas of a service; 0 means as many as the compose file says."""
    words = compose_argv.start_service(service, count, recreate=recreate, stop_seconds=int(context.limits.stop))
    context.runner.run(words, START_SECONDS + context.limits.stop)


def wait_for_health(context: StackContext, service: str, count: int) -> list[Instance]:
    """Wait until every replica answers 200 on its status, several times in a row and never restarted.

    Raises StackError with the container's last log lines when one exits, or at the deadline.
    """
    limits = context.limits
    passes = 0

    def look() -> tuple[list[Instance], list[str]]:
        nonlocal passes
        replicas, statuses = check_set(context, service)
        is_full = len(replicas) == count if count else bool(replicas)
        passes = passes + 1 if is_full and set(statuses) == {READY} else 0
        return replicas, statuses

    replicas, statuses = wait_for(look, limits.health_deadline, lambda _: passes >= limits.health_passes)
    if passes < limits.health_passes:
        what = f"{service} is not healthy within {limits.health_deadline:g} s"
        raise _describe_unhealthy(context, what, replicas, statuses)
    return replicas


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


def check_still_healthy(context: StackContext, service: str, known: Sequence[Instance]) -> None:
    """Every replica must still be the one that was tested, and healthy. Raises StackError with its log lines."""
    replicas, statuses = check_set(context, service)
    same = {replica.started for replica in replicas} == {replica.started for replica in known}
    if not same or set(statuses) != {READY}:
        raise _describe_unhealthy(context, f"{service} is not healthy any more", replicas, statuses)


def check_set(context: StackContext, service: str) -> tuple[list[Instance], list[str]]:
    """The replicas of a service and what each answers. Raises StackError when one exited."""
    replicas = list_containers(context.runner, service)
    return replicas, [check_replica(context, replica) for replica in replicas]


def check_replica(context: StackContext, replica: Instance) -> str:
    """The status that a replica answers, `200` when it is healthy. Raises StackError when it exited."""
    if replica.status in ("exited", "dead", "restarting") or replica.restarts:
        reason = f", {replica.reason}" if replica.reason else ""
        raise StackError(
            f"{replica.name} ended with exit code {find_exit_code(context.runner, replica)}{reason}",
            quote_log(context, replica),
        )
    try:
        reply = replica.address.ask("GET", STATUS_PATH, seconds=STATUS_SECONDS)
    except OSError as error:
        return f"no answer ({type(error).__name__})"
    detail = reply.detail() if reply.status == 503 else ""
    return f"{reply.status}{' ' + detail if detail else ''}"


def find_healthy(addresses: Sequence[Address]) -> Address | None:
    """The first that answers 200 on its status, or None."""
    for address in addresses:
        with suppress(OSError):
            if address.ask("GET", STATUS_PATH, seconds=STATUS_SECONDS).status == 200:
                return address
    return None


def _describe_unhealthy(
    context: StackContext, what: str, replicas: Sequence[Instance], statuses: Sequence[str]
) -> StackError:
    seen = ", ".join(f"{item.name}: {status}" for item, status in zip(replicas, statuses, strict=True))
    unhealthy = [item for item, status in zip(replicas, statuses, strict=True) if status != READY]
    return StackError(
        f"{what} ({seen or 'no container'})",
        quote_log(context, unhealthy[0]) if unhealthy else DOCTOR_HINT,
    )


def quote_log(context: StackContext, replica: Instance) -> str:
    """The last log lines of a replica, as the next step after an error."""
    return f"Its last log lines:\n{read_log(context.runner, replica)}\n{DOCTOR_HINT}"


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
