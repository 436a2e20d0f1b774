"""Programs that are watched while they run: their lines as they come, or the terminal handed to them."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from carprice.deploy.runner import Runner
from carprice.errors import StackError

STOP_SECONDS = 10.0


@contextmanager
def watch_lines(runner: Runner, argv: list[str]) -> Iterator["subprocess.Popen[str]"]:
    """A program whose output and errors come as lines of its stdout; it ends with the block."""
    process = _start(runner, argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with process:
        try:
            yield process
        finally:
            end_program(process)


def hand_over(runner: Runner, argv: list[str]) -> int:
    """Let a program write to this process's own output until it ends; returns its exit code.

    An interruption ends the program and goes on to the caller.
    """
    with _start(runner, argv) as process:
        try:
            return process.wait()
        finally:
            end_program(process)


def end_program(process: "subprocess.Popen[str]") -> None:
    """Ask it to end as Ctrl-C does, and kill it when it does not."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _start(
    runner: Runner, argv: list[str], stdout: int | None = None, stderr: int | None = None
) -> "subprocess.Popen[str]":
    try:
        # Its own session: Ctrl-C in a terminal is for this process, which ends what it runs in order.
        return subprocess.Popen(
            argv,
            cwd=runner.folder,
            env=dict(runner.environment),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError:
        raise StackError(f"{argv[0]} is not installed", "Install Docker, or use --local") from None
