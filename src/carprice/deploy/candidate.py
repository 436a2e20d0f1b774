"""Waiting for a set of replicas: healthy, and warm. Deadlines, the last status in every message."""

import time
from collections.abc import Sequence

from carprice.deploy import argv
from carprice.deploy.gates import PRICE_PATH, example_listing
from carprice.deploy.replicas import Replica, list_replicas, read_logs
from carprice.deploy.site import Site
from carprice.errors import StackError

POLL_SECONDS = 0.1
MAX_POLL_SECONDS = 1.0
WARMUP_WINDOW = 50


def wait_for_health(site: Site, service: str, count: int) -> list[Replica]:
    """Wait until every replica answers 200 on its status, several times in a row and never restarted.

    Raises StackError with the container's last log lines when one exits, or at the deadline.
    """
    end = time.monotonic() + site.limits.health_deadline
    pause = POLL_SECONDS
    passes = 0
    while passes < site.limits.health_passes:
        replicas = list_replicas(site.runner, service)
        statuses = [_ask_status(site, replica) for replica in replicas]
        passes = passes + 1 if len(statuses) == count and all(status == "200" for status in statuses) else 0
        if time.monotonic() > end:
            told = ", ".join(f"{item.name}: {status}" for item, status in zip(replicas, statuses, strict=True))
            logs = read_logs(site.runner, replicas[0]) if replicas else ""
            raise StackError(
                f"{service} is not healthy within {site.limits.health_deadline:g} s ({told or 'no container'})",
                f"Its last log lines:\n{logs}\nFind out more: ./carprice doctor",
            )
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


def start_set(site: Site, service: str, *, recreate: bool = False) -> None:
    """Create and start the replicas of a service."""
    replicas = max(site.limits.replicas, 1)
    site.runner.run(argv.start_service(service, replicas, recreate=recreate))


def _ask_status(site: Site, replica: Replica) -> str:
    if replica.state in ("exited", "dead", "restarting") or replica.restarts:
        logs = read_logs(site.runner, replica)
        reason = f", {replica.error}" if replica.error else ""
        raise StackError(
            f"{replica.name} ended with exit code {replica.exit_code}{reason}",
            f"Its last log lines:\n{logs}\nFind out more: ./carprice doctor",
        )
    try:
        reply = replica.ask("GET", "/info/status", seconds=5)
    except OSError as error:
        return f"no answer ({type(error).__name__})"
    detail = (reply.json() or {}).get("detail", "") if reply.status == 503 else ""
    return f"{reply.status}{' ' + detail if detail else ''}"


def _time_price(replica: Replica, listing: object) -> float:
    try:
        reply = replica.ask("POST", PRICE_PATH, listing)
    except OSError as error:
        raise StackError(
            f"{replica.name} broke off while it warmed up ({error})", f"See: docker logs {replica.name}"
        ) from None
    if reply.status != 200:
        raise StackError(
            f"{replica.name} answered {reply.status} while it warmed up, should be 200",
            f"See: docker logs {replica.name}",
        )
    return reply.seconds


def _p95_ms(took: Sequence[float]) -> float:
    window = sorted(took[-WARMUP_WINDOW:])
    return 1000 * window[int(0.95 * (len(window) - 1))] if window else 0.0
