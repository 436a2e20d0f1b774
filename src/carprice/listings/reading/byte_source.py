"""The bytes of a listings file, which can be opened again and again, and never unpack to more than they may."""

import gzip
import io
import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import IO, cast

from carprice.errors import ListingsError
from carprice.listings.reading.formats import HEAD_BYTES

CHUNK_BYTES = 1024 * 1024
MAX_LINE_BYTES = 16 * 1024 * 1024
FREE_BYTES = 256 * 1024 * 1024
"""So much may be unpacked from anything."""
MAX_UNPACKED = 200
"""Beyond, so many times the packed size; listings pack to a tenth."""

UNPACK_ERRORS = (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, lzma.LZMAError, tarfile.TarError)


@dataclass(frozen=True)
class ByteSource:
    """Bytes by name. open: a stream from their start. size: in bytes as stored. is_seekable: of the stream."""

    name: str
    open: Callable[[], IO[bytes]]
    size: int
    is_seekable: bool = True

    def read_head(self) -> bytes:
        """The first bytes. Raises ListingsError where they cannot be unpacked."""
        with self.open() as stream:
            return stream.read(HEAD_BYTES)

    def as_file(self) -> "ByteSource":
        """These bytes as a file in which every place can be read."""
        if self.is_seekable:
            return self
        with self.open() as stream:
            return spool(self.name, stream)


class ReadPlace:
    """How far the stream that was opened last of a source has been read, in bytes as stored."""

    def __init__(self) -> None:
        self._stream: IO[bytes] | None = None
        self._size = 0

    def watch(self, source: ByteSource) -> ByteSource:
        """The same source, whose streams are watched."""
        self._size = source.size

        def open_watched() -> IO[bytes]:
            self._stream = source.open()
            return self._stream

        return replace(source, open=open_watched)

    def tell(self) -> int:
        """The size where the stream is closed, and 0 where none was opened."""
        try:
            return self._stream.tell() if self._stream else 0
        except (OSError, ValueError):
            return self._size


def unpack_gzip(source: ByteSource) -> ByteSource:
    """What a gzip file holds."""

    def open_unpacked() -> IO[bytes]:
        packed = source.open()
        return guard(gzip.GzipFile(fileobj=packed), source.name, packed)

    return ByteSource(source.name, open_unpacked, source.size, is_seekable=False)


def guard(unpacked: object, name: str, packed: IO[bytes]) -> IO[bytes]:
    """A stream that is unpacked from another; reading raises ListingsError where it is damaged or a bomb."""
    return cast(IO[bytes], io.BufferedReader(_GuardedStream(cast(IO[bytes], unpacked), name, packed), CHUNK_BYTES))


def check_unpacked(name: str, unpacked: int, size: int) -> None:
    """Raises ListingsError where so many bytes, or what is to become them, were `size` bytes: it is a bomb."""
    if unpacked > max(FREE_BYTES, MAX_UNPACKED * size):
        raise ListingsError(
            f"{name}: unpacks to more than {MAX_UNPACKED} times its size, which no listings do",
            "Unpack it yourself if you trust it.",
        )


def spool(name: str, stream: IO[bytes]) -> ByteSource:
    """Copy a stream to a temporary file without a name, gone when the process is. Raises ListingsError."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # read for as long as the source lives
    try:
        while data := stream.read(CHUNK_BYTES):
            file.write(data)
        file.flush()
    except OSError as error:
        raise ListingsError(
            f"{name}: cannot be kept in {tempfile.gettempdir()} ({error.strerror})",
            "Name a folder with more room: TMPDIR=FOLDER ./carprice ...",
        ) from None

    def open_copy() -> IO[bytes]:
        copy = os.fdopen(os.dup(file.fileno()), "rb")
        copy.seek(0)
        return copy

    return ByteSource(name, open_copy, file.tell())


def read_whole_lines(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """Yield a stream in parts that end with a line. Raises ListingsError for a line that has no end."""
    pending: list[bytes] = []
    size = place = 0
    while data := stream.read(CHUNK_BYTES):
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if end:
            yield b"".join([*pending, data[:end]])
            pending, size = [], 0
        pending.append(data[end:])
        size += len(data) - end
        place += len(data)
        if size > MAX_LINE_BYTES:
            raise ListingsError(
                f"{name}: the line at byte {place - size:,} is longer than {MAX_LINE_BYTES // 1024**2} MB",
                f"That is no table of listings; look at its start: head -c 1000 {name}",
            )
    yield b"".join(pending)


class _GuardedStream(io.RawIOBase):
    def __init__(self, unpacked: IO[bytes], name: str, packed: IO[bytes]) -> None:
        self._unpacked = unpacked
        self._name = name
        self._packed = packed
        self._count = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        """How many bytes were unpacked, for a stream that is unpacked from this one."""
        return self._count

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        try:
            data = self._unpacked.read(len(view))
        except UNPACK_ERRORS as error:
            what = "ends too early" if isinstance(error, EOFError) else f"is damaged ({error})"
            raise ListingsError(f"{self._name}: is packed and {what}", "Copy or download it again.") from None
        view[: len(data)] = data
        self._count += len(data)
        if self._count > FREE_BYTES:
            check_unpacked(self._name, self._count, self._packed.tell())
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._unpacked.close()
            self._packed.close()
        super().close()
