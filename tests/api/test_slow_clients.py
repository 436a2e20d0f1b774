"""Connections on which nothing moves, or too little, are closed; those that are used are not."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.api.conftest import POLL_SECONDS, wait_until

from carprice.api import slow_clients
from carprice.api.slow_clients import Requests, close_slow, watch_silence

SECONDS = 0.3


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server


def connect(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection: the client's, and the server's in this process."""
    client = socket.create_connection(listener.getsockname(), timeout=10)
    return client, listener.accept()[0]


def test_a_silent_connection_is_closed(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    client, server = connect(listener)
    with client, server:
        client.sendall(b"half")
        assert server.recv(10) == b"half"
        assert close_slow(port, 60, {}) == 0
        wait_until(lambda: close_slow(port, SECONDS, {}))
        assert server.recv(10) == b""
        assert client.recv(10) == b""
        assert close_slow(port, 0, {}) == 0, "once"


def test_a_connection_of_another_port_is_left_alone(listener: socket.socket) -> None:
    client, server = connect(listener)
    with client, server, socket.create_server(("127.0.0.1", 0)) as other:
        assert close_slow(other.getsockname()[1], -1, {}) == 0
        assert close_slow(listener.getsockname()[1], -1, {}) == 1


def test_a_connection_that_is_used_stays(listener: socket.socket) -> None:
    client, server = connect(listener)
    stopped = watch_silence(listener.getsockname()[1], SECONDS, 1, frozenset())
    silent, watched = connect(listener)
    with client, server, silent, watched:

        def talk() -> None:
            client.sendall(b"x")
            assert server.recv(1) == b"x"
            server.sendall(b"y")
            assert client.recv(1) == b"y"

        def is_closed() -> bool:
            talk()
            watched.setblocking(False)
            try:
                return watched.recv(1) == b""
            except BlockingIOError:
                return False

        wait_until(is_closed)
        stopped.set()
        talk()


def test_a_request_that_comes_slowly_is_closed(listener: socket.socket) -> None:
    port, requests = listener.getsockname()[1], Requests()
    client, server = connect(listener)
    with client, server:

        def is_closed() -> int:
            client.sendall(b"x")
            return close_slow(port, SECONDS, requests)

        began = time.monotonic()
        wait_until(is_closed)
        assert time.monotonic() - began > SECONDS
        assert server.recv(65_536).strip(b"x") == b""
        assert client.recv(10) == b""


def test_a_request_has_longer_the_more_of_it_comes(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_clients, "SLOWEST", 1000)
    port, requests = listener.getsockname()[1], Requests()
    client, server = connect(listener)
    with client, server:
        client.sendall(b"x" * 1000)
        assert close_slow(port, SECONDS, requests) == 0
        began = time.monotonic()
        while time.monotonic() - began < SECONDS + 0.5:
            client.sendall(b"x")
            assert close_slow(port, SECONDS, requests) == 0
            time.sleep(POLL_SECONDS)
        wait_until(lambda: client.send(b"x") and close_slow(port, SECONDS, requests))
        assert time.monotonic() - began > SECONDS + 1


def test_a_request_is_timed_from_its_own_first_byte(listener: socket.socket) -> None:
    """Neither the pause before it counts nor the requests that the connection brought before."""
    port, requests = listener.getsockname()[1], Requests()
    client, server = connect(listener)
    with client, server:
        for _ in range(4):
            client.sendall(b"question")
            assert server.recv(10) == b"question"
            assert close_slow(port, SECONDS, requests) == 0
            time.sleep(SECONDS / 2)
            server.sendall(b"answer")
            assert client.recv(10) == b"answer"
            assert close_slow(port, SECONDS, requests) == 0
            time.sleep(SECONDS / 2)


@pytest.mark.parametrize(
    ("reading", "allowed"), [({1, 2}, SECONDS / 2), ({1}, SECONDS)], ids=["all threads", "one of two"]
)
def test_there_is_less_patience_while_every_thread_waits_for_a_body(
    monkeypatch: pytest.MonkeyPatch, reading: set[int], allowed: float
) -> None:
    monkeypatch.setattr(slow_clients, "FULL_SECONDS", SECONDS / 2)
    monkeypatch.setattr(slow_clients, "FULL_LOOK_SECONDS", SECONDS / 10)
    looks: list[float] = []
    monkeypatch.setattr(slow_clients, "close_slow", lambda _, seconds, __: looks.append(seconds))
    stopped = watch_silence(1, SECONDS, 2, reading)
    wait_until(lambda: len(looks) >= 4)
    stopped.set()
    # Of the first look it is not known yet who still waits.
    assert set(looks[1:]) == {allowed}


def test_files_are_not_taken_for_connections(listener: socket.socket) -> None:
    with Path("/dev/null").open(), socket.socketpair()[0]:
        before = count_files()
        close_slow(listener.getsockname()[1], 0, {})
        assert count_files() == before


def count_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
