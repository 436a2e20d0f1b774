"""Large bodies: only some of the threads may wait for them, and not for slow ones while others want to send.

A thread reads a body as fast as its client sends it. As many slow clients as there are threads would hold all of
them, so SPARE_THREADS never wait for a body that is larger than what comes along with its headers.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from carprice.api.responses import RETRY, RefusedError
from carprice.names import KIB

SMALL_BYTES = 8 * KIB
"""A body of at most so much comes with its headers: the edge has a buffer of twice that, and passes a request on
with what fits into it. Without an edge a client can send it slowly: slow_clients.py."""
SPARE_THREADS = 2
WAIT_SECONDS = 0.1
"""For a place: several times what a body takes from a client that is not slow."""
GRACE_SECONDS = 2.0
"""Before the rate of a body is judged."""
MIN_BYTES_PER_SECOND = 64 * KIB
"""Of a body that takes the place of others: 8 MB in two minutes."""


class UploadSlots:
    """Places for large bodies that are being received at the same time."""

    def __init__(self, threads: int) -> None:
        self.count = max(threads - SPARE_THREADS, 1)
        self._taken = 0
        self._is_awaited = False
        self._changed = threading.Condition()

    @property
    def is_full(self) -> bool:
        """Whether another large body would have to wait, or be refused."""
        return self._taken >= self.count

    @contextmanager
    def take(self) -> Iterator[None]:
        """A place for the block. One thread may wait a moment for it; others are refused at once, with 429."""
        with self._changed:
            if self.is_full and not self._is_awaited:
                self._is_awaited = True
                self._changed.wait_for(lambda: not self.is_full, WAIT_SECONDS)
                self._is_awaited = False
            if self.is_full:
                detail = f"{self.count} large bodies are being received already; try again"
                raise RefusedError(429, detail, headers=(RETRY,))
            self._taken += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken -= 1
                self._changed.notify()

    def read(self, source: Any, length: int, is_announced: bool) -> bytes:
        """At most `length` bytes of a WSGI input; where they are not few, in a place of their own.

        Raises RefusedError with 408 for a body that comes slowly while every place is taken, with 429 where none
        gets free.
        """
        if is_announced and length <= SMALL_BYTES:
            return source.read(length)  # type: ignore[no-any-return]
        with self.take():
            return b"".join(self._read_pieces(source, length))

    def _read_pieces(self, source: Any, length: int) -> Iterator[bytes]:
        began, received = time.monotonic(), 0
        while received < length:
            piece: bytes = source.read(min(length - received, SMALL_BYTES))
            yield piece
            received += len(piece)
            if not piece:
                return
            seconds = time.monotonic() - began
            if self.is_full and seconds > GRACE_SECONDS and received < MIN_BYTES_PER_SECOND * seconds:
                rate = f"{MIN_BYTES_PER_SECOND} bytes a second"
                raise RefusedError(408, f"The body should come at {rate} at least, as others wait to send theirs")
