"""Waiting for a set of replicas: healthy, warm, and still so. Deadlines, the last status in every message."""

import time
from collections.abc import Sequence
from contextlib import suppress

from carprice.errors import StackError
from carprice.ops.docker import argv
from carprice.ops.docker.replicas import SEE_LOG, Replica, find_exit_code, list_replicas, read_logs
from carprice.ops.rollout.gates import PRICE_PATH, example_listing
from carprice.ops.stack_context import Site

POLL_SECONDS = 0.1
MAX_POLL_SECONDS = 0.5
STATUS_SECONDS = 5.0
START_SECONDS = 120.0
WARMUP_WINDOW = 50
READY = "200"


def start_set(site: Site, service: str, count: int, *, recreate: bool = False) -> None:
    """Create and start the replicas of a service; 0 means as many as the compose file says."""
    words = argv.start_service(service, count, recreate=recreate, stop_seconds=int(site.limits.stop))
    site.runner.run(words, START_SECONDS + site.limits.stop)


def wait_for_health(site: Site, service: str, count: int) -> list[Replica]:
    """Wait until every replica answers 200 on its status, several times in a row and never restarted.

    Raises StackError with the container's last log lines when one exits, or at the deadline.
    """
    end = time.monotonic() + site.limits.health_deadline
    pause = POLL_SECONDS
    passes = 0
    while passes < site.limits.health_passes:
        replicas = list_replicas(site.runner, service)
        statuses = [check_replica(site, replica) for replica in replicas]
        is_full = len(replicas) == count if count else bool(replicas)
        passes = passes + 1 if is_full and set(statuses) == {READY} else 0
        if time.monotonic() > end and not passes:
            what = f"{service} is not healthy within {site.limits.health_deadline:g} s"
            raise _describe_sick(site, what, replicas, statuses)
        time.sleep(pause)
        pause = min(pause * 1.5, MAX_POLL_SECONDS)
    return replicas


def warm_up(site: Site, replicas: Sequence[Replica]) -> None:
    """Send a listing to each replica until the p95 of the last 50 answers is within the limit.

    Raises StackError with the last p95 at the deadline.
    """
    limits = site.limits
    for replica in replicas:
        listing = example_listing(replica)
        end = time.monotonic() + limits.warmup_deadline
        took: list[float] = []
        while len(took) < WARMUP_WINDOW or _p95_ms(took) > limits.warmup_p95_ms:
            if time.monotonic() > end:
                raise StackError(
                    f"{replica.name} is not warm within {limits.warmup_deadline:g} s: p95 of the last "
                    f"{WARMUP_WINDOW} answers is {_p95_ms(took):.1f} ms, the limit {limits.warmup_p95_ms:g} ms",
                    "Raise warmup_p95_ms in rollout.toml, or give the machine room",
                )
            took.append(_time_price(replica, listing))


def check_still_healthy(site: Site, service: str, known: Sequence[Replica]) -> None:
    """Every replica must still be the one that was tested, and healthy. Raises StackError with its log lines."""
    replicas = list_replicas(site.runner, service)
    statuses = [check_replica(site, replica) for replica in replicas]
    same = {replica.started for replica in replicas} == {replica.started for replica in known}
    if not same or set(statuses) != {READY}:
        raise _describe_sick(site, f"{service} is not healthy any more", replicas, statuses)


def check_replica(site: Site, replica: Replica) -> str:
    """The status that a replica answers, `200` when it is healthy. Raises StackError when it exited."""
    if replica.state in ("exited", "dead", "restarting") or replica.restarts:
        reason = f", {replica.error}" if replica.error else ""
        raise StackError(
            f"{replica.name} ended with exit code {find_exit_code(site.runner, replica)}{reason}",
            quote_log(site, replica),
        )
    try:
        reply = replica.ask("GET", "/info/status", seconds=STATUS_SECONDS)
    except OSError as error:
        return f"no answer ({type(error).__name__})"
    detail = reply.detail() if reply.status == 503 else ""
    return f"{reply.status}{' ' + detail if detail else ''}"


def find_well(replicas: Sequence[Replica]) -> Replica | None:
    """The first replica that answers 200 on its status, or None."""
    for replica in replicas:
        with suppress(OSError):
            if replica.ask("GET", "/info/status", seconds=STATUS_SECONDS).status == 200:
                return replica
    return None


def _describe_sick(site: Site, what: str, replicas: Sequence[Replica], statuses: Sequence[str]) -> StackError:
    told = ", ".join(f"{item.name}: {status}" for item, status in zip(replicas, statuses, strict=True))
    sick = [item for item, status in zip(replicas, statuses, strict=True) if status != READY]
    return StackError(
        f"{what} ({told or 'no container'})",
        quote_log(site, sick[0]) if sick else "Find out more: ./carprice doctor",
    )


def quote_log(site: Site, replica: Replica) -> str:
    """The last log lines of a replica, as the next step after an error."""
    return f"Its last log lines:\n{read_logs(site.runner, replica)}\nFind out more: ./carprice doctor"


def _time_price(replica: Replica, listing: object) -> float:
    try:
        reply = replica.ask("POST", PRICE_PATH, listing)
    except OSError as error:
        raise StackError(f"{replica.name} broke off while it warmed up ({error})", SEE_LOG) from None
    if reply.status != 200:
        raise StackError(
            f"{replica.name} answered {reply.status} while it warmed up, should be 200: {reply.detail()}",
            SEE_LOG,
        )
    return reply.seconds


def _p95_ms(took: Sequence[float]) -> float:
    window = sorted(took[-WARMUP_WINDOW:])
    return 1000 * window[int(0.95 * (len(window) - 1))] if window else 0.0
