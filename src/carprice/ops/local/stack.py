"""The local stack as a whole: up, down, restart. The order of steps, and what happens when one fails."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import psutil

from carprice.access.internal_key import ensure_internal_key
from carprice.errors import FileError, StackError
from carprice.model.bundle.manifest import champion_version
from carprice.names import API
from carprice.ops.local.health import ANSWER_SECONDS, Health, check_health
from carprice.ops.local.logs import read_tail
from carprice.ops.local.ports import check_ports
from carprice.ops.local.processes import START_SECONDS
from carprice.ops.local.services import APP, Service, build_services
from carprice.ops.local.supervisor import (
    Supervisor,
    find_supervisor,
    kill_orphans,
    kill_supervisor,
    start_supervisor,
    stop_supervisor,
)
from carprice.ops.local.supervisord_conf import stack_dir
from carprice.settings import Settings, load_settings
from carprice.system.files import describe_access
from carprice.system.locks import HeldError, hold_lock
from carprice.system.waiting import wait_for

Say = Callable[[str], None]

LOCK_FILE = "lock"
MAX_PAUSE_SECONDS = 1.0
FIRST_ANSWER_SECONDS = 0.2
"""After which somebody who waits is told so: while a service starts, requests wait in its socket."""
MAX_RESTARTS_AT_START = 3
"""A service that ended this often while it was waited for will not come up."""
FAILURE_LINES = 10
DOWN_MARGIN_SECONDS = 5


def start_stack(
    settings: Settings, say: Say, app: Path = APP, before_stop: Callable[[BaseException], None] = lambda _: None
) -> bool:
    """Bring the stack up and wait until it is healthy; what this call started ends again when that fails.

    Returns whether it was this call that started it. Raises StackError: a port is taken, a service does not
    become healthy, another start is under way.
    """
    if settings.tls:
        raise StackError(
            "CARPRICE_TLS is set, and the local stack has no edge that speaks TLS",
            "Use Docker: ./carprice up --docker; or do without: unset CARPRICE_TLS",
        )
    if settings.api_keys_folder:
        ensure_internal_key(settings.var_dir, settings.api_keys_folder)
    services = build_services(settings, app)
    with hold_start(settings):
        supervisor = find_supervisor(settings)
        if supervisor and read_running_settings(supervisor) == settings:
            say("Already up.")
            complete_stack(supervisor, services, say)
            return False
        if supervisor:
            say("Settings have changed since the last start; starting again ...")
            stop_stack(settings, say)
        sweep_orphans(settings, say)
        check_ports(services)
        try:
            bring_up(start_supervisor(settings, services), settings, services, say)
        except BaseException as error:
            before_stop(error)
            stop_stack(settings, say)
            raise
        return True


def bring_up(supervisor: Supervisor, settings: Settings, services: list[Service], say: Say) -> None:
    """MLflow, then the demo model where there is none, then the API."""
    api = [item for item in services if item.name == API]
    others = [item for item in services if item.name != API]
    for service in others:
        supervisor.start_service(service.name)
    awaited = services
    if champion_version(settings.artifacts_dir) is None:
        # Both take their time, so MLflow starts while the model is trained, and answers when it is recorded.
        train_demo(settings, say, lambda: wait_for_health(supervisor, others, say))
        awaited = api
    for service in api:
        supervisor.start_service(service.name)
    wait_for_health(supervisor, awaited, say)


def train_demo(settings: Settings, say: Say, before_record: Callable[[], None]) -> None:
    """Train on simulated listings, so that there is something to serve."""
    from carprice.simulation.demo_model import ensure_champion  # takes seconds to import, and is rarely needed

    ensure_champion(settings, say, before_record)


def complete_stack(supervisor: Supervisor, services: list[Service], say: Say) -> None:
    """Start what does not run, and wait until all is healthy."""
    for service in services:
        supervisor.start_service(service.name)
    wait_for_health(supervisor, services, say)


def wait_for_health(
    supervisor: Supervisor, services: list[Service], say: Say, seconds: float = START_SECONDS
) -> None:
    """Wait until every service answers well. Raises StackError with the last answer and the last log lines."""
    started = time.monotonic()
    before = count_restarts(supervisor)
    for service in services:
        announced = False

        def look(service: Service = service) -> Health:
            nonlocal announced
            seconds = ANSWER_SECONDS if announced else FIRST_ANSWER_SECONDS
            health = check_process(supervisor, service, before.get(service.name, 0), seconds)
            if not health.is_healthy and not announced:
                say(f"Waiting for {service.name} ...")
                announced = True
            return health

        left = max(0.0, started + seconds - time.monotonic())
        health = wait_for(look, left, lambda found: found.is_healthy, max_pause=MAX_PAUSE_SECONDS)
        if not health.is_healthy:
            raise StackError(*_describe_failure(service, f"is not healthy after {seconds:g} s", health))
        waited = f" ({time.monotonic() - started:.1f} s)" if announced else ""
        say(f"{service.name} is healthy{waited}")


def count_restarts(supervisor: Supervisor) -> dict[str, int]:
    """How often each service was started again by itself until now."""
    return {name: process.restarts for name, process in supervisor.list_processes().items()}


def check_process(
    supervisor: Supervisor, service: Service, restarts_before: int, seconds: float = ANSWER_SECONDS
) -> Health:
    """Its health, when it runs. Raises StackError when it keeps ending or the stack was taken down."""
    try:
        process = supervisor.list_processes()[service.name]
    except (OSError, HTTPException):
        raise StackError("The stack was taken down meanwhile", "Start it: ./carprice up") from None
    restarts = max(0, process.restarts - restarts_before)
    if restarts >= MAX_RESTARTS_AT_START:
        health = Health(False, f"ended {restarts} times")
        raise StackError(*_describe_failure(service, "does not stay up", health))
    return check_health(service, seconds) if process.pid else Health(False, "does not run")


def _describe_failure(service: Service, what: str, health: Health) -> tuple[str, str]:
    lines = "".join(f"\n    {line}" for line in read_tail(service.log, FAILURE_LINES))
    quoted = f"\nIts last log lines:{lines}" if lines else ""
    return f"{service.name} {what}: it {health.detail}{quoted}", f"Read all: ./carprice logs {service.name}"


def stop_stack(settings: Settings, say: Say) -> bool:
    """Stop every service and the supervisor; a Ctrl-C meanwhile kills them. Returns whether anything ran."""
    supervisor = find_supervisor(settings)
    if supervisor is None:
        return bool(sweep_orphans(settings, say))
    running = read_running_settings(supervisor)
    longest = max(service.stop_seconds for service in build_services(running))
    try:
        stop_supervisor(settings, supervisor, longest + DOWN_MARGIN_SECONDS)
    except KeyboardInterrupt:
        say("Killing ...")
        if supervisor := find_supervisor(settings):
            kill_supervisor(settings, supervisor)
        raise
    return True


def restart_services(settings: Settings, names: list[str], say: Say) -> None:
    """Stop and start the named services, or all, and wait until they are healthy; the API loses no request."""
    supervisor = require_supervisor(settings)
    running = read_running_settings(supervisor)
    services = choose_services(build_services(running), names)
    if any(service.name == API for service in services):
        require_model(running)
    for service in services:
        say(f"Restarting {service.name} ...")
        supervisor.restart_service(service.name)
    wait_for_health(supervisor, services, say)


def require_model(settings: Settings) -> None:
    """Raise StackError where the API would find no model to serve, BundleError where the champion is damaged."""
    if not settings.model_version and champion_version(settings.artifacts_dir) is None:
        raise StackError(
            f"{settings.artifacts_dir} has no champion, so the API would have nothing to serve; it runs on",
            "Make one: ./carprice models, then ./carprice promote VERSION",
        )


def choose_services(services: list[Service], names: list[str]) -> list[Service]:
    """The named services, or all when none is named. Raises StackError for an unknown name."""
    known = [service.name for service in services]
    for name in names:
        if name not in known:
            raise StackError(f"There is no service {name!r}", f"Services: {', '.join(known)}")
    return [service for service in services if not names or service.name in names]


def require_supervisor(settings: Settings) -> Supervisor:
    """The running supervisor. Raises StackError when nothing is up."""
    supervisor = find_supervisor(settings)
    if supervisor is None:
        raise StackError("Nothing is up", "Start it: ./carprice up")
    return supervisor


def read_running_settings(supervisor: Supervisor) -> Settings:
    """The settings the running stack was started with, which its supervisor carries in its environment."""
    return load_settings(psutil.Process(supervisor.read_pid()).environ())


def find_services(settings: Settings) -> tuple[list[Service], Supervisor | None]:
    """The services of the stack that runs, else of the one that would be started."""
    supervisor = find_supervisor(settings)
    return build_services(read_running_settings(supervisor) if supervisor else settings), supervisor


def sweep_orphans(settings: Settings, say: Say) -> list[str]:
    """End what a killed supervisor left running."""
    orphans = kill_orphans(settings)
    if orphans:
        say(f"Ended what a killed supervisor had left: {', '.join(orphans)}")
    return orphans


@contextmanager
def hold_start(settings: Settings) -> Iterator[None]:
    """Let one start at a time through; the lock ends with its holder, however that ends.

    Raises StackError naming the holder, FileError where the folder cannot be written.
    """
    path = stack_dir(settings) / LOCK_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with hold_lock(path) as handle:
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield
    except HeldError:
        holder = path.read_text().strip()
        hint = f"Wait for it, or stop it: kill -INT {holder}" if holder else "Wait for it: ./carprice status"
        raise StackError(f"Another `carprice up` is under way (pid {holder or 'not known'})", hint) from None
    except OSError as error:
        raise FileError(*describe_access(path, "written", error)) from None
