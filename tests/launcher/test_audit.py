"""Known holes in locked packages: found by the real pip-audit, from a server that answers as OSV does."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

HOLE = {
    "id": "PYSEC-2026-1",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "click"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.0"}]}],
        }
    ],
}
LINE = "click 8.5.1: PYSEC-2026-1, fixed in 9.0"
pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9/v1/query"
"""The discard port: nothing listens there."""


class _Osv(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps({"vulns": [HOLE]} if asked["package"]["name"] == "click" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def osv() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Osv) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    folder = tmp_path / "requirements"
    folder.mkdir()
    pins = ("click==8.5.1", "idna==3.20")
    (folder / "full.txt").write_text("".join(f"{pin} --hash=sha256:{'0' * 64}\n" for pin in pins))
    return folder


def audit(root: Path, locks: Path, url: str) -> tuple[int, str]:
    argv = [sys.executable, str(root / "requirements" / "audit.py"), "--osv-url", url]
    argv += ["--locks", str(locks), "--kept", str(locks.parent / "audit.json")]
    done = subprocess.run(argv, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def excuse(locks: Path, until: str) -> None:
    (locks / "audit.toml").write_text(
        f'[[excuse]]\nid = "PYSEC-2026-1"\npackage = "click"\nuntil = {until}\nreason = "not used"\n'
    )


def test_a_finding_is_shown_and_fails(root: Path, locks: Path, osv: str) -> None:
    assert audit(root, locks, osv) == (1, f"{LINE}\n1 findings, 1 of them to act on.\n")


def test_an_excuse_counts_until_its_last_day(root: Path, locks: Path, osv: str) -> None:
    excuse(locks, "2999-12-31")
    said = f"{LINE}; put up with until 2999-12-31: not used\n1 findings, 0 of them to act on.\n"
    assert audit(root, locks, osv) == (0, said)
    excuse(locks, "2026-01-01")
    said = f"{LINE}; the excuse is for click and ended on 2026-01-01\n1 findings, 1 of them to act on.\n"
    assert audit(root, locks, osv) == (1, said)


def test_without_a_network_it_says_so_and_goes_on(root: Path, locks: Path, osv: str) -> None:
    code, said = audit(root, locks, NOWHERE)
    assert (code, said.splitlines()[-1]) == (
        0,
        "Nothing was audited; once with a network: python requirements/audit.py",
    )
    assert said.startswith("The advisories cannot be reached: ")


def test_without_a_network_what_was_found_before_is_shown(root: Path, locks: Path, osv: str) -> None:
    audit(root, locks, osv)
    code, said = audit(root, locks, NOWHERE)
    assert code == 1
    assert "What was found on 20" in said
    assert LINE in said
    (locks / "full.txt").write_text(f"idna==3.20 --hash=sha256:{'0' * 64}\n")
    assert "; the locks have changed since:" in audit(root, locks, NOWHERE)[1]
