"""`python app.py` as a process: how it starts, what it survives, and how it stops."""

import json
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from tests.api.calls import as_json
from tests.api.conftest import wait_until
from tests.api.process import BODY, SOON, Server
from tests.model.cars import UK_CAR

from carprice.api.serving.slow_clients import BUSY_SECONDS
from carprice.model.bundle.manifest import champion_version

ROWS = 10_000
BATCH = "/predict/batch"


@pytest.fixture
def start(root: Path, tmp_path: Path, small_bundle: Path) -> Iterator[Callable[..., Server]]:
    """Start a server over the small bundle, or with other settings."""
    servers: list[Server] = []

    def start_server(**settings: Any) -> Server:
        folder = tmp_path / str(len(servers))
        folder.mkdir()
        servers.append(Server(root, folder, **{"artifacts_dir": small_bundle, **settings}))
        return servers[-1]

    yield start_server
    for server in servers:
        server.end()


Start = Callable[..., Server]


def test_it_says_where_it_serves_and_what(start: Start, small_bundle: Path) -> None:
    server = start(release="r7").wait_up()
    assert server.price()[0] == 200
    lines = server.lines(server.out)
    assert [line["event"] for line in lines] == ["model loaded", "serving"]
    assert lines[1]["url"] == f"http://127.0.0.1:{server.port}"
    assert lines[1]["model_version"] == champion_version(small_bundle)
    assert lines[1]["release"] == "r7"
    assert server.stop() == 0
    assert [line["event"] for line in server.lines(server.out)][2:] == ["stopped"]
    assert server.read(server.err) == ""
    logged = (server.folder / "logs" / "api.jsonl").read_text().splitlines()
    assert json.loads(logged[-1])["path"] == "/predict/price", "written before it ended"


def test_it_is_a_production_server(start: Start) -> None:
    server = start().wait_up()
    connection = HTTPConnection("127.0.0.1", server.port, timeout=SOON)
    connection.request("GET", "/livez")
    assert connection.getresponse().headers["Server"] == "granian"
    connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_flight_is_finished(start: Start, number: int) -> None:
    server = start().wait_up()
    slow = server.begin_request()
    slow.sendall(BODY[:50])
    server.process.send_signal(number)
    wait_until(lambda: not listens(server.port))
    slow.sendall(BODY[50:])
    answer = slow.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"price":' in answer
    assert server.process.wait(SOON) == 0


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=SOON):
        return True
    return False


def test_a_batch_in_flight_is_finished(start: Start) -> None:
    server = start().wait_up()
    body = as_json([UK_CAR] * ROWS)
    client = server.begin_request(len(body), "/predict/batch")
    client.sendall(body)
    server.process.send_signal(signal.SIGTERM)
    response = b""
    while chunk := client.recv(1 << 20):
        response += chunk
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(json.loads(response.partition(b"\r\n\r\n")[2])["results"]) == ROWS
    assert server.process.wait(SOON) == 0


def test_a_request_that_outlasts_the_limit_does_not_block_the_exit(start: Start) -> None:
    server = start(shutdown_seconds=1).wait_up()
    with server.begin_request():
        assert server.price()[0] == 200
        began = time.monotonic()
        assert server.stop() == 0
        assert 0.9 < time.monotonic() - began < 5
    assert [line["detail"] for line in server.lines(server.err)] == [
        "Killing worker-1 after it refused to gracefully stop"
    ]


def test_an_idle_connection_does_not_hold_the_exit(start: Start) -> None:
    server = start().wait_up()
    idle = HTTPConnection("127.0.0.1", server.port, timeout=SOON)
    idle.request("GET", "/livez")
    idle.getresponse().read()
    with server.connect():
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5
    idle.close()


def test_it_starts_again_at_once_on_the_same_port(start: Start) -> None:
    first = start().wait_up()
    open_one = HTTPConnection("127.0.0.1", first.port, timeout=SOON)
    open_one.request("GET", "/livez")
    open_one.getresponse().read()
    assert first.stop() == 0
    assert start(port=first.port).wait_up().price()[0] == 200
    open_one.close()


def check_refusal(server: Server, *expected: str) -> None:
    """It ends at once with these lines and nothing else: no traceback."""
    assert server.process.wait(SOON) == 1
    assert server.read(server.err) == "".join(f"{line}\n" for line in expected)
    assert server.read(server.out) == ""


