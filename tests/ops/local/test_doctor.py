"""The doctor on the local stack, against faults made for real."""

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ops.local.conftest import wait_until

from carprice.errors import StackError
from carprice.model.bundle.manifest import champion_version, read_manifest, write_manifest
from carprice.model.bundle.signing import make_keys
from carprice.ops.doctor.diagnosis import CHECKS, diagnose, explain
from carprice.ops.doctor.findings import Finding
from carprice.ops.local.services import build_services
from carprice.ops.local.stack import start_stack
from carprice.ops.local.supervisor import find_supervisor, start_supervisor
from carprice.ops.stacks.local_stack import LocalStack
from carprice.settings import Settings

Run = Callable[..., subprocess.CompletedProcess[str]]
API = "car-price-api"


def ask_doctor(settings: Settings) -> dict[str, Finding]:
    return {finding.check: finding for finding in diagnose(LocalStack(settings, print).snapshot())}


def start_broken(settings: Settings, tmp_path: Path, text: str) -> StackError:
    """A start with an app of that text, and how it failed."""
    app = tmp_path / "broken.py"
    app.write_text(text)
    with pytest.raises(StackError) as caught:
        start_stack(
            settings, print, app, before_stop=lambda error: explain(error, LocalStack(settings, print).snapshot)
        )
    return caught.value


def test_nothing_is_up(settings: Settings, run: Run) -> None:
    done = run("doctor")
    assert done.returncode == 1
    assert done.stdout == (
        "1. The stack is not up\n"
        "  evidence  not running: car-price-api\n"
        "  cause     It was never started, or was stopped\n"
        "  fix       ./carprice up\n"
    )
    assert done.stderr.startswith(f"{len(CHECKS)} checks, 1 finding (")


def test_nothing_is_found_where_all_is_well(settings: Settings, run: Run) -> None:
    assert run("up", "-d").returncode == 0
    done = run("doctor", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["kind"]) == (0, "doctor")
    assert document["data"] == {"stack": "local", "checks": len(CHECKS), "findings": []}


def test_a_champion_that_does_not_serve_yet(settings: Settings, run: Run) -> None:
    assert run("up", "-d").returncode == 0
    served = champion_version(settings.artifacts_dir)
    assert served
    later = "20991231T235959Z"
    folder = settings.artifacts_dir / later
    shutil.copytree(settings.artifacts_dir / served, folder)
    write_manifest(folder, read_manifest(settings.artifacts_dir / served) | {"version": later})
    promoted = run("promote", later, "--offline", "--force", "--why", "a test")
    assert promoted.returncode == 0
    assert promoted.stderr.splitlines()[-1].startswith("It serves after ./carprice restart")
    again = run("promote", later, "--offline", "--force", "--why", "a test")
    said = f"{later} was the champion already; whether it serves: ./carprice status"
    assert again.stderr.splitlines()[-1] == said
    found = ask_doctor(settings)["champion that waits"]
    assert (found.evidence, found.fix) == (f"champion {later}; served: {served}", "./carprice restart")
    assert f"The champion {later} does not serve yet. It serves after ./carprice restart" in run("status").stderr
    assert run("restart").returncode == 0
    assert ask_doctor(settings) == {}
    assert run("status").stderr == ""


def test_a_damaged_model_under_a_running_stack(settings: Settings, run: Run) -> None:
    assert run("up", "-d").returncode == 0
    [path] = settings.artifacts_dir.glob("*/model.pkl")
    path.write_bytes(path.read_bytes()[:-1])
    found = ask_doctor(settings)
    assert list(found) == ["model files"]
    assert found["model files"].what == "A file of the model is damaged"
    assert found["model files"].evidence.startswith(f"{path}: is truncated: should have ")
    assert "./carprice promote" in found["model files"].fix


def test_a_taken_port_is_explained_by_up(settings: Settings, run: Run) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", settings.port))
        holder.listen()
        done = run("up", "-d")
        found = ask_doctor(settings)["port conflict"]
    assert done.returncode == 1
    assert done.stderr.count(f"Port {settings.port} for car-price-api is taken by ") == 1
    assert "The stack is not up" not in done.stderr
    assert found.what.endswith(f"(pid {os.getpid()})")
    assert found.fix.endswith(f": echo CARPRICE_PORT={settings.port + 10} >> .env, then ./carprice up")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "what", "evidence", "fix"),
    [
        ("import nowhere\n", "import error", "No module named 'nowhere'", "Correct the import"),
        ("def (\n", "syntax error", "SyntaxError", "broken.py, line 1"),
        ("open('gone.txt')\n", "file not found", "gone.txt", "Bring it back (git status)"),
    ],
)
def test_an_app_that_does_not_start(
    settings: Settings, tmp_path: Path, text: str, what: str, evidence: str, fix: str
) -> None:
    error = start_broken(settings, tmp_path, text)
    assert f"1. car-price-api does not start: {what}\n" in error.hint
    assert evidence in error.hint
    assert fix in error.hint
    assert "then: ./carprice restart car-price-api" in error.hint


@pytest.mark.slow
def test_an_app_that_ends_with_its_reason(settings: Settings, tmp_path: Path) -> None:
    error = start_broken(settings, tmp_path, "raise SystemExit('the reason stands here')\n")
    assert "1. car-price-api does not stay up\n" in error.hint
    assert "the reason stands here" in error.hint


def test_a_model_that_is_not_there(settings: Settings, run: Run) -> None:
    version = "20010101T000000Z"
    (settings.artifacts_dir / "champion").write_text(f"{version}\n")
    found = ask_doctor(settings)["model files"]
    assert found.what == "A file of the model is missing"
    assert version in found.evidence
    assert "./carprice models" in found.fix


def test_a_model_that_no_trusted_key_signed(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "trusted").mkdir()
    shutil.copy(make_keys(tmp_path / "ours.pem").public, tmp_path / "trusted")
    found = ask_doctor(replace(settings, trusted_keys=str(tmp_path / "trusted")))["model files"]
    assert found.what == "The model is not signed by a trusted key"
    assert "manifest.sig: is missing" in found.evidence
    assert "./carprice sign" in found.fix


def test_a_full_disk(settings: Settings) -> None:
    settings.logs_dir.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(settings.logs_dir)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a file system can be mounted by root only")
    try:
        found = ask_doctor(settings)["disk full"]
    finally:
        subprocess.run(["umount", str(settings.logs_dir)], check=True)
    assert found.what == f"The disk of {settings.logs_dir} is full"
    assert found.evidence == "1 MB are free, at least 100 MB should be"


def test_a_crash_loop_is_ended(settings: Settings, tmp_path: Path, said: list[str]) -> None:
    dies = tmp_path / "dies.py"
    dies.write_text("raise SystemExit(1)\n")
    stack = replace(settings, stack_dir=tmp_path)
    (tmp_path / "rollout.toml").write_text("max_restarts = 2\n")
    services = build_services(stack, dies)
    supervisor = start_supervisor(stack, services)
    supervisor.start_service(API)
    wait_until(lambda: LocalStack(stack, said.append).stop_crash_loops())
    assert re.fullmatch(rf"{API} crashed \d times and was stopped: max_restarts is 2", said[0])
    found = find_supervisor(stack)
    assert found
    assert found.list_processes()[API].state == "STOPPED"
    assert LocalStack(stack, said.append).stop_crash_loops() == []
