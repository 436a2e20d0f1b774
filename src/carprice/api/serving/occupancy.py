"""Whether every thread of the worker waits for a body: asked by the watchdog where HTTP has no answer.

It is answered by a thread of its own through datagrams, which need no new descriptor, to an address in memory that
bears the number of the main process: https://man7.org/linux/man-pages/man7/unix.7.html, "abstract".
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from carprice.names import KIB

FULL, FREE = b"full", b"free"


def answer_occupancy(pid: int, is_full: Callable[[], bool]) -> threading.Thread:
    """Answer in the background for the worker of that main process, for as long as this process lives.

    Raises OSError where another worker of it does.
    """
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    channel.bind(_name_address(pid))

    def answer() -> None:
        while True:
            with suppress(OSError):  # who asked may be gone
                _, asker = channel.recvfrom(KIB)
                channel.sendto(FULL if is_full() else FREE, asker)

    thread = threading.Thread(target=answer, name="occupancy", daemon=True)
    thread.start()
    return thread


def ask_occupancy(pid: int, seconds: float) -> bool:
    """Whether the worker of that main process says that it is full. A worker that hangs says nothing."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.settimeout(seconds)
        channel.bind("")  # the system chooses an address to answer to
        try:
            channel.sendto(b"?", _name_address(pid))
            return channel.recv(KIB) == FULL
        except OSError:
            return False


def _name_address(pid: int) -> str:
    return f"\0carprice-worker-{pid}"
