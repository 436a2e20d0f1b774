"""The doctor against each fault that it claims to find, made for real."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.stack.conftest import PREFIX, MakeStack, open_stack
from tests.stack.operated import ask_doctor, carprice, pin
from tests.stack.stacks import API, EDGE, MLFLOW, Stack, find_worker, freeze, health, run, wait_for

from carprice.ops.doctor.diagnosis import CHECKS

QUICK = {"interval": "1s", "timeout": "1s", "retries": 1, "start_period": "60s", "start_interval": "1s"}
PUBLIC = "mlflow.example:5001"


@pytest.fixture(scope="module")
def version(small_bundle: Path) -> str:
    """The champion of the small bundle."""
    return (small_bundle / "champion").read_text().strip()


@pytest.fixture(scope="module")
def well(root: Path, tmp_path_factory: pytest.TempPathFactory, image: str, small_bundle: Path) -> Iterator[Stack]:
    """A whole stack that is well. Its replicas can be broken from the inside; each test leaves it as it was."""
    with open_stack(root, tmp_path_factory.mktemp("stack"), image, "well") as stack:
        (stack.folder / "logs").chmod(0o777)
        shutil.copytree(small_bundle, stack.folder / "artifacts", dirs_exist_ok=True)
        environment = {
            "CARPRICE_WATCHDOG_SECONDS": 3600,
            "CARPRICE_TEST_FAULT": "/app/logs/fault",
            "PYTHONPATH": "/faults:/app/src",
            "CARPRICE_MLFLOW_PUBLIC_URL": f"http://{PUBLIC}",
            "CARPRICE_MODEL_VERSION": "",
        }
        volumes = [f"{root / 'tests' / 'faults'}:/faults:ro"]
        stack.override({API: {"environment": environment, "volumes": volumes}})
        stack.settings["CARPRICE_MLFLOW_HOSTS"] = PUBLIC
        pin(stack)
        stack.up()
        stack.wait_ready(replicas=2)
        stack.wait_for_mlflow()
        yield stack


@pytest.fixture(scope="module")
def images(image: str) -> Iterator[Callable[[str], str]]:
    """Makes images derived from the product's by a Dockerfile's lines."""
    made: list[str] = []

    def derive(lines: str) -> str:
        tag = f"car-price-prediction:{PREFIX}-doctor-{len(made)}"
        text = f"FROM {image}\nUSER root\nRUN {lines}\nUSER appuser\n"
        run(["docker", "build", "--quiet", "--tag", tag, "-"], input=text)
        made.append(tag)
        return tag

    yield derive
    for tag in made:
        run(["docker", "image", "rm", tag])


@contextmanager
def changed(path: Path, text: str) -> Iterator[None]:
    """A file with another text for the block."""
    before = path.read_bytes() if path.exists() else None
    path.write_text(text)
    try:
        yield
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)


def start_alone(make_stack: MakeStack, image: str, **facts: Any) -> Stack:
    """One replica of an image and nothing else."""
    stack = make_stack("alone")
    (stack.folder / "logs").chmod(0o777)
    stack.settings["IMAGE"] = image
    pin(stack)
    stack.override({API: facts})
    stack.compose("up", "--detach", "--no-build", "--no-deps", "--scale", f"{API}=1", API, check=False)
    return stack


def wait_for_finding(stack: Stack, check: str, **changes: str) -> Any:
    return wait_for(lambda: ask_doctor(stack, **changes).get(check), f"finding of {check!r}", 60)


def test_nothing_is_found_where_all_is_well(well: Stack) -> None:
    wait_for(lambda: not ask_doctor(well), "nothing is found")
    done = carprice(well, "doctor", "--json")
    assert (done.returncode, json.loads(done.stdout)["data"]["findings"]) == (0, [])
    assert f"{len(CHECKS)} checks, 0 findings" in done.stderr


# Family 1: a container will not start


def test_import_error(make_stack: MakeStack, images: Callable[[str], str]) -> None:
    stack = start_alone(make_stack, images("sed -i '1i import nowhere' src/carprice/api/serving/server.py"))
    found = wait_for_finding(stack, "import error")
    assert found.what == "car-price-api-1 does not start: import error"
    assert (
        "ModuleNotFoundError: No module named 'nowhere' (/app/src/carprice/api/serving/server.py, line 1)"
        in found.evidence
    )
    assert "exit code 1, " in found.evidence
    assert found.cause == "The code imports nowhere, which the image has not"
    assert "requirements/serve.in" in found.fix
    done = carprice(stack, "doctor")
    assert done.returncode == 1
    assert "1. car-price-api-1 does not start: import error\n  evidence  exit code 1" in done.stdout


def test_syntax_error(make_stack: MakeStack, images: Callable[[str], str]) -> None:
    stack = start_alone(make_stack, images("echo 'def (' >> src/carprice/api/serving/app.py"))
    found = wait_for_finding(stack, "syntax error")
    assert "SyntaxError" in found.evidence
    assert found.cause == "The code is not valid Python at that line"
    assert found.fix.startswith("Correct /app/src/carprice/api/serving/app.py, line ")


@pytest.mark.parametrize(
    ("command", "words"),
    [(["python", "gone.py"], "can't open file '/app/gone.py'"), (["gone"], "exec gone failed: No such file")],
)
def test_file_not_found(make_stack: MakeStack, image: str, command: list[str], words: str) -> None:
    found = wait_for_finding(start_alone(make_stack, image, entrypoint=command), "file not found")
    assert words in found.evidence
    assert found.cause.startswith("A file that it needs is not in the image")
    assert "Dockerfile" in found.fix


def test_out_of_memory(make_stack: MakeStack, image: str) -> None:
    command = ["python", "-c", "held = bytearray(200_000_000); print(len(held))"]
    limits = {"resources": {"limits": {"memory": "40M"}}}
    stack = start_alone(make_stack, image, entrypoint=command, deploy=limits, memswap_limit="40M")
    found = wait_for_finding(stack, "out of memory")
    assert found.what == "car-price-api-1 was killed: out of memory"
    assert "exit code 137, killed by the kernel (OOMKilled)" in found.evidence
    assert found.evidence.endswith("limit 40 MB")
    assert "limits.memory of car-price-api" in found.fix


def test_other_exit_with_its_last_lines(make_stack: MakeStack, image: str) -> None:
    command = ["python", "-c", "print('the reason stands here'); raise SystemExit(3)"]
    found = wait_for_finding(start_alone(make_stack, image, entrypoint=command), "other exit")
    assert "exit code 3" in found.evidence
    assert found.evidence.endswith("the reason stands here")
    assert found.cause == "It ended by itself with exit code 3; its last lines say why"
    assert found.fix.startswith("./carprice logs car-price-api;")


def test_compose_file_with_a_syntax_error(well: Stack) -> None:
    with changed(well.folder / "docker-compose.override.yml", "services:\n  edge: [\n"):
        found = ask_doctor(well)["compose file"]
    assert "docker-compose.override.yml" in found.evidence
    assert "line 2: did not find expected node content" in found.evidence
    assert "docker compose config --quiet" in found.fix


def test_image_missing(well: Stack) -> None:
    with changed(well.folder / ".env", "IMAGE=car-price-prediction:gone\n"):
        found = ask_doctor(well)["image missing"]
    assert found.evidence == "no image car-price-prediction:gone"
    assert found.cause == "The release that .env pins lost its image"
    assert "./carprice rollback" in found.fix


# Family 2: health fails, or it keeps restarting


def test_model_that_cannot_be_loaded(make_stack: MakeStack, image: str) -> None:
    stack = start_alone(make_stack, image, environment={"CARPRICE_MODEL_VERSION": "20200101T000000Z"})
    found = wait_for_finding(stack, "model loading")
    assert found.what == "car-price-api-1 has no model"
    assert "503" in found.evidence
    assert "20200101T000000Z" in found.evidence
    assert "./carprice models" in found.fix


def test_port_conflict_with_its_owner(make_stack: MakeStack, image: str) -> None:
    stack = make_stack("ports")
    pin(stack)
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", stack.port))
        holder.listen()
        stack.compose("up", "--detach", "--no-build", "--no-deps", EDGE, check=False)
        found = ask_doctor(stack)["port conflict"]
        done = carprice(stack, "up", "-d")
    owner = f"(pid {os.getpid()})"
    assert found.what.startswith(f"Port {stack.port} for edge is taken by ")
    assert found.what.endswith(owner)
    assert "address already in use" in found.evidence
    assert found.fix.endswith(f": echo CARPRICE_PORT={stack.port + 10} >> .env, then ./carprice up")
    assert done.returncode == 1
    assert f"Port {stack.port} for edge is taken by " in done.stderr
    assert not stack.containers(API), "nothing was started"


def test_port_of_another_container(make_stack: MakeStack, well: Stack) -> None:
    stack = make_stack("second")
    pin(stack)
    stack.settings["CARPRICE_PORT"] = str(well.port)
    found = ask_doctor(stack)["port conflict"]
    assert found.what == f"Port {well.port} for edge is taken by container {well.name}-edge-1"


def test_logs_that_may_not_be_written(well: Stack) -> None:
    folder = well.folder / "logs"
    folder.chmod(0o755)
    try:
        found = ask_doctor(well)["permission"]
    finally:
        folder.chmod(0o777)
    assert found.what == "The API may not write logs/"
    assert f"the API runs as 1000:1000; {folder} has owner {os.getuid()}:{os.getgid()}, mode 755" in found.evidence
    assert found.fix == f"sudo chown -R 1000:1000 {folder}; then: ./carprice restart car-price-api"


def test_model_that_may_not_be_read(well: Stack, version: str) -> None:
    path = well.folder / "artifacts" / version / "model.pkl"
    path.chmod(0o600)
    try:
        found = ask_doctor(well)["permission"]
    finally:
        path.chmod(0o644)
    assert found.what == "The API may not read artifacts/"
    assert found.fix.startswith("chmod -R a+rX ")


def test_failing_check(make_stack: MakeStack, image: str) -> None:
    check = {**QUICK, "test": ["CMD", "sh", "-c", "echo not as it should be; exit 1"], "start_period": "1s"}
    found = wait_for_finding(start_alone(make_stack, image, healthcheck=check), "failing check")
    assert found.what == "car-price-api-1 does not pass its health check"
    assert found.evidence == "not as it should be"
    assert found.fix == "./carprice logs car-price-api; ./carprice restart car-price-api"


@pytest.mark.slow
def test_check_timeout(make_stack: MakeStack, image: str) -> None:
    stack = start_alone(make_stack, image, healthcheck=QUICK, environment={"CARPRICE_WATCHDOG_SECONDS": 3600})
    [container] = stack.containers(API)
    wait_for(lambda: health(container) == "healthy", "it is healthy")
    freeze(container, find_worker(container))
    # Each look of the doctor waits for the frozen process, so the first comes once there is something to see.
    wait_for(lambda: health(container) == "unhealthy", "its check fails")
    found = wait_for_finding(stack, "check timeout")
    assert found.what == "car-price-api-1 does not answer its health check in time"
    assert "exceeded timeout (1s)" in found.evidence
    assert found.cause == "The process hangs, or the machine is too busy to answer"
    assert found.fix.startswith("./carprice restart car-price-api;")


@pytest.fixture
def full_disk(make_stack: MakeStack) -> Iterator[Stack]:
    """A stack whose logs/ is a file system of 1 MB without room."""
    stack = make_stack("full")
    folder = stack.folder / "logs"
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a file system can be mounted by root only")
    try:
        (folder / "api.jsonl").write_bytes(bytes(1_000_000))
        yield stack
    finally:
        run(["umount", str(folder)])


def test_disk_full(full_disk: Stack) -> None:
    found = ask_doctor(full_disk)["disk full"]
    assert found.what == f"The disk of {full_disk.folder / 'logs'} is full"
    assert found.evidence == "0 MB are free, at least 100 MB should be"
    assert "docker system prune" in found.fix


# Family 3: predictions answer 500 or 503


@pytest.mark.parametrize("name", ["model.pkl", "scaler.pkl", "encoders.pkl", "manifest.json"])
def test_missing_file_of_the_model(well: Stack, version: str, name: str) -> None:
    path = well.folder / "artifacts" / version / name
    before = path.read_bytes()
    path.unlink()
    try:
        found = ask_doctor(well)["model files"]
    finally:
        path.write_bytes(before)
    assert found.what == "A file of the model is missing"
    assert found.evidence == f"{path}: is missing"
    assert "./carprice promote" in found.fix


def test_mixed_set(well: Stack) -> None:
    pinned = (well.folder / ".env").read_text()
    with changed(well.folder / ".env", pinned.replace("RELEASE=local", "RELEASE=r9")):
        options = ("--detach", "--no-build", "--no-deps", "--no-recreate", "--scale", f"{API}=3")
        well.settings["RELEASE"] = "r9"
        well.compose("up", *options, API)
        del well.settings["RELEASE"]
    try:
        found = wait_for_finding(well, "mixed set")
    finally:
        well.compose("up", *options[:-1], f"{API}=2", API)
    assert "car-price-api-3: release r9" in found.evidence
    assert "car-price-api-1, car-price-api-2: release local" in found.evidence
    assert found.fix == "docker compose up -d --no-deps --force-recreate car-price-api"


def test_golden_valuations_that_are_off(well: Stack) -> None:
    well.wait_ready(replicas=2)
    (well.folder / "logs" / "fault").write_text("wrong")
    try:
        found = wait_for_finding(well, "golden valuations")
        assert found.what.endswith(" does not price as in training")
        assert "should be" in found.evidence
        assert found.cause.startswith("Its code or its LightGBM library differs")
        assert "./carprice rollback" in found.fix
    finally:
        run(["docker", "restart", *well.containers(API)])
        (well.folder / "logs" / "fault").unlink(missing_ok=True)
        well.wait_ready(replicas=2)


def test_failing_predictions(make_stack: MakeStack, images: Callable[[str], str]) -> None:
    broken = images("echo '_price_listing = None' >> src/carprice/api/predict.py")
    stack = start_alone(make_stack, broken, environment={"CARPRICE_WATCHDOG_SECONDS": 3600})
    found = wait_for_finding(stack, "failing predictions")
    assert found.what == "car-price-api-1 answers 500 to a good listing"
    assert '"status":500' in found.evidence
    assert found.cause.startswith("The code failed on it")
    assert "./carprice logs car-price-api" in found.fix


# Family 4: no connection


def test_engine_down(well: Stack) -> None:
    nowhere = "tcp://127.0.0.1:1"
    found = ask_doctor(well, DOCKER_HOST=nowhere)
    assert list(found) == ["engine down"]
    assert "Cannot connect to the Docker daemon" in found["engine down"].evidence
    assert found["engine down"].cause == f"DOCKER_HOST is {nowhere}, where no engine answers"
    assert found["engine down"].fix.startswith("unset DOCKER_HOST")
    done = carprice(well, "status", "--docker", DOCKER_HOST=nowhere)
    assert (done.returncode, done.stderr.startswith("Error: No Docker Engine answers: ")) == (1, True)


def test_stack_not_up(make_stack: MakeStack) -> None:
    stack = make_stack("down")
    (stack.folder / "logs").chmod(0o777)
    pin(stack)
    found = ask_doctor(stack)
    assert list(found) == ["stack down"]
    assert found["stack down"].what == "The stack is not up"
    assert found["stack down"].fix == "./carprice up"


def test_part_of_the_stack_not_up(well: Stack) -> None:
    well.compose("stop", MLFLOW)
    try:
        found = ask_doctor(well)["stack down"]
    finally:
        well.compose("start", MLFLOW)
        well.wait_for_mlflow()
    assert (found.what, found.fix) == ("mlflow-server does not run", "./carprice up")


def test_container_not_on_the_network(well: Stack) -> None:
    name = f"{well.name}-{API}-1"
    run(["docker", "network", "disconnect", well.name, name])
    try:
        found = ask_doctor(well)["container off network"]
        assert found.what == f"{name} is not on network {well.name}"
        assert found.fix == f"docker network connect --alias {API} {well.name} {name}"
        run(found.fix.split())
        well.wait_ready(replicas=2)
    finally:
        run(["docker", "network", "connect", "--alias", API, well.name, name], check=False)


def test_network_missing(make_stack: MakeStack, image: str) -> None:
    stack = start_alone(make_stack, image)
    [container] = stack.containers(API)
    run(["docker", "network", "disconnect", "--force", stack.name, container])
    run(["docker", "network", "rm", stack.name])
    found = ask_doctor(stack)["network missing"]
    assert found.what == f"Network {stack.name} is missing"
    assert found.fix == "./carprice down, then ./carprice up"


def test_port_bound_elsewhere(well: Stack) -> None:
    found = ask_doctor(well, CARPRICE_PORT="5999")["wrong port"]
    assert found.what == "edge is not open on port 5999"
    assert found.evidence == f"it is bound to *:{well.port}, the settings say 5999"
    assert found.fix == "docker compose up -d --no-deps edge"


def test_port_on_loopback_only(make_stack: MakeStack, image: str) -> None:
    stack = make_stack("loop")
    text = (stack.folder / "docker-compose.yml").read_text()
    (stack.folder / "docker-compose.yml").write_text(
        text.replace('ports: ["${CARPRICE_PORT', 'ports: ["127.0.0.1:${CARPRICE_PORT')
    )
    pin(stack)
    stack.compose("up", "--detach", "--no-build", "--no-deps", EDGE)
    found = ask_doctor(stack)["wrong port"]
    assert found.what == "edge answers this machine only"
    assert found.evidence == f"port {stack.port} is bound to 127.0.0.1"


def test_edge_without_a_backend(well: Stack) -> None:
    well.compose("stop", API)
    try:
        found = wait_for_finding(well, "edge without a backend")
    finally:
        well.compose("start", API)
        well.wait_ready(replicas=2)
    assert "backend be_current: 0 ready; car-price-api-1 is exited" in found.evidence
    assert found.fix == "./carprice restart car-price-api"


@pytest.mark.parametrize(
    ("text", "evidence"),
    [("active next\n", "edge/run/active.map names 'next', the edge serves 'current'"), ("acti", "cannot be read")],
)
def test_stale_map(well: Stack, text: str, evidence: str) -> None:
    with changed(well.folder / "edge" / "run" / "active.map", text):
        found = ask_doctor(well)["stale map"]
    assert evidence in found.evidence
    assert found.fix == "./carprice up"


@pytest.mark.slow
def test_host_check_of_mlflow(well: Stack) -> None:
    assert "MLflow's host check" not in ask_doctor(well)
    allowed = well.settings.pop("CARPRICE_MLFLOW_HOSTS")
    try:
        well.up(MLFLOW)
        well.wait_for_mlflow()
        found = ask_doctor(well)["MLflow's host check"]
    finally:
        well.settings["CARPRICE_MLFLOW_HOSTS"] = allowed
        well.up(MLFLOW)
        well.wait_for_mlflow()
    assert found.what == f"MLflow refuses requests to {PUBLIC}"
    assert found.evidence.startswith("403: ")
    assert found.fix.startswith("echo 'CARPRICE_MLFLOW_HOSTS=mlflow.example,mlflow.example:*' >> .env")
