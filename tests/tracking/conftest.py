"""A real MLflow server for the tests that talk to one."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.ports import find_port

from carprice.cli.main import cli
from carprice.settings import Settings

START_SECONDS = 120
POLL_SECONDS = 0.1


def wait_for_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Poll a URL until it answers 200; fail with the process's log when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(POLL_SECONDS)
    pytest.fail(f"{url} does not answer:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def start_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[list[str], str], None]]:
    """Start a program that answers on a URL; it is killed with its children when the tests end."""
    started: list[subprocess.Popen[bytes]] = []
    folder = tmp_path_factory.mktemp("processes")
    # MLflow runs uvicorn by its name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def start(argv: list[str], url: str, **environment: str) -> None:
        log = folder / f"{len(started)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *argv],
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | {"PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true"} | environment,
            )
        started.append(process)
        wait_for_answer(url, process, log)

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="session")
def mlflow_url(start_process: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A MLflow server of the tests' own."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = find_port()
    url = f"http://127.0.0.1:{port}"
    argv = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    argv += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    argv += ["--artifacts-destination", str(folder / "artifacts")]
    start_process(argv, f"{url}/health", MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false")
    return url


@pytest.fixture
def offline(tmp_path: Path) -> Settings:
    """Settings with folders of the test's own and an MLflow that is down."""
    return Settings(
        artifacts_dir=tmp_path / "artifacts",
        var_dir=tmp_path / "var",
        mlflow_url=f"http://127.0.0.1:{find_port()}",
    )


@pytest.fixture
def online(offline: Settings, mlflow_url: str) -> Settings:
    """The same folders, with an MLflow that is up."""
    return replace(offline, mlflow_url=mlflow_url)


@pytest.fixture
def run_cli(offline: Settings) -> "Runner":
    return Runner(offline)


class Runner:
    """Runs the command line on folders of the test's own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, *argv: str) -> Result:
        environment = {
            "CARPRICE_ARTIFACTS_DIR": str(self._settings.artifacts_dir),
            "CARPRICE_VAR_DIR": str(self._settings.var_dir),
            "CARPRICE_MLFLOW_URL": self._settings.mlflow_url,
        }
        return CliRunner().invoke(cli, argv, env=environment)
