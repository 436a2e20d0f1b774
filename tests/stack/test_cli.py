"""The command line on a real Docker Engine."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.ports import find_port
from tests.stack.conftest import MakeStack, open_stack
from tests.stack.loads import press
from tests.stack.operated import begin, carprice, pin, plain_environment
from tests.stack.stacks import API, EDGE, MLFLOW, Stack, health, inspect, list_images, run, wait_for

pytestmark = pytest.mark.slow

READ_SECONDS = 120
ENOUGH = 200
OWNER = 4321
# MLflow itself takes half a minute to start, and nothing here is about it.
LIGHT_MLFLOW = {
    "command": ["python", "-m", "http.server", "5000"],
    "healthcheck": {"test": ["CMD", "true"], "interval": "1s"},
}
DOCKERFILE = """\
FROM {image} AS tools
USER root
RUN echo {word} > /tmp/word

FROM {image} AS api
COPY --from=tools /tmp/word word
ARG REVISION
LABEL org.opencontainers.image.revision="${{REVISION}}"
RUN {command}
"""
STEPS = (
    r"On Docker Engine \S+",
    r"Building \.\.\.",
    r"  stage tools \(\d+\.\d s\)",
    r"  stage api \(\d+\.\d s\)",
    r"Built car-price-prediction:{name}-latest = car-price-prediction:{name}-{revision} \(\d+\.\d s\)",
    r"Starting \.\.\.",
    r"Started \(\d+\.\d s\)",
    r"{service} is healthy \(\d+\.\d s\)",
    r"{service} is healthy \(\d+\.\d s\)",
    r"{service} is healthy \(\d+\.\d s\)",
    r"  car-price-api  http://localhost:{port}  \(try it: /api/docs\)",
    r"  mlflow-server  http://localhost:{mlflow_port}",
    r"Up in \d+\.\d s",
)


def make_light(stack: Stack, **services: Any) -> None:
    """Let logs/ be written, and put something light in MLflow's place."""
    (stack.folder / "logs").chmod(0o777)
    stack.override({MLFLOW: LIGHT_MLFLOW, **services})


def write_dockerfile(stack: Stack, word: str, command: str = "true") -> None:
    text = DOCKERFILE.format(image=stack.settings["IMAGE"], word=f"{stack.name}-{word}", command=command)
    (stack.folder / "Dockerfile").write_text(text)


def list_names(stack: Stack) -> dict[str, str]:
    """Every image name of the stack with its image."""
    return list_images(f"car-price-prediction:{stack.name}-")


def read_status(stack: Stack) -> dict[str, dict[str, Any]]:
    """What `status --json` prints, by name."""
    return {item["name"]: item for item in json.loads(carprice(stack, "status", "--json").stdout)["data"]}


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    """What a command printed up to the line with the text; it is killed where that does not come."""
    lines = []
    killer = threading.Timer(READ_SECONDS, process.kill)
    killer.start()
    try:
        for line in process.stdout or ():
            lines.append(line)
            if text in line:
                return "".join(lines)
    finally:
        killer.cancel()
    raise AssertionError(f"{text!r} is not in:\n{''.join(lines)}")


@pytest.fixture(scope="module")
def first_up(root: Path, tmp_path_factory: pytest.TempPathFactory, image: str) -> Iterator[tuple[Stack, str]]:
    """A stack after the first `up` in a fresh checkout, and what that said."""
    with open_stack(root, tmp_path_factory.mktemp("stack"), image, "first") as stack:
        (stack.folder / "docker-compose.override.yml").write_text(json.dumps({"services": {MLFLOW: LIGHT_MLFLOW}}))
        write_dockerfile(stack, "one")
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        run(["git", "init", "-q"], cwd=stack.folder)
        run(["git", *who, "commit", "-q", "--allow-empty", "-m", "One"], cwd=stack.folder)
        done = carprice(stack, "up", "-d")
        assert done.returncode == 0, done.stderr
        yield stack, done.stderr


