"""What is in the image, and what is not."""

import json
import os
import shutil
import urllib.request
from pathlib import Path

import psutil
import pytest
from tests.stack.stacks import inspect, run, wait_for

from carprice import __version__

BASE = "python:3.11-slim"
MOST_BYTES_OVER_BASE = 80_000_000
UNWANTED_MODULES = ("numpy", "scipy", "pandas", "polars", "sklearn", "mlflow", "pyarrow", "matplotlib", "pydantic")
UNWANTED_PROGRAMS = ("gcc", "cc", "g++", "make", "ld", "as", "git", "sudo")
SECOND = 1_000_000_000
MOST_SECONDS_TO_START = 2
"""Of the processor: the start waits for nothing else, but what else the machine does takes its time too."""


def run_inside(image: str, *argv: str, check: bool = True) -> str:
    return run(["docker", "run", "--rm", "--entrypoint", argv[0], image, *argv[1:]], check).stdout


def test_is_small(image: str) -> None:
    over = inspect(image)["Size"] - inspect(BASE)["Size"]
    assert 0 < over <= MOST_BYTES_OVER_BASE


@pytest.mark.slow
def test_has_the_libraries_for_postgresql_where_it_was_asked_for(image: str, root: Path) -> None:
    tag = f"{image}-postgres"
    environment = {**os.environ, "IMAGE": tag, "CARPRICE_FEEDBACK_URL": "postgresql://u:p@elsewhere/db"}
    run(["docker", "compose", "build", "car-price-api"], cwd=root, env=environment)
    try:
        assert run_inside(tag, "python", "-c", "import psycopg, sqlalchemy; print(1)") == "1\n"
    finally:
        run(["docker", "image", "rm", tag])
    refused = ["docker", "run", "--rm", "-e", "CARPRICE_FEEDBACK_URL=postgresql://u:p@elsewhere/db", image]
    assert "CARPRICE_FEEDBACK_URL: the libraries for PostgreSQL are not here" in run(refused, check=False).stderr


def test_is_configured_as_documented(image: str) -> None:
    config = inspect(image)["Config"]
    assert config["User"] == "appuser"
    assert config["WorkingDir"] == "/app"
    assert config["Entrypoint"] == ["python", "app.py"]
    assert not config["Cmd"]
    assert list(config["ExposedPorts"]) == ["5000/tcp"]
    assert config["Healthcheck"] == {
        "Test": [
            "CMD-SHELL",
            "curl -f -s -S -m 8 http://localhost:${CARPRICE_PORT:-${AIP_HTTP_PORT:-5000}}/info/status; "
            "exec bash health --asked $?",
        ],
        "Interval": 30 * SECOND,
        "Timeout": 10 * SECOND,
        "StartPeriod": 30 * SECOND,
        "StartInterval": 1 * SECOND,
        "Retries": 3,
    }


def test_is_labelled(image: str) -> None:
    labels = inspect(image)["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "car-price-prediction"
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.revision"] == "0123abc"
    assert labels["carprice.release"] == "local"


def test_belongs_to_appuser_with_uid_1000(image: str) -> None:
    assert run_inside(image, "id").startswith("uid=1000(appuser) gid=1000(appuser)")
    assert run_inside(image, "sh", "-c", "grep appuser /etc/passwd").strip().endswith(":/usr/sbin/nologin")


def test_has_the_uid_of_its_build_argument(root: Path, image: str) -> None:
    tag = f"{image}-uid"
    build = ["docker", "build", "--target", "runtime", "--build-arg", "APP_UID=1234", "--tag", tag, str(root)]
    try:
        run(build)
        assert run_inside(tag, "id", "-u", "appuser").strip() == "1234"
    finally:
        run(["docker", "image", "rm", tag], check=False)


@pytest.mark.parametrize("module", UNWANTED_MODULES)
def test_lacks_modules_of_training(image: str, module: str) -> None:
    program = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is not None)"
    run_inside(image, "python", "-c", program)


def test_lacks_compilers_and_tools(image: str) -> None:
    found = run_inside(image, "sh", "-c", f"command -v {' '.join(UNWANTED_PROGRAMS)}", check=False)
    assert found == ""


def test_lacks_caches_and_wheels(image: str) -> None:
    places = "/root /wheels /full-wheels /var/cache /var/lib/apt/lists"
    find = ("sh", "-c", f"find {places} -type f 2>/dev/null; find / -xdev -name '*.whl'")
    of_base, found = (set(run_inside(name, *find, check=False).split()) for name in (BASE, image))
    assert found - of_base == set()


def test_holds_the_demo_model_and_no_other(image: str) -> None:
    assert run_inside(image, "sh", "-c", "ls artifacts logs").split() == ["artifacts:", "logs:"]
    version = run_inside(image, "cat", "demo/champion").strip()
    assert sorted(run_inside(image, "ls", "demo").split()) == sorted(["champion", version])


