"""One request to an address."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.ops.edge.certificates import HOST, issue, write_pair

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


def test_an_address_may_speak_tls_and_be_asked_with_a_key(tmp_path: Path) -> None:
    own = issue("site", host=HOST)
    write_pair(tmp_path, own.pem, own.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "fullchain.pem", tmp_path / "privkey.pem")
    with HTTPServer(("127.0.0.1", 0), Keys) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = Address("127.0.0.1", server.server_port, key="secret", is_tls=True)
        assert address.ask("GET", "/").text == "Bearer secret"
        server.shutdown()


class Keys(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["Authorization"].encode())

    def log_message(self, *_: object) -> None:
        pass
