"""What the edge does besides passing requests on: errors, headers, connections, the choice of the set."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stack.conftest import MakeStack, open_stack
from tests.stack.stacks import API, EDGE, Stack, execute, find_worker, freeze, health, send, wait_for

SERVICES = (EDGE, API)
LISTING = {"make": "Ford"}
MAP = "/run/edge/active.map"


def talk(port: int, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, read one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        return finish(connection, data)


def finish(connection: socket.socket, data: bytes) -> tuple[int, dict[str, str], bytes]:
    connection.sendall(data)
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def read_figure(stack: Stack, proxy: str, server: str, name: str) -> int:
    """A figure of the edge's own statistics."""
    lines = [line.split(",") for line in stack.runtime("show stat").splitlines()]
    [row] = [row for row in lines if row[:2] == [proxy, server]]
    return int(row[lines[0].index(name)])


def test_passes_the_request_id_both_ways(shared: Stack) -> None:
    assert shared.ask(X_Request_ID="an-id.of/mine:1").headers["X-Request-ID"] == "an-id.of/mine:1"
    assert shared.ask().headers["X-Request-ID"]


def test_adds_no_headers(shared: Stack) -> None:
    container = shared.containers(API)[0]
    direct = execute(container, "curl", "-sD", "-", "-o", "/dev/null", "localhost:5000/livez").stdout
    names = {line.partition(":")[0].lower() for line in direct.splitlines()[1:] if line}
    _, headers, _ = talk(shared.port, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    assert set(headers) == names


def test_keeps_connections_alive_on_both_sides(shared: Stack) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=10)
    connection.connect()
    local = connection.sock.getsockname()
    before = read_figure(shared, "be_current", "BACKEND", "connect")
    for _ in range(50):
        connection.request("GET", "/livez")
        assert connection.getresponse().read()
        assert connection.sock.getsockname() == local
    connection.close()
    after = read_figure(shared, "be_current", "BACKEND", "connect")
    assert after - before <= 2, "at most one new connection to each replica"


@pytest.mark.parametrize("path", ["/info/sample", "/info/sampl%65", "//info/sample", "/info//sample?x=1"])
def test_passes_no_request_for_a_sample(shared: Stack, path: str) -> None:
    status, headers, body = talk(shared.port, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert json.loads(body)["detail"] == "There is nothing at this path; GET /api/docs lists what there is"
    assert "x-model-version" not in headers, "the edge answers by itself"


def test_answers_400_as_a_problem(shared: Stack) -> None:
    before = read_figure(shared, "cars", "FRONTEND", "req_tot")
    with socket.create_connection(("127.0.0.1", shared.port), timeout=20) as connection:
        connection.sendall(b"POST /predict/price HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        wait_for(lambda: read_figure(shared, "cars", "FRONTEND", "req_tot") > before, "the edge has the head")
        status, headers, body = finish(connection, b"no number\r\n")
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "The request is not HTTP",
    }


def test_slow_bodies_stop_nobody_else(shared: Stack) -> None:
    head = b"POST /predict/price HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    slow = [socket.create_connection(("127.0.0.1", shared.port)) for _ in range(40)]
    try:
        for connection in slow:
            connection.sendall(head + b"Content-Length: 100\r\n\r\n{")
        began = time.monotonic()
        for _ in range(20):
            assert shared.ask("/predict/price", LISTING).status == 422
        assert time.monotonic() - began < 5
    finally:
        for connection in slow:
            connection.close()


def test_runtime_commands_by_map_file_name(shared: Stack) -> None:
    assert shared.runtime(f"show map {MAP}") == ""
    assert shared.runtime(f"set map {MAP} active current") == "entry not found."
    assert shared.runtime(f"add map {MAP} active current") == ""
    assert shared.runtime(f"set map {MAP} active current") == ""
    assert shared.runtime(f"show map {MAP}").endswith(" active current")
    assert shared.runtime(f"clear map {MAP}") == ""


@pytest.fixture(scope="module")
def impatient(root: Path, tmp_path_factory: pytest.TempPathFactory, image: str) -> Iterator[Stack]:
    """One replica behind an edge that waits for a second only, and whose map names the set."""
    with open_stack(root, tmp_path_factory.mktemp("stack"), image, "impatient") as stack:
        config = stack.folder / "edge" / "haproxy.cfg"
        text = config.read_text()
        for old in ("timeout server 60s", "timeout http-request 10s"):
            assert old in text
            text = text.replace(old, f"{old.rpartition(' ')[0]} 1s")
        config.write_text(text)
        stack.override({EDGE: {"healthcheck": {"interval": "1s", "retries": 2, "start_period": "1s"}}})
        stack.up("--scale", f"{API}=1", EDGE)
        stack.wait_ready(replicas=1)
        yield stack


def test_answers_504_as_a_problem(impatient: Stack) -> None:
    [container] = impatient.containers(API)
    worker = find_worker(container)
    freeze(container, worker)
    try:
        answer = impatient.ask("/livez", X_Request_ID="late")
        assert answer.status == 504
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["X-Request-ID"] == "late"
        assert answer.json()["detail"] == "The service did not answer in time"
    finally:
        send(container, worker, "CONT")
    impatient.wait_ready()


def test_answers_408_as_a_problem(impatient: Stack) -> None:
    head = b"POST /predict/price HTTP/1.1\r\nHost: x\r\nX-Request-ID: slow\r\nContent-Length: 100\r\n\r\n{"
    status, headers, body = talk(impatient.port, head)
    assert (status, headers["content-type"]) == (408, "application/problem+json")
    assert "x-request-id" not in headers, "which nobody has checked"
    assert json.loads(body)["detail"] == "The request did not arrive in time"


@pytest.mark.parametrize("text", ["active current\n", "active next", "active bogus\n", "active\n", "", "\0\0\n"])
def test_a_map_of_any_kind_leaves_a_backend(impatient: Stack, text: str) -> None:
    (impatient.folder / "edge" / "run" / "active.map").write_text(text)
    impatient.compose("restart", EDGE)
    if text == "active next":
        wait_for(lambda: impatient.ask().status == 503, "the empty candidate is chosen")
    else:
        impatient.wait_ready()


def test_answers_503_as_a_problem_and_is_unhealthy_without_replicas(impatient: Stack) -> None:
    (impatient.folder / "edge" / "run" / "active.map").unlink(missing_ok=True)
    impatient.compose("restart", EDGE)
    impatient.wait_ready()
    [edge] = impatient.containers(EDGE)
    wait_for(lambda: health(edge) == "healthy", "the edge is healthy")
    impatient.compose("stop", API)
    answer = wait_for(
        lambda: found if (found := impatient.ask(X_Request_ID="none")).status == 503 else None, "503"
    )
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-ID"] == "none"
    assert answer.json()["detail"] == "No replica can price cars now; try again"
    wait_for(lambda: health(edge) == "unhealthy", "the edge is unhealthy")
    impatient.compose("start", API)
    impatient.wait_ready()
    wait_for(lambda: health(edge) == "healthy", "the edge is healthy again")


def test_comes_back_when_its_process_dies(make_stack: MakeStack) -> None:
    stack = make_stack("edge-dies")
    stack.up("--scale", f"{API}=1", EDGE)
    stack.wait_ready()
    [edge] = stack.containers(EDGE)
    send(edge, "-1", "KILL")
    stack.wait_ready()
