"""Texts of others on a terminal: what would move its cursor or rename its window is shown, not done."""

import re
from typing import BinaryIO

REPLACEMENT = "\ufffd"

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def strip_controls(text: str) -> str:
    """The text with each control character but tab and line end replaced by U+FFFD."""
    return _CONTROLS.sub(REPLACEMENT, text)


class TerminalStream:
    """A stream of UTF-8 to a terminal, without control characters."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def write(self, data: bytes) -> int:
        """Write the bytes without their control characters; returns how many were given."""
        self.stream.write(_CONTROL_BYTES.sub(REPLACEMENT.encode(), data))
        return len(data)

    def flush(self) -> None:
        """Bring them to the terminal."""
        self.stream.flush()
