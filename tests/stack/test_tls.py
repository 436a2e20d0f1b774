"""TLS at the real edge: one port for both, HTTP/2, a certificate that changes while it serves."""

import http.client
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ops.edge.certificates import HOST, Issued, issue, write_pair
from tests.stack.conftest import open_stack
from tests.stack.operated import carprice, make_stack_context, pin
from tests.stack.stacks import API, EDGE, Stack, execute, health, wait_for

from carprice.ops.doctor.checks.access import find_certificate_problems
from carprice.ops.doctor.snapshot_docker import take_snapshot

pytestmark = pytest.mark.slow

SECONDS = 20.0
ROOT = issue("root")
MIDDLE = issue("middle", ROOT)


def renew(stack: Stack, days: float = 90) -> Issued:
    """Put a new certificate where the settings say."""
    site = issue("site", MIDDLE, days=days, host=HOST)
    write_pair(stack.folder / "tls", site.pem + MIDDLE.pem, site.key_pem())
    return site


@pytest.fixture(scope="module")
def secure(root: Path, tmp_path_factory: pytest.TempPathFactory, image: str) -> Iterator[Stack]:
    """A stack of one replica that speaks TLS."""
    with open_stack(root, tmp_path_factory.mktemp("stack"), image, "tls") as stack:
        stack.settings["CARPRICE_TLS"] = "./tls"
        pin(stack)
        (stack.folder / "root.pem").write_bytes(ROOT.pem)
        renew(stack)
        done = carprice(stack, "tls")
        assert done.returncode == 0, done.stderr
        assert "The edge does not run; it serves it from its next start on" in done.stderr
        stack.up("--scale", f"{API}=1", EDGE)
        wait_for(lambda: get(stack)[0] == 200, "the edge answers with TLS")
        yield stack


def connect(stack: Stack) -> http.client.HTTPSConnection:
    trusted = ssl.create_default_context(cafile=str(stack.folder / "root.pem"))
    return http.client.HTTPSConnection(HOST, stack.port, timeout=SECONDS, context=trusted)


def get(stack: Stack, path: str = "/info/status") -> tuple[int, dict[str, str]]:
    connection = connect(stack)
    try:
        return ask(connection, path)
    except OSError:
        return 0, {}
    finally:
        connection.close()


def ask(connection: http.client.HTTPSConnection, path: str = "/info/status") -> tuple[int, dict[str, str]]:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def serial(stack: Stack) -> int:
    """The serial number of the certificate that a new connection sees."""
    connection = connect(stack)
    connection.connect()
    found = connection.sock.getpeercert()  # type: ignore[union-attr]
    connection.close()
    assert found
    return int(str(found["serialNumber"]), 16)


def curl(stack: Stack, *words: str) -> "subprocess.CompletedProcess[str]":
    found = ["curl", "--silent", "--cacert", str(stack.folder / "root.pem"), "--output", "/dev/null", *words]
    return subprocess.run([*found, f"https://{HOST}:{stack.port}/livez"], capture_output=True, text=True)


def test_answers_with_tls_and_says_that_it_will(secure: Stack) -> None:
    status, headers = get(secure)
    assert (status, headers["strict-transport-security"]) == (200, "max-age=63072000")
    status, headers = get(secure, "/nothing")
    assert (status, headers["strict-transport-security"]) == (404, "max-age=63072000")


def test_without_tls_it_says_where_to_come_again(secure: Stack) -> None:
    connection = http.client.HTTPConnection(HOST, secure.port, timeout=SECONDS)
    connection.request("POST", "/predict/price?explain=1", b"{}")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (
        308,
        f"https://{HOST}:{secure.port}/predict/price?explain=1",
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.headers["Strict-Transport-Security"]
    connection.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl: sudo apt-get install curl")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "2 200"),
        (("--http1.1",), "1.1 200"),
        (("--tlsv1.2", "--tls-max", "1.2"), "2 200"),
        (("--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"), "0 000"),
        (("--tlsv1.2", "--tls-max", "1.2", "--ciphers", "AES128-SHA"), "0 000"),
    ],
)
def test_versions(secure: Stack, words: tuple[str, ...], said: str) -> None:
    done = curl(secure, *words, "--write-out", "%{http_version} %{http_code}")
    assert done.stdout == said


def test_the_clients_address_is_kept_through_to_the_limits(secure: Stack) -> None:
    assert get(secure)[0] == 200
    table = secure.runtime("show table connections")
    assert "used:" in table
    assert "key=::1 " not in table, "of the edge itself"


def test_a_new_certificate_takes_no_connection_away(secure: Stack) -> None:
    kept = connect(secure)
    kept.connect()
    assert ask(kept)[0] == 200
    local, failed, asked, stopped = kept.sock.getsockname(), [], [0], threading.Event()

    def load() -> None:
        while not stopped.is_set():
            asked[0] += 1
            if get(secure)[0] != 200:
                failed.append(asked[0])

    loading = threading.Thread(target=load)
    loading.start()
    for _ in range(3):
        before, site = asked[0], renew(secure)
        wait_for(lambda before=before: asked[0] > before + 5, "the load goes on")
        done = carprice(secure, "tls", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["data"]["served"]
        assert serial(secure) == site.certificate.serial_number
        assert ask(kept)[0] == 200
        assert kept.sock.getsockname() == local, "it is the same connection still"
    stopped.set()
    loading.join()
    kept.close()
    assert failed == []
    secure.compose("restart", EDGE)
    wait_for(lambda: get(secure)[0] == 200, "the edge answers again")
    assert serial(secure) == site.certificate.serial_number


def test_a_wrong_one_is_refused_and_the_old_one_stays(secure: Stack) -> None:
    before = serial(secure)
    site = renew(secure)
    (secure.folder / "tls" / "privkey.pem").write_bytes(MIDDLE.key_pem())
    done = carprice(secure, "tls")
    assert done.returncode == 1
    assert (
        "privkey.pem: is not the key of fullchain.pem" in done.stderr or "own certificate should be" in done.stderr
    )
    assert serial(secure) == before
    assert ask_doctor_of_tls(secure) == "The certificate cannot be used"
    (secure.folder / "tls" / "privkey.pem").write_bytes(site.key_pem())
    assert ask_doctor_of_tls(secure) == "The edge serves another certificate"
    assert carprice(secure, "tls").returncode == 0
    assert ask_doctor_of_tls(secure) == ""


def ask_doctor_of_tls(stack: Stack) -> str:
    context = make_stack_context(stack)
    context = replace(context, settings=replace(context.settings, tls="./tls"))
    return next((found.what for found in find_certificate_problems(take_snapshot(context))), "")


def test_the_key_is_nowhere_else_and_the_log_names_no_client(secure: Stack) -> None:
    [edge] = secure.containers(EDGE)
    wait_for(lambda: health(edge) == "healthy", "the edge is healthy")
    key = (secure.folder / "tls" / "privkey.pem").read_text().splitlines()[1]
    curl(secure, "--tls-max", "1.1")
    assert key in execute(edge, "cat", "/run/edge/tls/site.pem").stdout
    assert key not in execute(edge, "bash", "-c", "cat /proc/*/cmdline", check=False).stdout
    log = secure.log(EDGE)
    assert "handshake" not in log
    assert key not in log
