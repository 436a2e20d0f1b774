"""Hooks get the release as environment; only pre-rollout may refuse."""

import os
import signal
from pathlib import Path

import pytest
from tests.ops.world import World

from carprice.errors import StackError
from carprice.ops.docker.env_file import Release
from carprice.ops.rollout import hooks
from carprice.ops.rollout.hooks import HOOKS, run_hook
from carprice.ops.stack_context import Site, open_site

RELEASE = Release("r2", "i:r2", "m2")
PATH = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def site(tmp_path: Path, said: list[str]) -> Site:
    return open_site(tmp_path, said.append)


def write_hook(site: Site, name: str, text: str, mode: int = 0o755) -> None:
    path = site.folder / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_gets_the_release(site: Site, name: str) -> None:
    write_hook(site, name, 'env | grep ^CARPRICE_ | sort > "$PWD/told"')
    run_hook(site, name, RELEASE)
    told = (site.folder / "told").read_text().splitlines()
    assert {
        f"CARPRICE_HOOK={name}",
        "CARPRICE_IMAGE=i:r2",
        "CARPRICE_MODEL_VERSION=m2",
        "CARPRICE_RELEASE=r2",
    } <= set(told)


def test_no_hook_and_one_that_is_not_executable_are_left_out(site: Site) -> None:
    run_hook(site, "pre-rollout", RELEASE)
    write_hook(site, "pre-rollout", "exit 1", 0o644)
    run_hook(site, "pre-rollout", RELEASE)


def test_a_failing_pre_rollout_refuses(site: Site) -> None:
    write_hook(site, "pre-rollout", "echo not on a Friday >&2; exit 7")
    with pytest.raises(StackError) as error:
        run_hook(site, "pre-rollout", RELEASE)
    assert error.value.what == "Hook pre-rollout ended with exit code 7: not on a Friday"
    assert error.value.hint == f"Mend it, or remove it: {site.folder / 'hooks' / 'pre-rollout'}"


@pytest.mark.parametrize("name", HOOKS[1:])
def test_any_other_failing_hook_is_told_of(site: Site, said: list[str], name: str) -> None:
    write_hook(site, name, "exit 1")
    run_hook(site, name, RELEASE)
    assert said == [f"Warning: Hook {name} ended with exit code 1: "]


@pytest.mark.parametrize("name", ["post-switch", "on-failure"])
def test_a_hook_that_does_not_end_is_only_told_of(
    site: Site, said: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "HOOK_SECONDS", 0.3)
    write_hook(site, name, "echo waiting; exec sleep 60")
    run_hook(site, name, RELEASE)
    assert said == [f"Warning: Hook {name} did not end within 0.3 s: waiting"]


def test_what_a_hook_leaves_running_is_not_waited_for(site: Site, said: list[str]) -> None:
    write_hook(site, "post-switch", 'sleep 60 & echo $! >"$PWD/pid"')
    run_hook(site, "post-switch", RELEASE)
    os.kill(int((site.folder / "pid").read_text()), signal.SIGKILL)
    assert said == []


def test_a_script_without_an_interpreter_is_named(site: Site) -> None:
    path = site.folder / "hooks" / "pre-rollout"
    path.parent.mkdir()
    path.write_text("#!/no/such/shell\n")
    path.chmod(0o755)
    with pytest.raises(StackError):
        run_hook(site, "pre-rollout", RELEASE)


def test_the_stack_is_driven_without_a_shell_s_old_pins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    for name in ("RELEASE", "IMAGE", "MODEL_VERSION", "NEXT_IMAGE"):
        monkeypatch.setenv(name, "forgotten")
    environment = open_site(tmp_path, print).runner.environment
    assert not {"RELEASE", "IMAGE", "MODEL_VERSION", "NEXT_IMAGE"} & set(environment)
    assert "PATH" in environment
