"""The lifecycle of a service: its states, and how to find out which one it is in.

Drawn in docs/lifecycle.md. Nobody keeps a state: it is derived from facts whenever it is asked for, so that it
cannot be wrong after a crash.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a service is."""

    BUILDING = "Building"
    BUILT = "Built"
    BUILD_FAILED = "BuildFailed"
    STARTING = "Starting"
    HEALTH_CHECK = "HealthCheck"
    RUNNING = "Running"
    CRASH_LOOP = "CrashLoop"
    SERVING = "Serving"
    MONITORING = "Monitoring"
    CRASHED = "Crashed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


LOOP_RESTARTS = 2
"""So many restarts make a crash loop of crashes."""
STABLE_SECONDS = 60.0
"""A service that ran this long since its last start does not crash in a loop."""

FIRST_PAUSE_SECONDS = 0.1
"""What Docker waits before a restart; after a life of less than ten seconds it is twice as long as before."""

HEALTHY = "healthy"


@dataclass(frozen=True)
class Facts:
    """What is known of one service from outside.

    status: Docker's word for its container (created, running, paused, restarting, removing, exited, dead), empty
    where there is none. health: starting, healthy, unhealthy, or empty where nothing checks it. uptime: seconds
    since its last start. age: seconds since it was made. pause: seconds that its supervisor waited before that
    start. restarts: how often it was started again by itself. is_watched: whether its supervisor would start it
    again. build: the state of the last build (building, built, failed), empty where it led to a start or was none.
    is_active: new requests go to it. requests: how many it answered.
    """

    status: str
    health: str = ""
    exit_code: int = 0
    restarts: int = 0
    uptime: float = 0.0
    age: float = 0.0
    pause: float = 0.0
    is_watched: bool = True
    build: str = ""
    is_active: bool = False
    requests: int = 0


_BUILDS = {"building": State.BUILDING, "built": State.BUILT, "failed": State.BUILD_FAILED}


def derive_state(facts: Facts) -> State:
    """The state that follows from the facts."""
    if not facts.status:
        return _BUILDS.get(facts.build, State.STOPPED)
    if facts.status == "removing":
        return State.STOPPING
    if facts.status == "created":
        return State.STARTING
    if is_crash_loop(facts):
        return State.CRASH_LOOP
    if facts.status == "restarting":
        return State.CRASHED
    if facts.status in ("exited", "dead"):
        return _derive_ended(facts)
    return _derive_running(facts)


def is_crash_loop(facts: Facts) -> bool:
    """Whether it crashes again and again; between two crashes it looks like a running one."""
    is_up = facts.status == "running" and facts.uptime >= STABLE_SECONDS
    return facts.status in ("running", "restarting") and facts.restarts >= LOOP_RESTARTS and not is_up


def is_beyond_retries(facts: Facts, max_restarts: int) -> bool:
    """Whether it crashes in a loop that has gone on for long enough to be ended.

    Docker never forgets a restart, and a few in months are no loop: there must have been one a minute, or the
    pause must have grown by so many restarts, each of which doubles it.
    """
    is_often = facts.age < facts.restarts * STABLE_SECONDS or facts.pause >= FIRST_PAUSE_SECONDS * 2**max_restarts
    return is_crash_loop(facts) and facts.restarts >= max_restarts and is_often


def _derive_ended(facts: Facts) -> State:
    # Docker starts what ended by itself again, so what stays down was stopped on purpose.
    if facts.is_watched or not facts.exit_code or facts.restarts >= LOOP_RESTARTS:
        return State.STOPPED
    return State.CRASHED


def _derive_running(facts: Facts) -> State:
    if facts.health and facts.health != HEALTHY:
        return State.HEALTH_CHECK
    if not facts.is_active:
        return State.RUNNING
    return State.MONITORING if facts.requests else State.SERVING