@pytest.fixture
def driven(first_up: tuple[Stack, str]) -> Stack:
    """The stack of the first `up`; each test leaves it up."""
    return first_up[0]


def test_the_first_up_tells_each_step(first_up: tuple[Stack, str]) -> None:
    stack, said = first_up
    lines = [line for line in said.splitlines() if not line.startswith("Gave ")]
    revision = run(["git", "rev-parse", "--short", "HEAD"], cwd=stack.folder).stdout.strip()
    facts = {"name": stack.name, "port": stack.port, "mlflow_port": stack.mlflow_port, "revision": revision}
    assert len(lines) == len(STEPS), said
    for pattern, line in zip(STEPS, lines, strict=True):
        assert re.fullmatch(pattern.format(service=r"\S+", **facts), line), line


def test_the_first_up_pins_what_is_live(driven: Stack) -> None:
    assert (driven.folder / ".env").read_text() == (
        f"RELEASE=local\nIMAGE=car-price-prediction:{driven.name}-local\nMODEL_VERSION=image\n"
    )
    names = list_names(driven)
    assert len(names) == 3
    assert len(set(names.values())) == 1
    before = driven.containers(API)
    plain = plain_environment(driven)
    run(["docker", "compose", "up", "--detach", "--no-build"], cwd=driven.folder, env=plain)
    assert driven.containers(API) == before


def test_status(driven: Stack) -> None:
    driven.wait_ready(replicas=2)
    found = read_status(driven)
    assert list(found) == [EDGE, f"{API}-1", f"{API}-2", MLFLOW]
    replica = found[f"{API}-1"]
    assert (replica["service"], replica["health"], replica["release"]) == (API, "healthy", "local")
    assert replica["state"] in ("Serving", "Monitoring")
    assert re.fullmatch(r"\d{8}T\d{6}Z", replica["model_version"])
    assert 20e6 < replica["memory_bytes"] < 200e6
    assert replica["uptime_seconds"] >= 0
    assert found[EDGE]["port"] == driven.port
    assert (found[MLFLOW]["state"], found[MLFLOW]["port"]) == ("Running", driven.mlflow_port)
    table = carprice(driven, "status").stdout.splitlines()
    assert table[0].split() == [
        *("SERVICE", "STATE", "HEALTH", "RESTARTS", "RELEASE", "MODEL", "UPTIME", "MEMORY", "PORT"),
    ]
    assert table[2].startswith("car-price-api-1  ")


def test_a_build_changes_nothing_that_runs(driven: Stack) -> None:
    before, names = driven.containers(API), list_names(driven)
    write_dockerfile(driven, "two")
    done = carprice(driven, "build", "--json")
    built = json.loads(done.stdout)["data"]
    assert done.returncode == 0
    latest = f"car-price-prediction:{driven.name}-latest"
    assert built["image"] == latest
    assert list_names(driven)[latest] != names[latest]
    assert list_names(driven)[f"car-price-prediction:{driven.name}-local"] == names[latest]
    again = carprice(driven, "up", "-d")
    assert "local is live; it stays as it is" in again.stderr
    refused = carprice(driven, "up", "-d", "--build")
    assert refused.returncode == 1
    assert "Error: local is live, and a new build does not go live by `up`\n" in refused.stderr
    assert "./carprice rollout --build" in refused.stderr
    assert driven.containers(API) == before


def test_a_failed_build_keeps_what_runs_and_shows_why(driven: Stack) -> None:
    before, names = driven.containers(API), list_names(driven)
    write_dockerfile(driven, "three", command="echo the reason; exit 3")
    done = carprice(driven, "build")
    write_dockerfile(driven, "one")
    assert done.returncode == 1
    assert "Error: The image was not built: stage api, step `RUN echo the reason; exit 3` failed\n" in done.stderr
    assert "\n  the reason\n" in done.stderr
    assert "What runs was left as it is. Fix it, then: ./carprice build" in done.stderr
    assert (driven.containers(API), list_names(driven)) == (before, names)
    assert driven.ask().status == 200


