"""The place where a stack lives: its folder, its files, its edge, its limits, and where it reports."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from carprice.errors import StackError
from carprice.names import RELEASES_FILE
from carprice.ops.docker.env_file import ENV_FILE
from carprice.ops.edge.haproxy import Edge
from carprice.ops.journal import JOURNAL_FILE, Journal
from carprice.ops.limits import Limits, load_limits
from carprice.ops.lock import LOCK_FILE
from carprice.ops.release import DEFAULT_RELEASE, NEXT_PINS, PINS, Release, read_release
from carprice.ops.rollout.history import publish_releases
from carprice.settings import Settings
from carprice.system.processes import Runner

Say = Callable[[str], None]


@dataclass(frozen=True)
class StackContext:
    """One compose stack. settings: those of its checkout, with the folders that Compose mounts."""

    settings: Settings
    runner: Runner
    edge: Edge
    journal: Journal
    limits: Limits
    say: Say

    @property
    def folder(self) -> Path:
        """Where the compose file is."""
        return self.settings.stack_dir

    @property
    def env_file(self) -> Path:
        """Where the live release is pinned."""
        return self.folder / ENV_FILE

    @property
    def artifacts_dir(self) -> Path:
        """Where the bundles are."""
        return self.settings.artifacts_dir

    @property
    def logs_dir(self) -> Path:
        """Where the replicas log."""
        return self.settings.logs_dir

    @property
    def lock_file(self) -> Path:
        """Where the holder of the rollout is named."""
        return self.settings.var_dir / LOCK_FILE

    @property
    def live(self) -> Release:
        """The release that the .env file pins. Raises StackError for a damaged file."""
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
        # A disk that has become full is no reason to go back: the beginning is written, what runs is the truth.
        self.journal.try_add("step", step=name, release=release, seconds=seconds)
        self.say(f"{done} ({seconds:.1f} s)")


def make_context(settings: Settings, say: Say) -> StackContext:
    """The compose stack of a checkout, with the environment of this process for Docker.

    What is live is pinned in the .env file alone: Compose would prefer a variable of a forgotten shell. Lock and
    journal are in var/, which no container sees: what one of them puts into logs/ is not trusted. Raises
    SettingsError for a wrong rollout.toml.
    """
    folder = settings.stack_dir
    mounted = replace(
        settings, artifacts_dir=folder / "artifacts", logs_dir=folder / "logs", var_dir=folder / "var"
    )
    runner = Runner(folder, {name: value for name, value in os.environ.items() if name not in PINS + NEXT_PINS})
    shown = mounted.artifacts_dir / RELEASES_FILE
    publish = partial(publish_releases, path=shown)
    journal = Journal(mounted.var_dir / JOURNAL_FILE, _find_old_journal(mounted), publish)
    return StackContext(mounted, runner, Edge(runner), journal, load_limits(folder), say)


def _find_old_journal(settings: Settings) -> Path | None:
    """Where the journal of an earlier release is, if there was a rollout: else it would be a container's own."""
    with suppress(StackError):  # a damaged .env file, which the command that needs it names
        if read_release(settings.stack_dir / ENV_FILE).name != DEFAULT_RELEASE:
            return settings.logs_dir / JOURNAL_FILE
    return None


def first_line(error: BaseException) -> str:
    """What an error says, or its name where it says nothing."""
    return (str(error) or type(error).__name__).splitlines()[0]
