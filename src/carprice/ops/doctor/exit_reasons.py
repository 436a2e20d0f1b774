"""Why a container or process ended: read from its exit code and its last words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from carprice.ops.doctor.snapshot import Part, Scene

EVIDENCE_LINES = 5
KILLED = 137


class Kind(StrEnum):
    """The kinds of ends that are told apart."""

    MEMORY = "memory"
    SYNTAX = "syntax"
    IMPORT = "import"
    FILE = "file"
    PORT = "port"
    PERMISSION = "permission"
    DISK = "disk"
    OTHER = "other"


@dataclass(frozen=True)
class Death:
    """The end of a part: its kind and the line that tells."""

    part: Part
    kind: Kind
    line: str
    place: str = ""

    @property
    def evidence(self) -> str:
        """Exit code, restarts, and the line that tells with its place."""
        part = self.part
        words = ["runs again for now" if part.is_running else f"exit code {part.exit_code}"]
        if part.is_oom_killed:
            words.append("killed by the kernel (OOMKilled)")
        if part.restarts:
            words.append(f"{part.restarts} restarts")
        told = f"\n{self.line}{f' ({self.place})' if self.place else ''}" if self.line else ""
        return ", ".join(words) + told


# The first that is found in the last words, from the end backwards, names the kind.
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


def list_deaths(scene: Scene, kind: Kind) -> Iterator[Death]:
    """The parts of a stack that ended by themselves in that way."""
    for part in scene.parts:
        if part.has_died:
            death = explain_death(part)
            if death.kind is kind:
                yield death


def explain_death(part: Part) -> Death:
    """Why it ended."""
    lines = [line for line in f"{part.log}\n{part.error}".splitlines() if line.strip()]
    if part.is_oom_killed:
        return Death(part, Kind.MEMORY, "")
    for line in reversed(lines):
        for kind, sign in _SIGNS:
            if sign.search(line):
                return Death(part, kind, line.strip(), _find_place(lines, line))
    return Death(part, Kind.OTHER, "\n".join(lines[-EVIDENCE_LINES:]))


def _find_place(lines: list[str], told: str) -> str:
    """The last place in the source that stands above the line."""
    place = ""
    for line in lines[: lines.index(told) + 1]:
        if match := _PLACE.search(line):
            place = f"{match[1]}, line {match[2]}"
    return place
