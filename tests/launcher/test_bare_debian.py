"""The newcomer's first command on a Debian machine that has Python 3.11 and nothing else, no libgomp above all."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.ports import find_port

IMAGE = "python:3.11-slim"
MACHINE = f"carprice-test-bare-debian-{os.getpid()}"
LIFE_SECONDS = 900

Inside = Callable[..., subprocess.CompletedProcess[str]]


def docker(*words: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    found = subprocess.run(["docker", *words], input=stdin, capture_output=True, timeout=600)
    return subprocess.CompletedProcess(found.args, found.returncode, found.stdout.decode(), found.stderr.decode())


def pack_checkout(root: Path) -> bytes:
    """The files of the checkout that are not ignored, as a tar below carprice/."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in listed.stdout.decode().split("\0"):
            if name and (root / name).is_file():
                archive.add(root / name, f"carprice/{name}")
    return packed.getvalue()


@pytest.fixture
def port() -> int:
    return find_port()


@pytest.fixture
def inside(root: Path, port: int) -> Iterator[Inside]:
    """Run words on the bare machine, as a user who is not root, from another folder than the checkout."""
    if not shutil.which("docker") or docker("image", "inspect", IMAGE).returncode != 0:
        pytest.skip(f"no Docker Engine with the image {IMAGE}")
    variables = ("-e", f"CARPRICE_PORT={port}", "-e", f"CARPRICE_MLFLOW_PORT={find_port()}", "-e", "HOME=/srv")
    # In the host's network, so that packages install wherever they do here.
    created = docker(
        *("run", "-d", "--rm", "--name", MACHINE, "--network", "host", *variables),
        *(IMAGE, "sleep", str(LIFE_SECONDS)),
    )
    assert created.returncode == 0, created.stderr
    try:
        assert docker("cp", "-", f"{MACHINE}:/srv", stdin=pack_checkout(root)).returncode == 0
        docker("exec", MACHINE, "chown", "-R", "1000:1000", "/srv")
        yield lambda *words: docker("exec", "-u", "1000:1000", "-w", "/tmp", MACHINE, *words)
    finally:
        docker("rm", "-f", "-v", MACHINE)


@pytest.mark.slow
def test_up_on_a_bare_machine(inside: Inside, port: int) -> None:
    assert inside("sh", "-c", "ls /usr/lib/*/libgomp.so.1 /lib/*/libgomp.so.1 2>/dev/null").stdout == ""
    up = inside("/srv/carprice/carprice", "up", "-d")
    if "index cannot be reached" in up.stderr:
        pytest.skip("no package index from within a container")
    assert up.returncode == 0, up.stderr
    assert up.stderr.startswith("Installing into .venv with ")

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/info/status") as answer:
        assert answer.status == 200
    status = inside("/srv/carprice/carprice", "status", "--json")
    services = json.loads(status.stdout)["data"]
    assert [item["health"] for item in services] == ["healthy", "healthy"]
    assert inside("/srv/carprice/carprice", "down").returncode == 0
