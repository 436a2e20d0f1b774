"""Closes connections on which nothing has moved for a while.

A WSGI server reads a body in one of its few threads and waits for it as long as the client likes. A client that
announces a body and vanishes would hold its thread for ever, and as many of them as there are threads would
hold the service. Granian limits the time for headers and between requests only, so this looks at every
connection now and then: one on which no byte went either way is shut down, and its thread is free again. While
every thread waits for a body there is less patience.
"""

import os
import socket
import struct
import threading
import time
from collections.abc import Set
from contextlib import suppress
from pathlib import Path

LOOKS = 5
"""How often in the time allowed to look, so that no connection gets much more."""
FULL_SECONDS = 1.0
"""Of silence allowed while every thread waits for a body."""
FULL_LOOK_SECONDS = 0.5

_ESTABLISHED = 1
# struct tcp_info of linux/tcp.h: the state, and the milliseconds since data was sent and received.
_INFO = struct.Struct("=B43xI4xI")


def watch_silence(port: int, seconds: float, threads: int, reading: Set[int]) -> threading.Event:
    """Close connections to the port that were silent for `seconds`, in the background, until the event is set.

    reading: a number for each request whose body is being read, kept by those who read. As many of the same at two
    looks as there are threads, and FULL_SECONDS of silence are enough.
    """
    stopped = threading.Event()

    def watch() -> None:
        before: Set[int] = frozenset()
        looked = time.monotonic()
        while not stopped.wait(min(seconds / LOOKS, FULL_LOOK_SECONDS)):
            now = frozenset(reading)
            if len(now & before) >= threads:
                close_silent(port, min(seconds, FULL_SECONDS))
            elif time.monotonic() - looked >= seconds / LOOKS:
                close_silent(port, seconds)
                looked = time.monotonic()
            before = now

    threading.Thread(target=watch, name="silence", daemon=True).start()
    return stopped


def close_silent(port: int, seconds: float) -> int:
    """Shut down this process's connections to the port on which nothing moved for `seconds`; return how many."""
    closed = 0
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError), _borrow_socket(int(entry.name)) as connection:
            if _is_silent(connection, port, seconds * 1000):
                connection.shutdown(socket.SHUT_RDWR)
                closed += 1
    return closed


def _borrow_socket(number: int) -> socket.socket:
    """A second handle on a socket of this process. Raises OSError for any other file, or one just closed."""
    handle = os.dup(number)
    try:
        return socket.socket(fileno=handle)
    except OSError:
        os.close(handle)
        raise


def _is_silent(connection: socket.socket, port: int, milliseconds: float) -> bool:
    if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.getsockname()[1] != port:
        return False
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
    state, sent, received = _INFO.unpack(info)
    return bool(state == _ESTABLISHED and min(sent, received) > milliseconds)
