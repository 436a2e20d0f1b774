"""Frames of many rows that wait on disk, a file for each column, and are read a column at a time."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
Frame = TypeVar("Frame", bound=Table, covariant=True)


@dataclass(frozen=True)
class StoredFrame:
    """A table in files by column, of about a third of the frame's memory together.

    folder: for changed columns, whose files have no names and are gone with the process, however that ends; so are
    all of write. rows: the places of those that are chosen, None for all.
    """

    folder: Path
    files: Mapping[str, IO[bytes]]
    height: int
    rows: pl.Series | None = None

    @classmethod
    def write(cls, frame: pl.DataFrame, folder: Path) -> "StoredFrame":
        """A frame in files. Raises OSError where there is no room."""
        return cls(folder, {name: _write(frame[name], folder) for name in frame.columns}, frame.height)

    @classmethod
    def open(cls, paths: Mapping[str, Path], height: int) -> "StoredFrame":
        """One whose columns are in such files, as write_columns has them; their folder is for changed ones too."""
        files = {name: path.open("rb") for name, path in paths.items()}
        return cls(next(iter(paths.values())).parent, files, height)

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self.files)

    def __getitem__(self, name: str, /) -> pl.Series:
        """One column, from its file."""
        file = self.files[name]
        file.seek(0)
        values = pl.read_parquet(file).to_series()
        return values if self.rows is None else values.gather(self.rows)

    def select(self, *names: str) -> pl.DataFrame:
        """Some columns, from their files."""
        return pl.DataFrame([self[name] for name in names])

    def filter(self, chosen: pl.Series, /) -> Self:
        """The rows that a mask chooses; the files are shared."""
        rows = chosen.arg_true()
        return replace(self, height=len(rows), rows=rows if self.rows is None else self.rows.gather(rows))

    def with_columns(self, *changed: pl.Series) -> Self:
        """The same with columns in the place of those of their names; raises ValueError for one of chosen rows."""
        if self.rows is not None:
            raise ValueError("columns of some rows alone have no file")
        return replace(self, files={**self.files, **{each.name: _write(each, self.folder) for each in changed}})


def store_frame(table: Table, folder: Path) -> Table:
    """A frame of MANY_ROWS or more stored in a folder, any other table as it is."""
    is_large = isinstance(table, pl.DataFrame) and table.height >= MANY_ROWS
    return StoredFrame.write(load_frame(table), folder) if is_large else table


def write_columns(frame: pl.DataFrame, folder: Path) -> None:
    """A file for each column, by its number."""
    for number, column in enumerate(frame.get_columns()):
        with (folder / str(number)).open("wb") as file:
            _write_column(column, file)


def open_columns(folder: Path, names: Sequence[str], height: int) -> Table:
    """What write_columns wrote of so many rows: stored where they are MANY_ROWS or more, else in memory."""
    paths = {name: folder / str(number) for number, name in enumerate(names)}
    table = StoredFrame.open(paths, height)
    return table if height >= MANY_ROWS else load_frame(table)


def load_frame(table: Table) -> pl.DataFrame:
    """All of it, in memory."""
    return table if isinstance(table, pl.DataFrame) else table.select(*table.columns)


def gather_rows(table: Table, rows: Any) -> pl.DataFrame:
    """The rows of some places, in their order."""
    return pl.DataFrame([table[name].gather(rows) for name in table.columns])


def spread_rows(table: Table, rows: int) -> pl.DataFrame:
    """At most so many rows, evenly spread."""
    step = max(-(-table.height // rows), 1)
    return pl.DataFrame([table[name].gather_every(step) for name in table.columns])


def _write(values: pl.Series, folder: Path) -> IO[bytes]:
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
    _write_column(values, file)
    return file


def _write_column(values: pl.Series, file: IO[bytes]) -> None:
    values.to_frame().write_parquet(file, row_group_size=max(len(values), 1))  # so that it comes back in one piece
