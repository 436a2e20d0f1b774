"""Hooks get the release as environment; only pre-rollout may refuse."""

import os
import signal
from pathlib import Path

import pytest
from tests.ops.world import World

from carprice.errors import StackError
from carprice.ops.release import Release
from carprice.ops.rollout import hooks
from carprice.ops.rollout.hooks import run_hook
from carprice.ops.stack_context import StackContext, make_context
from carprice.settings import Settings

RELEASE = Release("r2", "i:r2", "m2")
PATH = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def context(tmp_path: Path, said: list[str]) -> StackContext:
    return make_context(Settings(stack_dir=tmp_path), said.append)


def write_hook(context: StackContext, name: str, text: str, mode: int = 0o755) -> None:
    path = context.folder / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)


@pytest.mark.parametrize("name", ["pre-rollout", "post-switch", "post-rollout", "on-failure"])
def test_a_hook_gets_the_release(context: StackContext, name: str) -> None:
    write_hook(context, name, 'env | grep ^CARPRICE_ | sort > "$PWD/told"')
    run_hook(context, name, RELEASE)
    told = (context.folder / "told").read_text().splitlines()
    assert {
        f"CARPRICE_HOOK={name}",
        "CARPRICE_IMAGE=i:r2",
        "CARPRICE_MODEL_VERSION=m2",
        "CARPRICE_RELEASE=r2",
    } <= set(told)


def test_no_hook_and_one_that_is_not_executable_are_left_out(context: StackContext) -> None:
    run_hook(context, "pre-rollout", RELEASE)
    write_hook(context, "pre-rollout", "exit 1", 0o644)
    run_hook(context, "pre-rollout", RELEASE)


def test_a_failing_pre_rollout_refuses(context: StackContext) -> None:
    write_hook(context, "pre-rollout", "echo not on a Friday >&2; exit 7")
    with pytest.raises(StackError) as error:
        run_hook(context, "pre-rollout", RELEASE)
    assert error.value.what == "Hook pre-rollout ended with exit code 7: not on a Friday"
    assert error.value.hint == f"Correct it, or remove it: rm {context.folder / 'hooks' / 'pre-rollout'}"


@pytest.mark.parametrize("name", ["post-switch", "post-rollout", "on-failure"])
def test_any_other_failing_hook_warns(context: StackContext, said: list[str], name: str) -> None:
    write_hook(context, name, "exit 1")
    run_hook(context, name, RELEASE)
    assert said == [f"Warning: Hook {name} ended with exit code 1: "]


@pytest.mark.parametrize("name", ["post-switch", "on-failure"])
def test_a_hook_that_does_not_end_only_warns(
    context: StackContext, said: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "HOOK_SECONDS", 0.3)
    write_hook(context, name, "echo waiting; exec sleep 60")
    run_hook(context, name, RELEASE)
    assert said == [f"Warning: Hook {name} did not end within 0.3 s: waiting"]


def test_what_a_hook_leaves_running_is_not_waited_for(context: StackContext, said: list[str]) -> None:
    write_hook(context, "post-switch", 'sleep 60 & echo $! >"$PWD/pid"')
    run_hook(context, "post-switch", RELEASE)
    os.kill(int((context.folder / "pid").read_text()), signal.SIGKILL)
    assert said == []


def test_a_script_without_an_interpreter_is_named(context: StackContext) -> None:
    path = context.folder / "hooks" / "pre-rollout"
    path.parent.mkdir()
    path.write_text("#!/no/such/shell\n")
    path.chmod(0o755)
    with pytest.raises(StackError, match=r"Hook pre-rollout ended with exit code 12[67]: .*pre-rollout") as error:
        run_hook(context, "pre-rollout", RELEASE)
    assert "not found" in error.value.what or "No such file" in error.value.what


def test_the_stack_is_driven_without_a_shell_s_old_pins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    for name in ("RELEASE", "IMAGE", "MODEL_VERSION", "NEXT_IMAGE"):
        monkeypatch.setenv(name, "forgotten")
    environment = make_context(Settings(stack_dir=tmp_path), print).runner.environment
    assert not {"RELEASE", "IMAGE", "MODEL_VERSION", "NEXT_IMAGE"} & set(environment)
    assert "PATH" in environment
