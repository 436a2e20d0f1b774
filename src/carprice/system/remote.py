"""Files in object storage, named by URLs such as s3://bucket/2026/cars.csv, through fsspec.

Keys and endpoint are AWS's own variables, such as AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL, or its files.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from glob import has_magic
from pathlib import Path
from typing import IO, Any, cast

from carprice.errors import ListingsError

SCHEMES = ("s3",)
BLOCK_BYTES = 8 * 1024 * 1024
"""Read at a time: each is a request."""


def is_remote(path: Path) -> bool:
    """Whether a path is a URL, as Path writes it: s3:/bucket/cars.csv."""
    return path.parts[:1] in [(f"{scheme}:",) for scheme in SCHEMES]


def write_path(path: Path) -> str:
    """A path for people: a URL with its two slashes."""
    return f"{path.parts[0]}//{'/'.join(path.parts[1:])}" if is_remote(path) else str(path)


def find_remote(path: Path) -> list[Path]:
    """The files that a URL names, by a pattern, as a folder or as it is, in order. Raises ListingsError."""
    with _name_faults(path):
        system, inside = _open_system(path)
        if has_magic(inside):
            found = system.glob(inside)
        elif system.isfile(inside):
            found = [inside]
        else:
            found = system.ls(inside, detail=False)
    return [Path(f"{path.parts[0]}/{name}") for name in sorted(found)]


def describe_remote(path: Path) -> tuple[int, str]:
    """The size of a file, in bytes, and a text that changes with its content. Raises ListingsError."""
    with _name_faults(path):
        system, inside = _open_system(path)
        facts = system.info(inside)
    return int(facts["size"]), str(facts.get("ETag") or facts.get("LastModified"))


def open_remote(path: Path) -> IO[bytes]:
    """A stream of a file, in which every place can be read; opening and reading raise ListingsError."""
    with _name_faults(path):
        system, inside = _open_system(path)
        return cast(IO[bytes], io.BufferedReader(_RemoteStream(path, system.open(inside, block_size=BLOCK_BYTES))))


def _open_system(path: Path) -> tuple[Any, str]:
    """fsspec's file system, and the path inside it; listings are not kept: they may have changed."""
    try:
        from fsspec.core import url_to_fs

        system, inside = url_to_fs(write_path(path), use_listings_cache=False)
    except ImportError:
        raise ListingsError(
            f"{write_path(path)}: needs s3fs, which is not installed", "Install it: pip install 'carprice[s3]'"
        ) from None
    return system, str(inside)


@contextmanager
def _name_faults(path: Path) -> Iterator[None]:
    faults: tuple[type[Exception], ...] = (OSError,)
    try:
        from botocore.exceptions import BotoCoreError

        faults = (OSError, BotoCoreError)
    except ImportError:
        pass
    try:
        yield
    except FileNotFoundError:
        raise ListingsError(f"{write_path(path)}: no such file", "See what is there: aws s3 ls") from None
    except faults as error:
        raise ListingsError(
            f"{write_path(path)}: cannot be read ({error})",
            "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where it is not Amazon's, AWS_ENDPOINT_URL",
        ) from None


class _RemoteStream(io.RawIOBase):
    def __init__(self, path: Path, file: Any) -> None:
        self._path = path
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        with _name_faults(self._path):
            data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
