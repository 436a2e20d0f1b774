"""edge/haproxy.cfg in a HAProxy on this machine, before a replica that prices nothing: who may connect, who waits.

Ports, the number of connections and the replicas' addresses are the test's own.
"""

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.ops.edge.proxies import free_port, run_haproxy

from carprice.access.keys import digest_of
from carprice.api.admission import SPENT
from carprice.system.rates import DAY_SECONDS, seconds_to_midnight
from carprice.system.waiting import wait_for

CLIENT, OTHER = "127.0.0.3", "127.0.0.4"
MAX_CLIENT, MAX_ALL = 20, 50
SECONDS = 10.0
LIMITS = {"few": "0:3", "both": "2:5", "other": "0:3", "slow": "2:0", "daily": "0:1"}
"""Of each key, as the edge reads them."""


class Replica(BaseHTTPRequestHandler):
    """Answers every request with the headers that it got."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = str(self.headers).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class EdgePorts:
    clients: int
    health: int
    commands: int


@pytest.fixture(scope="module")
def replica() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Replica)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@contextmanager
def run_edge(root: Path, folder: Path, replica: int, **more: str) -> Iterator[EdgePorts]:
    """The edge with its own configuration but for ports, limits, addresses, and what else is to be changed."""
    (folder / "active.map").write_text("active current\n")
    rates = [f"{digest_of(secret).upper()} {limits}\n" for secret, limits in LIMITS.items()]
    (folder / "rates.map").write_text("".join(rates))
    ports = EdgePorts(free_port(), free_port(), free_port())
    changes = {
        "bind :5000": f"bind 127.0.0.1:{ports.clients}",
        "bind 127.0.0.1:5001": f"bind 127.0.0.1:{ports.health}",
        "ipv4@127.0.0.1:9999": f"ipv4@127.0.0.1:{ports.commands}",
        "opt@/run/edge": str(folder),  # HAProxy 3.0 has a map that may be missing, those before have none
        "maxconn 4352": f"maxconn {MAX_ALL + 10}",
        "maxconn 4096": f"maxconn {MAX_ALL}",
        "gt 1024": f"gt {MAX_CLIENT}",
        "car-price-api:5000 resolvers docker init-addr none": f"127.0.0.1:{replica}",
        "car-price-api-next:5000 resolvers docker init-addr none": f"127.0.0.1:{replica}",
        "car-price-api:5000 init-addr libc,none": f"127.0.0.1:{replica}",
        **more,
    }
    with run_haproxy(root / "edge" / "haproxy.cfg", folder, changes):
        assert wait_for(lambda: ask(ports.clients) == 200, SECONDS)
        yield ports


@pytest.fixture(scope="module")
def edge(root: Path, replica: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgePorts]:
    with run_edge(root, tmp_path_factory.mktemp("edge"), replica) as ports:
        yield ports


def ask(port: int, source: str = OTHER, seconds: float = SECONDS) -> int:
    """The status of one request from an address; 0 for none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds, source_address=(source, 0))
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@contextmanager
def hold_connections(port: int, source: str, count: int) -> Iterator[list[socket.socket]]:
    """Connections of one address on which nothing is sent; those that are refused at once are left out."""
    with ExitStack() as stack:
        held = []
        for _ in range(count):
            with suppress(ConnectionResetError):
                connection = socket.create_connection(("127.0.0.1", port), SECONDS, (source, 0))
                held.append(stack.enter_context(connection))
        yield held


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def test_no_address_takes_every_connection(edge: EdgePorts) -> None:
    with hold_connections(edge.clients, CLIENT, MAX_ALL + 20) as held:
        assert wait_for(lambda: sum(map(is_open, held)) <= MAX_CLIENT, SECONDS)
        assert ask(edge.clients) == 200
        assert ask(edge.clients, CLIENT) == 0
    assert wait_for(lambda: ask(edge.clients, CLIENT) == 200, SECONDS), (
        "its connections are counted while they last"
    )


def test_the_health_check_answers_where_no_client_can(edge: EdgePorts) -> None:
    with ExitStack() as stack:
        for number in range(MAX_ALL // MAX_CLIENT + 2):
            stack.enter_context(hold_connections(edge.clients, f"127.0.1.{number}", MAX_CLIENT))
        assert ask(edge.clients, seconds=1) == 0, "the edge is full"
        assert ask(edge.health, "127.0.0.1") == 200


@pytest.mark.parametrize(
    ("sent", "passed"),
    [({"X-Request-ID": "a.b:c"}, "X-Request-ID: a.b:c"), ({"X_Request_ID": "b"}, ""), ({"Any_thing": "b"}, "")],
)
def test_names_that_a_replica_would_confuse_do_not_pass(
    edge: EdgePorts, sent: dict[str, str], passed: str
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", edge.clients, timeout=SECONDS)
    connection.request("GET", "/livez", headers=sent)
    got = connection.getresponse().read().decode().lower()
    connection.close()
    assert passed.lower() in got
    assert "_" not in got


def send(port: int, secret: str, path: str = "/predict/price") -> tuple[int, Message, bytes]:
    """Status, headers and body of a request with a key."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS, source_address=(OTHER, 0))
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {secret}", "X-Request-ID": "an-id"})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def count_admitted(ports: EdgePorts, secret: str) -> int:
    """How many requests of a key the edge has counted."""
    with socket.create_connection(("127.0.0.1", ports.commands), SECONDS) as connection:
        connection.sendall(b"show table key_rates\n")
        with connection.makefile() as file:
            found = re.findall(rf"key={digest_of(secret).upper()}-\S+ .*? gpc0=(\d+)", file.read())
    return sum(map(int, found))


def test_a_key_has_so_many_requests_a_day(edge: EdgePorts) -> None:
    found = [send(edge.clients, "few") for _ in range(5)]
    left = seconds_to_midnight(time.time())
    assert [status for status, _, _ in found] == [200, 200, 200, 429, 429]
    _, headers, body = found[-1]
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": SPENT,
    }
    assert headers["Content-Type"] == "application/problem+json"
    assert (headers["X-Request-ID"], headers["Cache-Control"]) == ("an-id", "no-store")
    assert 0 <= (int(headers["Retry-After"]) - left) % DAY_SECONDS <= SECONDS
    assert count_admitted(edge, "few") == 3, "what is refused does not count"
    assert [send(edge.clients, secret)[0] for secret in ("other", "unknown")] == [200, 200]


def test_a_rate_and_a_quota_at_once(edge: EdgePorts) -> None:
    def is_spent() -> bool:
        status, _, body = send(edge.clients, "both")
        return status == 429 and json.loads(body)["detail"] == SPENT

    assert [send(edge.clients, "both")[0] for _ in range(3)][:2] == [200, 200]
    assert wait_for(is_spent, SECONDS)
    assert count_admitted(edge, "both") == 5


def test_a_rate_alone_has_no_end(edge: EdgePorts) -> None:
    assert wait_for(lambda: send(edge.clients, "slow")[0] == 429, SECONDS)
    assert wait_for(lambda: send(edge.clients, "slow")[0] == 200, SECONDS)


def test_the_next_day_counts_anew(root: Path, replica: int, tmp_path: Path) -> None:
    """In an edge whose days are minutes of the clock's seconds, so that one passes while the test looks."""
    days = {"utime(%Y-%m-%d)": "utime(%S)"}
    with run_edge(root, tmp_path, replica, **days) as ports:
        assert wait_for(lambda: [send(ports.clients, "daily")[0] for _ in range(2)] == [200, 429], SECONDS)
        assert wait_for(lambda: send(ports.clients, "daily")[0] == 200, SECONDS)
