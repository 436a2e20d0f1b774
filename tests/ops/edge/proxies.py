"""HAProxy of this machine or of Docker, with a configuration of ours whose ports and replicas are a test's own."""

import http.client
import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.ports import find_port

from carprice.system.waiting import wait_for

IMAGE = "haproxy:3.0"
CONFIG = "haproxy.cfg"
SECONDS = 20.0
OTHER = "127.0.0.4"
DOCKER, CLUSTER = "edge/haproxy.cfg", "kubernetes/components/edge/haproxy.cfg"


@dataclass(frozen=True)
class EdgePorts:
    """Ports of an edge that runs; the last are none on Kubernetes."""

    clients: int
    health: int
    commands: int = 0


@dataclass
class Replica:
    """Answers every request with the headers that it got. asked: the paths, but for those of checks."""

    port: int
    asked: list[str] = field(default_factory=list)


@contextmanager
def run_replica() -> Iterator[Replica]:
    """A replica that prices nothing, for the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path not in ("/livez", "/info/status"):
                found.asked.append(self.path)
            body = str(self.headers).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_POST = do_HEAD = do_GET  # noqa: N815  the names of http.server

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(ConnectionError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Replica(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@cache
def find_haproxy() -> tuple[str, ...]:
    """The words that HAProxy is started with, but for its own; skips the test where there is none."""
    if program := shutil.which("haproxy"):
        return (program,)
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(["docker", "image", "inspect", IMAGE], check=True, capture_output=True, timeout=SECONDS)
        return ("docker", "run", "--rm", "--network", "host", "--user", "0")
    pytest.skip("no haproxy, and no Docker with its image: sudo apt-get install haproxy")


@contextmanager
def run_haproxy(config: Path, folder: Path, changes: Mapping[str, str]) -> Iterator[None]:
    """HAProxy with the configuration, each text of `changes` replaced by what stands beside it, for the block."""
    text = config.read_text()
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / CONFIG).write_text(text)
    words, name = list(find_haproxy()), f"carprice-{uuid.uuid4().hex[:12]}"
    is_docker = words[0] == "docker"
    if is_docker:
        words += ["--name", name, "--volume", f"{folder}:{folder}:ro", IMAGE, "haproxy"]
    argv = [*words, "-db", "-f", str(folder / CONFIG)]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            if is_docker:
                subprocess.run(["docker", "kill", name], capture_output=True, check=False)
            process.kill()


@contextmanager
def run_docker_edge(
    root: Path, folder: Path, replica: Replica, rates: str = "", **more: str
) -> Iterator[EdgePorts]:
    """The edge of the Docker stack, but for ports and addresses. more: what else is to be replaced."""
    (folder / "active.map").write_text("active current\n")
    (folder / "rates.map").write_text(rates)
    ports = EdgePorts(find_port(), find_port(), find_port())
    address = f"127.0.0.1:{replica.port}"
    changes = {
        "bind :5000": f"bind 127.0.0.1:{ports.clients}",
        "bind 127.0.0.1:5001": f"bind 127.0.0.1:{ports.health}",
        "ipv4@127.0.0.1:9999": f"ipv4@127.0.0.1:{ports.commands}",
        "opt@/run/edge": str(folder),  # HAProxy 3.0 has a map that may be missing, those before have none
        "car-price-api:5000 resolvers docker init-addr none": address,
        "car-price-api-next:5000 resolvers docker init-addr none": address,
        "car-price-api:5000 init-addr libc,none": address,
        **more,
    }
    with run_haproxy(root / DOCKER, folder, changes):
        assert wait_for(lambda: ask(ports.clients) == 200, SECONDS)
        yield ports


@contextmanager
def run_cluster_edge(root: Path, folder: Path, replica: Replica) -> Iterator[EdgePorts]:
    """The edge of Kubernetes, but for ports and addresses."""
    ports = EdgePorts(find_port(), find_port())
    changes = {
        "bind :5000": f"bind 127.0.0.1:{ports.clients}",
        "bind :5001": f"bind 127.0.0.1:{ports.health}",
        '"${CARPRICE_REPLICAS}:5000" resolvers cluster init-addr none': f"127.0.0.1:{replica.port}",
    }
    with run_haproxy(root / CLUSTER, folder, changes):
        assert wait_for(lambda: ask(ports.clients) == 200, SECONDS)
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
