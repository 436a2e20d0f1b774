import sys
from pathlib import Path

import pytest

from carprice.ops.local.services import build_services
from carprice.settings import Settings

SETTINGS = Settings(
    logs_dir=Path("/data/logs"), var_dir=Path("/data/var"), port=5010, mlflow_port=5011, shutdown_seconds=20
)


def test_mlflow_comes_first_with_its_whole_command() -> None:
    mlflow = build_services(SETTINGS)[0]
    assert mlflow.name == "mlflow-server"
    assert mlflow.argv == [
        sys.executable,
        *("-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", "5011"),
        *("--backend-store-uri", "sqlite:////data/var/mlflow/mlflow.db"),
        *("--artifacts-destination", "/data/var/mlflow/artifacts"),
        "--uvicorn-opts=--no-access-log",
    ]
    assert mlflow.environment == {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_SERVER_ALLOWED_HOSTS": "localhost,localhost:*,127.0.0.1,127.0.0.1:*",
    }
    assert mlflow.log == Path("/data/logs/mlflow-server.log")


def test_the_api_is_the_container_s_program(root: Path) -> None:
    api = build_services(SETTINGS)[1]
    assert api.name == "car-price-api"
    assert api.argv == [sys.executable, str(root / "app.py")]
    assert (api.port, api.stop_seconds, api.signal_group) == (5010, 25, False)
    assert api.url == "http://localhost:5010"


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:5011", "http://localhost:5011/"])
def test_own_mlflow_is_started(url: str) -> None:
    names = [item.name for item in build_services(Settings(mlflow_port=5011, mlflow_url=url))]
    assert names == ["mlflow-server", "car-price-api"]


def test_mlflow_elsewhere_is_left_alone() -> None:
    services = build_services(Settings(mlflow_url="https://mlflow.example.com"))
    assert [item.name for item in services] == ["car-price-api"]


@pytest.mark.parametrize(
    ("host", "local", "url"),
    [
        ("0.0.0.0", "127.0.0.1", "http://localhost:5000"),
        ("::", "127.0.0.1", "http://localhost:5000"),
        ("192.0.2.7", "192.0.2.7", "http://192.0.2.7:5000"),
    ],
)
def test_address_on_this_machine(host: str, local: str, url: str) -> None:
    api = build_services(Settings(host=host))[1]
    assert (api.local_host, api.url) == (local, url)
