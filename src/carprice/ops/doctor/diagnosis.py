"""All checks, in one list, run beside each other; and failures that say what the checks find."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

from carprice.errors import CarPriceError, StackError
from carprice.ops.docker.build import BuildError
from carprice.ops.doctor.checks import access, cluster, health, network, predictions, start
from carprice.ops.doctor.findings import Check, Finding
from carprice.ops.doctor.snapshot import StackSnapshot

ON_MACHINE = (start.FAMILY, health.FAMILY, predictions.FAMILY, network.FAMILY, access.FAMILY)
FAMILIES = (*ON_MACHINE, cluster.FAMILY)
CHECKS = tuple(check for family in ON_MACHINE for check in family.checks)
"""Of a stack on this machine; one on Kubernetes has its own."""
THREADS = 8
MARK = "What is wrong:"
NO_NEWS = "stack down"


def checks_of(snapshot: StackSnapshot) -> Sequence[Check]:
    """The checks that can say something of a stack."""
    return CHECKS if snapshot.pods is None else cluster.FAMILY.checks


def diagnose(snapshot: StackSnapshot) -> list[Finding]:
    """What the checks find, in the order of their list."""
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda check: _run_check(check, snapshot), checks_of(snapshot)))
    return [finding for findings in found for finding in findings]


def add_findings(error: CarPriceError, findings: list[Finding]) -> None:
    """Let an error say what is behind it, not once more what it says itself."""
    findings = [finding for finding in findings if finding.what != error.what]
    if findings and MARK not in error.hint:
        error.hint = "\n\n".join(filter(None, (error.hint, MARK, describe_findings(findings))))


@contextmanager
def explained(take: Callable[[], StackSnapshot]) -> Iterator[None]:
    """A failure of the block says what the doctor finds behind it. A build that failed has said why itself."""
    try:
        yield
    except BuildError:
        raise
    except StackError as error:
        explain(error, take)
        raise


def explain(error: BaseException, take: Callable[[], StackSnapshot]) -> None:
    """Let an error say what the doctor finds, while what failed is still there."""
    if isinstance(error, CarPriceError):
        with suppress(CarPriceError, OSError):
            # What could not be started is not up: that is no news.
            add_findings(error, [item for item in diagnose(take()) if item.check != NO_NEWS])


def describe_findings(findings: list[Finding]) -> str:
    """Numbered, for people."""
    return "\n\n".join(f"{number}. {finding}" for number, finding in enumerate(findings, 1))


def _run_check(check: Check, snapshot: StackSnapshot) -> list[Finding]:
    """A check that cannot look is itself something to know."""
    try:
        found = check.look(snapshot)
    except (CarPriceError, OSError) as error:
        reason = error.what if isinstance(error, CarPriceError) else str(error)
        fix = error.hint if isinstance(error, CarPriceError) else ""
        found = [Finding(f"The check {check.name!r} failed itself", reason, "The evidence says why", fix)]
    return [replace(finding, check=check.name) for finding in found]
