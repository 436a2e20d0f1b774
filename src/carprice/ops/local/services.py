"""What the local stack consists of: each service's command, environment, port and health."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from carprice.access.internal_key import read_internal_key
from carprice.names import LOOPBACK, STATUS_PATH
from carprice.settings import ROOT, Settings
from carprice.system.http import Address

API = "car-price-api"
MLFLOW = "mlflow-server"

APP = ROOT / "app.py"
ANY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104  compared with, not listened on

MLFLOW_HEALTH = "/health"

STOP_MARGIN_SECONDS = 5
MLFLOW_STOP_SECONDS = 10

MLFLOW_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_SERVER_ALLOWED_HOSTS": "localhost,localhost:*,127.0.0.1,127.0.0.1:*",
}


@dataclass(frozen=True)
class Service:
    """One supervised program.

    argv: the command. host, port: where it listens. health: the path that answers 200 when it is
    healthy. port_variable: the setting that moves it to another port. log: its output. stop_seconds:
    how long it may take to end after SIGTERM. signal_group: SIGTERM goes to its children as well. key: the API key
    that this machine asks it with. takes_socket: it can listen on a socket that its supervisor opens.
    """

    name: str
    argv: list[str]
    host: str
    port: int
    health: str
    port_variable: str
    log: Path
    stop_seconds: int
    signal_group: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    key: str = field(default="", repr=False)
    takes_socket: bool = False

    @property
    def local_host(self) -> str:
        """The address at which this machine reaches the service."""
        return LOOPBACK if self.host in ANY_ADDRESS else self.host

    @property
    def address(self) -> Address:
        """Where this machine asks the service."""
        return Address(self.local_host, self.port, self.name, self.key)

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host = "localhost" if self.local_host == LOOPBACK else self.local_host
        return f"http://{host}:{self.port}"


def build_services(settings: Settings, app: Path = APP) -> list[Service]:
    """The services in the order they start; MLflow is left out when settings name another server."""
    services = [build_mlflow(settings)] if is_mlflow_ours(settings) else []
    return [*services, build_api(settings, app)]


def is_mlflow_ours(settings: Settings) -> bool:
    """Whether this machine's own MLflow server is the one to track to."""
    ours = {f"http://{host}:{settings.mlflow_port}" for host in (LOOPBACK, "localhost")}
    return settings.tracking_uri.rstrip("/") in ours


def build_api(settings: Settings, app: Path) -> Service:
    """The API: the same program as in the container."""
    return Service(
        name=API,
        argv=[sys.executable, str(app)],
        host=settings.host,
        port=settings.port,
        health=STATUS_PATH,
        port_variable="CARPRICE_PORT",
        log=settings.logs_dir / f"{API}.log",
        stop_seconds=settings.shutdown_seconds + STOP_MARGIN_SECONDS,
        key=read_internal_key(settings.var_dir),
        takes_socket=True,
    )


def build_mlflow(settings: Settings) -> Service:
    """MLflow's server with one worker; its database and artifacts in one folder, clients hold no credentials."""
    folder = settings.var_dir / "mlflow"
    return Service(
        name=MLFLOW,
        argv=[
            *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
            *("--host", LOOPBACK, "--port", str(settings.mlflow_port)),
            *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
            *("--artifacts-destination", str(folder / "artifacts")),
            "--uvicorn-opts=--no-access-log",
        ],
        host=LOOPBACK,
        port=settings.mlflow_port,
        health=MLFLOW_HEALTH,
        port_variable="CARPRICE_MLFLOW_PORT",
        log=settings.logs_dir / f"{MLFLOW}.log",
        stop_seconds=MLFLOW_STOP_SECONDS,
        signal_group=True,
        environment=MLFLOW_ENVIRONMENT,
    )
