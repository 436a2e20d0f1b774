"""The lifecycle of a service: its states, what moves it from one to the next, and how to tell where it is.

Drawn in docs/lifecycle.md, which a test compares with TRANSITIONS. Nobody keeps a state: it is derived from
facts whenever it is asked for, so that it cannot be wrong after a crash.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


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


class Event(StrEnum):
    """What moves a service from one state to the next."""

    BUILD = "build"
    BUILD_OK = "build ok"
    BUILD_FAILED = "build failed"
    CREATED = "created"
    STARTED = "started"
    HEALTH_PASSED = "health passed"
    HEALTH_FAILED = "health failed"
    READY = "model loads, ready"
    TRAFFIC = "first answers"
    SWITCHED_AWAY = "switched away"
    CRASH = "crash"
    RESTART = "restart"
    CRASHES_AGAIN = "crashes again"
    STAYS_UP = "stays up"
    MAX_RETRIES = "max retries"
    UP = "up"
    DOWN = "down"
    ENDED = "ended"


_ALIVE = (State.STARTING, State.HEALTH_CHECK, State.RUNNING, State.SERVING, State.MONITORING)

TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.STOPPED, Event.BUILD): State.BUILDING,
    (State.BUILDING, Event.BUILD_OK): State.BUILT,
    (State.BUILDING, Event.BUILD_FAILED): State.BUILD_FAILED,
    (State.BUILD_FAILED, Event.BUILD): State.BUILDING,
    (State.BUILT, Event.CREATED): State.STARTING,
    (State.STOPPED, Event.UP): State.STARTING,
    (State.STARTING, Event.STARTED): State.HEALTH_CHECK,
    (State.HEALTH_CHECK, Event.HEALTH_PASSED): State.RUNNING,
    (State.RUNNING, Event.HEALTH_FAILED): State.HEALTH_CHECK,
    (State.RUNNING, Event.READY): State.SERVING,
    (State.SERVING, Event.TRAFFIC): State.MONITORING,
    (State.SERVING, Event.SWITCHED_AWAY): State.RUNNING,
    (State.SERVING, Event.HEALTH_FAILED): State.HEALTH_CHECK,
    (State.MONITORING, Event.SWITCHED_AWAY): State.RUNNING,
    (State.MONITORING, Event.HEALTH_FAILED): State.HEALTH_CHECK,
    **{(state, Event.CRASH): State.CRASHED for state in _ALIVE},
    **{(state, Event.DOWN): State.STOPPING for state in _ALIVE},
    (State.CRASHED, Event.RESTART): State.STARTING,
    (State.CRASHED, Event.CRASHES_AGAIN): State.CRASH_LOOP,
    (State.CRASHED, Event.DOWN): State.STOPPING,
    (State.CRASH_LOOP, Event.STAYS_UP): State.RUNNING,
    (State.CRASH_LOOP, Event.MAX_RETRIES): State.STOPPED,
    (State.CRASH_LOOP, Event.DOWN): State.STOPPING,
    (State.STOPPING, Event.ENDED): State.STOPPED,
}
"""The one table: from a state, with an event, to a state."""

LOOP_RESTARTS = 2
"""So many restarts make a crash loop of crashes."""
STABLE_SECONDS = 60.0
"""A service that lived so long since its last start does not crash in a loop."""

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
    again. build: how the last build stands (building, built, failed), empty where it led to a start or was none.
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
    """The state that the facts speak for."""
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
    """Whether it dies again and again; between two deaths it looks like a running one."""
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
    # Docker starts what ended by itself again, so what it leaves lying was stopped by somebody.
    if facts.is_watched or not facts.exit_code or facts.restarts >= LOOP_RESTARTS:
        return State.STOPPED
    return State.CRASHED


def _derive_running(facts: Facts) -> State:
    if facts.health and facts.health != HEALTHY:
        return State.HEALTH_CHECK
    if not facts.is_active:
        return State.RUNNING
    return State.MONITORING if facts.requests else State.SERVING


@dataclass(frozen=True)
class ServiceStatus:
    """One process or container of a service. health: healthy, starting, unhealthy, or empty when nothing tells.

    name tells replicas apart. Times in seconds; None and empty where it does not run.
    """

    service: str
    name: str
    state: str
    health: str
    detail: str
    restarts: int
    release: str
    model_version: str
    uptime_seconds: int | None
    memory_bytes: int | None
    port: int | None
    pid: int | None

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)
