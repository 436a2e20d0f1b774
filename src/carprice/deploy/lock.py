"""One rollout at a time: a lock that names its holder and is free again the moment the holder is gone."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from carprice.deploy.journal import who
from carprice.errors import StackError

LOCK_FILE = "deploy.lock"


class Lock:
    """A held lock; `note_step` says how far its holder is."""

    def __init__(self, file: int, release: str) -> None:
        self._file = file
        self._facts = {**who(), "release": release}
        self.note_step("begin")

    def note_step(self, step: str) -> None:
        """Say what the holder is doing."""
        self._write(json.dumps({**self._facts, "step": step}).encode())

    def clear(self) -> None:
        """Say that nobody holds the lock."""
        self._write(b"")

    def _write(self, data: bytes) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, data, 0)


@contextmanager
def hold_lock(path: Path, release: str, on_takeover: Callable[[dict[str, Any]], None]) -> Iterator[Lock]:
    """Hold the lock for the block. Raises StackError naming the holder, if there is one.

    The kernel frees a lock when its process ends, however it ends; what a holder that died left in the file
    goes to on_takeover.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _describe_holder(read_lock(path)) from None
        left = read_lock(path)
        if left:
            on_takeover(left)
        lock = Lock(file, release)
        try:
            yield lock
        finally:
            lock.clear()
    finally:
        os.close(file)


def read_lock(path: Path) -> dict[str, Any]:
    """What the holder wrote: by, host, pid, since, release, step; empty where nobody holds the lock."""
    try:
        holder = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return holder if isinstance(holder, dict) else {}


def _describe_holder(holder: dict[str, Any]) -> StackError:
    since = datetime.fromtimestamp(holder.get("since", 0), UTC).strftime("%H:%M:%S UTC")
    return StackError(
        f"A rollout of {holder.get('release')} is under way: {holder.get('by')} on {holder.get('host')}, "
        f"process {holder.get('pid')}, step {holder.get('step')}, since {since}",
        f"Wait for it, or stop it: kill -INT {holder.get('pid')}",
    )
