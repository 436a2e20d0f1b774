"""The two stacks that the commands drive in one way: containers on Docker, or processes of this machine."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import click

from carprice.errors import StackError
from carprice.ops.docker.engine import find_engine, has_compose_file
from carprice.ops.docker.env_file import read_env
from carprice.ops.lifecycle import ServiceStatus
from carprice.ops.local.supervisor import find_supervisor
from carprice.ops.stack_context import Say, open_site
from carprice.ops.stacks import on_docker, on_local
from carprice.settings import Settings


class Stack(Protocol):
    """What a module does for the commands. Each function raises StackError with what failed."""

    NAME: str

    def describe(self, settings: Settings, say: Say) -> str:
        """Which stack it is, in a line."""

    def start(self, settings: Settings, say: Say, *, build: bool) -> Callable[[], None] | None:
        """Bring it up; returns what follows its logs until it is down, or None where it was up already."""

    def list_addresses(self, settings: Settings, say: Say) -> Sequence[tuple[str, str]]:
        """Service and URL of everything that a browser can open, the API first."""

    def interrupt(self, settings: Settings, say: Say) -> None:
        """End what was started in the foreground."""

    def stop(self, settings: Settings, say: Say, *, volumes: bool) -> bool:
        """Stop it, with `volumes` MLflow's data too; returns whether anything ran."""

    def restart(self, settings: Settings, say: Say, names: list[str]) -> None:
        """Restart the named services, or all, and wait until they are healthy."""

    def list_status(self, settings: Settings, say: Say) -> list[ServiceStatus]:
        """Every service, running or not."""

    def stop_loops(self, settings: Settings, say: Say) -> list[str]:
        """Stop what crashed in a loop for too long; returns the names."""

    def show_logs(self, settings: Settings, say: Say, names: list[str], lines: int, *, follow: bool) -> None:
        """The last log lines of the named services, or of all; with `follow`, new ones too."""


def choose_stack(settings: Settings, forced: str, say: Say) -> Stack:
    """The stack to drive: the one asked for, else the one that runs, else Docker where an engine answers.

    Raises StackError where no engine answers and Docker is asked for, or has this stack's releases.
    """
    local: Stack = on_local
    docker: Stack = on_docker
    wanted = forced or settings.stack
    is_local = find_supervisor(settings) is not None or not has_compose_file(settings.stack_dir)
    if wanted == local.NAME or (not wanted and is_local):
        return local
    site = open_site(settings.stack_dir, say)
    version, reason = find_engine(site)
    if version:
        return docker
    if wanted == docker.NAME:
        raise StackError(f"No Docker Engine answers: {reason}", "Find out more: ./carprice doctor --docker")
    if "IMAGE" in read_env(site.env_file):
        raise StackError(
            f"{site.live.name} is live on Docker by {site.env_file}, and no Docker Engine answers: {reason}",
            "Start the engine (./carprice doctor tells more), or drive the stack without Docker: --local",
        )
    return local


def stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--docker and --local, which say which stack is meant."""
    for name, what in (
        (on_local.NAME, "Processes of this machine, without containers."),
        (on_docker.NAME, "Containers."),
    ):
        command = click.option(f"--{name}", "forced", flag_value=name, default="", help=what)(command)
    return command
