"""The servers beside ours: each on a free loopback port, with the bodies that it takes for the same cars.

MLflow serves the registered model, which answers the same from the same fields. BentoML gets rows that are encoded
already and answers bare scores, which spares it work that ours does.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from load import write_bodies
from processes import HOST, free_port, price_service, run_server, wait_for

from carprice.model.bundle.manifest import read_manifest
from carprice.model.listing import check_listing
from carprice.model.pricer import Pricer
from carprice.settings import ROOT
from carprice.tracking.flavour import save_pricer

BENCHMARKS = Path(__file__).resolve().parent
BENTOML = ("bentoml==1.4.39", "lightgbm==4.7.0")
START_SECONDS = 120.0


@dataclass(frozen=True)
class Server:
    """A running server: where its prices are, and the file of bodies for it."""

    url: str
    bodies: Path


@dataclass(frozen=True)
class Cars:
    """What every server prices: listings as the API takes them, and as rows with None for a missing value."""

    listings: Sequence[Mapping[str, Any]]
    rows: Sequence[Sequence[float | None]]


def encode_cars(pricer: Pricer, listings: Sequence[Mapping[str, Any]]) -> Cars:
    """The listings with their rows, as the trees see them."""
    rows = []
    for listing in listings:
        row, _ = pricer.encoder.encode(check_listing(pricer.market, listing)[0])
        pricer.forest.depreciation.find(row)  # a make or model that does not count becomes missing
        rows.append(pricer.forest.widen(row))
    return Cars(listings, [[None if value != value else value for value in row] for row in rows])


@contextmanager
def run_ours(bundle: Path, cars: Cars, folder: Path) -> Iterator[Server]:
    """`python app.py`."""
    port = free_port()
    bodies = write_bodies(folder / "listings.jsonl", cars.listings)
    with run_server(
        [sys.executable, "app.py"], folder / "ours.log", price_service(port, bundle, folder)
    ) as process:
        wait_for(f"http://{HOST}:{port}/info/status", process, folder / "ours.log")
        yield Server(f"http://{HOST}:{port}/predict/price", bodies)


@contextmanager
def run_echo(bundle: Path, cars: Cars, folder: Path) -> Iterator[Server]:
    """A bare WSGI application on our server."""
    port = free_port()
    bodies = write_bodies(folder / "listings.jsonl", cars.listings)
    environment = price_service(port, bundle, folder)
    environment["PYTHONPATH"] = os.pathsep.join((str(ROOT / "src"), str(BENCHMARKS)))
    argv = [sys.executable, str(BENCHMARKS / "echo.py")]
    with run_server(argv, folder / "echo.log", environment) as process:
        wait_for(f"http://{HOST}:{port}/", process, folder / "echo.log")
        yield Server(f"http://{HOST}:{port}/predict/price", bodies)


@contextmanager
def run_mlflow(bundle: Path, cars: Cars, folder: Path) -> Iterator[Server]:
    """`mlflow models serve` on the model as a training registers it."""
    port = free_port()
    model = folder / "mlflow-model"
    save_pricer(model, bundle, read_manifest(bundle))
    argv = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model)]
    argv += ["-h", HOST, "-p", str(port), "--env-manager", "local", "--workers", "1"]
    environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with run_server(argv, folder / "mlflow.log", environment) as process:
        wait_for(f"http://{HOST}:{port}/ping", process, folder / "mlflow.log", START_SECONDS)
        bodies = [{"dataframe_records": [listing]} for listing in cars.listings]
        yield Server(f"http://{HOST}:{port}/invocations", write_bodies(folder / "frames.jsonl", bodies))


@contextmanager
def run_bentoml(trees: str, cars: Cars, folder: Path, environment_dir: Path) -> Iterator[Server]:
    """`bentoml serve` on the trees."""
    port = free_port()
    model = folder / "model.txt"
    model.write_text(trees)
    argv = [str(environment_dir / "bin" / "bentoml"), "serve", "bento_service:Price"]
    argv += ["--host", HOST, "--port", str(port), "--working-dir", str(BENCHMARKS)]
    environment = {
        "MODEL_TEXT": str(model),
        "BENTOML_HOME": str(folder / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    with run_server(argv, folder / "bentoml.log", environment) as process:
        wait_for(f"http://{HOST}:{port}/readyz", process, folder / "bentoml.log", START_SECONDS)
        yield Server(
            f"http://{HOST}:{port}/price", write_bodies(folder / "rows.jsonl", [{"row": row} for row in cars.rows])
        )


def install_bentoml(folder: Path) -> Path:
    """An environment with BentoML, made where it is not there yet; with uv where that is installed, else pip."""
    stamp = folder / "installed.json"
    if not stamp.exists() or json.loads(stamp.read_text()) != list(BENTOML):
        shutil.rmtree(folder, ignore_errors=True)
        uv = shutil.which("uv")
        if uv:
            _run(uv, "venv", "-q", "--python", sys.executable, str(folder))
            _run(uv, "pip", "install", "-q", "--python", str(folder / "bin" / "python"), *BENTOML)
        else:
            _run(sys.executable, "-m", "venv", str(folder))
            _run(str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *BENTOML)
        stamp.write_text(json.dumps(BENTOML))
    return folder


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, stdout=sys.stderr)
