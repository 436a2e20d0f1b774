"""What a check is, and what it finds."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from carprice.ops.doctor.snapshot import StackSnapshot


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. cure: what to type; check: the name of the check, filled in by diagnose."""

    what: str
    evidence: str
    cause: str
    fix: str
    check: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)

    def __str__(self) -> str:
        rows = (("evidence", self.evidence), ("cause", self.cause), ("fix", self.fix))
        lines = [self.what]
        for title, text in rows:
            first, *rest = text.splitlines() or [""]
            lines += [f"  {title:<9} {first}", *(f"            {line}" for line in rest)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Check:
    """One check, with the page of the manual that describes it.

    name: in two or three words, unique. symptom, cause, cure: sentences for docs/troubleshooting.md.
    """

    name: str
    symptom: str
    cause: str
    fix: str
    look: Callable[[StackSnapshot], list[Finding]] = field(compare=False)


@dataclass(frozen=True)
class Family:
    """The checks of one family of symptoms."""

    title: str
    checks: tuple[Check, ...]
