"""The one way in which other programs are run: an argv list, a deadline, everything captured."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from carprice.errors import StackError

SECONDS = 120.0


@dataclass(frozen=True)
class Result:
    """How a program ended: its exit code and what it printed."""

    code: int
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True)
class Runner:
    """Runs programs in a folder with an environment."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def try_run(self, argv: list[str], seconds: float = SECONDS, text: str = "") -> Result:
        """Run to the end, whatever the exit code. Raises StackError for a missing program and at the deadline."""
        try:
            done = subprocess.run(
                argv,
                cwd=self.folder,
                env=dict(self.environment),
                input=text,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except FileNotFoundError:
            raise StackError(f"{argv[0]} is not installed", "Install Docker, or use --local") from None
        except subprocess.TimeoutExpired:
            raise StackError(
                f"`{' '.join(argv)}` did not end within {seconds:g} s", "Find out more: ./carprice doctor"
            ) from None
        return Result(done.returncode, done.stdout, done.stderr)

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
        """A program that runs beside the block and is ended with it; its stdout is a pipe."""
        process = subprocess.Popen(
            argv,
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
