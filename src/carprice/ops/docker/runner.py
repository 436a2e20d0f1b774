"""The one way in which other programs are run: an argv list, a deadline, everything captured."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from carprice.errors import StackError

SECONDS = 120.0
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Result:
    """How a program ended: its exit code and what it printed."""

    code: int
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True)
class Runner:
    """Runs programs in a folder with an environment.

    shares_lock: what it runs inherits the rollout's lock, so that the lock is held until all of it has ended, even
    where this process is killed meanwhile. Not for a program that may leave something running.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    shares_lock: bool = True

    def try_run(self, argv: list[str], seconds: float = SECONDS, text: str = "") -> Result:
        """Run to the end, whatever the exit code. Raises StackError for a missing program and at the deadline."""
        try:
            # Its own session: Ctrl-C in a terminal is for this process, which ends what it runs in order.
            process = subprocess.Popen(
                argv,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                close_fds=not self.shares_lock,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise StackError(f"{argv[0]} is not installed", "Install Docker, or use --local") from None
        except OSError as error:
            raise StackError(f"{argv[0]} cannot be run ({error.strerror})", f"Mend it: {argv[0]}") from None
        with process:
            try:
                stdout, stderr = process.communicate(text, seconds)
            except subprocess.TimeoutExpired:
                end_program(process)
                raise StackError(
                    f"`{' '.join(argv)}` did not end within {seconds:g} s", "Find out more: ./carprice doctor"
                ) from None
            except BaseException:
                end_program(process)
                raise
        return Result(process.returncode, stdout, stderr)

    def run(self, argv: list[str], seconds: float = SECONDS, text: str = "") -> str:
        """Run and return stdout. Raises StackError with the program's own last lines unless it exits with 0."""
        result = self.try_run(argv, seconds, text)
        if result.code != 0:
            lines = (result.stderr or result.stdout).strip().splitlines()[-5:]
            raise StackError(
                f"`{' '.join(argv)}` ended with exit code {result.code}: " + "\n  ".join(lines),
                "Find out more: ./carprice doctor",
            )
        return result.stdout

    @contextmanager
    def stream(self, argv: list[str]) -> Iterator[subprocess.Popen[str]]:
        """A program that runs beside the block and is ended with it; its stdin and stdout are pipes.

        Its stdin is closed when this process ends, however that is: a program that waits for it ends too.
        """
        with subprocess.Popen(
            argv,
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                end_program(process)


def end_program(process: "subprocess.Popen[str]") -> None:
    """Ask a program and all it started to end, then make them."""
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            return
