"""HAProxy of this machine or of Docker, with a configuration of ours whose ports and replicas are a test's own."""

import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest

IMAGE = "haproxy:3.0"
CONFIG = "haproxy.cfg"
SECONDS = 20.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


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
def run_haproxy(
    config: Path, folder: Path, changes: Mapping[str, str], **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """HAProxy with the configuration, each text of `changes` replaced by what stands beside it, for the block."""
    text = config.read_text()
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / CONFIG).write_text(text)
    words, name = list(find_haproxy()), f"carprice-{uuid.uuid4().hex[:12]}"
    is_docker = words[0] == "docker"
    if is_docker:
        given = [word for item in environment.items() for word in ("--env", "=".join(item))]
        words += ["--name", name, "--volume", f"{folder}:{folder}:ro", *given, IMAGE, "haproxy"]
    argv = [*words, "-db", "-f", str(folder / CONFIG)]
    output = subprocess.DEVNULL
    with subprocess.Popen(argv, stdout=output, stderr=output, env=None if is_docker else environment) as process:
        try:
            yield process
        finally:
            if is_docker:
                subprocess.run(["docker", "kill", name], capture_output=True, check=False)
            process.kill()
