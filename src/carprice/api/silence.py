"""Closes connections on which nothing has moved for a while.

A WSGI server reads a body in one of its few threads and waits for it as long as the client likes. A client that
announces a body and vanishes would hold its thread for ever, and as many of them as there are threads would
hold the service. Granian limits the time for headers and between requests only, so this looks at every
connection now and then: one on which no byte went either way is shut down, and its thread is free again.
"""

import os
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

LOOKS = 5
"""How often in the time allowed to look, so that no connection gets much more."""

_ESTABLISHED = 1
# struct tcp_info of linux/tcp.h: the state, and the milliseconds since data was sent and received.
_INFO = struct.Struct("=B43xI4xI")


def watch_silence(port: int, seconds: float) -> threading.Event:
    """Close connections to the port that were silent for `seconds`, in the background, until the event is set."""
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(seconds / LOOKS):
            close_silent(port, seconds)

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
