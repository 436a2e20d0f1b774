import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from carprice.ops.local import health
from carprice.ops.local.health import Health, check_health
from carprice.ops.local.services import Service, build_services
from carprice.settings import Settings

Answer = Callable[[int, bytes], Service]


@pytest.fixture
def api(settings: Settings) -> Service:
    return build_services(settings)[0]


@pytest.fixture
def answer(api: Service) -> Iterator[Answer]:
    servers = []

    def serve(status: int, body: bytes) -> Service:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert self.path == "/info/status"
                self.send_response(status)
                self.send_header("X-Model-Version", "20260102T030405Z")
                self.end_headers()
                self.wfile.write(body)

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        return replace(api, port=server.server_port)

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_well(answer: Answer) -> None:
    assert check_health(answer(200, b"{}")) == Health(True, "healthy", "20260102T030405Z")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"detail": "no model"}', "answers 503: no model"),
        (b"<html>", "answers 503"),
        (b"[]", "answers 503"),
    ],
)
def test_ill_with_its_reason(answer: Answer, body: bytes, detail: str) -> None:
    assert check_health(answer(503, body)) == Health(False, detail, "20260102T030405Z")


def test_nobody_listens(api: Service) -> None:
    found = check_health(api)
    assert not found.is_healthy
    assert found.detail == f"does not answer on port {api.port} ([Errno 111] Connection refused)"


@pytest.mark.slow
def test_a_hung_service_is_not_waited_for(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = check_health(replace(api, port=server.getsockname()[1]))
    assert found.detail.endswith("(timed out)")


def test_a_proxy_in_the_environment_is_not_asked(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert check_health(answer(200, b"{}")).is_healthy
