"""Files that are there whole or not at all."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from carprice.errors import MarketError


@contextmanager
def open_output(path: Path | None, force: bool = False) -> Iterator[BinaryIO]:
    """Yield a stream to path, which appears when the block ended well; to stdout without a path.

    A reader of stdout that went away, as `head` does, ends the block quietly. Raises MarketError where
    path is there already and force is not given, or its folder cannot be written to.
    """
    if path is None:
        with _until_reader_leaves():
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    if path.exists() and not force:
        raise MarketError(f"{path}: is there already", "Overwrite it with --force.")
    try:
        draft = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise MarketError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        with draft:
            yield draft  # type: ignore[misc]  # a wrapper that the stubs do not call a BinaryIO
        _give_default_mode(Path(draft.name))
        Path(draft.name).replace(path)
    finally:
        Path(draft.name).unlink(missing_ok=True)


@contextmanager
def _until_reader_leaves() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # Python flushes stdout once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _give_default_mode(path: Path) -> None:
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
