"""Why a container or process ended: read from its exit code and its last log lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.instance import Instance

EVIDENCE_LINES = 5
KILLED = 137


class Kind(StrEnum):
    """The kinds of exits that are evidence apart."""

    MEMORY = "memory"
    SYNTAX = "syntax"
    IMPORT = "import"
    FILE = "file"
    PORT = "port"
    PERMISSION = "permission"
    DISK = "disk"
    OTHER = "other"


@dataclass(frozen=True)
class Exit:
    """The exit of an instance: its kind and the line that shows it."""

    instance: Instance
    kind: Kind
    line: str
    place: str = ""

    @property
    def evidence(self) -> str:
        """Exit code, restarts, and the line that shows it, with its place."""
        instance = self.instance
        words = ["runs again for now" if instance.is_running else f"exit code {instance.exit_code}"]
        if instance.is_oom_killed:
            words.append("killed by the kernel (OOMKilled)")
        if instance.restarts:
            words.append(f"{instance.restarts} restarts")
        evidence = f"\n{self.line}{f' ({self.place})' if self.place else ''}" if self.line else ""
        return ", ".join(words) + evidence


# The first that is found in the last lines, from the end backwards, names the kind.
_SIGNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.SYNTAX, re.compile(r"\b(SyntaxError|IndentationError|TabError)\b")),
    (Kind.IMPORT, re.compile(r"\b(ModuleNotFoundError|ImportError)\b")),
    (Kind.DISK, re.compile(r"[Nn]o space left on device")),
    (Kind.PORT, re.compile(r"(port is already allocated|[Aa]ddress already in use|[Pp]ort \d+ .*is taken)")),
    (Kind.PERMISSION, re.compile(r"(PermissionError|[Pp]ermission denied|may not be (read|written))")),
    (
        Kind.FILE,
        re.compile(
            r"(FileNotFoundError|can't open file|executable file not found|[Nn]o such file or directory"
            r"|not a directory: unknown)"
        ),
    ),
)
_PLACE = re.compile(r'File "([^"]+)", line (\d+)')


def list_exits(snapshot: StackSnapshot, kind: Kind) -> Iterator[Exit]:
    """The instances of a stack that ended by themselves in that way."""
    for instance in snapshot.instances:
        if instance.has_crashed:
            exit_ = explain_exit(instance)
            if exit_.kind is kind:
                yield exit_


def explain_exit(instance: Instance) -> Exit:
    """Why it ended."""
    lines = [line for line in f"{instance.log}\n{instance.error}".splitlines() if line.strip()]
    if instance.is_oom_killed:
        return Exit(instance, Kind.MEMORY, "")
    for line in reversed(lines):
        for kind, sign in _SIGNS:
            if sign.search(line):
                return Exit(instance, kind, line.strip(), _find_place(lines, line))
    return Exit(instance, Kind.OTHER, "\n".join(lines[-EVIDENCE_LINES:]))


def _find_place(lines: list[str], evidence: str) -> str:
    """The last place in the source above the line."""
    place = ""
    for line in lines[: lines.index(evidence) + 1]:
        if match := _PLACE.search(line):
            place = f"{match[1]}, line {match[2]}"
    return place
