"""Frames of many rows that wait on disk while something else needs the memory."""

import tempfile
from pathlib import Path

import polars as pl

from carprice.system.memory import MANY_ROWS


class StoredFrame:
    """A frame in a file without a name, which is gone with the process, however that ends.

    One of fewer than MANY_ROWS stays in memory. folder: where the file is, of about a third of the frame's memory.
    Raises OSError where there is no room.
    """

    def __init__(self, frame: pl.DataFrame, folder: Path) -> None:
        self.height = frame.height
        self._frame = frame if frame.height < MANY_ROWS else None
        if self._frame is None:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
            frame.write_parquet(self._file)

    def load(self) -> pl.DataFrame:
        """The frame, whole."""
        if self._frame is not None:
            return self._frame
        self._file.seek(0)
        return pl.read_parquet(self._file)

    def load_some(self, rows: int) -> pl.DataFrame:
        """At most so many of its rows, evenly spread."""
        return self.load()[:: max(-(-self.height // rows), 1)]
