"""A program whose lines are read as they come."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from carprice.errors import StackError
from carprice.ops.docker.runner import Runner

STOP_SECONDS = 10.0


@contextmanager
def watch_lines(runner: Runner, argv: list[str]) -> Iterator["subprocess.Popen[str]"]:
    """A program whose output and errors come as lines of its stdout; it ends with the block."""
    try:
        # Its own session: Ctrl-C in a terminal is for this process, which ends what it runs in order.
        process = subprocess.Popen(
            argv,
            cwd=runner.folder,
            env=dict(runner.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError:
        raise StackError(f"{argv[0]} is not installed", "Install Docker, or use --local") from None
    with process:
        try:
            yield process
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
