"""edge/haproxy.cfg in a HAProxy on this machine, before a replica that prices nothing: who may connect, who waits.

Ports, the number of connections and the replicas' addresses are the test's own.
"""

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from email.message import Message
from pathlib import Path

import pytest
from tests.ops.edge.proxies import OTHER, EdgePorts, Replica, ask, run_docker_edge, run_replica

from carprice.access.keys import digest_of
from carprice.api.admission import SPENT
from carprice.system.rates import DAY_SECONDS, seconds_to_midnight
from carprice.system.waiting import wait_for

CLIENT = "127.0.0.3"
MAX_CLIENT, MAX_ALL = 20, 50
SECONDS = 10.0
FEWER = {
    "maxconn 4352": f"maxconn {MAX_ALL + 10}",
    "maxconn 4096": f"maxconn {MAX_ALL}",
    "gt 1024": f"gt {MAX_CLIENT}",
}
LIMITS = {"few": "0:3", "both": "2:5", "other": "0:3", "slow": "2:0", "daily": "0:1"}
"""Of each key, as the edge reads them."""
RATES = "".join(f"{digest_of(secret).upper()} {limits}\n" for secret, limits in LIMITS.items())


@pytest.fixture(scope="module")
def replica() -> Iterator[Replica]:
    with run_replica() as found:
        yield found


@pytest.fixture(scope="module")
def edge(root: Path, replica: Replica, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgePorts]:
    with run_docker_edge(root, tmp_path_factory.mktemp("edge"), replica, RATES, **FEWER) as ports:
        yield ports


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


@pytest.mark.slow
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


def test_the_next_day_counts_anew(root: Path, replica: Replica, tmp_path: Path) -> None:
    """In an edge whose days are the clock's seconds, so that one passes while the test looks."""
    days = {"utime(%Y-%m-%d)": "utime(%H%M%S)"}
    with run_docker_edge(root, tmp_path, replica, RATES, **days) as ports:
        assert wait_for(lambda: [send(ports.clients, "daily")[0] for _ in range(2)] == [200, 429], SECONDS)
        assert wait_for(lambda: send(ports.clients, "daily")[0] == 200, SECONDS)
