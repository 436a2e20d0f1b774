"""Training in a container: tracked by MLflow, written into artifacts/, served by the replicas."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stack.conftest import PREFIX, MakeStack
from tests.stack.stacks import API, EDGE, inspect, run

from carprice.simulation.sampling import write_listings

pytestmark = pytest.mark.slow

LISTINGS = 300
SEED = 5


@pytest.fixture(scope="module")
def trainer(root: Path) -> Iterator[str]:
    """The trainer's image under a tag of its own."""
    tag = f"car-price-trainer:{PREFIX}"
    run(["docker", "compose", "build", "trainer"], cwd=root, env={**os.environ, "TRAINER_IMAGE": tag})
    yield tag
    run(["docker", "image", "rm", tag])


@pytest.fixture(scope="module")
def listings(tmp_path_factory: pytest.TempPathFactory, markets_dir: Path) -> Path:
    """A small file of simulated listings that every user may read."""
    folder = tmp_path_factory.mktemp("data")
    folder.chmod(0o755)
    with (folder / "demo.csv").open("wb") as output:
        write_listings(output, LISTINGS, SEED, markets_dir / "demo-cars.csv")
    (folder / "demo.csv").chmod(0o644)
    return folder


@pytest.mark.slow
def test_trains_tracks_and_is_served(make_stack: MakeStack, trainer: str, listings: Path) -> None:
    stack = make_stack("trainer")
    stack.settings |= {"TRAINER_IMAGE": trainer, "DATA_DIR": str(listings)}
    user = f"{os.getuid()}:{os.getgid()}"
    stack.up("--wait", "mlflow-server")
    words = ("run", "--rm", "--user", user, "trainer", "--market", "demo", "--data", "/data/demo.csv", "--json")
    done = stack.compose(*words)
    version = json.loads(done.stdout)["data"]["version"]
    assert f"Sent {version} to MLflow: car-price version 1" in done.stderr
    assert (stack.folder / "artifacts" / "champion").read_text().strip() == version

    path = "/api/2.0/mlflow/registered-models/alias?name=car-price&alias=champion"
    tags = stack.ask_mlflow(path).json()["model_version"]["tags"]
    assert {"key": "carprice.version", "value": version} in tags

    stack.up("--scale", f"{API}=1", EDGE)
    stack.wait_ready(replicas=1)
    status = stack.ask().json()
    assert (status["model_version"], status["source"], status["demo"]) == (version, "artifacts", True)
    run_id = stack.ask("/info/model").json()["mlflow"]["run_id"]
    assert stack.ask_mlflow(f"/api/2.0/mlflow/runs/get?run_id={run_id}").status == 200


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="only root has folders that user 1000 may not write")
def test_says_before_training_that_it_may_not_write(make_stack: MakeStack, trainer: str, listings: Path) -> None:
    stack = make_stack("unwritable")
    stack.settings |= {"TRAINER_IMAGE": trainer, "DATA_DIR": str(listings)}
    done = stack.compose(
        "run", "--rm", "--no-deps", "trainer", "--market", "demo", "--data", "/data/demo.csv", check=False
    )
    assert done.returncode == 1
    assert "Error: /app/artifacts/*: may not be written by user 1000" in done.stderr
    assert "Learning" not in done.stderr


def test_runs_as_hardened_as_the_rest(make_stack: MakeStack, trainer: str, listings: Path) -> None:
    stack = make_stack("hardened")
    stack.settings |= {"TRAINER_IMAGE": trainer, "DATA_DIR": str(listings)}
    stack.compose("create", "--no-build", "trainer")
    [container] = stack.containers("trainer")
    host = inspect(container)["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    mounts = {mount["Destination"]: mount["RW"] for mount in inspect(container)["Mounts"]}
    assert mounts == {"/app/artifacts": True, "/data": False}


def test_is_not_started_by_up(make_stack: MakeStack) -> None:
    stack = make_stack("plain")
    services = stack.compose("config", "--services").stdout.split()
    assert sorted(services) == [API, EDGE, "mlflow-server"]