def test_a_port_that_is_taken_is_named(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        check_refusal(
            start(port=port),
            f"Error: Port {port} is taken by another program",
            f"See which: ss -ltnp 'sport = :{port}'; or take another port: CARPRICE_PORT={port % 65535 + 1}",
        )


def test_two_services_do_not_share_a_port(start: Start) -> None:
    first = start().wait_up()
    second = start(port=first.port)
    assert second.process.wait(SOON) == 1
    assert f"Error: Port {first.port} is taken" in second.read(second.err)
    assert first.price()[0] == 200


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        ({"threads": "many"}, ["Error: CARPRICE_THREADS: should be a whole number (got 'many')"]),
        ({"idle_seconds": 0}, ["Error: CARPRICE_IDLE_SECONDS: should be at least 1 (got 0)"]),
        (
            {"host": "nowhere.invalid"},
            [
                "Error: Host 'nowhere.invalid' is not an address of this machine (Name or service not known)",
                "Listen on every address: CARPRICE_HOST=0.0.0.0",
            ],
        ),
        (
            {"host": "192.0.2.1", "port": 5000},
            [
                "Error: The service cannot listen on 192.0.2.1 port 5000 (Cannot assign requested address)",
                "Listen on every address: CARPRICE_HOST=0.0.0.0",
            ],
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(start: Start, settings: dict[str, Any], lines: list[str]) -> None:
    check_refusal(start(**settings), *lines)


def test_a_host_name_will_do(start: Start) -> None:
    assert start(host="localhost").wait_up().price()[0] == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_without_its_worker_the_process_ends(start: Start, number: int) -> None:
    server = start().wait_up()
    server.worker().send_signal(number)
    assert server.process.wait(SOON) == 1
    assert [line["detail"] for line in server.lines(server.err)] == ["Unexpected exit from worker-1"]


def test_without_its_parent_the_worker_ends(start: Start) -> None:
    server = start().wait_up()
    worker = server.worker()
    server.process.kill()
    worker.wait(SOON)
    assert not listens(server.port)


def test_half_sent_bodies_do_not_hold_the_service(start: Start) -> None:
    """While all threads wait for them, an idle second is enough; else, as once one is closed, idle_seconds."""
    threads = 4
    server = start(threads=threads, idle_seconds=60).wait_up()
    stuck = [server.begin_request() for _ in range(threads)]
    closed, _, _ = select.select(stuck, [], [], SOON)
    assert closed
    assert [connection.recv(100) for connection in closed] == [b""] * len(closed)
    assert server.price()[0] == 200
    assert server.get("/info/status")[0] == 200
    for connection in stuck:
        connection.close()


def test_bodies_that_trickle_do_not_hold_the_service(start: Start) -> None:
    """While all threads wait for them, a byte now and then is not enough."""
    server = start(threads=2, idle_seconds=60).wait_up()
    slow = [server.begin_request() for _ in range(2)]

    def are_closed() -> bool:
        for connection in slow:
            with suppress(OSError):
                connection.sendall(b" ")
        return server.get("/livez", timeout=0.3)[0] == 200

    began = time.monotonic()
    wait_until(lambda: is_answered(are_closed))
    assert BUSY_SECONDS < time.monotonic() - began < 10
    assert server.price()[0] == 200
    for connection in slow:
        connection.close()


def test_slow_uploads_hold_nobody(start: Start) -> None:
    """More of them than there are threads, on paths of both kinds."""
    server = start(threads=4, idle_seconds=60).wait_up()
    slow = [
        server.begin_request(length, path) for length, path in ((60_000, "/predict/price"), (4_000_000, BATCH))
    ]
    late = [server.connect() for _ in range(20)]
    for connection in late:
        head = f"POST {BATCH} HTTP/1.1\r\nHost: cars\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 4000000\r\n\r\n[".encode())
    for connection in late:
        assert connection.recv(100).startswith(b"HTTP/1.1 429 ")
    assert [server.price()[0] for _ in range(50)] == [200] * 50
    assert server.get("/info/status")[0] == 200
    for connection in slow:
        assert connection.recv(100) == b"", "cut, as others wanted to send"
    for connection in (*slow, *late):
        connection.close()


def is_answered(ask: Callable[[], bool]) -> bool:
    with suppress(OSError):
        return ask()
    return False


def test_a_client_that_does_not_read_holds_nobody(start: Start) -> None:
    server = start(threads=2, idle_seconds=60).wait_up()
    deaf = [server.connect() for _ in range(4)]
    for connection in deaf:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.sendall(b"GET /api/docs/js/swagger-ui-bundle.js HTTP/1.1\r\nHost: cars\r\n\r\n")
    assert server.price()[0] == 200
    assert server.get("/livez")[0] == 200
    for connection in deaf:
        connection.close()


def test_slow_headers_are_cut_off(start: Start) -> None:
    server = start(idle_seconds=1).wait_up()
    with server.connect() as slow:
        slow.sendall(b"GET /livez HTTP/1.1\r\nHost: c")
        assert slow.recv(100) == b""


def test_large_headers_are_refused(start: Start) -> None:
    server = start().wait_up()
    with server.connect() as client:
        with suppress(OSError):
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: cars\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n")
        answer = b""
        with suppress(OSError):
            answer = client.recv(100)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
    assert server.price()[0] == 200


def test_without_a_model_it_stays_up_and_says_why(start: Start, tmp_path: Path) -> None:
    server = start(artifacts_dir=tmp_path / "none").wait_up()
    assert server.get("/info/status")[0] == 503
    assert server.price()[0] == 503
    assert [line["event"] for line in server.lines(server.err)] == ["model not loaded"]
    assert server.lines(server.out)[0]["model_version"] == "none"
    assert server.stop() == 0
