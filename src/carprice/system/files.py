"""Files that are there whole or not at all, and files that others may have put there."""

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from carprice.errors import FileError
from carprice.system.terminal import TerminalStream


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: a temporary one beside it, flushed to disk, then renamed.

    Raises FileError where it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)  # of a killed process that had the same number
        with temporary.open("xb") as file:  # which follows no link
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise FileError(*describe_access(path, "written", error)) from None


def open_regular(path: Path, flags: int, mode: int = 0o644) -> int:
    """A handle on a plain file of a folder that others write to too; flags and mode as os.open takes them.

    A symbolic link is not followed, and a pipe or a device, which could block for ever, is not opened. Raises
    OSError.
    """
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a symbolic link, which is not followed", str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))
    return handle


def is_regular(path: Path) -> bool:
    """Whether there is a plain file, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def read_regular(path: Path, limit: int) -> bytes:
    """The last `limit` bytes at most of such a file. Raises OSError."""
    with open(open_regular(path, os.O_RDONLY), "rb") as file:
        file.seek(max(os.fstat(file.fileno()).st_size - limit, 0))
        return file.read(limit)


def copy_once(source: Path, path: Path, limit: int) -> None:
    """Give a file the end of another, where it is not there and that one is a plain file. Raises OSError."""
    if path.exists() or not is_regular(source):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.unlink(missing_ok=True)
        with draft.open("xb") as file:
            file.write(read_regular(source, limit))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was as quick, and may have gone on with it
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring a folder's own entries to disk: without it a power cut may undo a rename. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def describe_access(path: Path, act: str, error: OSError) -> tuple[str, str]:
    """Why a file or folder cannot be read, or written (act), and the command that may change it."""
    if isinstance(error, PermissionError):
        rights = "a+rX" if act == "read" else "a+rwX"
        return f"{path}: may not be {act} by user {os.getuid()}", f"Allow it: chmod -R {rights} {path.parent}"
    if error.errno == errno.EROFS:
        hint = f"Work in a copy elsewhere; what is mounted here says: findmnt -T {path.parent}"
        return f"{path}: cannot be {act} (its file system is read-only)", hint
    return f"{path}: cannot be {act} ({error.strerror or error})", ""


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file, or what it links to, as write_file does, and let it keep its mode: it may hold secrets."""
    file = path.resolve()
    mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else None
    write_file(file, data)
    if mode is not None:
        file.chmod(mode)


def check_free(path: Path, force: bool = False) -> None:
    """Raises FileError where path exists and force is not given."""
    if path.exists() and not force:
        raise FileError(f"{path}: exists already", "Overwrite it with --force.")


@contextmanager
def open_output(path: Path | None, force: bool = False) -> Iterator[BinaryIO]:
    """Yield a stream to path, which appears when the block ended well; to stdout without a path.

    A reader of stdout that went away, as `head` does, ends the block quietly; a terminal gets no control
    characters. Raises FileError where path exists and force is not given, or its folder cannot be written to.
    """
    if path is None:
        with _until_reader_leaves():
            is_terminal = sys.stdout.isatty()
            yield cast(BinaryIO, TerminalStream(sys.stdout.buffer)) if is_terminal else sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    check_free(path, force)
    try:
        draft = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({error.strerror})") from None
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
