"""One rollout at a time: a lock that names its holder and is free again when that process ends."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from carprice.errors import StackError
from carprice.names import KIB
from carprice.ops.journal import who
from carprice.system.files import open_regular, read_regular

LOCK_FILE = "deploy.lock"
MAX_BYTES = 64 * KIB
ORPHAN_SECONDS = 120.0
NAME_SECONDS = 0.5
POLL_SECONDS = 0.1
CLOCK_SECONDS = 2.0


class Lock:
    """A held lock; `note` says what its holder is doing."""

    def __init__(self, file: int, act: str) -> None:
        self._file = file
        self._facts: dict[str, Any] = {**who(), "act": act, "step": "begin"}
        self._write(json.dumps(self._facts).encode())

    def note(self, **facts: str) -> None:
        """Say what the holder is doing: step, release. A disk that has become full costs only this."""
        self._facts |= facts
        with suppress(OSError):
            self._write(json.dumps(self._facts).encode())

    def clear(self) -> None:
        """Say that nobody holds the lock."""
        with suppress(OSError):
            self._write(b"")

    def _write(self, data: bytes) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, data, 0)


@contextmanager
def hold_lock(path: Path, act: str, on_takeover: Callable[[dict[str, Any]], None]) -> Iterator[Lock]:
    """Hold the lock for the block. Raises StackError naming the holder, if there is one.

    The kernel frees a lock when the process that holds it and all it started have ended, however they ended; what
    a holder that has ended left in the file goes to on_takeover.
    """
    file = _open_file(path)
    try:
        _take(file, path)
        left = read_lock(path)
        if left:
            on_takeover(left)
        lock = _begin(file, act, path)
        try:
            yield lock
        finally:
            lock.clear()
    finally:
        os.close(file)


def read_lock(path: Path) -> dict[str, Any]:
    """What the holder wrote: by, host, pid, since, act, release, step; empty where nobody holds the lock."""
    try:
        holder = json.loads(read_regular(path, MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return holder if isinstance(holder, dict) else {}


def is_alive(holder: dict[str, Any]) -> bool:
    """Whether the process that wrote this still runs; on another host it counts as running."""
    if holder.get("host") != socket.gethostname():
        return True
    try:
        began = psutil.Process(int(holder.get("pid", 0))).create_time()
    except (psutil.Error, ValueError, TypeError):
        return False
    # Another process may have got the number since.
    return bool(began <= holder.get("since", 0) + CLOCK_SECONDS)


def _open_file(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open_regular(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise _refuse_disk(path, error) from None
    os.set_inheritable(file, True)
    return file


def _take(file: int, path: Path) -> None:
    """Take the lock; of a holder that was killed, wait for the programs that it had started."""
    started = time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = read_lock(path)
            # A holder that has just taken it has not written its name yet.
            patience = (0 if is_alive(holder) else ORPHAN_SECONDS) if holder else NAME_SECONDS
            if time.monotonic() - started >= patience:
                raise _describe_holder(holder) from None
            time.sleep(POLL_SECONDS)
        else:
            return


def _begin(file: int, act: str, path: Path) -> Lock:
    try:
        return Lock(file, act)
    except OSError as error:
        raise _refuse_disk(path, error) from None


def _refuse_disk(path: Path, error: OSError) -> StackError:
    return StackError(
        f"{path}: cannot be written ({error.strerror}), so nothing was begun",
        f"Allow it: chmod -R a+rwX {path.parent}",
    )


def _describe_holder(holder: dict[str, Any]) -> StackError:
    since = datetime.fromtimestamp(holder.get("since", 0), UTC).strftime("%H:%M:%S UTC")
    return StackError(
        f"A {holder.get('act', 'rollout')} is under way"
        f"{' to ' + holder['release'] if holder.get('release') else ''}: {holder.get('by')} on "
        f"{holder.get('host')}, process {holder.get('pid')}, step {holder.get('step')}, since {since}",
        f"Wait for it, or stop it: kill -INT {holder.get('pid')}",
    )