def test_a_restart_loses_no_request(driven: Stack) -> None:
    driven.wait_ready(replicas=2)
    fields = driven.ask("/info/features").json()["fields"]
    listing = {item["name"]: item["values"][0] if "values" in item else item["typical"] for item in fields}
    before = [inspect(name)["State"]["StartedAt"] for name in driven.containers(API)]
    with press(driven.port, listing) as load:
        wait_for(lambda: load.asked > ENOUGH, "the load runs")
        done = carprice(driven, "restart", API)
        assert done.returncode == 0, done.stderr
        asked = load.asked
        wait_for(lambda: load.asked > asked + ENOUGH, "the load goes on")
    after = [inspect(name)["State"]["StartedAt"] for name in driven.containers(API)]
    assert set(before).isdisjoint(after)
    assert load.failed == []
    assert f"Restarted {driven.name}-car-price-api-1 (" in done.stderr


def test_logs(driven: Stack) -> None:
    done = carprice(driven, "logs", "-n", "3", API)
    assert re.search(r'^car-price-api-1 \| \{"time"', done.stdout, re.MULTILINE)
    assert "\x1b" not in done.stdout
    assert carprice(driven, "logs", "database").stderr.startswith("Error: There is no service 'database'\n")
    follower = begin(driven, "logs", "-f", "-n", "1", API)
    try:
        # Docker does not follow a container that is restarted while it begins to.
        read_until(follower, API)
        wait_for(lambda: carprice(driven, "restart", API).returncode == 0, "restarted")
        assert "model loaded" in read_until(follower, "model loaded")
        follower.send_signal(signal.SIGINT)
        assert "Traceback" not in follower.communicate()[0]
        assert follower.returncode == 130
    finally:
        follower.kill()
        follower.communicate()


def test_watching_shows_a_change(driven: Stack) -> None:
    driven.wait_ready(replicas=2)
    watching = begin(driven, "status", "--watch")
    try:
        read_until(watching, MLFLOW)
        driven.compose("stop", MLFLOW)
        assert "Stopped" in read_until(watching, "mlflow-server    Stopped")
        driven.compose("start", MLFLOW)
        read_until(watching, "mlflow-server    Running")
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=30)
        assert watching.returncode == 130
    finally:
        watching.kill()
        watching.communicate()


def test_what_a_killed_rollout_left_is_mended(driven: Stack) -> None:
    (driven.folder / "edge" / "run" / "active.map").write_text("active next\n")
    with (driven.folder / ".env").open("a") as file:
        file.write("NEXT_RELEASE=r7\n")
    assert carprice(driven, "up", "-d").returncode == 0
    assert (driven.folder / "edge" / "run" / "active.map").read_text() == "active current\n"
    assert "NEXT_" not in (driven.folder / ".env").read_text()
    assert driven.ask().status == 200


def test_an_edge_that_serves_a_set_which_is_gone_is_turned_back(driven: Stack) -> None:
    """As after a rollout that was killed behind its switch, its candidate gone, the edge running."""
    (driven.folder / "edge" / "run" / "active.map").write_text("active next\n")
    driven.runtime("set map /run/edge/active.map active next")
    wait_for(lambda: driven.ask().status == 503, "the edge has nobody to ask")
    done = carprice(driven, "up", "-d")
    assert done.returncode == 0, done.stderr
    assert driven.ask().status == 200
    assert (driven.folder / "edge" / "run" / "active.map").read_text() == "active current\n"


