"""edge/haproxy.cfg in a HAProxy on this machine, before a replica that prices nothing: who may connect, who waits.

Ports, the number of connections and the replicas' addresses are the test's own.
"""

import http.client
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from carprice.system.waiting import wait_for

PROGRAM = shutil.which("haproxy")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no haproxy: sudo apt-get install haproxy")

CLIENT, OTHER = "127.0.0.3", "127.0.0.4"
MAX_CLIENT, MAX_ALL = 20, 50
SECONDS = 10.0


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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def replica() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Replica)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture(scope="module")
def edge(root: Path, replica: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgePorts]:
    """The edge with its own configuration but for ports, limits and addresses."""
    folder = tmp_path_factory.mktemp("edge")
    (folder / "active.map").write_text("active current\n")
    (folder / "rates.map").write_text("")
    ports = EdgePorts(free_port(), free_port())
    changes = {
        "bind :5000": f"bind 127.0.0.1:{ports.clients}",
        "bind 127.0.0.1:5001": f"bind 127.0.0.1:{ports.health}",
        "ipv4@127.0.0.1:9999": f"ipv4@127.0.0.1:{free_port()}",
        "opt@/run/edge": str(folder),  # HAProxy 3.0 has a map that may be missing, those before have none
        "maxconn 4352": f"maxconn {MAX_ALL + 10}",
        "maxconn 4096": f"maxconn {MAX_ALL}",
        "gt 1024": f"gt {MAX_CLIENT}",
        "car-price-api:5000 resolvers docker init-addr none": f"127.0.0.1:{replica}",
        "car-price-api-next:5000 resolvers docker init-addr none": f"127.0.0.1:{replica}",
        "car-price-api:5000 init-addr libc,none": f"127.0.0.1:{replica}",
    }
    text = (root / "edge" / "haproxy.cfg").read_text()
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "haproxy.cfg").write_text(text)
    argv = [str(PROGRAM), "-db", "-f", str(folder / "haproxy.cfg")]
    assert subprocess.run([*argv, "-c"], capture_output=True, text=True).returncode == 0
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            assert wait_for(lambda: ask(ports.clients) == 200, SECONDS)
            yield ports
        finally:
            process.kill()


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
