"""The doctor's judgements that need no stack, and its manual."""

import os
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from carprice.errors import StackError
from carprice.names import EDGE
from carprice.ops.docker.up_checks import mend_port
from carprice.ops.doctor.checks.health import find_timeouts, may_use
from carprice.ops.doctor.checks.published_ports import find_dead_ports
from carprice.ops.doctor.diagnosis import CHECKS, add_findings, describe_findings, diagnose
from carprice.ops.doctor.exit_reasons import Kind, explain_exit
from carprice.ops.doctor.findings import Finding
from carprice.ops.doctor.page import write_manual
from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.instance import Instance, Port, Probe

API = "car-price-api"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
TRACE = 'Traceback (most recent call last):\n  File "/app/app.py", line 3, in <module>\n    import x\n'
FINDING = Finding("It is broken", "one\ntwo", "Somebody broke it", "./fix it")


def make_snapshot(*instances: Instance, folder: Path = Path("/nowhere")) -> StackSnapshot:
    return StackSnapshot("local", folder / "artifacts", folder / "logs", folder, instances)


def make_exited(log: str = "", **facts: object) -> Instance:
    return Instance(API, f"{API}-1", "restarting", log=log, **{"exit_code": 1, **facts})


def test_the_page_is_written_from_the_checks(root: Path) -> None:
    """Else: PYTHONPATH=src .venv/bin/python -m carprice.ops.doctor.page > docs/troubleshooting.md"""
    assert (root / "docs" / "troubleshooting.md").read_text() == write_manual()


def test_every_check_says_what_it_is_about() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert all((check.symptom, check.cause, check.fix)), check.name
        assert not check.symptom.endswith("."), check.name


@pytest.mark.parametrize(
    ("log", "kind", "line", "place"),
    [
        (
            TRACE + "ModuleNotFoundError: No module named 'x'",
            Kind.IMPORT,
            "ModuleNotFoundError: No module named 'x'",
            "/app/app.py, line 3",
        ),
        (
            "ImportError: cannot import name 'y' from 'x'",
            Kind.IMPORT,
            "ImportError: cannot import name 'y' from 'x'",
            "",
        ),
        (
            '  File "/app/src/a.py", line 7\n    def\n       ^\nSyntaxError: invalid syntax',
            Kind.SYNTAX,
            "SyntaxError: invalid syntax",
            "/app/src/a.py, line 7",
        ),
        (
            '  File "a.py", line 2\nIndentationError: unexpected indent',
            Kind.SYNTAX,
            "IndentationError: unexpected indent",
            "a.py, line 2",
        ),
        (
            "python: can't open file '/app/app.py': [Errno 2] No such file or directory",
            Kind.FILE,
            "python: can't open file '/app/app.py': [Errno 2] No such file or directory",
            "",
        ),
        (
            TRACE + "FileNotFoundError: [Errno 2] No such file or directory: 'x'",
            Kind.FILE,
            "FileNotFoundError: [Errno 2] No such file or directory: 'x'",
            "/app/app.py, line 3",
        ),
        (
            TRACE + "OSError: [Errno 28] No space left on device",
            Kind.DISK,
            "OSError: [Errno 28] No space left on device",
            "/app/app.py, line 3",
        ),
        (
            "Error: Port 5000 for car-price-api is taken by nginx (pid 9)",
            Kind.PORT,
            "Error: Port 5000 for car-price-api is taken by nginx (pid 9)",
            "",
        ),
        (
            TRACE + "PermissionError: [Errno 13] Permission denied: 'logs/api.jsonl'",
            Kind.PERMISSION,
            "PermissionError: [Errno 13] Permission denied: 'logs/api.jsonl'",
            "/app/app.py, line 3",
        ),
        ("a\nb\nc\nd\ne\nf", Kind.OTHER, "b\nc\nd\ne\nf", ""),
        ("", Kind.OTHER, "", ""),
        # the last sign counts: what went well before does not matter
        (
            "ImportError: a warning only\nSyntaxError: invalid syntax",
            Kind.SYNTAX,
            "SyntaxError: invalid syntax",
            "",
        ),
    ],
)
def test_last_words_tell_the_kind(log: str, kind: Kind, line: str, place: str) -> None:
    exit_ = explain_exit(make_exited(log))
    assert (exit_.kind, exit_.line, exit_.place) == (kind, line, place)


def test_a_kill_by_the_kernel_is_told_before_any_words() -> None:
    exit_ = explain_exit(make_exited("SyntaxError", exit_code=137, is_oom_killed=True, restarts=3))
    assert exit_.kind is Kind.MEMORY
    assert exit_.evidence == "exit code 137, killed by the kernel (OOMKilled), 3 restarts"


