"""JSON lines: appended and flushed, never changed; a line that a crash tore is left out.

Only plain files are read and written: no link is followed.
"""

import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from carprice.names import MIB
from carprice.system.files import open_regular, read_regular, sync_folder

MAX_BYTES = 64 * MIB
"""Of a file that is read: its end."""


def append_line(path: Path, facts: Mapping[str, Any]) -> None:
    """Append one object and flush it to disk, on a line of its own even after a torn one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(open_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT), "a+b") as file:  # noqa: PTH123  a handle
        if file.tell() and not _ends_line(file):
            file.write(b"\n")
        file.write(json.dumps(facts, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path, most: int = MAX_BYTES) -> Iterator[dict[str, Any]]:
    """Every whole object of the last `most` bytes, oldest first; none where there is no file. Raises OSError."""
    try:
        text = read_regular(path, most).decode(errors="replace")
    except FileNotFoundError:
        return
    for line in text.split("\n"):
        if (entry := _parse_line(line.encode())) is not None:
            yield entry


def drop_lines(path: Path, is_dropped: Callable[[dict[str, Any]], bool]) -> int:
    """Take objects out of a file, and lines that are none; how many objects it was. Raises OSError.

    The file is replaced, with its owner and mode: who goes on writing has to open it again.
    """
    dropped = 0
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(open_regular(path, os.O_RDONLY), "rb") as source:  # noqa: PTH123  a handle
            draft.unlink(missing_ok=True)  # of a killed process that had the same number
            with draft.open("xb") as file:  # which follows no link
                for line in source:
                    entry = _parse_line(line)
                    if entry is not None and is_dropped(entry):
                        dropped += 1
                    elif entry is not None:
                        file.write(line)
                found = os.fstat(source.fileno())
                os.fchmod(file.fileno(), stat.S_IMODE(found.st_mode))
                os.fchown(file.fileno(), found.st_uid, found.st_gid)
                file.flush()
                os.fsync(file.fileno())
        if dropped:
            draft.replace(path)
            sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)
    return dropped


def _parse_line(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _ends_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")
