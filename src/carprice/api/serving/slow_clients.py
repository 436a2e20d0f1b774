"""Closes idle connections, and those whose request arrives too slowly.

A WSGI server reads a body in one of its few threads and waits for it as long as the client likes. A client that
announces a body and vanishes, or sends a byte of it now and then, would block its thread for ever, and as many of
them as there are threads would block the service. Granian only limits the time for headers and between requests.
So every connection is checked at intervals: one on which no byte was sent or received for the idle time is shut
down, which frees its thread; so is one whose request takes longer than the idle time plus a second for each
MIN_BYTES_PER_SECOND received. While every thread waits for a body, BUSY_SECONDS is the idle time, and while there
are many connections.

Which connection a thread reads from is not known, so a complete request that waits for its answer is timed too.
"""

import errno
import os
import resource
import socket
import struct
import threading
import time
from collections.abc import Callable, Collection, Iterator, Set
from contextlib import contextmanager, suppress
from typing import NamedTuple

from carprice.names import KIB

CHECKS_PER_TIMEOUT = 5
"""How often to check within the idle time, so that no connection gets much more of it."""
BUSY_SECONDS = 1.0
"""The idle time while every thread waits for a body."""
BUSY_CHECK_SECONDS = 0.5
MIN_BYTES_PER_SECOND = 8 * KIB
CROWD = 512
"""Open files from which on an idle connection has BUSY_SECONDS too: half of what the server takes."""
MAX_DESCRIPTORS = 65_536

_ESTABLISHED = 1
# struct tcp_info of linux/tcp.h: the state, the milliseconds since data was sent and received, and the bytes sent,
# as far as the client has acknowledged them, and received.
_INFO = struct.Struct("=B43xI4xI64xQQ")


class Request(NamedTuple):
    """The request on a connection: bytes sent and received before it, and when its first byte was noticed."""

    sent: int
    received: int
    since: float | None


Requests = dict[int, Request]
"""The request of each connection at the last check, by the inode of its socket."""


def watch_connections(
    port: int,
    seconds: float,
    threads: int,
    in_progress: Set[int],
    has_waiting: Callable[[], bool] = lambda: False,
) -> threading.Event:
    """Close connections to the port that are idle or slow, in the background, until the event is set.

    seconds: the idle time. in_progress: an id for each request whose body is being read, kept up to date by those
    who read. Every thread waits for a body when as many ids are the same at two checks as there are threads.
    has_waiting: whether bodies that are being read keep others from being sent.
    """
    stopped = threading.Event()
    requests: Requests = {}

    def watch() -> None:
        before: Set[int] = frozenset()
        checked = time.monotonic()
        while not stopped.wait(min(seconds / CHECKS_PER_TIMEOUT, BUSY_CHECK_SECONDS)):
            bodies, now = frozenset(in_progress), time.monotonic()
            is_held = len(bodies & before) >= threads or (bool(bodies & before) and has_waiting())
            before = bodies
            # Whatever fails here, at the limit of descriptors say, the next look may succeed.
            with suppress(OSError):
                if len(list_descriptors()) > CROWD:
                    close_slow(port, min(seconds, BUSY_SECONDS), requests, now)
                elif is_held:
                    close_slow(port, min(seconds, BUSY_SECONDS), requests, now, spare_kept=True)
                elif now - checked >= seconds / CHECKS_PER_TIMEOUT:
                    close_slow(port, seconds, requests, now)
                    checked = now

    threading.Thread(target=watch, name="slow-clients", daemon=True).start()
    return stopped


def close_slow(port: int, seconds: float, requests: Requests, now: float, *, spare_kept: bool = False) -> int:
    """Shut down this process's connections to the port that are idle or slow; return how many.

    requests: as the check before left it; it is updated. now: seconds of a monotonic clock. spare_kept: leave
    alone those that are kept for a next request, which hold no thread.
    """
    closed = 0
    before = dict(requests)
    requests.clear()
    for number in list_descriptors():
        with suppress(OSError), _borrow_socket(number) as connection:
            if not _is_at(connection, port):
                continue
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
            state, sent_ms, received_ms, sent, received = _INFO.unpack(info)
            inode = os.fstat(connection.fileno()).st_ino
            request = requests[inode] = _follow_request(before.get(inode), sent, received, now)
            is_idle = min(sent_ms, received_ms) > seconds * 1000 and not (spare_kept and request.since is None)
            if state == _ESTABLISHED and (is_idle or _is_slow(request, received, now, seconds)):
                connection.shutdown(socket.SHUT_RDWR)
                closed += 1
    return closed


def list_descriptors() -> Collection[int]:
    """The numbers of this process's open files; all there may be where no descriptor is left for listing them."""
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208  a third of the time
    except OSError:
        return range(min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], MAX_DESCRIPTORS))


@contextmanager
def _borrow_socket(number: int) -> Iterator[socket.socket]:
    """A socket of this process, by a handle of its own, or at the limit of descriptors by the same.

    Raises OSError for any other file, or one just closed.
    """
    try:
        handle = os.dup(number)
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        connection = socket.socket(fileno=number)
        try:
            yield connection
        finally:
            connection.detach()
        return
    try:
        connection = socket.socket(fileno=handle)
    except OSError:
        os.close(handle)
        raise
    with connection:
        yield connection


def _is_at(connection: socket.socket, port: int) -> bool:
    return connection.family in (socket.AF_INET, socket.AF_INET6) and connection.getsockname()[1] == port


def _follow_request(before: Request | None, sent: int, received: int, now: float) -> Request:
    """The current request: after an answer the next one begins with the bytes that are received then."""
    request = before or Request(sent, 0, None)
    if sent != request.sent:
        return Request(sent, received, None)
    return request._replace(since=now) if request.since is None and received > request.received else request


def _is_slow(request: Request, received: int, now: float, seconds: float) -> bool:
    if request.since is None:
        return False
    return now - request.since > seconds + (received - request.received) / MIN_BYTES_PER_SECOND
