"""No edge passes a request for the sample of requests, however it is written, on Docker and on Kubernetes."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.api.calls import call
from tests.cli.tiny import write_tiny
from tests.ops.edge.proxies import EdgePorts, Replica, run_cluster_edge, run_docker_edge, run_replica

from carprice.api.serving.app import create_app
from carprice.names import SAMPLE_PATH
from carprice.settings import Settings

SECONDS = 10.0
EDGES = {"docker": run_docker_edge, "kubernetes": run_cluster_edge}
DETAIL = "There is nothing at this path; GET /api/docs lists what there is"

DENIED = (
    *(SAMPLE_PATH, f"{SAMPLE_PATH}/", f"{SAMPLE_PATH}?limit=5", "/INFO/Sample"),
    *("//info/sample", "/info//sample", "///info///sample"),
    *("/info/sampl%65", "/%69nfo/sample", "/info%2fsample", "/info%2Fsample", "/%2finfo/sample"),
    *("/" + "".join(f"%{ord(letter):02x}" for letter in SAMPLE_PATH), "/info/sample%20", "/info/sample%00"),
    *("http://127.0.0.1/info/sample", "http://127.0.0.1//info/sampl%65"),
)
NOT_HTTP = (f"{SAMPLE_PATH}#x", SAMPLE_PATH[1:], f"%2f{SAMPLE_PATH[1:]}", f"http://other{SAMPLE_PATH}")
"""Refused by HAProxy before any rule: no path, or of another host than the request's."""
PASSED = ("/info/status?x=/info/sample", "/info/model", "/sample", "/x/info/sample", "/info")


@pytest.fixture(scope="module", params=EDGES)
def edge(
    request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[EdgePorts, Replica]]:
    """Each edge before a replica that answers everything."""
    folder = tmp_path_factory.mktemp("edge")
    with run_replica() as replica, EDGES[request.param](root, folder, replica) as ports:
        yield ports, replica


def talk(port: int, line: str) -> tuple[int, bytes, bytes]:
    """Status, headers and body of a request with this very line."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.sendall(f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as file:
            head, _, body = file.read().partition(b"\r\n\r\n")
    return int(head.split()[1]), head.lower(), body


@pytest.mark.parametrize("path", DENIED)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_is_denied(edge: tuple[EdgePorts, Replica], method: str, path: str) -> None:
    ports, replica = edge
    before = len(replica.asked)
    status, head, body = talk(ports.clients, f"{method} {path}")
    assert (status, replica.asked[before:]) == (404, [])
    assert b"content-type: application/problem+json" in head
    assert method == "HEAD" or json.loads(body)["detail"] == DETAIL


@pytest.mark.parametrize("path", NOT_HTTP)
def test_is_refused(edge: tuple[EdgePorts, Replica], path: str) -> None:
    ports, replica = edge
    before = len(replica.asked)
    assert (talk(ports.clients, f"GET {path}")[0], replica.asked[before:]) == (400, [])


@pytest.mark.parametrize("path", PASSED)
def test_what_is_not_the_sample_passes(edge: tuple[EdgePorts, Replica], path: str) -> None:
    assert talk(edge[0].clients, f"GET {path}")[0] == 200


def test_the_service_gives_the_sample_for_no_other_path(tmp_path: Path) -> None:
    """So that what the edge denies is all that it has to."""
    write_tiny(tmp_path / "artifacts")
    app = create_app(Settings(artifacts_dir=tmp_path / "artifacts", logs_dir=tmp_path / "logs", share_sample=1))
    more = ("/info/./sample", "/x/../info/sample", "/info/sample;x", "/info%252fsample", "/info\\sample")
    given = {}
    for path in (*DENIED, *PASSED, *more):
        bare = path.partition("?")[0]
        asked = unquote(f"/{bare.split('/', 3)[3]}" if "://" in bare else bare)
        given[path] = call(app.wsgi_app, "GET", asked).status
    app.extensions["carprice"].close()
    assert given[SAMPLE_PATH] == 200
    assert {path for path, status in given.items() if status == 200} - set(DENIED) <= {*PASSED}
    assert all(given[path] != 200 for path in more)
