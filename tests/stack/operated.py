"""A stack as `carprice` drives it: pinned by its .env file, by the command line or in this process."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.stack.stacks import COMMAND_SECONDS, Stack

from carprice.ops.docker.env_file import PINS
from carprice.ops.doctor.checks import diagnose
from carprice.ops.doctor.findings import Finding
from carprice.ops.doctor.snapshot import look_at_docker
from carprice.ops.edge.haproxy import Edge
from carprice.ops.limits import load_limits
from carprice.ops.rollout.journal import JOURNAL_FILE, Journal
from carprice.ops.stack_context import Site
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


def open_stack_site(stack: Stack, say: Callable[[str], None] = print, **changes: str) -> Site:
    """The stack as the functions of `deploy` take it."""
    runner = Runner(stack.folder, plain_environment(stack, **changes))
    journal = Journal(stack.folder / "logs" / JOURNAL_FILE)
    return Site(stack.folder, runner, Edge(runner), journal, load_limits(stack.folder), say)


def ask_doctor(stack: Stack, **changes: str) -> dict[str, Finding]:
    """What the doctor finds, by the name of the check."""
    return {finding.check: finding for finding in diagnose(look_at_docker(open_stack_site(stack, **changes)))}


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
