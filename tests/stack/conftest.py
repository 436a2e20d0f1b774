"""A real Docker Engine, the image built once, and stacks that leave nothing behind."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from tests.stack.stacks import MLFLOW, Stack, list_images, list_leftovers, run

PREFIX = f"carprice-test-{uuid4().hex[:8]}"

MakeStack = Callable[[str], Stack]


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """Skip everything here where no Docker Engine answers."""
    try:
        done = subprocess.run(["docker", "info", "--format", "{{.ServerVersion}}"], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("docker is not installed")
    if done.returncode != 0:
        pytest.skip(f"no Docker Engine answers: {done.stderr.strip()}")


@pytest.fixture(scope="session")
def image(root: Path, engine: None) -> Iterator[str]:
    """The image of this checkout, built as a user builds it, under a tag of its own."""
    tag = f"car-price-prediction:{PREFIX}"
    run(["docker", "compose", "build"], cwd=root, env={**os.environ, "IMAGE": tag, "REVISION": "0123abc"})
    yield tag
    run(["docker", "image", "rm", tag])


@contextmanager
def open_stack(root: Path, parent: Path, image: str, word: str) -> Iterator[Stack]:
    """A stack that is taken away again, whatever happens."""
    stack = Stack(root, parent / word, f"{PREFIX}-{word}", image)
    try:
        yield stack
    finally:
        stack.remove()


@pytest.fixture
def make_stack(root: Path, tmp_path: Path, image: str) -> Iterator[MakeStack]:
    """Stacks of one test."""
    with ExitStack() as opened:
        yield lambda word: opened.enter_context(open_stack(root, tmp_path, image, word))


@pytest.fixture(scope="module")
def shared(
    request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory, image: str
) -> Iterator[Stack]:
    """A stack for all tests of a module, which leave it as it is: the module's SERVICES, or all of them."""
    services = getattr(request.module, "SERVICES", ())
    with open_stack(root, tmp_path_factory.mktemp("stack"), image, "shared") as stack:
        stack.up(*services)
        stack.wait_ready(replicas=2)
        if not services or MLFLOW in services:
            stack.wait_for_mlflow()
        yield stack


@pytest.fixture(scope="session", autouse=True)
def nothing_left(engine: None) -> Iterator[None]:
    """After the last test, no container, network, volume or image of these tests is there."""
    yield
    assert list_leftovers(PREFIX) == []
    assert not [name for name in list_images("car-price-") if f":{PREFIX}" in name]
