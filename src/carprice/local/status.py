"""What runs, since when and how well."""

import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from carprice.local.health import check_health
from carprice.local.services import Service
from carprice.local.supervision import Life, Supervisor, find_orphans
from carprice.settings import Settings

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


def read_status(settings: Settings, services: list[Service], supervisor: Supervisor | None) -> list[ServiceStatus]:
    """The status of each service."""
    if supervisor is None:
        orphans = {name: process.pid for process, name in reversed(find_orphans(settings))}
        return [_judge_unsupervised(service, orphans.get(service.name)) for service in services]
    lives = supervisor.read_lives()
    return [_judge(service, lives[service.name]) for service in services]


def _judge_unsupervised(service: Service, pid: int | None) -> ServiceStatus:
    state = "orphaned" if pid else "stopped"
    detail = "was left running by a killed supervisor; end it: ./carprice down" if pid else ""
    return ServiceStatus(service.name, state, "", detail, 0, pid, None, None, service.port, "")


def _judge(service: Service, life: Life) -> ServiceStatus:
    state = STATES[life.state]
    if not life.pid:
        return ServiceStatus(service.name, state, "", "", life.restarts, None, None, None, service.port, "")
    uptime = max(0, int(time.time() - life.started))
    health = check_health(service)
    ill = "starting" if uptime < START_SECONDS else "unhealthy"
    return ServiceStatus(
        service=service.name,
        state=state,
        health="healthy" if health.is_well else ill,
        detail="" if health.is_well else health.detail,
        restarts=life.restarts,
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
