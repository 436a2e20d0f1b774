"""The commands on a Docker Engine."""

import time
from collections.abc import Callable, Iterable

from carprice.cli.console import build_printer
from carprice.ops.docker.engine import find_engine
from carprice.ops.doctor.snapshot import Scene, look_at_docker
from carprice.ops.lifecycle import ServiceStatus
from carprice.ops.stack_context import Say, open_site
from carprice.ops.stacks.docker_stack import (
    follow_logs,
    pause_stack,
    read_logs,
    restart_services,
    start_stack,
    stop_stack,
)
from carprice.ops.stacks.up_checks import list_urls
from carprice.ops.status import read_status, stop_crash_loops
from carprice.settings import Settings

Follow = Callable[[], None]

NAME = "docker"
NAME_WIDTH = len("car-price-api-1")


def describe(settings: Settings, say: Say) -> str:
    """Which stack it is, in a line."""
    return f"On Docker Engine {find_engine(open_site(settings.stack_dir, say))[0]}"


def start(settings: Settings, say: Say, *, build: bool) -> Follow | None:
    """Bring it up; returns what follows its logs, or None where it was up already."""
    site = open_site(settings.stack_dir, say)
    began = time.time()
    if not start_stack(site, build=build):
        return None
    return lambda: show_lines(follow_logs(site, began))


def list_addresses(settings: Settings, say: Say) -> list[tuple[str, str]]:
    """Service and URL of everything that a browser can open, the API first."""
    return list_urls(open_site(settings.stack_dir, say))


def interrupt(settings: Settings, say: Say) -> None:
    """Stop the containers, as Ctrl-C in `docker compose up`."""
    pause_stack(open_site(settings.stack_dir, say))


def stop(settings: Settings, say: Say, *, volumes: bool) -> bool:
    """Remove the containers, with `volumes` MLflow's data too; returns whether there was anything."""
    return stop_stack(open_site(settings.stack_dir, say), volumes=volumes)


def restart(settings: Settings, say: Say, names: list[str]) -> None:
    """Restart the named services, or all, one container after the other."""
    restart_services(open_site(settings.stack_dir, say), names)


def list_status(settings: Settings, say: Say) -> list[ServiceStatus]:
    """Every container, and the services that should have one."""
    return read_status(open_site(settings.stack_dir, say))


def stop_loops(settings: Settings, say: Say) -> list[str]:
    """Stop what crashed in a loop for too long; returns the names."""
    return [item.name for item in stop_crash_loops(open_site(settings.stack_dir, say))]


def show_logs(settings: Settings, say: Say, names: list[str], lines: int, *, follow: bool) -> None:
    """The services' last log lines, and with `follow` new ones until the stack is down."""
    show_lines(read_logs(open_site(settings.stack_dir, say), names, lines, follow=follow))


def show_lines(lines: Iterable[tuple[str, str]]) -> None:
    """Print each line behind its container's name."""
    print_line = build_printer(NAME_WIDTH)
    for name, line in lines:
        print_line(name, line)


def look(settings: Settings, say: Say) -> Scene:
    """What the doctor looks at."""
    return look_at_docker(open_site(settings.stack_dir, say))