@pytest.mark.parametrize(
    ("facts", "has_crashed"),
    [
        ({"status": "running"}, False),
        ({"status": "running", "restarts": 1, "uptime": 2.0}, False),
        ({"status": "running", "restarts": 2, "uptime": 2.0}, True),
        ({"status": "running", "restarts": 2, "uptime": 70.0}, False),
        ({"status": "restarting"}, True),
        ({"status": "exited", "exit_code": 1}, False),  # Docker would have started it again: somebody stopped it
        ({"status": "exited", "exit_code": 1, "is_watched": False}, True),
        ({"status": "exited", "exit_code": 0, "is_watched": False}, False),
        ({"status": "created"}, False),
        ({"status": "created", "error": "port is already allocated"}, True),
        ({"status": "exited", "exit_code": 128, "error": "bind: address already in use"}, True),
        ({"status": "dead"}, True),
    ],
)
def test_who_crashed(facts: dict[str, object], has_crashed: bool) -> None:
    assert Instance(API, API, **facts).has_crashed is has_crashed


def test_a_candidate_has_one_try() -> None:
    assert Instance("car-price-api-next", "n", "running", restarts=1, uptime=1.0).has_crashed


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "need", "is_allowed"),
    [
        (0o600, 1, 0, os.R_OK, False),
        (0o604, 1, 0, os.R_OK, True),
        (0o640, 1, "own", os.R_OK, True),
        (0o620, 1, "own", os.R_OK, False),
        (0o400, "own", 1, os.R_OK, True),
        (0o400, "own", 1, os.W_OK, False),
        (0o044, "own", 1, os.R_OK, False),
        (0o000, 0, 0, os.W_OK, True),
    ],
)
def test_modes(tmp_path: Path, mode: int, uid: int | str, gid: int | str, need: int, is_allowed: bool) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    if os.getuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(path, 4321, 4322)
    found = may_use(path, need, 4321 if uid == "own" else int(uid), 4322 if gid == "own" else int(gid))
    assert found is is_allowed


def test_a_folder_must_be_entered_too(tmp_path: Path) -> None:
    tmp_path.chmod(0o744)
    assert not may_use(tmp_path, os.R_OK, 999, 999)
    tmp_path.chmod(0o755)
    assert may_use(tmp_path, os.R_OK, 999, 999)
    assert may_use(tmp_path / "missing", os.W_OK, 999, 999)


def test_a_check_without_an_answer_is_told_by_its_last_words() -> None:
    probes = (Probe(0, "{}"), Probe(-1, "Health check exceeded timeout (10s)"))
    instance = Instance(API, f"{API}-1", "running", health="unhealthy", probes=probes)
    [found] = find_timeouts(make_snapshot(instance))
    assert found.what == "car-price-api-1 does not answer its health check in time"
    assert found.evidence == "Health check exceeded timeout (10s)"
    assert found.fix.startswith("./carprice restart car-price-api;")
    assert not find_timeouts(make_snapshot(Instance(API, API, "running", health="healthy", probes=probes)))


def test_findings_name_their_check(tmp_path: Path) -> None:
    found = diagnose(make_snapshot(make_exited("SyntaxError: invalid syntax"), folder=tmp_path))
    assert [(item.check, item.what) for item in found] == [
        ("syntax error", "car-price-api-1 does not start: syntax error")
    ]


def test_findings_read_as_a_list() -> None:
    text = "1. It is broken\n  evidence  one\n            two\n  cause     Somebody broke it\n  fix       ./fix it"
    assert describe_findings([FINDING]) == text
    error = StackError("It does not start", "Read it")
    add_findings(error, [])
    assert str(error) == "It does not start\nRead it"
    add_findings(error, [FINDING])
    add_findings(error, [FINDING])
    assert str(error) == f"It does not start\nRead it\n\nWhat is wrong:\n\n{text}"
    said = StackError("It is broken", "Read it")
    add_findings(said, [FINDING])
    assert str(said) == "It is broken\nRead it"


def test_a_taken_port_without_a_setting_is_moved_where_it_stands() -> None:
    assert mend_port("grafana", 3000) == "Stop it, or give grafana another port in docker-compose.override.yml"


@pytest.mark.parametrize("is_published", [True, False])
def test_a_port_that_is_published_and_dead_is_found(is_published: bool) -> None:
    """The container is healthy, asked from inside; from this machine nobody gets there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if is_published:
            threading.Thread(target=lambda: listener.accept()[0].send(ANSWER), daemon=True).start()
        else:
            listener.close()
        edge = Instance(EDGE, "edge-1", "running", health="healthy", ports=(Port(5000, "0.0.0.0", port),))
        snapshot = replace(make_snapshot(edge), ports=((EDGE, "", port),))
        found = find_dead_ports(snapshot)
    if is_published:
        assert found == []
    else:
        [finding] = found
        assert finding.what == f"edge does not answer on port {port}"
        assert finding.fix == "docker compose up -d --no-deps --force-recreate edge"
