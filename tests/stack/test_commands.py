"""Every row of the command reference, in both spellings."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.stack.conftest import MakeStack
from tests.stack.stacks import API, COMPOSE, MLFLOW, Stack, ask, health, inspect, run, wait_for

SPELLINGS = [
    pytest.param(("docker", "compose"), id="plugin"),
    pytest.param(("docker-compose",), id="program", marks=pytest.mark.slow),
]
EXPERIMENTS = "/api/2.0/mlflow/experiments"
FIXED_PORTS = (5000, 5001)


@pytest.fixture(scope="module", params=SPELLINGS)
def spelled(request: pytest.FixtureRequest) -> Sequence[str]:
    """The command's words."""
    words: Sequence[str] = request.param
    try:
        run([*words, "version"])
    except FileNotFoundError:
        pytest.skip(f"{' '.join(words)} is not installed")
    return words


def has_experiment(stack: Stack) -> bool:
    return stack.ask_mlflow(f"{EXPERIMENTS}/get-by-name?experiment_name=kept").status == 200


def follow(stack: Stack, spelled: Sequence[str], service: str, text: str) -> None:
    """Read `logs -f SERVICE` until a line has the text."""
    follower = subprocess.Popen(
        [*spelled, "logs", "-f", service],
        cwd=stack.folder,
        env=stack.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert follower.stdout
    os.set_blocking(follower.stdout.fileno(), False)
    seen = b""

    def has_text() -> bool:
        nonlocal seen
        seen += follower.stdout.read() or b"" if follower.stdout else b""
        return text.encode() in seen

    try:
        wait_for(has_text, f"{text!r} in the log of {service}")
        assert follower.poll() is None, "it follows until it is stopped"
    finally:
        follower.terminate()
        follower.communicate()


@pytest.mark.slow
def test_commands_keep_their_plain_meaning(make_stack: MakeStack, spelled: Sequence[str]) -> None:
    stack = make_stack("commands")

    def compose(*words: str) -> str:
        return stack.compose(*words, spelled=spelled).stdout

    compose("up", "-d")
    stack.wait_ready(replicas=2)
    stack.wait_for_mlflow()
    made = stack.ask_mlflow(f"{EXPERIMENTS}/create", {"name": "kept"})
    assert made.status == 200, made.body

    rows = [json.loads(line) for line in compose("ps", "--format", "json").splitlines()]
    assert sorted(row["Service"] for row in rows) == [API, API, "edge", MLFLOW]
    assert {row["State"] for row in rows} == {"running"}
    table = compose("ps")
    assert "(healthy)" in table
    assert f"{stack.port}->5000/tcp" in table

    follow(stack, spelled, API, "model loaded")
    follow(stack, spelled, MLFLOW, "Uvicorn running")

    before = [inspect(found)["State"]["StartedAt"] for found in stack.containers(API)]
    compose("restart")
    stack.wait_ready(replicas=2)
    after = [inspect(found)["State"]["StartedAt"] for found in stack.containers(API)]
    assert set(before).isdisjoint(after)

    compose("down")
    assert compose("ps", "--all", "--quiet") == ""
    assert stack.ask().status == 0

    compose("up", "-d")
    stack.wait_for_mlflow()
    assert has_experiment(stack)

    compose("down", "-v")
    compose("up", "-d", MLFLOW)
    stack.wait_for_mlflow()
    assert not has_experiment(stack)


def test_build_tags_the_image(root: Path, image: str, spelled: Sequence[str]) -> None:
    tag = f"{image}-spelled"
    try:
        run([*spelled, "build"], cwd=root, env={**os.environ, "IMAGE": tag, "REVISION": "0123abc"})
        assert inspect(tag)["Id"] == inspect(image)["Id"]
    finally:
        run(["docker", "image", "rm", tag], check=False)


@pytest.fixture
def default_ports() -> None:
    """Skip where something else holds the ports that the stack has by default."""
    for port in FIXED_PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                pytest.skip(f"port {port} is taken")


def test_answers_on_5000_and_5001(default_ports: None, make_stack: MakeStack) -> None:
    stack = make_stack("ports")
    for name in ("CARPRICE_PORT", "CARPRICE_MLFLOW_PORT"):
        del stack.settings[name]
    stack.up()
    wait_for(lambda: ask(5000, "/info/status").status == 200, "the API answers on 5000")
    wait_for(lambda: ask(5001, "/health").status == 200, "MLflow answers on 5001")


@pytest.mark.slow
def test_wait_returns_with_every_service_healthy_and_down_leaves_nothing(make_stack: MakeStack) -> None:
    stack = make_stack("wait")
    stack.up("--wait")
    services = run([*COMPOSE, "ps", "--quiet"], cwd=stack.folder, env=stack.environment()).stdout.split()
    assert {health(container) for container in services} == {"healthy"}
    assert stack.ask().status == 200
    began = time.monotonic()
    stack.compose("down", "--volumes")
    assert time.monotonic() - began < 60
    stack.remove()
