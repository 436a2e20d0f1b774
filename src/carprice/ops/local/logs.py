"""The services' log files: their last lines, and new lines as they are written."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from carprice.ops.local.services import Service

BLOCK_BYTES = 65_536
POLL_SECONDS = 0.2

Line = tuple[str, str]
"""The name of a service, and a line of its log."""


def read_tail(path: Path, count: int, end: int | None = None) -> list[str]:
    """The last `count` lines of a log, up to byte `end`, and of `path.1` where it has just been rotated."""
    lines = _read_last_lines(path, count, end)
    if len(lines) < count:
        lines = [*_read_last_lines(path.with_name(f"{path.name}.1"), count - len(lines)), *lines]
    return lines


def _read_last_lines(path: Path, count: int, end: int | None = None) -> list[str]:
    if not count or not path.exists():
        return []
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        position = position if end is None else min(end, position)
        data = b""
        while position and data.count(b"\n") <= count:
            step = min(BLOCK_BYTES, position)
            position = file.seek(position - step)
            data = file.read(step) + data
    return data.decode("utf-8", "replace").splitlines()[-count:]


class LogReader:
    """Reads on from one point of a log, through rotations."""

    def __init__(self, path: Path, start: int) -> None:
        self._path = path
        self._start = start
        self._file: BinaryIO | None = None
        self._rest = b""

    def read_new(self) -> list[str]:
        """The complete lines written since the last call."""
        if self._file is None:
            if not self._path.exists():
                return []
            self._file = self._path.open("rb")
            self._file.seek(self._start)
        data = self._rest + self._file.read()
        if self._is_rotated():
            data += self._file.read()  # what was written between the read and the rotation
            self._file.close()
            self._file, self._start = None, 0
        *lines, self._rest = data.split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()

    def _is_rotated(self) -> bool:
        assert self._file is not None
        try:
            return self._path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except FileNotFoundError:
            return True


def measure_logs(services: list[Service]) -> dict[str, int]:
    """The size of each service's log now: where to read on from later."""
    return {item.name: item.log.stat().st_size if item.log.exists() else 0 for item in services}


def read_tails(services: list[Service], ends: dict[str, int], count: int) -> Iterator[Line]:
    """The last lines of each service up to `ends`."""
    for service in services:
        for line in read_tail(service.log, count, ends[service.name]):
            yield service.name, line


def follow_logs(services: list[Service], starts: dict[str, int], is_over: Callable[[], bool]) -> Iterator[Line]:
    """Every new line from `starts` on, until `is_over()`; what was written until then still comes."""
    readers = [(service.name, LogReader(service.log, starts[service.name])) for service in services]
    try:
        while True:
            over = is_over()
            for name, reader in readers:
                for line in reader.read_new():
                    yield name, line
            if over:
                return
            time.sleep(POLL_SECONDS)
    finally:
        for _, reader in readers:
            reader.close()
