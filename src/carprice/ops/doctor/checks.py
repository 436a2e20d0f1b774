"""All checks, in one list, run beside each other."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from carprice.errors import CarPriceError
from carprice.ops.doctor import connection, health, predictions, starting
from carprice.ops.doctor.findings import Check, Finding
from carprice.ops.doctor.snapshot import Scene

FAMILIES = (starting.FAMILY, health.FAMILY, predictions.FAMILY, connection.FAMILY)
CHECKS = tuple(check for family in FAMILIES for check in family.checks)
THREADS = 8
MARK = "What is wrong:"


def diagnose(scene: Scene) -> list[Finding]:
    """What all checks find, in the order of their list."""
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda check: _run_check(check, scene), CHECKS))
    return [finding for findings in found for finding in findings]


def add_findings(error: CarPriceError, findings: list[Finding]) -> None:
    """Let an error say what is behind it."""
    if findings and MARK not in error.hint:
        error.hint = "\n\n".join(filter(None, (error.hint, MARK, describe_findings(findings))))


def describe_findings(findings: list[Finding]) -> str:
    """Numbered, for people."""
    return "\n\n".join(f"{number}. {finding}" for number, finding in enumerate(findings, 1))


def _run_check(check: Check, scene: Scene) -> list[Finding]:
    """A check that cannot look is itself something to know."""
    try:
        found = check.look(scene)
    except (CarPriceError, OSError) as error:
        reason = error.what if isinstance(error, CarPriceError) else str(error)
        cure = error.hint if isinstance(error, CarPriceError) else ""
        found = [Finding(f"The check {check.name!r} could not look", reason, "See the evidence", cure)]
    return [replace(finding, check=check.name) for finding in found]
