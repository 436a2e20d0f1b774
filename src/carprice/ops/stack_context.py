"""The place where a stack lives: its folder, its files, its edge, its limits, and how it speaks."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from carprice.ops.docker.env_file import NEXT_PINS, PINS, Release, read_release
from carprice.ops.edge.haproxy import Edge
from carprice.ops.limits import Limits, load_limits
from carprice.ops.rollout.journal import JOURNAL_FILE, Journal
from carprice.ops.rollout.lock import LOCK_FILE
from carprice.system.processes import Runner

Say = Callable[[str], None]


@dataclass(frozen=True)
class Site:
    """One compose stack."""

    folder: Path
    runner: Runner
    edge: Edge
    journal: Journal
    limits: Limits
    say: Say

    @property
    def env_file(self) -> Path:
        """Where the live release is pinned."""
        return self.folder / ".env"

    @property
    def artifacts_dir(self) -> Path:
        """Where the bundles are."""
        return self.folder / "artifacts"

    @property
    def logs_dir(self) -> Path:
        """Where the replicas log."""
        return self.folder / "logs"

    @property
    def lock_file(self) -> Path:
        """Where the holder of the rollout stands."""
        return self.folder / "logs" / LOCK_FILE

    @property
    def live(self) -> Release:
        """The release that the .env file pins."""
        return read_release(self.env_file)

    @contextmanager
    def step(self, name: str, release: str, doing: str, done: str) -> Iterator[None]:
        """One step of a rollout: said while it runs and when it is done, and written to the journal."""
        started = time.monotonic()
        self.say(f"{doing} ...")
        try:
            yield
        except BaseException as error:
            seconds = round(time.monotonic() - started, 3)
            self.journal.try_add("step", step=name, release=release, seconds=seconds, failed=first_line(error))
            raise
        seconds = round(time.monotonic() - started, 3)
        self.journal.add("step", step=name, release=release, seconds=seconds)
        self.say(f"{done} ({seconds:.1f} s)")


def open_site(folder: Path, say: Say) -> Site:
    """The stack of a checkout, with the environment of this process for Docker.

    What is live stands in the .env file alone: Compose would prefer a variable of a forgotten shell.
    """
    runner = Runner(folder, {name: value for name, value in os.environ.items() if name not in PINS + NEXT_PINS})
    return Site(folder, runner, Edge(runner), Journal(folder / "logs" / JOURNAL_FILE), load_limits(folder), say)


def first_line(error: BaseException) -> str:
    """What an error says, or its name where it says nothing."""
    return (str(error) or type(error).__name__).splitlines()[0]
