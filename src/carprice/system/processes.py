"""Other programs: run by an argv list with a deadline, everything captured; and processes of this machine."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from carprice.errors import StackError
from carprice.names import DOCTOR_HINT
from carprice.system.waiting import wait_for

SECONDS = 120.0
STOP_SECONDS = 5.0
ERROR_LINES = 5
END_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Result:
    """How a program ended: its exit code and what it printed."""

    code: int
    stdout: str = ""
    stderr: str = ""

    @property
    def output(self) -> str:
        """Both outputs, one after the other."""
        return (self.stdout + self.stderr).strip()


@dataclass(frozen=True)
class Runner:
    """Runs programs in a folder with an environment.

    shares_lock: what it runs inherits the rollout's lock, so that the lock is held until all of it has ended, even
    where this process is killed meanwhile. Not for a program that may leave something running.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    shares_lock: bool = True

    def try_run(self, argv: list[str], seconds: float = SECONDS) -> Result:
        """Run to the end, whatever the exit code. Raises StackError for a missing program and at the deadline."""
        with self._start(argv, stdin=subprocess.PIPE, close_fds=not self.shares_lock) as process:
            try:
                stdout, stderr = process.communicate("", seconds)
            except subprocess.TimeoutExpired:
                raise StackError(f"`{' '.join(argv)}` did not end within {seconds:g} s", DOCTOR_HINT) from None
        return Result(process.returncode, stdout, stderr)

    def run(self, argv: list[str], seconds: float = SECONDS) -> str:
        """Run and return stdout. Raises StackError with the program's own last lines unless it exits with 0."""
        result = self.try_run(argv, seconds)
        if result.code != 0:
            lines = (result.stderr or result.stdout).strip().splitlines()[-ERROR_LINES:]
            raise StackError(
                f"`{' '.join(argv)}` ended with exit code {result.code}: " + "\n  ".join(lines), DOCTOR_HINT
            )
        return result.stdout

    @contextmanager
    def stream(self, argv: list[str]) -> Iterator["subprocess.Popen[str]"]:
        """A program that runs beside the block and is ended with it; its stdin and stdout are pipes.

        Its stdin is closed when this process ends, however that is: a program that waits for it ends too. Raises
        StackError for a missing program.
        """
        with self._start(argv, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            yield process

    @contextmanager
    def watch_lines(self, argv: list[str]) -> Iterator["subprocess.Popen[str]"]:
        """A program whose output and errors come as lines of its stdout; it is ended with the block.

        Raises StackError for a missing program.
        """
        with self._start(argv, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
            yield process

    @contextmanager
    def _start(
        self, argv: list[str], stdin: int, stderr: int = subprocess.PIPE, **options: Any
    ) -> Iterator["subprocess.Popen[str]"]:
        try:
            # Its own session: Ctrl-C in a terminal is for this process, which ends what it runs in order.
            process = subprocess.Popen(
                argv,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                errors="replace",
                start_new_session=True,
                **options,
            )
        except FileNotFoundError:
            hint = "Install Docker, or use --local" if argv[0] == "docker" else f"Install {argv[0]}"
            raise StackError(f"{argv[0]} is not installed", hint) from None
        except OSError as error:
            raise StackError(f"{argv[0]} cannot be run ({error.strerror})", f"chmod +x {argv[0]}") from None
        with process:
            try:
                yield process
            finally:
                end_program(process)


def end_program(process: "subprocess.Popen[str]") -> None:
    """Ask a program and all it started to end, then kill them; one that has ended is left alone."""
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)


def wait_for_ends(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until the processes have ended; returns those that have not within the time."""
    return wait_for(
        lambda: [process for process in processes if is_alive(process)],
        seconds,
        lambda alive: not alive,
        pause=END_PAUSE_SECONDS,
    )


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that has ended but was never waited for, as in a container, does not."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def measure_memory(pid: int) -> int:
    """Bytes that a process and its descendants hold; pages they share count once where the system tells."""
    total = 0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with suppress(psutil.Error):
                memory = process.memory_full_info()
                total += getattr(memory, "pss", memory.rss)
    return total
