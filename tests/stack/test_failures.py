"""Replicas that die, hang or go wrong under load: nothing is lost, and all of them come back."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.stack.conftest import MakeStack, open_stack
from tests.stack.loads import Load, press
from tests.stack.stacks import API, EDGE, Stack, find_worker, freeze, inspect, list_processes, send, wait_for

WATCH_SECONDS = 2
WATCH_FAILURES = 2
BOUND = WATCH_SECONDS * (WATCH_FAILURES + 1)
START_SECONDS = 30  # a busy machine
ENOUGH = 200


@pytest.fixture(scope="module")
def failing(root: Path, tmp_path_factory: pytest.TempPathFactory, image: str) -> Iterator[Stack]:
    """Two replicas that can be broken from the inside, with a quick watchdog."""
    with open_stack(root, tmp_path_factory.mktemp("stack"), image, "failing") as stack:
        (stack.folder / "logs").chmod(0o777)
        environment = {
            "CARPRICE_WATCHDOG_SECONDS": WATCH_SECONDS,
            "CARPRICE_WATCHDOG_FAILURES": WATCH_FAILURES,
            "CARPRICE_TEST_FAULT": "/app/logs/fault",
            "PYTHONPATH": "/faults:/app/src",
        }
        volumes = [f"{root / 'tests' / 'faults'}:/faults:ro"]
        stack.override({API: {"environment": environment, "volumes": volumes}})
        stack.up(EDGE)
        stack.wait_ready(replicas=2)
        yield stack


@pytest.fixture(scope="module")
def listing(failing: Stack) -> dict[str, Any]:
    """A car as the served model knows it."""
    fields = failing.ask("/info/features").json()["fields"]
    return {field["name"]: field["values"][0] if "values" in field else field["typical"] for field in fields}


def count_restarts(stack: Stack) -> int:
    return sum(int(inspect(container)["RestartCount"]) for container in stack.containers(API))


def break_under_load(stack: Stack, listing: dict[str, Any], act: Callable[[], None]) -> tuple[Load, float]:
    """Break one replica, wait until both serve again; return the load and the seconds it took."""
    stack.wait_ready(replicas=2)
    restarts = count_restarts(stack)
    with press(stack.port, listing) as load:
        wait_for(lambda: load.asked > ENOUGH, "the load runs")
        began = time.monotonic()
        act()
        wait_for(lambda: count_restarts(stack) == restarts + 1, "Docker has started the replica again")
        stack.wait_ready(replicas=2)
        seconds = time.monotonic() - began
        asked = load.asked
        wait_for(lambda: load.asked > asked + ENOUGH, "the load goes on")
    return load, seconds


def test_a_replica_killed_under_load_costs_no_request(failing: Stack, listing: dict[str, Any]) -> None:
    container = failing.containers(API)[0]
    load, seconds = break_under_load(failing, listing, lambda: send(container, "-1", "KILL"))
    assert load.failed[:5] == []
    assert seconds < START_SECONDS


@pytest.mark.parametrize("who", ["main", pytest.param("worker", marks=pytest.mark.slow)])
def test_a_killed_process_comes_back(failing: Stack, listing: dict[str, Any], who: str) -> None:
    container = failing.containers(API)[1]
    worker = find_worker(container)
    process = worker if who == "worker" else list_processes(container)[worker][2]
    load, seconds = break_under_load(failing, listing, lambda: send(container, process, "KILL"))
    assert load.failed[:5] == []
    assert seconds < START_SECONDS


@pytest.mark.slow
def test_a_stopped_process_comes_back(failing: Stack, listing: dict[str, Any]) -> None:
    container = failing.containers(API)[0]
    load, seconds = break_under_load(failing, listing, lambda: freeze(container, find_worker(container)))
    assert load.failed[:5] == []
    assert seconds < BOUND + START_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["lock", "hang", "wrong"])
def test_a_broken_process_comes_back(failing: Stack, listing: dict[str, Any], fault: str) -> None:
    file = failing.folder / "logs" / "fault"

    def cause_fault() -> None:
        file.write_text(fault)
        file.chmod(0o666)

    load, seconds = break_under_load(failing, listing, cause_fault)
    assert load.failed[:5] == []
    assert seconds < BOUND + START_SECONDS


def test_scale_spreads_requests(make_stack: MakeStack) -> None:
    stack = make_stack("scale")
    stack.up("--scale", f"{API}=4", EDGE)
    stack.wait_ready(replicas=4)
    # A replica numbers the requests that bring no id of their own, after a prefix that it drew at its start.
    seen = {re.sub(r"-[^-]*$", "", stack.ask("/livez").headers["X-Request-ID"]) for _ in range(40)}
    assert len(seen) == 4
    stack.up("--scale", f"{API}=1", EDGE)
    wait_for(lambda: len(stack.servers()) == 1, "the edge has one replica")
    assert stack.ask().status == 200
