"""What runs, since when and how well."""

import http.client
import time
from contextlib import suppress

from carprice.ops.lifecycle import Facts, ServiceStatus, derive_state
from carprice.ops.local.health import Health, check_health
from carprice.ops.local.services import API, Service
from carprice.ops.local.supervisor import Life, Supervisor, find_orphans
from carprice.settings import Settings
from carprice.system.processes import measure_memory

START_SECONDS = 120
"""How long a service may take until it answers."""
METRICS_SECONDS = 2.0

STATUSES = {
    "STARTING": "running",
    "RUNNING": "running",
    "BACKOFF": "restarting",
    "EXITED": "restarting",
    "STOPPING": "removing",
    "STOPPED": "",
    "FATAL": "exited",
    "UNKNOWN": "exited",
}
"""supervisord's word for a process -> Docker's. Its STARTING lasts as long as an early death would count."""


def read_status(settings: Settings, services: list[Service], supervisor: Supervisor | None) -> list[ServiceStatus]:
    """The status of each service."""
    if supervisor is None:
        orphans = {name: process.pid for process, name in reversed(find_orphans(settings))}
        return [_judge_unsupervised(service, orphans.get(service.name)) for service in services]
    lives = supervisor.read_lives()
    return [_judge(service, lives[service.name], settings.release) for service in services]


def derive_facts(life: Life, health: str, requests: int) -> Facts:
    """The facts of a supervised process that its lifecycle state is derived from; no edge stands before it."""
    return Facts(
        status=STATUSES[life.state],
        health=health,
        exit_code=int(life.state == "FATAL"),
        restarts=life.restarts,
        uptime=max(0.0, time.time() - life.started) if life.pid else 0.0,
        is_watched=life.state != "FATAL",
        is_active=life.name == API,
        requests=requests,
    )


def count_answers(service: Service) -> int:
    """How many cars the API has priced, from its own metrics; 0 where it does not tell."""
    connection = http.client.HTTPConnection(service.local_host, service.port, timeout=METRICS_SECONDS)
    with suppress(OSError, http.client.HTTPException, ValueError):
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode(errors="replace").splitlines()
        counts = [line for line in lines if line.startswith("predicted_price_count")]  # one for each currency
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in counts)
    connection.close()
    return 0


def _judge_unsupervised(service: Service, pid: int | None) -> ServiceStatus:
    state = derive_state(Facts("running" if pid else ""))
    detail = "was left running by a killed supervisor; end it: ./carprice down" if pid else ""
    return ServiceStatus(service.name, service.name, state, "", detail, 0, "", "", None, None, service.port, pid)


def _judge(service: Service, life: Life, release: str) -> ServiceStatus:
    health = check_health(service) if life.pid else Health(False, "")
    word = _name_health(health, life) if life.pid else ""
    requests = count_answers(service) if health.is_well and service.name == API else 0
    return ServiceStatus(
        service=service.name,
        name=service.name,
        state=derive_state(derive_facts(life, word, requests)),
        health=word,
        detail="" if health.is_well else health.detail,
        restarts=life.restarts,
        release=release if service.name == API and life.pid else "",
        model_version=health.model_version,
        uptime_seconds=max(0, int(time.time() - life.started)) if life.pid else None,
        memory_bytes=measure_memory(life.pid) if life.pid else None,
        port=service.port,
        pid=life.pid or None,
    )


def _name_health(health: Health, life: Life) -> str:
    if health.is_well:
        return "healthy"
    return "starting" if time.time() - life.started < START_SECONDS else "unhealthy"
