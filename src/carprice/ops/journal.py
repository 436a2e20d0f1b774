"""The journal: one line per step of every rollout, appended and never changed."""

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from carprice.errors import StackError
from carprice.system.files import copy_once, is_regular
from carprice.system.jsonl import MAX_BYTES, append_line, read_lines

JOURNAL_FILE = "deployments.jsonl"


@dataclass(frozen=True)
class Journal:
    """The journal in a file. before: where an earlier release kept it, taken over with the first line written.

    publish: called after each line, with the journal.
    """

    path: Path
    before: Path | None = None
    publish: Callable[["Journal"], None] = field(default=lambda _: None, compare=False)

    def add(self, event: str, **facts: Any) -> None:
        """Append one line and flush it to disk. A torn last line of a crash is closed off first.

        Raises StackError where it cannot be written.
        """
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
        try:
            if self.before:
                copy_once(self.before, self.path, MAX_BYTES)
            append_line(self.path, line)
            self.publish(self)
        except OSError as error:
            raise StackError(
                f"{self.path}: cannot be written ({error.strerror})",
                f"Allow it: chmod -R a+rwX {self.path.parent}",
            ) from None

    def try_add(self, event: str, **facts: Any) -> str:
        """Append one line, or leave it where the disk is full, say. Returns why it was left, else nothing."""
        try:
            self.add(event, **facts)
        except StackError as error:
            return error.what
        return ""

    def lines(self) -> Iterator[dict[str, Any]]:
        """Every whole line, oldest first; what a crash tore is left out."""
        try:
            path = self.path
            if self.before and not path.exists() and is_regular(self.before):
                path = self.before
            yield from (line for line in read_lines(path) if "event" in line)
        except OSError as error:
            raise StackError(f"{self.path}: cannot be read ({error.strerror})", f"ls -l {self.path}") from None


def who() -> dict[str, Any]:
    """Who is doing this, from where: user, host, process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return {"by": user, "host": socket.gethostname(), "pid": os.getpid(), "since": round(time.time(), 3)}
