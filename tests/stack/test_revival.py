"""All come back when they hang as a whole: their health check ends what is silent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.stack.conftest import open_stack
from tests.stack.stacks import API, EDGE, MLFLOW, Stack, execute, freeze, health, inspect, list_processes, wait_for

pytestmark = pytest.mark.slow

ANSWER_SECONDS = 2
BASH = ["CMD", "bash", "/health", "5000"]
TESTS = {
    EDGE: [*BASH, "/livez", str(ANSWER_SECONDS)],
    MLFLOW: [*BASH, "/health", str(ANSWER_SECONDS)],
    API: ["CMD-SHELL", f"curl -f -m {ANSWER_SECONDS} localhost:5000/info/status; bash health --asked $?"],
}


@pytest.fixture(scope="module")
def watched(root: Path, tmp_path_factory: pytest.TempPathFactory, image: str) -> Iterator[Stack]:
    """A stack whose health is looked at every second."""
    with open_stack(root, tmp_path_factory.mktemp("stack"), image, "watched") as stack:
        stack.override({service: {"healthcheck": quicken(test)} for service, test in TESTS.items()})
        stack.up("--scale", f"{API}=1")
        stack.wait_ready(replicas=1)
        stack.wait_for_mlflow()
        yield stack


def quicken(test: list[str]) -> dict[str, Any]:
    return {"test": test, "interval": "1s", "timeout": "10s", "retries": 2}


def freeze_all(container: str) -> None:
    """Stop every process of a service, but not Docker's own first one."""
    for process, (_, _, parent) in list_processes(container).items():
        if parent not in ("0", ""):
            freeze(container, process)


@pytest.mark.slow
@pytest.mark.parametrize("service", TESTS)
def test_a_silent_service_is_started_again(watched: Stack, service: str) -> None:
    [container] = watched.containers(service)
    wait_for(lambda: health(container) == "healthy", f"{service} is healthy")
    assert inspect(container)["RestartCount"] == 0
    freeze_all(container)
    wait_for(lambda: inspect(container)["RestartCount"] == 1, f"{service} is started again")
    wait_for(lambda: health(container) == "healthy", f"{service} is healthy again")
    wait_for(lambda: watched.ask().status == 200, "the edge sends it requests again")
    assert watched.ask_mlflow().status == 200


def test_refusing_and_failing_is_no_silence(watched: Stack) -> None:
    [edge] = watched.containers(EDGE)
    for port in ("9", "5000"):
        for _ in range(5):
            done = execute(edge, "bash", "/health", port, "/none", check=False)
            assert done.returncode == 1
            assert done.stdout == ("GET /none: no answer\n" if port == "9" else "GET /none: 404\n")
    assert watched.ask().status == 200
