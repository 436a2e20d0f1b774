"""The supervised processes of the local stack: what runs, since when and how well."""

import time
from dataclasses import replace

from carprice.names import API, PRICE_COUNT
from carprice.ops.instance import Instance, Port, Probe
from carprice.ops.lifecycle import Facts
from carprice.ops.local.health import Health, check_health
from carprice.ops.local.logs import read_tail
from carprice.ops.local.services import Service
from carprice.ops.local.supervisor import ProcessInfo, Supervisor, find_orphans
from carprice.ops.metrics import read_metrics
from carprice.ops.status import ServiceStatus, describe_instance
from carprice.settings import Settings
from carprice.system.processes import measure_memory

START_SECONDS = 120
"""How long a service may take until it answers."""
METRICS_SECONDS = 2.0
LOG_LINES = 30

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
"""supervisord's word for a process -> Docker's. Its STARTING lasts as long as an early exit would count."""


def read_instance(service: Service, process: ProcessInfo | None) -> Instance:
    """A process as supervisord knows it, without asking it for its health."""
    ports = (Port(service.port, service.host, service.port),)
    if process is None:
        return Instance(service.name, service.name, "", service.address, ports=ports)
    return Instance(
        service=service.name,
        name=service.name,
        status=STATUSES[process.state],
        address=service.address,
        exit_code=int(process.state == "FATAL"),
        restarts=process.restarts,
        uptime=max(0.0, time.time() - process.started) if process.pid else 0.0,
        is_watched=process.state != "FATAL",
        pid=process.pid,
        ports=ports,
    )


def check_instance(service: Service, process: ProcessInfo | None) -> Instance:
    """A process with its health, and with its last log lines where it is not healthy."""
    instance = read_instance(service, process)
    if instance.pid:
        health = check_health(service)
        probe = Probe(int(not health.is_healthy), health.detail)
        instance = replace(instance, health="healthy" if health.is_healthy else "unhealthy", probes=(probe,))
    if instance.health == "healthy" and not instance.has_crashed:
        return instance
    return replace(instance, log="\n".join(read_tail(service.log, LOG_LINES)))


def read_status(settings: Settings, services: list[Service], supervisor: Supervisor | None) -> list[ServiceStatus]:
    """The status of each service."""
    if supervisor is None:
        orphans = {name: process.pid for process, name in reversed(find_orphans(settings))}
        return [_describe_unsupervised(service, orphans.get(service.name, 0)) for service in services]
    processes = supervisor.list_processes()
    return [_describe(service, processes[service.name], settings.release) for service in services]


def _describe_unsupervised(service: Service, pid: int) -> ServiceStatus:
    instance = replace(read_instance(service, None), pid=pid)
    detail = "was left running by a killed supervisor; end it: ./carprice down" if pid else ""
    return describe_instance(instance, Facts("running" if pid else ""), detail=detail)


def _describe(service: Service, process: ProcessInfo, release: str) -> ServiceStatus:
    instance = read_instance(service, process)
    health = check_health(service) if process.pid else Health(False, "")
    is_api = service.name == API
    requests = read_metrics(service.address, METRICS_SECONDS) if health.is_healthy and is_api else {}
    instance = replace(instance, health=_name_health(health, instance) if process.pid else "")
    return describe_instance(
        instance,
        # No edge stands before it.
        instance.facts(is_api, int(requests.get(f"{PRICE_COUNT}_count", 0))),
        health=instance.health,
        detail="" if health.is_healthy else health.detail,
        release=release if is_api and process.pid else "",
        model_version=health.model_version,
        uptime_seconds=int(instance.uptime) if process.pid else None,
        memory_bytes=measure_memory(process.pid) if process.pid else None,
    )


def _name_health(health: Health, instance: Instance) -> str:
    if health.is_healthy:
        return "healthy"
    return "starting" if instance.uptime < START_SECONDS else "unhealthy"
