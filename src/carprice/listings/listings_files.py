"""Several listings files of one table, read one after the other as if they were one."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from carprice.errors import ListingsError
from carprice.listings.columns import find_similar, list_columns
from carprice.listings.reading.formats import EXPECTED
from carprice.listings.reading.listings_file import BATCH_ROWS, ListingsFile
from carprice.listings.reading.row_lines import DroppedRow
from carprice.system.remote import find_remote, is_remote, write_path

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".json", ".jsonl", ".ndjson", ".parquet", ".gz", ".tgz", ".zip")
"""Of the files of a folder, those that end so are listings."""

Place = tuple[str, int]
"""The file, empty where there is one only, and the line."""


class ListingsFiles:
    """Files that have the same columns, in whatever order; str() is what was typed to name them.

    Raises ListingsError where one cannot be read, or has a column that the first has not, or lacks one of it.
    """

    def __init__(self, named: Sequence[Path], encoding: str = "", is_strict: bool = False) -> None:
        self._typed = " ".join(map(write_path, named))
        self.options = {"encoding": encoding, "is_strict": is_strict}
        paths = find_files(named)
        self.files = [ListingsFile(path, encoding, is_strict) for path in paths]
        self.columns = self.files[0].columns
        for file in self.files[1:]:
            _check_same(self.files[0], file)
        self._starts: list[int] = []

    def __str__(self) -> str:
        return self._typed

    @property
    def name(self) -> str:
        """The name of the file, or of the first and how many more there are."""
        more = f" and {len(self.files) - 1} more" if len(self.files) > 1 else ""
        return f"{self.files[0].path.name}{more}"

    @property
    def size(self) -> int:
        """In bytes as stored, of all files; 0 for standard input, which can be read once only."""
        return sum(file.size for file in self.files)

    def find_share_read(self) -> float:
        """The share of all bytes that were read; 0 for standard input, whose end is not known."""
        return sum(file.bytes_read for file in self.files) / self.size if self.size else 0.0

    @property
    def first_line(self) -> int:
        """The line of the first row, where rows are counted as one line each through all files."""
        return self.files[0].first_line

    @property
    def counted(self) -> str:
        """How the place of a row is given: by `line` or by `row`."""
        return self.files[0].counted

    @property
    def notes(self) -> list[str]:
        """How the files were understood; each names its file where there are several."""
        return [
            f"{self._name(file)}{': ' if self._name(file) else ''}{note}"
            for file in self.files
            for note in file.notes
        ]

    @property
    def dropped(self) -> list[tuple[str, DroppedRow]]:
        """The rows that were no rows of the table, by file and reason, of what was read."""
        return [(self._name(file), row) for file in self.files for row in file.dropped]

    def read_batches(self, batch_rows: int = BATCH_ROWS) -> Iterator[pl.DataFrame]:
        """Yield the rows of all files in order, as ListingsFile does, with the columns of the first."""
        self._starts = []
        rows = 0
        for file in self.files:
            self._starts.append(rows)
            for batch in file.read_batches(batch_rows):
                rows += batch.height
                yield batch.select(self.columns)

    def find_places(self, counted: Sequence[int]) -> list[Place]:
        """File and true line of rows that were counted as one line each from first_line on, once read."""
        return [self._find_place(line - self.first_line) for line in counted]

    def _find_place(self, row: int) -> Place:
        index = max(index for index, start in enumerate(self._starts) if start <= row)
        file = self.files[index]
        return self._name(file), file.find_lines([row - self._starts[index] + file.first_line])[0]

    def _name(self, file: ListingsFile) -> str:
        return write_path(file.path) if len(self.files) > 1 else ""


Source = Path | ListingsFiles
"""What the functions that read listings take: a path, or files that were opened with options."""


def open_listings(source: Source) -> ListingsFiles:
    """The files of a source. Raises ListingsError as ListingsFiles does."""
    return source if isinstance(source, ListingsFiles) else ListingsFiles([source])


def find_files(named: Sequence[Path]) -> list[Path]:
    """The files that were named: as they are, by patterns such as data/*.csv, or by their folder; each once.

    Those of s3://bucket/ are found so too. Raises ListingsError where a pattern or a folder has none.
    """
    found: dict[Path, Path] = {}
    for path in named:
        for file in _expand(path):
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _expand(path: Path) -> list[Path]:
    if is_remote(path):
        return _expand_remote(path)
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if _is_listings(file)]
        if not files:
            raise ListingsError(f"{path}: is a folder without listings ({', '.join(SUFFIXES)})", EXPECTED)
        return files
    if path.exists() or not glob.has_magic(str(path)):
        return [path]
    files = [Path(name) for name in sorted(glob.glob(str(path), recursive=True)) if Path(name).is_file()]  # noqa: PTH207
    if not files:
        raise ListingsError(f"{path}: no file has such a name", f"See what is there: ls {path.parent}")
    return files


def _expand_remote(path: Path) -> list[Path]:
    found = find_remote(path)
    files = found if found == [path] or glob.has_magic(str(path)) else [each for each in found if _is_named(each)]
    if not files:
        raise ListingsError(f"{write_path(path)}: has no listings ({', '.join(SUFFIXES)})", EXPECTED)
    return files


def _is_listings(path: Path) -> bool:
    return path.is_file() and _is_named(path)


def _is_named(path: Path) -> bool:
    return not path.name.startswith(".") and path.name.lower().endswith(SUFFIXES)


def _check_same(first: ListingsFile, file: ListingsFile) -> None:
    missing = [column for column in first.columns if column not in file.columns]
    extra = [column for column in file.columns if column not in first.columns]
    if not missing and not extra:
        return
    if missing:
        similar = find_similar(missing[0], extra)
        what = f"has no column {missing[0]!r}, which {write_path(first.path)} has"
        hint = f"Did you mean {similar!r}? Rename it there. " if similar else ""
    else:
        what, hint = f"has a column {extra[0]!r}, which {write_path(first.path)} has not", ""
    raise ListingsError(
        f"{write_path(file.path)}: {what}",
        f"{hint}Files read together have the same columns; it has: {list_columns(file.columns)}.",
    )
