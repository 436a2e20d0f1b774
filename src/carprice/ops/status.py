"""What runs in a stack on Docker, since when and how well; and the end of what crashes in a loop."""

import csv
import io
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psutil

from carprice.errors import StackError
from carprice.ops.docker import argv
from carprice.ops.docker.containers import Container, list_containers
from carprice.ops.docker.memory import measure_containers
from carprice.ops.docker.replicas import API_PORT, find_project
from carprice.ops.edge.haproxy import CURRENT, MAP, SERVICES
from carprice.ops.lifecycle import Facts, ServiceStatus, State, derive_state, is_beyond_retries
from carprice.ops.stack_context import Site

ORDER = (argv.EDGE, argv.API, argv.NEXT, argv.MLFLOW)
ALWAYS = (argv.API, argv.EDGE, argv.MLFLOW)
EDGE_SECONDS = 5.0
STOP_SECONDS = 10


@dataclass(frozen=True)
class EdgeView:
    """What the edge knows: the set it serves from, and per address of a replica how much that one answered.

    requests has only the replicas that the edge's own checks find ready.
    """

    active: str = ""
    requests: Mapping[str, int] = field(default_factory=dict)

    def is_active(self, container: Container) -> bool:
        """Whether the edge sends new requests to the container."""
        return container.service == SERVICES.get(self.active) and container.address in self.requests


NO_VIEW = EdgeView()


def read_status(site: Site, *, with_memory: bool = True) -> list[ServiceStatus]:
    """The status of every container, and of services that should have one. Raises StackError without an engine."""
    containers = list_containers(site.runner)
    with ThreadPoolExecutor() as pool:
        memory = pool.submit(measure_containers, site.runner, containers if with_memory else [])
        view = ask_edge(site, containers)
    build = last_build(site)
    found = [_judge(item, view, memory.result().get(item.id), site) for item in containers]
    missing = [name for name in ALWAYS if name not in {item.service for item in containers}]
    found += [_judge_missing(name, build if name == argv.API else "") for name in missing]
    return sorted(found, key=lambda item: ORDER.index(item.service) if item.service in ORDER else len(ORDER))


def stop_crash_loops(site: Site) -> list[Container]:
    """Stop each container that crashed in a loop for too long, turn Docker's restarts off; say and return them."""
    limit = site.limits.max_restarts
    looping = [
        item
        for item in list_containers(site.runner)
        if is_beyond_retries(derive_facts(item, NO_VIEW), limit) and item.policy != "no"
    ]
    for item in looping:
        site.runner.try_run(argv.stop_containers([item.id], STOP_SECONDS))
        site.runner.try_run(argv.disable_restart([item.id]))
        site.say(
            f"{item.name} crashed {item.restarts + 1} times (exit code {item.exit_code}) and was stopped: "
            f"max_restarts is {limit}"
        )
    return looping


def derive_facts(container: Container, view: EdgeView) -> Facts:
    """The facts of a container that its lifecycle state is derived from."""
    is_edge = container.service == argv.EDGE
    return Facts(
        status=container.status,
        health=container.health,
        exit_code=container.exit_code,
        restarts=container.restarts,
        uptime=container.uptime,
        age=container.age,
        pause=container.pause,
        is_watched=container.policy != "no",
        is_active=bool(view.requests) if is_edge else view.is_active(container),
        requests=sum(view.requests.values()) if is_edge else view.requests.get(container.address, 0),
    )


def ask_edge(site: Site, containers: list[Container]) -> EdgeView:
    """What the edge serves from, asked once; nothing where it does not run or answer."""
    edge = next((item for item in containers if item.service == argv.EDGE and item.is_running), None)
    if edge is None:
        return NO_VIEW
    try:
        found = site.runner.try_run(argv.edge_runtime(edge.id, f"show map {MAP};show stat"), EDGE_SECONDS)
    except StackError:
        return NO_VIEW
    entries, mark, table = found.stdout.partition("# pxname")
    if not mark:
        return NO_VIEW
    words = [line.split() for line in entries.splitlines()]
    active = next((word[2] for word in words if len(word) == 3 and word[1] == "active"), CURRENT)
    return EdgeView(active, read_requests(f"pxname{table}", active))


def read_requests(table: str, active: str) -> dict[str, int]:
    """Address -> answers of each ready replica of a set, from HAProxy's `show stat`."""
    rows = [row for row in csv.DictReader(io.StringIO(table)) if row["pxname"] == f"be_{active}"]
    # A server counts as up before its first check, so that only a passed check counts.
    ready = [row for row in rows if row["check_status"] == "L7OK" and row["status"].startswith("UP")]
    return {row["addr"].removesuffix(f":{API_PORT}"): int(row["stot"] or 0) for row in ready if row["addr"]}


def last_build(site: Site) -> str:
    """How the last build stands, as far as no start or stop came after it: building, built, failed or empty."""
    stands, pid = "", 0
    for line in site.journal.lines():
        if line["event"] == "build":
            stands, pid = line.get("outcome", ""), line.get("pid", 0)
        elif line["event"] in ("up", "down", "begin"):
            stands = ""
    if stands == "building" and not psutil.pid_exists(int(pid)):
        return ""
    return stands


def _judge(item: Container, view: EdgeView, memory: int | None, site: Site) -> ServiceStatus:
    facts = derive_facts(item, view)
    return ServiceStatus(
        service=item.service,
        name=short_name(site, item),
        state=derive_state(facts),
        health=(item.health or _edge_health(item, view)) if item.is_running else "",
        detail=_describe(item, facts),
        restarts=item.restarts,
        release=item.release,
        model_version=read_answer(item).get("model_version", "") if item.is_running else "",
        uptime_seconds=int(item.uptime) if item.is_running else None,
        memory_bytes=memory,
        port=item.ports[0].host_port if item.ports else None,
        pid=item.pid or None,
    )


def _judge_missing(service: str, build: str) -> ServiceStatus:
    state = derive_state(Facts("", build=build))
    return ServiceStatus(service, service, state, "", "", 0, "", "", None, None, None, None)


def short_name(site: Site, container: Container) -> str:
    """The container's name without the project's, `car-price-api-1`; the number only where there may be more."""
    name = container.name.removeprefix(f"{find_project(site.runner)}-")
    return name if container.service in (argv.API, argv.NEXT) else container.service


def read_answer(container: Container) -> dict[str, Any]:
    """What the container's last health check got as an answer, where that was JSON."""
    for probe in reversed(container.probes):
        try:
            answer = json.loads(probe.output)
        except ValueError:
            continue
        if isinstance(answer, dict):
            return answer
    return {}


def _edge_health(item: Container, view: EdgeView) -> str:
    if item.service != argv.EDGE:
        return ""
    return "healthy" if view.requests else "unhealthy"


def _describe(item: Container, facts: Facts) -> str:
    state = derive_state(facts)
    if item.is_running and item.health == "unhealthy":
        return f"does not pass its check: {item.probes[-1].output[:200] if item.probes else 'no answer'}"
    if state in (State.CRASHED, State.CRASH_LOOP):
        return f"ended with exit code {item.exit_code}{' (out of memory)' if item.is_oom_killed else ''}"
    if item.status == "exited" and item.policy == "no":
        return f"was stopped after {item.restarts} restarts (exit code {item.exit_code}); ask ./carprice doctor"
    return item.error
