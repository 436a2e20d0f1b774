"""The stack of containers on a Docker Engine."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from carprice.names import API
from carprice.ops.docker.engine import find_engine
from carprice.ops.docker.stack import (
    follow_logs,
    pause_stack,
    read_logs,
    restart_services,
    start_stack,
    stop_stack,
)
from carprice.ops.docker.status import read_status, stop_crash_loops
from carprice.ops.docker.up_checks import list_urls
from carprice.ops.doctor.diagnosis import explained
from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.doctor.snapshot_docker import take_snapshot
from carprice.ops.stack_context import StackContext
from carprice.ops.stacks.protocol import DOCKER, Lines
from carprice.ops.status import ServiceStatus


@dataclass(frozen=True)
class DockerStack:
    """A stack that Compose runs."""

    context: StackContext
    name: str = DOCKER
    label_width: int = len(f"{API}-1")

    def describe(self) -> str:
        """Which engine runs it."""
        return f"On Docker Engine {find_engine(self.context)[0]}"

    def up(self, *, build: bool = False) -> Lines | None:
        """Bring it up; a failure says what the doctor finds."""
        began = time.time()
        with explained(self.snapshot):
            started = start_stack(self.context, build=build)
        return follow_logs(self.context, began) if started else None

    def addresses(self) -> Sequence[tuple[str, str]]:
        """Service and URL, the API first."""
        return list_urls(self.context)

    def interrupt(self) -> None:
        """Stop the containers, as Ctrl-C in `docker compose up`."""
        pause_stack(self.context)

    def down(self, *, volumes: bool = False) -> bool:
        """Remove the containers, with `volumes` MLflow's data too."""
        return stop_stack(self.context, volumes=volumes)

    def restart(self, names: Sequence[str]) -> None:
        """Restart one container after the other."""
        restart_services(self.context, list(names))

    def status(self) -> list[ServiceStatus]:
        """Every container, and the services that should have one."""
        return read_status(self.context)

    def stop_crash_loops(self) -> list[str]:
        """Stop the containers that crashed in a loop for too long."""
        return [item.name for item in stop_crash_loops(self.context)]

    def logs(self, names: Sequence[str], lines: int, *, follow: bool) -> Lines:
        """The last log lines of each container."""
        return read_logs(self.context, list(names), lines, follow=follow)

    def snapshot(self) -> StackSnapshot:
        """What the doctor looks at."""
        return take_snapshot(self.context)
