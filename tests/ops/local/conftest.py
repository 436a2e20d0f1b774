"""Stacks in folders and on ports of their own; nothing of them runs on after the test."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ports import find_port

from carprice.ops.local.stack import stop_stack
from carprice.ops.local.supervisor import find_orphans, find_supervisor, kill_supervisor
from carprice.settings import ROOT, Settings

STANDIN = Path(__file__).with_name("standin.py")
ELSEWHERE = "http://127.0.0.1:1"
POLL_SECONDS = 0.05


def wait_until(is_so: Callable[[], object], seconds: float = 30) -> None:
    """Return once is_so() is true; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(POLL_SECONDS)


@pytest.fixture
def settings(tmp_path: Path, small_bundle: Path) -> Iterator[Settings]:
    """Settings of a stack with a champion, and with MLflow elsewhere."""
    shutil.copytree(small_bundle, tmp_path / "artifacts")
    made = Settings(
        artifacts_dir=tmp_path / "artifacts",
        logs_dir=tmp_path / "logs",
        var_dir=tmp_path / "var",
        host="127.0.0.1",
        port=find_port(),
        mlflow_port=find_port(),
        mlflow_url=ELSEWHERE,
    )
    made.var_dir.mkdir()
    yield made
    end_stack(made)


@pytest.fixture
def whole_settings(settings: Settings) -> Settings:
    """The same with an MLflow server of its own."""
    return replace(settings, mlflow_url="")


def end_stack(settings: Settings) -> None:
    """Stop the stack, and prove that nothing of it runs on."""
    stop_stack(settings, print)
    if supervisor := find_supervisor(settings):
        kill_supervisor(settings, supervisor)
    assert find_orphans(settings) == []


@pytest.fixture
def said() -> list[str]:
    """What a story says."""
    return []


def as_environment(settings: Settings) -> dict[str, str]:
    """The environment that makes these settings."""
    names = ("artifacts_dir", "logs_dir", "var_dir", "host", "port", "mlflow_port", "mlflow_url")
    return {
        **os.environ,
        **{f"CARPRICE_{name.upper()}": str(getattr(settings, name)) for name in names},
        "PYTHONPATH": str(ROOT / "src"),
        "COLUMNS": "100",
        "CARPRICE_STACK": "local",
    }


@pytest.fixture
def run(settings: Settings) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `carprice WORDS` on the settings."""

    def run_command(*words: str, on: Settings = settings) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "carprice", *words],
            env=as_environment(on),
            capture_output=True,
            text=True,
            timeout=200,
        )

    return run_command
