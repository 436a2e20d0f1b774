"""Waiting for a set of replicas: healthy, and still so. Deadlines, the last status in every message."""

import time
from collections import deque
from collections.abc import Sequence

from carprice.errors import StackError
from carprice.names import DOCTOR_HINT, STATUS_PATH
from carprice.ops.docker import compose_argv
from carprice.ops.docker.containers import find_exit_code, list_containers, read_log
from carprice.ops.edge.haproxy import NEXT, SERVICES
from carprice.ops.edge.traffic import TrafficMonitor
from carprice.ops.instance import Instance
from carprice.ops.limits import STATUS_SECONDS
from carprice.ops.requests import RequestStats
from carprice.ops.rollout.bake import check_errors, check_latency
from carprice.ops.stack_context import StackContext
from carprice.system.waiting import wait_for

START_SECONDS = 120.0
POLL_SECONDS = 0.1
HEALTH_SECONDS = 1.0
WINDOW_SECONDS = 3.0
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


def watch_bake(context: StackContext, monitor: TrafficMonitor, candidate: Sequence[Instance]) -> None:
    """Watch errors, latency and health for the bake's time. Raises StackError at the first trouble."""
    end = time.monotonic() + context.limits.bake
    look = time.monotonic()
    recent: deque[RequestStats] = deque(maxlen=round(WINDOW_SECONDS / POLL_SECONDS))
    while time.monotonic() < end:
        seen = monitor.watched()
        check_errors(seen, context.limits)
        check_errors(seen.since(recent[0] if recent else RequestStats()), context.limits)
        recent.append(seen)
        check_latency(seen, monitor.before, context.limits)
        if time.monotonic() >= look:
            check_still_healthy(context, SERVICES[NEXT], candidate)
            look = time.monotonic() + HEALTH_SECONDS
        time.sleep(min(POLL_SECONDS, context.limits.bake))


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
