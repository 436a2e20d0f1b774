"""What runs in a stack on Docker, since when and how well; and the end of what crashes in a loop."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil

from carprice.names import API, CANDIDATE, EDGE
from carprice.ops.docker import argv
from carprice.ops.docker.containers import list_containers, measure_containers
from carprice.ops.edge.haproxy import EdgeView
from carprice.ops.instance import Instance
from carprice.ops.lifecycle import Facts, State, derive_state, is_beyond_retries
from carprice.ops.stack_context import StackContext
from carprice.ops.status import ALWAYS, ORDER, ServiceStatus, describe_instance

STOP_SECONDS = 10
DETAIL_CHARACTERS = 200


def read_status(context: StackContext, *, with_memory: bool = True) -> list[ServiceStatus]:
    """The status of every container, and of services that should have one. Raises StackError without an engine."""
    containers = list_containers(context.runner)
    with ThreadPoolExecutor() as pool:
        memory = pool.submit(measure_containers, context.runner, containers if with_memory else [])
        view = context.edge.read_view(containers)
    build = last_build(context)
    found = [_describe(item, view, memory.result().get(item.id)) for item in containers]
    missing = [name for name in ALWAYS if name not in {item.service for item in containers}]
    found += [
        ServiceStatus(name, name, derive_state(Facts("", build=build if name == API else ""))) for name in missing
    ]
    return sorted(found, key=lambda item: ORDER.index(item.service) if item.service in ORDER else len(ORDER))


def stop_crash_loops(context: StackContext) -> list[Instance]:
    """Stop each container that crashed in a loop for too long, turn Docker's restarts off; say and return them.

    Raises StackError without an engine.
    """
    limit = context.limits.max_restarts
    looping = [
        item
        for item in list_containers(context.runner)
        if is_beyond_retries(item.facts(), limit) and item.is_watched
    ]
    for item in looping:
        context.runner.try_run(argv.stop_containers([item.id], STOP_SECONDS))
        context.runner.try_run(argv.disable_restart([item.id]))
        context.say(
            f"{item.name} crashed {item.restarts + 1} times (exit code {item.exit_code}) and was stopped: "
            f"max_restarts is {limit}"
        )
    return looping


def derive_facts(container: Instance, view: EdgeView) -> Facts:
    """The facts of a container that its lifecycle state is derived from, with what the edge knows of it."""
    if container.service == EDGE:
        return container.facts(bool(view.requests), sum(view.requests.values()))
    return container.facts(view.is_active(container), view.requests.get(container.address.host, 0))


def last_build(context: StackContext) -> str:
    """The state of the last build, as far as no start or stop came after it: building, built, failed or empty."""
    state, pid = "", 0
    for line in context.journal.lines():
        if line["event"] == "build":
            state, pid = line.get("outcome", ""), line.get("pid", 0)
        elif line["event"] in ("up", "down", "begin"):
            state = ""
    if state == "building" and not psutil.pid_exists(int(pid)):
        return ""
    return state


def read_answer(container: Instance) -> dict[str, Any]:
    """What the container's last health check got as an answer, where that was JSON."""
    for probe in reversed(container.probes):
        try:
            answer = json.loads(probe.output)
        except ValueError:
            continue
        if isinstance(answer, dict):
            return answer
    return {}


def _describe(item: Instance, view: EdgeView, memory: int | None) -> ServiceStatus:
    facts = derive_facts(item, view)
    health = item.health or (("healthy" if view.requests else "unhealthy") if item.service == EDGE else "")
    return describe_instance(
        item,
        facts,
        name=item.short_name if item.service in (API, CANDIDATE) else item.service,
        health=health if item.is_running else "",
        detail=_describe_trouble(item, derive_state(facts)),
        model_version=read_answer(item).get("model_version", "") if item.is_running else "",
        memory_bytes=memory,
    )


def _describe_trouble(item: Instance, state: State) -> str:
    if item.is_running and item.health == "unhealthy":
        answer = item.probes[-1].output[:DETAIL_CHARACTERS] if item.probes else "no answer"
        return f"does not pass its check: {answer}"
    if state in (State.CRASHED, State.CRASH_LOOP):
        return f"ended with exit code {item.exit_code}{' (out of memory)' if item.is_oom_killed else ''}"
    if item.status == "exited" and not item.is_watched:
        return f"was stopped after {item.restarts} restarts (exit code {item.exit_code}); ask ./carprice doctor"
    return item.error
