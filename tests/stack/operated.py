"""A stack as `carprice` drives it: pinned by its .env file, by the command line or in this process."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.stack.stacks import COMMAND_SECONDS, Stack

from carprice.ops.doctor.diagnosis import diagnose
from carprice.ops.doctor.findings import Finding
from carprice.ops.doctor.snapshot_docker import take_snapshot
from carprice.ops.edge.haproxy import Edge
from carprice.ops.journal import JOURNAL_FILE, Journal
from carprice.ops.limits import load_limits
from carprice.ops.release import PINS
from carprice.ops.stack_context import StackContext
from carprice.settings import Settings
from carprice.system.processes import Runner

NAMES = (*PINS, *(f"NEXT_{name}" for name in PINS))


def pin(stack: Stack, release: str = "local") -> None:
    """Name the live release in .env, as `up` does."""
    lines = (f"RELEASE={release}", f"IMAGE={stack.settings['IMAGE']}", "MODEL_VERSION=image")
    (stack.folder / ".env").write_text("".join(f"{line}\n" for line in lines))


def plain_environment(stack: Stack, **changes: str) -> dict[str, str]:
    """The environment of a user: what is live stands in .env."""
    kept = {name: value for name, value in stack.environment().items() if name not in NAMES}
    return {
        **kept,
        "PYTHONPATH": str(stack.root / "src"),
        "CARPRICE_STACK_DIR": str(stack.folder),
        "CARPRICE_ARTIFACTS_DIR": str(stack.folder / "artifacts"),
        "CARPRICE_LOGS_DIR": str(stack.folder / "logs"),
        "CARPRICE_VAR_DIR": str(stack.folder / "var"),
        "COLUMNS": "100",
        **changes,
    }


def make_stack_context(stack: Stack, say: Callable[[str], None] = print, **changes: str) -> StackContext:
    """The stack as the functions of `ops` take it."""
    runner = Runner(stack.folder, plain_environment(stack, **changes))
    logs = stack.folder / "logs"
    var = stack.folder / "var"
    settings = Settings(
        stack_dir=stack.folder, artifacts_dir=stack.folder / "artifacts", logs_dir=logs, var_dir=var
    )
    limits = load_limits(stack.folder)
    return StackContext(settings, runner, Edge(runner), Journal(var / JOURNAL_FILE), limits, say)


def ask_doctor(stack: Stack, **changes: str) -> dict[str, Finding]:
    """What the doctor finds, by the name of the check."""
    snapshot = take_snapshot(make_stack_context(stack, **changes))
    return {finding.check: finding for finding in diagnose(snapshot)}


def begin(stack: Stack, *words: str, **changes: str) -> "subprocess.Popen[str]":
    """Start `carprice WORDS`; its errors go to its output."""
    return subprocess.Popen(
        [sys.executable, "-m", "carprice", *words],
        env=plain_environment(stack, **changes),
        cwd=Path("/"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def carprice(stack: Stack, *words: str, answer: str = "", **changes: str) -> "subprocess.CompletedProcess[str]":
    """Run `carprice WORDS` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "carprice", *words],
        env=plain_environment(stack, **changes),
        cwd=Path("/"),
        input=answer,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
