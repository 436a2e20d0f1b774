"""Closes connections on which nothing has moved for a while, and those whose request comes too slowly.

A WSGI server reads a body in one of its few threads and waits for it as long as the client likes. A client that
announces a body and vanishes, or sends a byte of it now and then, would hold its thread for ever, and as many of
them as there are threads would hold the service. Granian limits the time for headers and between requests only,
so this looks at every connection now and then: one on which no byte went either way is shut down, and its thread
is free again; so is one whose request takes longer than the same time and a second for each SLOWEST bytes. While
every thread waits for a body there is less patience.

Which connection a thread reads from is not known, so a request that has come whole and waits for its answer is
timed as well.
"""

import os
import socket
import struct
import threading
import time
from collections.abc import Set
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from carprice.names import KIB

LOOKS = 5
"""How often in the time allowed to look, so that no connection gets much more."""
FULL_SECONDS = 1.0
"""Allowed instead while every thread waits for a body."""
FULL_LOOK_SECONDS = 0.5
SLOWEST = 8 * KIB
"""Bytes a second: each so many that have come give a request another second."""

_ESTABLISHED = 1
# struct tcp_info of linux/tcp.h: the state, the milliseconds since data was sent and received, and the bytes sent,
# as far as the client has acknowledged them, and received.
_INFO = struct.Struct("=B43xI4xI64xQQ")


class Request(NamedTuple):
    """The request that a connection brings: bytes sent and received before it, and when its first were seen."""

    sent: int
    received: int
    since: float | None


Requests = dict[int, Request]
"""The request of each connection, by the number of its socket, as a look leaves it to the next."""


def watch_silence(port: int, seconds: float, threads: int, reading: Set[int]) -> threading.Event:
    """Close connections to the port that were silent for `seconds`, in the background, until the event is set.

    So is a request that takes longer than these seconds and one more for each SLOWEST bytes of it.

    reading: a number for each request whose body is being read, kept by those who read. As many of the same at two
    looks as there are threads, and FULL_SECONDS take the place of `seconds`.
    """
    stopped = threading.Event()
    requests: Requests = {}

    def watch() -> None:
        before: Set[int] = frozenset()
        looked = time.monotonic()
        while not stopped.wait(min(seconds / LOOKS, FULL_LOOK_SECONDS)):
            now = frozenset(reading)
            if len(now & before) >= threads:
                close_slow(port, min(seconds, FULL_SECONDS), requests)
            elif time.monotonic() - looked >= seconds / LOOKS:
                close_slow(port, seconds, requests)
                looked = time.monotonic()
            before = now

    threading.Thread(target=watch, name="silence", daemon=True).start()
    return stopped


def close_slow(port: int, seconds: float, requests: Requests) -> int:
    """Shut down this process's connections to the port that are silent or slow; return how many.

    requests is what the look before left, and is brought up to date.
    """
    closed = 0
    before, now = dict(requests), time.monotonic()
    requests.clear()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError), _borrow_socket(int(entry.name)) as connection:
            if not _is_at(connection, port):
                continue
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
            state, sent_ms, received_ms, sent, received = _INFO.unpack(info)
            number = os.fstat(connection.fileno()).st_ino
            request = requests[number] = _follow_request(before.get(number), sent, received, now)
            is_silent = min(sent_ms, received_ms) > seconds * 1000
            if state == _ESTABLISHED and (is_silent or _is_slow(request, received, now, seconds)):
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


def _is_at(connection: socket.socket, port: int) -> bool:
    return connection.family in (socket.AF_INET, socket.AF_INET6) and connection.getsockname()[1] == port


def _follow_request(before: Request | None, sent: int, received: int, now: float) -> Request:
    """The request under way: after an answer the next one begins with the bytes that come then."""
    request = before or Request(sent, 0, None)
    if sent != request.sent:
        return Request(sent, received, None)
    return request._replace(since=now) if request.since is None and received > request.received else request


def _is_slow(request: Request, received: int, now: float, seconds: float) -> bool:
    return request.since is not None and now - request.since > seconds + (received - request.received) / SLOWEST