def test_without_an_engine_it_is_the_local_stack(driven: Stack, tmp_path: Path) -> None:
    nowhere = {"DOCKER_HOST": "tcp://127.0.0.1:1", "CARPRICE_PORT": str(find_port())}
    shutil.copy(driven.folder / "docker-compose.yml", tmp_path)
    never_live = {**nowhere, "CARPRICE_STACK_DIR": str(tmp_path)}
    assert "car-price-api  Stopped" in carprice(driven, "status", **never_live).stdout
    is_live = carprice(driven, "down", **nowhere)
    assert is_live.returncode == 1
    assert "local is live on Docker by " in is_live.stderr
    assert ".env, and no Docker Engine answers: " in is_live.stderr
    forced = carprice(driven, "status", "--docker", **nowhere)
    assert (forced.returncode, "No Docker Engine answers" in forced.stderr) == (1, True)
    assert "car-price-api  Stopped" in carprice(driven, "status", "--local").stdout
    assert "car-price-api  Stopped" in carprice(driven, "status", CARPRICE_STACK="local").stdout
    wrong = carprice(driven, "status", CARPRICE_STACK="podman")
    assert wrong.stderr == "Error: CARPRICE_STACK: should be docker, local or kubernetes:OVERLAY (got 'podman')\n"


def test_another_checkout_s_stack_is_left_alone(driven: Stack, tmp_path: Path) -> None:
    shutil.copy(driven.folder / "docker-compose.yml", tmp_path)
    before = driven.containers(API)
    for words in (("up", "-d"), ("rollout",)):
        done = carprice(driven, *words, CARPRICE_STACK_DIR=str(tmp_path))
        assert done.returncode == 1
        assert f"Error: The stack {driven.name} is that of another checkout: {driven.folder}\n" in done.stderr
    assert driven.containers(API) == before


def test_down_keeps_mlflow_s_data_unless_told(make_stack: MakeStack) -> None:
    stack = make_stack("volumes")
    make_light(stack)
    pin(stack)
    volume = f"{stack.name}_mlflow-data"

    def has_volume() -> bool:
        return run(["docker", "volume", "inspect", volume], check=False).returncode == 0

    stack.up("--no-deps", MLFLOW)
    # As a rollout leaves it that was killed after its switch: `docker compose up -d` has to serve afterwards.
    active = stack.folder / "edge" / "run" / "active.map"
    active.write_text("active next\n")
    done = carprice(stack, "down")
    assert re.fullmatch(r"Stopping \.\.\.\nDown in \d+\.\d s\n", done.stderr)
    assert active.read_text() == "active current\n"
    assert has_volume()
    assert carprice(stack, "down").stderr == "Stopping ...\nNothing was up.\n"
    assert {item["state"] for item in read_status(stack).values()} == {"Stopped"}
    refused = carprice(stack, "down", "-v", answer="n\n")
    assert (refused.returncode, has_volume()) == (1, True)
    assert "Remove MLflow's data too, all runs and registered models? [y/N]: Nothing was done." in refused.stderr
    assert carprice(stack, "down", "-v", answer="y\n").returncode == 0
    assert not has_volume()
    stack.up("--no-deps", MLFLOW)
    assert carprice(stack, "down", "-v", "-y").returncode == 0
    assert not has_volume()


def test_the_foreground_ends_everything(make_stack: MakeStack) -> None:
    stack = make_stack("front")
    make_light(stack)
    pin(stack)
    up = begin(stack, "up")
    try:
        shown = read_until(up, "model loaded")
        assert "Ctrl-C stops everything." in shown
        assert f"local is pinned in .env: {stack.settings['IMAGE']}; a new build: ./carprice up --build" in shown
        up.send_signal(signal.SIGINT)
        assert up.communicate(timeout=120)[0].endswith("\nStopping ...\nStopped.\n")
        assert up.returncode == 130
    finally:
        up.kill()
        up.communicate()
    assert {inspect(name)["State"]["Status"] for name in stack.containers(API)} == {"exited"}
    again = begin(stack, "up")
    try:
        read_until(again, "model loaded")
        assert carprice(stack, "down").returncode == 0
        assert again.communicate(timeout=120)[0].endswith("\nThe stack was taken down.\n")
        assert again.returncode == 0
    finally:
        again.kill()
        again.communicate()


