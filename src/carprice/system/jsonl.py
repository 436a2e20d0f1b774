"""JSON lines: appended and flushed, never changed; a line that a crash tore is left out.

Only plain files are read and written: no link is followed.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from carprice.names import MIB
from carprice.system.files import open_regular, read_regular

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
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict):
            yield entry


def _ends_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")
