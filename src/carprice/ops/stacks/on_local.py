"""The commands on the local stack: processes of this machine, without containers."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from carprice.cli.console import build_printer
from carprice.errors import CarPriceError, StackError
from carprice.ops.docker.containers import Probe
from carprice.ops.doctor.checks import add_findings, diagnose
from carprice.ops.doctor.snapshot import LOG_LINES, Part, Scene, find_versions
from carprice.ops.lifecycle import Facts, ServiceStatus, is_beyond_retries
from carprice.ops.limits import load_limits
from carprice.ops.local.health import check_health
from carprice.ops.local.logs import Show, follow_logs, measure_logs, read_tail, show_tails
from carprice.ops.local.services import Service, build_services
from carprice.ops.local.status import derive_facts, read_status
from carprice.ops.local.supervisor import Life, find_supervisor, is_gone
from carprice.ops.stack_context import Say
from carprice.ops.stacks.local_stack import (
    choose_services,
    find_services,
    restart_services,
    start_stack,
    stop_stack,
)
from carprice.settings import Settings

Follow = Callable[[], None]

NAME = "local"


def describe(settings: Settings, say: Say) -> str:
    """Which stack it is, in a line."""
    return "On this machine, without containers"


def start(settings: Settings, say: Say, *, build: bool) -> Follow | None:
    """Bring it up; returns what follows its logs, or None where it was up already."""
    if build:
        raise StackError("There is nothing to build without containers", "Leave --build out, or use --docker")
    services = build_services(settings)
    sizes = measure_logs(services)
    if not start_stack(settings, say, before_stop=lambda error: explain(error, settings)):
        return None
    return lambda: follow_logs(services, sizes, build_show(services), lambda: is_gone(settings))


def list_addresses(settings: Settings, say: Say) -> list[tuple[str, str]]:
    """Service and URL, the API first."""
    return [(service.name, service.url) for service in reversed(build_services(settings))]


def interrupt(settings: Settings, say: Say) -> None:
    """Stop every process."""
    stop_stack(settings, say)


def stop(settings: Settings, say: Say, *, volumes: bool) -> bool:
    """Stop every process, with `volumes` MLflow's data too; returns whether anything ran."""
    ran = stop_stack(settings, say)
    folder = settings.var_dir / "mlflow"
    if volumes and folder.exists():
        shutil.rmtree(folder)
        return True
    return ran


def restart(settings: Settings, say: Say, names: list[str]) -> None:
    """Restart the named services, or all."""
    restart_services(settings, names, say)


def list_status(settings: Settings, say: Say) -> list[ServiceStatus]:
    """Every process."""
    return read_status(settings, *find_services(settings))


def stop_loops(settings: Settings, say: Say) -> list[str]:
    """Stop what crashed in a loop for too long; returns the names."""
    supervisor = find_supervisor(settings)
    limit = load_limits(settings.stack_dir).max_restarts
    lives = supervisor.read_lives().values() if supervisor else ()
    looping = [life for life in lives if is_beyond_retries(derive_facts(life, "", 0), limit)]
    for life in looping:
        if supervisor:
            supervisor.stop_service(life.name)
        say(f"{life.name} crashed {life.restarts} times and was stopped: max_restarts is {limit}")
    return [life.name for life in looping]


def show_logs(settings: Settings, say: Say, names: list[str], lines: int, *, follow: bool) -> None:
    """The services' last log lines, and with `follow` new ones until the stack is down."""
    services = choose_services(find_services(settings)[0], names)
    sizes = measure_logs(services)
    show = build_show(services)
    show_tails(services, sizes, lines, show)
    if follow:
        follow_logs(services, sizes, show, lambda: is_gone(settings))


def build_show(services: list[Service]) -> Show:
    """A function that prints a line behind its service's name."""
    print_line = build_printer(max(len(service.name) for service in services))
    return lambda service, line: print_line(service.name, line)


def look(settings: Settings) -> Scene:
    """What the doctor looks at."""
    services, supervisor = find_services(settings)
    lives = supervisor.read_lives() if supervisor else {}
    versions, problem = find_versions(settings.artifacts_dir, settings.model_version)
    return Scene(
        name=NAME,
        artifacts_dir=settings.artifacts_dir,
        logs_dir=settings.logs_dir,
        folder=settings.var_dir,
        parts=tuple(describe_part(service, lives.get(service.name)) for service in services),
        ports=tuple((service.name, service.host, service.port) for service in services),
        uid=os.getuid(),
        gid=os.getgid(),
        versions=versions,
        versions_problem=problem,
    )


def explain(error: BaseException, settings: Settings) -> None:
    """Let an error say what the doctor finds, while what failed is still there."""
    if isinstance(error, CarPriceError):
        with suppress(CarPriceError, OSError):
            add_findings(error, diagnose(look(settings)))


def describe_part(service: Service, life: Life | None) -> Part:
    """One process as the doctor sees it."""
    facts = derive_facts(life, "", 0) if life else Facts("")
    health = check_health(service) if life and life.pid else None
    probe = () if health is None else (Probe(int(not health.is_well), health.detail),)
    part = Part(
        service=service.name,
        name=service.name,
        status=facts.status,
        exit_code=facts.exit_code,
        restarts=facts.restarts,
        uptime=facts.uptime,
        health="" if health is None else "healthy" if health.is_well else "unhealthy",
        probes=probe,
        host=service.local_host,
        port=service.port,
    )
    is_well = health is not None and health.is_well and not part.has_died
    return part if is_well else replace(part, log="\n".join(read_tail(service.log, LOG_LINES)))
