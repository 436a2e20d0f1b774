"""What BuildKit's plain lines become, and the argv of the commands around a stack's life."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from carprice.ops.docker import argv, compose_argv
from carprice.ops.docker.build import LAST_LINES, BuildStory, read_revision
from carprice.system.processes import Runner

GOOD = """\
#0 building with "default" instance using docker driver

#1 [car-price-api internal] load build definition from Dockerfile
#1 DONE 0.0s

#4 [car-price-api builder 1/2] FROM docker.io/library/python:3.11-slim
#4 DONE 0.0s

#5 [car-price-api builder 2/2] RUN pip wheel
#5 CACHED

#6 [car-price-api demo 1/2] COPY src src
#6 DONE 0.1s

#7 [car-price-api demo 2/2] RUN python -m carprice.simulation.demo_model
#7 4.854 Drawing 40,000 simulated listings ...
#7 DONE 60.0s
#7 DONE 60.1s

#9 [car-price-api] exporting to image
#9 DONE 0.1s
"""

BAD = """\
#5 [builder 1/2] COPY a b
#5 DONE 0.0s
#6 [api 2/3] RUN false && \\ true
#6 0.123 first line
#6 0.456 last line
#6 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1
#7 [demo 2/2] RUN true
#7 CANCELED
------
failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1
"""


def tell(text: str) -> tuple[list[str], str]:
    """What the story says of a build's output, and the failure it names."""
    said: list[str] = []
    story = BuildStory(said.append)
    story.read(text.splitlines(keepends=True))
    return said, story.failure()


def test_each_stage_is_said_once_when_it_is_done() -> None:
    said, _ = tell(GOOD)
    assert said == ["  stage builder (unchanged)", "  stage demo (0.0 s)"]


def test_a_failure_is_its_step_with_its_last_lines() -> None:
    said, failure = tell(BAD)
    assert said == []
    assert failure == "stage api, step `RUN false && \\ true` failed\n  first line\n  last line"


def test_a_failure_shows_so_many_lines() -> None:
    lines = "".join(f"#6 1.0 line {number}\n" for number in range(50))
    failure = tell(f"#6 [api 1/1] RUN x\n{lines}#6 ERROR: x\n")[1]
    assert failure.splitlines()[1:] == [f"  line {number}" for number in range(50 - LAST_LINES, 50)]


def test_a_build_that_never_began_shows_what_was_printed() -> None:
    failure = tell("failed to read dockerfile: open Dockerfile: no such file or directory\n")[1]
    assert failure == "no step was begun\n  failed to read dockerfile: open Dockerfile: no such file or directory"


@pytest.mark.skipif(not shutil.which("git"), reason="no git: sudo apt-get install git")
def test_revision(tmp_path: Path) -> None:
    runner = Runner(tmp_path, {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)})
    assert read_revision(runner) == ""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "One")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    revision = read_revision(runner)
    assert len(revision) >= 7
    assert revision.isalnum()
    (tmp_path / "file").write_text("1")
    subprocess.run(["git", "add", "file"], cwd=tmp_path, check=True)
    assert read_revision(runner) == f"{revision}-changed"


def test_revision_without_git(tmp_path: Path) -> None:
    assert read_revision(Runner(tmp_path, {"PATH": str(tmp_path)})) == ""


COMPOSE = ["docker", "compose"]
ROLLOUT = [*COMPOSE, "--profile", "rollout"]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (argv.show_engine(), ["docker", "version", "--format", "{{.Server.Version}}"]),
        (compose_argv.show_compose(), [*COMPOSE, "version", "--short"]),
        (compose_argv.show_config(), [*ROLLOUT, "config", "--format", "json"]),
        (
            compose_argv.check_alone("docker-compose.yml"),
            [*COMPOSE, "--file", "docker-compose.yml", "config", "--quiet"],
        ),
        (
            argv.list_containers("cars"),
            [
                *("docker", "container", "ls", "--all", "--quiet", "--no-trunc"),
                *("--filter", "label=com.docker.compose.project=cars"),
                *("--filter", "label=com.docker.compose.oneoff=False"),
            ],
        ),
        (
            argv.list_publishers(5000),
            ["docker", "container", "ls", "--filter", "publish=5000", "--format", "{{.Names}}"],
        ),
        (
            compose_argv.build_service("car-price-api"),
            [*COMPOSE, "--progress", "plain", "build", "car-price-api"],
        ),
        (
            argv.pull_image("haproxy:3.0"),
            ["docker", "image", "pull", "--quiet", "haproxy:3.0"],
        ),
        (
            compose_argv.start_services(["edge", "mlflow-server"], {}),
            [*COMPOSE, "up", "--detach", "--no-deps", "--no-build", "edge", "mlflow-server"],
        ),
        (
            compose_argv.start_services(["car-price-api"], {"car-price-api": 3}, keep=True),
            [
                *(*COMPOSE, "up", "--detach", "--no-deps", "--no-build", "--no-recreate"),
                *("--scale", "car-price-api=3", "car-price-api"),
            ],
        ),
        (compose_argv.stop_project(), [*ROLLOUT, "stop"]),
        (compose_argv.remove_project(volumes=False), [*ROLLOUT, "down", "--remove-orphans"]),
        (compose_argv.remove_project(volumes=True), [*ROLLOUT, "down", "--remove-orphans", "--volumes"]),
        (
            argv.restart_container("abc", 10),
            ["docker", "container", "restart", "--time", "10", "abc"],
        ),
        (
            argv.enable_restart(["a", "b"]),
            ["docker", "container", "update", "--restart", "unless-stopped", "a", "b"],
        ),
        (
            compose_argv.show_stack_logs(["edge"], 5, follow=False),
            [*ROLLOUT, "logs", "--no-color", "--tail", "5", "edge"],
        ),
        (
            compose_argv.show_stack_logs([], 5, follow=True),
            [*ROLLOUT, "logs", "--no-color", "--tail", "5", "--follow"],
        ),
        (compose_argv.follow_stack(12), [*ROLLOUT, "logs", "--no-color", "--since", "12", "--follow"]),
    ],
)
def test_argv(argv: list[str], expected: list[str]) -> None:
    assert argv == expected
