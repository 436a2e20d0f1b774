"""An MLflow that is down in every way there is: soon told, in one message that names the URL."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.tracking.trainings import copy_training

from carprice.cli import main
from carprice.errors import TrackingError
from carprice.settings import Settings
from carprice.tracking import client
from carprice.tracking.client import FAILED_HINT, SEND_HINT, check_server, expect_failures, show_url
from carprice.tracking.outbox import WRITE_HINT, list_pending
from carprice.tracking.promotion import record_training

QUICK_SECONDS = 5


@contextmanager
def serve_codes(health: int, rest: int, pause: threading.Event | None = None) -> Iterator[str]:
    """A server that answers /health with one code and everything else with another, after the event if any."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/health" and pause:
                pause.wait()
            self.send_response(health if self.path == "/health" else rest)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815  the name that http.server asks for

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            if pause:
                pause.set()
            server.shutdown()
            thread.join()


def test_nobody_listens(offline: Settings) -> None:
    with pytest.raises(TrackingError) as caught:
        check_server(offline)
    assert str(caught.value) == (
        f"MLflow at {offline.mlflow_url} does not answer ([Errno 111] Connection refused)\n"
        "Start it with ./carprice up, then send what is kept: ./carprice models send"
    )


def test_a_server_that_hangs_is_given_up(offline: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "HEALTH_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = replace(offline, mlflow_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(TrackingError, match=r"does not answer \(timed out\)"):
            check_server(hanging)


def test_a_server_that_fails_says_its_code(offline: Settings) -> None:
    with serve_codes(503, 503) as url, pytest.raises(TrackingError, match=r"does not answer \(HTTP 503\)"):
        check_server(replace(offline, mlflow_url=url))


@pytest.mark.parametrize("url", ["sqlite:///mlflow.db", "mlflow-server:5000", "file:///tmp"])
def test_a_url_that_is_none(offline: Settings, url: str) -> None:
    with pytest.raises(TrackingError, match="should begin with http:// or https://"):
        check_server(replace(offline, mlflow_url=url))


def test_a_password_is_not_shown(offline: Settings) -> None:
    assert show_url(replace(offline, mlflow_url="http://me:secret@host:5000/ml")) == "http://host:5000/ml"


def test_a_password_in_a_clients_error_is_not_shown(
    offline: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow.exceptions import MlflowException

    settings = replace(offline, mlflow_url="http://alice:s3cret@host:5000")

    def fail(**_: object) -> None:
        with expect_failures(settings):
            raise MlflowException(f"API request to {settings.mlflow_url}/api/2.0/mlflow/runs failed")

    monkeypatch.setattr(main.cli, "main", fail)
    monkeypatch.setattr("sys.argv", ["carprice", "--verbose", "models", "send"])
    assert main.main() == 1
    shown = capsys.readouterr().err
    assert "s3cret" not in shown
    assert shown.endswith(
        "Error: MLflow at http://host:5000 failed: API request to http://host:5000/api/2.0/mlflow/runs failed\n"
        f"{FAILED_HINT}\n"
    )


def test_training_ends_well_with_mlflow_down(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    said: list[str] = []
    record_training(training, offline, said.append)
    assert [folder.name for folder in list_pending(offline)] == [training.version]
    assert said == [
        f"{training.version} is the first model, so it is the champion",
        f"Warning: MLflow at {offline.mlflow_url} does not answer ([Errno 111] Connection refused). "
        f"{training.version} is not in MLflow yet. {SEND_HINT}",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("hangs", [False, True], ids=["5xx", "hangs"])
def test_training_ends_well_when_only_the_health_is_good(
    small_bundle: Path, offline: Settings, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    monkeypatch.setattr(client, "REQUEST_SECONDS", 1)
    training = copy_training(small_bundle, offline)
    said: list[str] = []
    pause = threading.Event() if hangs else None
    with serve_codes(200, 503, pause) as url:
        began = time.monotonic()
        record_training(training, replace(offline, mlflow_url=url), said.append)
    assert time.monotonic() - began < QUICK_SECONDS + 20  # MLflow's import is most of it
    assert said[-1].startswith(f"Warning: MLflow at {url} failed: API request to")
    assert said[-1].endswith(FAILED_HINT)
    assert [folder.name for folder in list_pending(offline)] == [training.version]


def test_training_ends_well_where_no_run_can_be_kept(small_bundle: Path, offline: Settings) -> None:
    training = copy_training(small_bundle, offline)
    offline.var_dir.write_text("in the way")
    said: list[str] = []
    record_training(training, offline, said.append)
    assert said[-1] == (
        f"Warning: {offline.var_dir}/runs/{training.version}: cannot be written (Not a directory). "
        f"{training.version} is not in MLflow yet. {WRITE_HINT}"
    )