def test_a_crash_loop_is_ended_and_explained(make_stack: MakeStack) -> None:
    stack = make_stack("loop")
    make_light(stack, **{API: {"entrypoint": ["python", "-c", "import nowhere"], "deploy": {"replicas": 1}}})
    pin(stack)
    (stack.folder / "rollout.toml").write_text("max_restarts = 2\n")
    done = carprice(stack, "up", "-d")
    assert done.returncode == 1
    said = r"^\S+-car-price-api-1 crashed \d times \(exit code \d\) and was stopped: max_restarts is 2$"
    assert re.search(said, done.stderr, re.MULTILINE), done.stderr
    assert "crashes in a loop\n" in done.stderr
    assert "What is wrong:\n\n1. car-price-api-1 does not start: import error\n" in done.stderr
    [container] = stack.containers(API)
    facts = inspect(container)
    assert (facts["State"]["Status"], facts["HostConfig"]["RestartPolicy"]["Name"]) == ("exited", "no")
    status = read_status(stack)[f"{API}-1"]
    assert (status["state"], status["restarts"] >= 2) == ("Stopped", True)
    assert "ask ./carprice doctor" in status["detail"]

    make_light(stack, **{API: {"deploy": {"replicas": 1}}})
    assert carprice(stack, "up", "-d").returncode == 0
    [container] = stack.containers(API)
    assert inspect(container)["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


def test_a_restart_that_fails_ends_there(make_stack: MakeStack) -> None:
    stack = make_stack("again")
    command = "mkdir /app/logs/once && exec python -m http.server 5000; exec sleep 600"
    check = {"test": ["CMD", "curl", "-f", "localhost:5000"], "interval": "1s", "start_period": "60s"}
    make_light(
        stack,
        **{API: {"entrypoint": ["sh", "-c", command], "healthcheck": check, "deploy": {"replicas": 1}}},
        **{EDGE: {"healthcheck": {"test": ["CMD", "true"], "interval": "1s"}}},
    )
    stack.up(API)
    wait_for(lambda: health(stack.containers(API)[0]) == "healthy", "it is healthy at first")
    (stack.folder / "rollout.toml").write_text("up_deadline = 3\nstop = 1\n")
    done = carprice(stack, "restart")
    assert done.returncode == 1
    assert "car-price-api-1 is not healthy within 3 s of its restart; what comes after it was left" in done.stderr
    assert "Restarted" not in done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_the_containers_run_as_the_owner_of_the_checkout(make_stack: MakeStack) -> None:
    stack = make_stack("owner")
    stack.override({MLFLOW: LIGHT_MLFLOW, API: {"deploy": {"replicas": 1}}})
    pin(stack)
    run(["chown", "-R", f"{OWNER}:{OWNER}", str(stack.folder)])
    run(["chmod", "755", str(stack.folder.parent), str(stack.folder)])
    (stack.folder / "logs").rmdir()
    done = carprice(stack, "up", "-d")
    assert done.returncode == 0, done.stderr
    assert f"APP_UID={OWNER}\nAPP_GID={OWNER}\n" in (stack.folder / ".env").read_text()
    [container] = stack.containers(API)
    assert inspect(container)["Config"]["User"] == f"{OWNER}:{OWNER}"
    assert (stack.folder / "logs" / "api.jsonl").stat().st_uid == OWNER


def test_a_second_command_waits_its_turn(make_stack: MakeStack) -> None:
    stack = make_stack("turn")
    make_light(stack)
    pin(stack)
    up = begin(stack, "up", "-d")
    try:
        read_until(up, "Starting ...")
        down = carprice(stack, "down")
        assert down.returncode == 1
        assert "Error: A start is under way: " in down.stderr
        assert f"process {up.pid}" in down.stderr
        up.communicate(timeout=120)
        assert up.returncode == 0
    finally:
        up.kill()
        up.communicate()


def test_variables_of_a_forgotten_shell_change_nothing(driven: Stack) -> None:
    before = driven.containers(API)
    done = carprice(driven, "up", "-d", IMAGE="car-price-prediction:forgotten", RELEASE="r99", MODEL_VERSION="x")
    assert done.returncode == 0, done.stderr
    assert driven.containers(API) == before
    assert read_status(driven)[f"{API}-1"]["release"] == "local"