def test_compiles_nothing_at_its_start(image: str) -> None:
    program = """
import sys
import granian.server, carprice.api.serving.server
from pathlib import Path
names = [name for name, module in sys.modules.items() if getattr(module, "__cached__", None)]
print(*(name for name in names if not Path(sys.modules[name].__cached__).exists()))
"""
    assert run_inside(image, "python", "-c", program).split() == []


def test_lists_what_it_is_made_of(image: str) -> None:
    bill = json.loads(run_inside(image, "cat", "sbom.json"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "car-price-prediction"
    purls = {component["purl"].split("?")[0] for component in bill["components"]}
    installed = json.loads(run_inside(image, "pip", "list", "--format", "json"))
    python = {f"pkg:pypi/{each['name'].lower().replace('_', '-')}@{each['version']}" for each in installed}
    assert {purl for purl in purls if purl.startswith("pkg:pypi/")} == python
    assert all(component.get("licenses") for component in bill["components"] if "pkg:pypi" in component["purl"])
    debian = run_inside(image, "dpkg-query", "--show", "--showformat=${Package}\n").split()
    found = [component["name"] for component in bill["components"] if component["purl"].startswith("pkg:deb/")]
    assert sorted(found) == sorted(debian)
    assert run_inside(image, "sh", "-c", "ls -d /sbom/cyclonedx 2>/dev/null", check=False) == ""


def test_runs_without_its_compose_file(image: str) -> None:
    ask = "curl -fsS --retry 30 --retry-connrefused --retry-delay 1 localhost:5000/info/status"
    answer = run_inside(image, "sh", "-c", f"python app.py >/tmp/log & {ask}")
    status = json.loads(answer)
    assert (status["source"], status["demo"]) == ("fallback", True)


@pytest.mark.parametrize(("words", "port"), [(("serve",), 5000), (("-e", "AIP_HTTP_PORT=7080"), 7080)])
def test_serves_as_sagemaker_and_vertex_ai_start_it(image: str, words: tuple[str, ...], port: int) -> None:
    options, command = (words, ()) if words[0] == "-e" else ((), words)
    limit = ("-p", f"127.0.0.1::{port}")
    container = run(["docker", "run", "-d", *options, *limit, image, *command]).stdout.strip()
    try:
        address = run(["docker", "port", container, f"{port}/tcp"]).stdout.strip()
        wait_for(lambda: ping(address) == (200, b""), f"{address} answers /ping")
        assert measure_processor(inspect(container)["State"]["Pid"]) < MOST_SECONDS_TO_START
        wait_for(lambda: inspect(container)["State"]["Health"]["Status"] == "healthy", "it is healthy")
    finally:
        run(["docker", "rm", "-f", container])


def test_serves_the_model_that_sagemaker_mounts(image: str, small_bundle: Path) -> None:
    folder = f"{small_bundle}:/opt/ml/model:ro"
    ask = "curl -fsS --retry 30 --retry-connrefused --retry-delay 1 localhost:8080/info/status"
    argv = ["docker", "run", "--rm", "-v", folder, "--entrypoint", "sh", image]
    status = json.loads(run([*argv, "-c", f"python app.py serve >/tmp/log & {ask}"]).stdout)
    assert (status["source"], status["model_version"]) == (
        "artifacts",
        (small_bundle / "champion").read_text().strip(),
    )


def test_takes_no_other_word(image: str) -> None:
    done = run(["docker", "run", "--rm", image, "train"], check=False)
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        "Error: this image serves, and takes no word but serve (got 'train')",
    )


def test_has_the_gates_of_a_cluster(image: str) -> None:
    for command in ("gates", "bake"):
        assert run_inside(image, "python", "-m", "carprice", command, "--help").startswith("Usage: carprice ")


def measure_processor(pid: int) -> float:
    """Seconds of the processor that a process and all below it took so far."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def ping(address: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://{address}/ping", timeout=5) as answer:
            return answer.status, answer.read()
    except OSError:
        return 0, b""


def test_a_change_of_code_trains_and_installs_nothing(root: Path, tmp_path: Path, image: str) -> None:
    copy = tmp_path / "checkout"
    names = run(["git", "ls-files", "--cached"], cwd=root).stdout.splitlines()
    for name in names:
        if (root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)
    with (copy / "src/carprice/api/serving/app.py").open("a") as source:
        source.write(f"\n# a change of {tmp_path}\n")
    tag = f"{image}-changed"
    try:
        build = ["docker", "build", "--progress", "plain", "--tag", tag, str(copy)]
        steps = run(build, env={**os.environ, "DOCKER_BUILDKIT": "1"}).stderr
        assert "carprice.simulation.demo_model" in steps
        cached = {line.split()[0] for line in steps.splitlines() if line.endswith(" CACHED")}
        for line in steps.splitlines():
            number, _, text = line.partition(" ")
            if "] RUN " in text or "] COPY " in text:
                is_late = "compileall" in text or text.endswith("src/carprice/api")
                assert (number in cached) != is_late, text
    finally:
        run(["docker", "image", "rm", tag], check=False)
