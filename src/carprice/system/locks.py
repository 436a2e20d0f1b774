"""Locks between processes: the kernel frees them when their holder ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from carprice.system.files import open_regular
from carprice.system.waiting import wait_for

PAUSE_SECONDS = 0.05


class HeldError(Exception):
    """Another process holds the lock."""


@contextmanager
def hold_lock(path: Path, seconds: float = 0.0) -> Iterator[int]:
    """Hold a lock on a folder, or on a file made where there is none, for the block; yields its handle.

    Raises HeldError where another process has held it for `seconds`, OSError where it cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY) if path.is_dir() else open_regular(path, os.O_RDWR | os.O_CREAT)
    try:
        if not wait_for(lambda: try_lock(handle), seconds, pause=PAUSE_SECONDS, max_pause=PAUSE_SECONDS):
            raise HeldError(str(path))
        yield handle
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Take the lock on an open file unless another process holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
