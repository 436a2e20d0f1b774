"""One request to an address."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from carprice.system.http import Address


class Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(503 if self.path == "/ill" else 200)
        self.send_header("X-Kind", self.headers.get("Content-Type", "none"))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[Address]:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Address("127.0.0.1", server.server_port)
        server.shutdown()


def test_a_body_is_sent_as_json_and_bytes_as_they_are(address: Address) -> None:
    reply = address.ask("POST", "/", {"a": 1})
    assert (reply.status, reply.json(), reply.headers["x-kind"]) == (200, {"a": 1}, "application/json")
    assert address.ask("POST", "/", b"{").json() is None
    assert address.ask("POST", "/").headers["x-kind"] == "none"


def test_a_problem_says_its_detail(address: Address) -> None:
    assert address.ask("POST", "/ill", {"detail": "no model"}).detail() == "no model"
    assert address.ask("POST", "/ill", [1]).detail() == ""


def test_nobody_there() -> None:
    with pytest.raises(OSError, match="it has no address"):
        Address("", 80).ask("GET", "/")
