"""Connections on which nothing moves, or too little, are closed; those that are used are not."""

import fcntl
import os
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Set
from pathlib import Path

import pytest
from tests.api.conftest import wait_until

from carprice.api.serving import slow_clients
from carprice.api.serving.slow_clients import Requests, close_slow, watch_connections

SECONDS = 0.3
PATIENT = 3600.0
"""An idle time that no test reaches by the system's clock; what passes of it is said by the test."""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listen() as server:
        yield server


def listen() -> socket.socket:
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(10)
    return server


def connect(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection: the client's, and the server's in this process."""
    client = socket.create_connection(listener.getsockname(), timeout=10)
    return client, listener.accept()[0]


def send(source: socket.socket, target: socket.socket, data: bytes) -> None:
    """Send data and wait until all of it has arrived, unread."""
    unread = count_unread(target)
    source.sendall(data)
    wait_until(lambda: count_unread(target) == unread + len(data))


def count_unread(connection: socket.socket) -> int:
    """The bytes that were received and wait to be read."""
    found = fcntl.ioctl(connection, termios.FIONREAD, bytes(4))
    return int.from_bytes(found, sys.byteorder)


def is_open(connection: socket.socket) -> bool:
    """Whether the other end has not been shut down; nothing was sent to this one."""
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True


def test_an_idle_connection_is_closed(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    client, server = connect(listener)
    with client, server:
        client.sendall(b"half")
        assert server.recv(10) == b"half"
        assert close_slow(port, PATIENT, {}, time.monotonic()) == 0
        wait_until(lambda: close_slow(port, SECONDS, {}, time.monotonic()))
        assert server.recv(10) == b""
        assert client.recv(10) == b""
        assert close_slow(port, 0, {}, time.monotonic()) == 0, "once"


def test_a_connection_of_another_port_is_left_alone(listener: socket.socket) -> None:
    client, server = connect(listener)
    with client, server, socket.create_server(("127.0.0.1", 0)) as other:
        assert close_slow(other.getsockname()[1], -1, {}, 0) == 0
        assert close_slow(listener.getsockname()[1], -1, {}, 0) == 1


def test_a_connection_that_is_used_stays(listener: socket.socket) -> None:
    client, server = connect(listener)
    stopped = watch_connections(listener.getsockname()[1], SECONDS, 1, frozenset())
    silent, watched = connect(listener)
    with client, server, silent, watched:

        def talk() -> None:
            client.sendall(b"x")
            assert server.recv(1) == b"x"
            server.sendall(b"y")
            assert client.recv(1) == b"y"

        def is_closed() -> bool:
            talk()
            return not is_open(watched)

        wait_until(is_closed)
        stopped.set()
        talk()


def test_a_connection_that_is_used_in_one_direction_stays(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    client, server = connect(listener)
    with client, server:
        began = time.monotonic()

        def is_later() -> bool:
            send(client, server, b"x")
            assert close_slow(port, SECONDS / 2, {}, 0.0) == 0
            return time.monotonic() - began > SECONDS

        wait_until(is_later)


def test_a_request_that_comes_slowly_is_closed(listener: socket.socket) -> None:
    port, requests = listener.getsockname()[1], Requests()
    client, server = connect(listener)
    with client, server:
        for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
            send(client, server, b"x")
            assert close_slow(port, PATIENT, requests, share * PATIENT) == 0, share
        assert close_slow(port, PATIENT, requests, PATIENT + 1) == 1
        assert server.recv(65_536).strip(b"x") == b""
        assert client.recv(10) == b""


def test_a_request_has_longer_the_more_of_it_comes(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second for each MIN_BYTES_PER_SECOND: 3,000 bytes are three seconds more than the idle time."""
    monkeypatch.setattr(slow_clients, "MIN_BYTES_PER_SECOND", 1000)
    port, requests = listener.getsockname()[1], Requests()
    client, server = connect(listener)
    with client, server:
        send(client, server, b"x" * 1000)
        assert close_slow(port, PATIENT, requests, 0.0) == 0
        assert close_slow(port, PATIENT, requests, PATIENT + 0.9) == 0
        send(client, server, b"x" * 3000)
        assert close_slow(port, PATIENT, requests, PATIENT + 2.9) == 0
        assert close_slow(port, PATIENT, requests, PATIENT + 4.1) == 1


def test_a_request_is_timed_from_its_own_first_byte(listener: socket.socket) -> None:
    """Neither the pause before it counts nor the requests that the connection brought before."""
    port, requests = listener.getsockname()[1], Requests()
    client, server = connect(listener)
    with client, server:
        for number in range(6):
            client.sendall(b"question")
            assert server.recv(10) == b"question"
            assert close_slow(port, PATIENT, requests, number * PATIENT) == 0, number
            server.sendall(b"answer")
            assert client.recv(10) == b"answer"
            assert close_slow(port, PATIENT, requests, (number + 0.5) * PATIENT) == 0, number


def test_there_is_less_patience_while_every_thread_waits_for_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two watchers of two threads, both patient: where two bodies are in progress a second is the idle time."""
    monkeypatch.setattr(slow_clients, "BUSY_SECONDS", SECONDS)
    monkeypatch.setattr(slow_clients, "BUSY_CHECK_SECONDS", SECONDS / 10)
    with listen() as quiet, listen() as busy:
        first, second, kept = connect(quiet), connect(busy), connect(busy)
        for client, server in (first, second):
            send(client, server, b"half a request")
        watchers = [
            watch_connections(listener.getsockname()[1], PATIENT, 2, in_progress)
            for listener, in_progress in ((quiet, {1}), (busy, {1, 2}))
        ]
        wait_until(lambda: not is_open(second[0]))
        assert is_open(first[0]), "it has been idle for longer"
        assert is_open(kept[0]), "nobody waits for it"
        for watcher in watchers:
            watcher.set()
        for connection in (*first, *second, *kept):
            connection.close()


def test_bodies_in_progress_are_counted_when_they_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other requests at each check are a busy service, not a blocked one."""
    monkeypatch.setattr(slow_clients, "BUSY_SECONDS", 0.0)
    monkeypatch.setattr(slow_clients, "BUSY_CHECK_SECONDS", SECONDS / 10)
    bodies = OtherBodies()
    with listen() as listener:
        client, server = connect(listener)
        send(client, server, b"half a request")
        stopped = watch_connections(listener.getsockname()[1], PATIENT, 1, bodies)
        wait_until(lambda: bodies.checks > 10)
        assert is_open(client)
        bodies.one_stays = True
        wait_until(lambda: not is_open(client))
        stopped.set()
        client.close()
        server.close()


class OtherBodies(Set[int]):
    """One body at a time, another one at each check, until one stays."""

    checks = 0
    one_stays = False

    def __iter__(self) -> Iterator[int]:
        self.checks += 1
        return iter((0 if self.one_stays else self.checks,))

    def __len__(self) -> int:
        return 1

    def __contains__(self, _: object) -> bool:
        return False


def test_files_are_not_taken_for_connections(listener: socket.socket) -> None:
    with Path("/dev/null").open(), socket.socketpair()[0]:
        before = count_files()
        close_slow(listener.getsockname()[1], 0, {}, 0)
        assert count_files() == before


def count_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_there_is_less_patience_in_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,500 idle connections of one client used to keep others out for as long as they had time to be idle."""
    monkeypatch.setattr(slow_clients, "BUSY_SECONDS", SECONDS)
    monkeypatch.setattr(slow_clients, "BUSY_CHECK_SECONDS", SECONDS / 10)
    monkeypatch.setattr(slow_clients, "CROWD", 0)
    with listen() as listener:
        client, server = connect(listener)
        stopped = watch_connections(listener.getsockname()[1], PATIENT, 1, frozenset())
        wait_until(lambda: not is_open(client))
        stopped.set()
        client.close()
        server.close()


FULL = """
import os, resource, socket, sys, threading, time
from carprice.api.serving.slow_clients import watch_connections
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
taken = []
try:
    while True:
        taken.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
watch_connections(listener.getsockname()[1], 0.3, 1, frozenset())
client.settimeout(20)
print(client.recv(1), [thread.name for thread in threading.enumerate()])
"""


def test_it_goes_on_at_the_limit_of_descriptors() -> None:
    """The thread ended with the first look, and with it every limit of time."""
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", FULL], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "b'' ['MainThread', 'slow-clients']\n", done.stderr
