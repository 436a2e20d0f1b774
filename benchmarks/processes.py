"""Servers under measurement: started on a free loopback port, waited for, stopped with all their children."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from carprice.settings import ROOT

HOST = "127.0.0.1"
STOP_SECONDS = 10.0


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def run_server(argv: Sequence[str], log: Path, environment: Mapping[str, str]) -> Iterator[psutil.Process]:
    """Run a server with its output in a file; on the way out it and all it started are stopped."""
    with log.open("wb") as output:
        started = subprocess.Popen(
            argv, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
    process = psutil.Process(started.pid)
    try:
        yield process
    finally:
        stop_tree(process)
        started.wait()


def stop_tree(process: psutil.Process) -> None:
    """Ask a process to stop, and end it and its children where they have not after 10 s."""
    family = [*family_of(process)]
    if family:
        process.terminate()
    for left in psutil.wait_procs(family, STOP_SECONDS)[1]:
        left.kill()


def family_of(process: psutil.Process) -> list[psutil.Process]:
    """The process and all below it; nothing when it has ended."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def wait_for(url: str, process: psutil.Process, log: Path, seconds: float = 60.0, pause: float = 0.05) -> float:
    """Seconds until a GET of url answers 200. Raises RuntimeError with the log's end when it does not."""
    started = time.monotonic()
    while time.monotonic() - started < seconds and process.is_running() and process.status() != "zombie":
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return time.monotonic() - started
        except (urllib.error.URLError, OSError):
            time.sleep(pause)
    raise RuntimeError(f"{url} does not answer; {log} ends with:\n{log.read_text(errors='replace')[-2000:]}")


def price_service(port: int, bundle: Path, folder: Path) -> dict[str, str]:
    """The environment in which `python app.py` serves that bundle on a loopback port."""
    return {
        "CARPRICE_HOST": HOST,
        "CARPRICE_PORT": str(port),
        "CARPRICE_ARTIFACTS_DIR": str(bundle.parent),
        "CARPRICE_MODEL_VERSION": bundle.name,
        "CARPRICE_LOGS_DIR": str(folder / "logs"),
    }
