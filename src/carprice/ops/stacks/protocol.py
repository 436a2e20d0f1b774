"""What every kind of stack can do, in the words of the commands."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from carprice.ops.doctor.snapshot import StackSnapshot
    from carprice.ops.status import ServiceStatus

DOCKER, LOCAL, KUBERNETES = "docker", "local", "kubernetes"
KINDS = {LOCAL: "Processes of this machine, without containers.", DOCKER: "Containers on Docker."}
"""Each kind of stack on this machine by its name, which is also its option. Kubernetes' option has a value."""

Lines = Iterator[tuple[str, str]]
"""Log lines, each behind the name of the container or process that wrote it."""


class Stack(Protocol):
    """One stack. Each method raises StackError with what failed."""

    @property
    def name(self) -> str:
        """DOCKER, LOCAL or KUBERNETES."""

    @property
    def label_width(self) -> int:
        """Of the longest name before a log line."""

    def describe(self) -> str:
        """Which stack it is, in a line."""

    def up(self, *, build: bool = False) -> Lines | None:
        """Bring it up; returns its log lines from then until it is down, or None where it was up already."""

    def addresses(self) -> Sequence[tuple[str, str]]:
        """Service and URL of everything that a browser can open, the API first."""

    def interrupt(self) -> None:
        """End what was started in the foreground."""

    def down(self, *, volumes: bool = False) -> bool:
        """Stop it, with `volumes` MLflow's data too; returns whether anything ran."""

    def restart(self, names: Sequence[str]) -> None:
        """Restart the named services, or all, and wait until they are healthy."""

    def status(self) -> "list[ServiceStatus]":
        """Every service, running or not."""

    def stop_crash_loops(self) -> list[str]:
        """Stop what crashed in a loop for too long; returns the names."""

    def logs(self, names: Sequence[str], lines: int, *, follow: bool) -> Lines:
        """The last log lines of the named services, or of all; with `follow`, new ones until it is down."""

    def snapshot(self) -> "StackSnapshot":
        """What the doctor looks at."""
