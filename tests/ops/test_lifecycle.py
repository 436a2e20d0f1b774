"""The lifecycle's drawing, and the state that facts speak for."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from carprice.ops.lifecycle import (
    LOOP_RESTARTS,
    STABLE_SECONDS,
    Facts,
    State,
    derive_state,
    is_beyond_retries,
)

EDGE = re.compile(r"^ +(\w+) --> (\w+): .+$", re.MULTILINE)
RUNNING = Facts("running", "healthy", uptime=5.0)
SERVING = replace(RUNNING, is_active=True)
CASES = [
    (Facts(""), State.STOPPED),
    (Facts("", build="building"), State.BUILDING),
    (Facts("", build="built"), State.BUILT),
    (Facts("", build="failed"), State.BUILD_FAILED),
    (Facts("created"), State.STARTING),
    (Facts("running", "starting"), State.HEALTH_CHECK),
    (Facts("running", "unhealthy", uptime=500), State.HEALTH_CHECK),
    (Facts("running", "unhealthy", is_active=True, requests=5), State.HEALTH_CHECK),
    (RUNNING, State.RUNNING),
    (Facts("running", ""), State.RUNNING),
    (Facts("paused", "healthy"), State.RUNNING),
    (SERVING, State.SERVING),
    (replace(SERVING, requests=1), State.MONITORING),
    (replace(RUNNING, requests=1), State.RUNNING),
    (Facts("restarting", exit_code=1, restarts=0), State.CRASHED),
    (Facts("restarting", exit_code=1, restarts=LOOP_RESTARTS), State.CRASH_LOOP),
    (replace(SERVING, restarts=1), State.SERVING),
    (replace(SERVING, restarts=LOOP_RESTARTS), State.CRASH_LOOP),
    (replace(SERVING, restarts=LOOP_RESTARTS, uptime=STABLE_SECONDS), State.SERVING),
    (Facts("exited", exit_code=0), State.STOPPED),
    (Facts("exited", exit_code=137), State.STOPPED),
    (Facts("exited", exit_code=1, is_watched=False), State.CRASHED),
    (Facts("exited", exit_code=1, restarts=5, is_watched=False), State.STOPPED),
    (Facts("exited", exit_code=0, is_watched=False), State.STOPPED),
    (Facts("dead", exit_code=1, is_watched=False), State.CRASHED),
    (Facts("removing"), State.STOPPING),
]


def test_every_state_is_explained(root: Path) -> None:
    rows = re.findall(r"^\| (\w+) \| .+ \| .+ \|$", (root / "docs" / "lifecycle.md").read_text(), re.MULTILINE)
    assert sorted(rows[1:]) == sorted(State)


def test_the_drawing_has_every_state_and_a_way_back_from_each(root: Path) -> None:
    ways: dict[str, set[str]] = {}
    for start, end in EDGE.findall((root / "docs" / "lifecycle.md").read_text()):
        ways.setdefault(start, set()).add(end)

    def reach(state: str) -> set[str]:
        seen, new = {state}, {state}
        while new := {after for before in new for after in ways[before]} - seen:
            seen |= new
        return seen

    assert set(ways) == set(State)
    assert all(reach(state) == set(State) for state in ways)


@pytest.mark.parametrize(("facts", "state"), CASES)
def test_facts_speak_for_a_state(facts: Facts, state: State) -> None:
    assert derive_state(facts) == state


def test_every_state_is_derived_by_some_facts() -> None:
    assert {state for _, state in CASES} == set(State)


@pytest.mark.parametrize(
    ("facts", "is_beyond"),
    [
        (Facts("restarting", restarts=4), False),
        (Facts("restarting", restarts=5), True),
        (Facts("running", restarts=5, uptime=2), True),
        (Facts("running", restarts=50, uptime=STABLE_SECONDS), False),
        (Facts("exited", restarts=5), False),
        # Months old, and its sixth death; then the first one that Docker waited for long before.
        (Facts("running", restarts=6, uptime=2, age=1e7, pause=0.4), False),
        (Facts("running", restarts=9, uptime=2, age=1e7, pause=3.3), True),
    ],
)
def test_retries_have_an_end(facts: Facts, is_beyond: bool) -> None:
    assert is_beyond_retries(facts, max_restarts=5) is is_beyond
