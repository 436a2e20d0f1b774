"""Frames of many rows that wait on disk, a file for each column, and are read a column at a time."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Protocol, Self, TypeVar

import polars as pl

from carprice.system.memory import MANY_ROWS


class Table(Protocol):
    """What a frame and a stored one have in common."""

    @property
    def height(self) -> int:
        """The rows."""
        ...

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        ...

    def __getitem__(self, name: str, /) -> pl.Series:
        """One column."""
        ...

    def select(self, *names: str) -> pl.DataFrame:
        """Some columns."""
        ...

    def filter(self, chosen: pl.Series, /) -> Self:
        """The rows that a mask chooses."""
        ...

    def with_columns(self, *changed: pl.Series) -> Self:
        """The same with columns in the place of those of their names."""
        ...


T = TypeVar("T", bound=Table)


class StoredFrame:
    """A table in files without names, which are gone with the process, however that ends.

    folder: where they are, of about a third of the frame's memory together. Raises OSError where there is no room.
    """

    def __init__(self, frame: pl.DataFrame, folder: Path) -> None:
        files = {name: _write(frame[name], folder) for name in frame.columns}
        self._set(folder, files, None, frame.height)

    def _set(self, folder: Path, files: Mapping[str, IO[bytes]], rows: pl.Series | None, height: int) -> Self:
        self.folder, self._files, self._rows, self.height = folder, files, rows, height
        return self

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._files)

    def __getitem__(self, name: str, /) -> pl.Series:
        """One column, from its file."""
        file = self._files[name]
        file.seek(0)
        values = pl.read_parquet(file).to_series()
        return values if self._rows is None else values.gather(self._rows)

    def select(self, *names: str) -> pl.DataFrame:
        """Some columns, from their files."""
        return pl.DataFrame([self[name] for name in names])

    def filter(self, chosen: pl.Series, /) -> Self:
        """The rows that a mask chooses; the files are shared."""
        rows = chosen.arg_true()
        return self._copy(self._files, rows if self._rows is None else self._rows.gather(rows), len(rows))

    def with_columns(self, *changed: pl.Series) -> Self:
        """The same with columns in the place of those of their names; raises ValueError for one of chosen rows."""
        if self._rows is not None:
            raise ValueError("columns of some rows alone have no file")
        return self._copy(
            {**self._files, **{each.name: _write(each, self.folder) for each in changed}}, None, self.height
        )

    def _copy(self, files: Mapping[str, IO[bytes]], rows: pl.Series | None, height: int) -> Self:
        return type(self).__new__(type(self))._set(self.folder, files, rows, height)


def store_frame(frame: pl.DataFrame, folder: Path) -> Table:
    """A frame of MANY_ROWS or more stored in a folder, any other as it is."""
    return StoredFrame(frame, folder) if frame.height >= MANY_ROWS else frame


def load_frame(table: Table) -> pl.DataFrame:
    """All of it, in memory."""
    return table.select(*table.columns)


def gather_rows(table: Table, rows: Any) -> pl.DataFrame:
    """The rows of some places, in their order."""
    return pl.DataFrame([table[name].gather(rows) for name in table.columns])


def spread_rows(table: Table, rows: int) -> pl.DataFrame:
    """At most so many rows, evenly spread."""
    step = max(-(-table.height // rows), 1)
    return pl.DataFrame([table[name].gather_every(step) for name in table.columns])


def _write(values: pl.Series, folder: Path) -> IO[bytes]:
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
    values.to_frame().write_parquet(file, row_group_size=max(len(values), 1))  # so that it comes back in one piece
    return file
