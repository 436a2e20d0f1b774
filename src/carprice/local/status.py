"""What runs, since when and how well."""

import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from carprice.local.health import check_health
from carprice.local.services import Service
from carprice.local.supervision import Life, Supervisor

START_SECONDS = 120
"""How long a service may take until it answers."""

STATES = {
    "STARTING": "running",
    "RUNNING": "running",
    "BACKOFF": "restarting",
    "EXITED": "restarting",
    "STOPPING": "stopping",
    "STOPPED": "stopped",
    "FATAL": "failed",
    "UNKNOWN": "failed",
}
"""supervisord's word for a process -> ours. Its STARTING lasts as long as an early death would count."""


@dataclass(frozen=True)
class ServiceStatus:
    """One service. health: healthy, starting, unhealthy, or empty when it does not run. Times in seconds."""

    service: str
    state: str
    health: str
    detail: str
    restarts: int
    pid: int | None
    uptime_seconds: int | None
    memory_bytes: int | None
    port: int
    model_version: str


def read_status(services: list[Service], supervisor: Supervisor | None) -> list[ServiceStatus]:
    """The status of each service; without a supervisor all are stopped."""
    lives = supervisor.read_lives() if supervisor else {}
    return [_judge(service, lives.get(service.name)) for service in services]


def _judge(service: Service, life: Life | None) -> ServiceStatus:
    state = STATES[life.state] if life else "stopped"
    restarts = life.restarts if life else 0
    if not life or not life.pid:
        return ServiceStatus(service.name, state, "", "", restarts, None, None, None, service.port, "")
    uptime = max(0, int(time.time() - life.started))
    health = check_health(service)
    ill = "starting" if uptime < START_SECONDS else "unhealthy"
    return ServiceStatus(
        service=service.name,
        state=state,
        health="healthy" if health.is_well else ill,
        detail="" if health.is_well else health.detail,
        restarts=restarts,
        pid=life.pid,
        uptime_seconds=uptime,
        memory_bytes=measure_memory(life.pid),
        port=service.port,
        model_version=health.model_version,
    )


def measure_memory(pid: int) -> int:
    """Bytes that a process and its descendants hold; pages they share count once where the system tells."""
    total = 0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with suppress(psutil.Error):
                memory = process.memory_full_info()
                total += getattr(memory, "pss", memory.rss)
    return total
