"""MLflow for other machines: by name and password, behind an edge of its own."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ports import find_port
from tests.stack.conftest import PREFIX, MakeStack
from tests.stack.stacks import Stack, ask, inspect, run, wait_for

PASSWORD = "p%ssword of 'tests'"
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"
CREATE = "/api/2.0/mlflow/experiments/create"
MOST_WRONG = 60

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def login_image(root: Path) -> Iterator[str]:
    """MLflow's image with what passwords need, under a tag of its own."""
    tag = f"car-price-mlflow-login:{PREFIX}"
    words = ["docker", "compose", "build", "mlflow-login"]
    run(words, cwd=root, env={**os.environ, "MLFLOW_LOGIN_IMAGE": tag})
    yield tag
    run(["docker", "image", "rm", tag])


@pytest.fixture
def stack(make_stack: MakeStack, login_image: str) -> Stack:
    stack = make_stack("login")
    stack.settings |= {
        "COMPOSE_PROFILES": "mlflow-login",
        "MLFLOW_LOGIN_IMAGE": login_image,
        "CARPRICE_MLFLOW_LOGIN_PORT": str(find_port()),
        "CARPRICE_MLFLOW_PASSWORD": PASSWORD,
    }
    return stack


def sign_in(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


def test_nothing_is_answered_without_name_and_password(stack: Stack) -> None:
    stack.up("mlflow-edge")
    port, admin = int(stack.settings["CARPRICE_MLFLOW_LOGIN_PORT"]), sign_in("admin", PASSWORD)
    wait_for(lambda: ask(port, SEARCH, headers=admin).status == 200, "MLflow takes the password")
    for path in ("/", "/health", "/version", SEARCH):
        refused = ask(port, path)
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="mlflow"')
    assert ask(port, SEARCH, headers=sign_in("admin", "guessed")).status == 401
    assert ask(port, CREATE, {"name": "mine"}, sign_in("admin", "guessed")).status == 401

    # What is done there is in the same runs and models that training sees on the loopback port.
    made = ask(port, CREATE, {"name": "mine"}, admin).json()["experiment_id"]
    assert stack.ask_mlflow(f"/api/2.0/mlflow/experiments/get?experiment_id={made}").status == 200

    statuses = [ask(port, SEARCH, headers=sign_in("admin", str(guess))).status for guess in range(MOST_WRONG + 5)]
    assert statuses[-1] == 429
    assert ask(port, SEARCH, headers=admin).status == 429  # for a minute


def test_a_short_password_is_refused(stack: Stack) -> None:
    stack.settings["CARPRICE_MLFLOW_PASSWORD"] = "short"
    stack.up("--no-deps", "mlflow-login")
    container = stack.containers("mlflow-login")[0]
    wait_for(lambda: inspect(container)["RestartCount"] or not inspect(container)["State"]["Running"], "it ends")
    assert "CARPRICE_MLFLOW_PASSWORD in .env should have at least 12 characters" in stack.log("mlflow-login")
