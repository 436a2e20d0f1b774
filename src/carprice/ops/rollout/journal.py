"""The journal: one line per step of every rollout, appended and never changed."""

import getpass
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from carprice.errors import StackError

JOURNAL_FILE = "deployments.jsonl"


@dataclass(frozen=True)
class Journal:
    """The journal in a file."""

    path: Path

    def add(self, event: str, **facts: Any) -> None:
        """Append one line and flush it to disk. A torn last line of a crash is closed off first.

        Raises StackError where it cannot be written.
        """
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                if file.tell() and not _ends_line(file):
                    file.write(b"\n")
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StackError(
                f"{self.path}: cannot be written ({error.strerror})", f"Let it be written: {self.path.parent}"
            ) from None

    def try_add(self, event: str, **facts: Any) -> None:
        """Append one line, or leave it: for the way back, which must not stop at a full disk."""
        with suppress(StackError):
            self.add(event, **facts)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Every whole line, oldest first; what a crash tore is left out."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise StackError(f"{self.path}: cannot be read ({error.strerror})", f"Mend it: {self.path}") from None
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and "event" in entry:
                yield entry


def who() -> dict[str, Any]:
    """Who is doing this, from where: user, host, process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return {"by": user, "host": socket.gethostname(), "pid": os.getpid(), "since": round(time.time(), 3)}


def _ends_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")
