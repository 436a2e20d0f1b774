"""What a cluster runs beside the pods: the edge of the component, and the Jobs of gates and bake as rendered."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from tests.kubernetes.rendered import find, pod_specs, render
from tests.ports import find_port
from tests.stack.conftest import PREFIX
from tests.stack.loads import press
from tests.stack.stacks import ask, run, wait_for

pytestmark = pytest.mark.slow

NAME = f"{PREFIX}-cluster"
REPLICAS = (f"{NAME}-api-1", f"{NAME}-api-2")
HEADLESS = "car-price-api.cars.svc.cluster.local"
SERVICES = (HEADLESS, "car-price-api", "car-price-api-next")
RIGHTS = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges", f"--network={NAME}")
SOME = 500
BAKE_SECONDS = 2.0


@dataclass(frozen=True)
class Site:
    """Two replicas, each behind every Service's name, and the edge before them on a port of this machine."""

    root: Path
    folder: Path
    image: str
    port: int

    def run_job(self, name: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """The Job of a check as it is rendered, with its settings."""
        ((spec,),) = (pod_specs(find(render(self.root / "kubernetes" / "base"), "CronJob", name)),)
        (container,) = spec["containers"]
        program, *words = [*container["command"], *container["args"]]
        for key, value in settings.items():
            words = [word.replace(f"$({key})", value) for word in words]
        user = f"--user={spec['securityContext']['runAsUser']}"
        file = self.folder / "rollout.toml"
        file.write_text(f"bake = {BAKE_SECONDS}\n")
        limits = f"--volume={file}:/app/rollout.toml:ro"
        named = [f"--env={key}={value}" for key, value in settings.items()]
        start = ["docker", "run", "--rm", *RIGHTS, user, limits, "--tmpfs=/app/logs", *named]
        return run([*start, f"--entrypoint={program}", self.image, *words], check=False)


@pytest.fixture(scope="module")
def site(root: Path, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, taken away again."""
    found = Site(root, tmp_path_factory.mktemp("limits"), image, find_port())
    config = f"--volume={root}/kubernetes/components/edge/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"
    where = [f"--publish=127.0.0.1:{found.port}:5000", f"--env=CARPRICE_REPLICAS={HEADLESS}"]
    names = [f"--network-alias={service}" for service in SERVICES]
    run(["docker", "network", "create", NAME])
    try:
        for replica in REPLICAS:
            run(["docker", "run", "--detach", f"--name={replica}", f"--network={NAME}", *names, image])
        edge = ["--detach", f"--name={NAME}-edge", "--user=99:99", *RIGHTS, *where, config]
        run(["docker", "run", *edge, "haproxy:3.0"])
        for replica in REPLICAS:
            wait_for(partial(serves, replica), f"{replica} serves")
        wait_for(lambda: ask(found.port, "/readyz").status == 200, "the edge has a replica")
        yield found
    finally:
        run(["docker", "rm", "--force", "--volumes", *REPLICAS, f"{NAME}-edge"], check=False)
        run(["docker", "network", "rm", NAME], check=False)


def serves(replica: str) -> bool:
    """Whether a replica has said so: the edge is ready with one of them, and the gates ask each."""
    said = run(["docker", "logs", replica])
    return '"event": "serving"' in said.stdout + said.stderr


@pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl")
def test_the_gates_job_passes_what_it_expects_and_refuses_another_digest(site: Site) -> None:
    status, model = ask(site.port, "/info/status").json(), ask(site.port, "/info/model").json()
    settings = {
        "CARPRICE_RELEASE": status["release"],
        "CARPRICE_MODEL_VERSION": status["model_version"],
        "MODEL_DIGEST": model["files"]["model.pkl"]["sha256"],
    }
    passed = site.run_job("car-price-gates", **settings)
    assert passed.returncode == 0, passed.stderr
    refused = site.run_job("car-price-gates", **settings | {"MODEL_DIGEST": "0" * 64})
    assert refused.returncode == 1
    assert "Gate identity: model.pkl should have SHA-256 000000000000" in refused.stderr


@pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl")
def test_the_bake_job_watches_every_pod(site: Site) -> None:
    done = site.run_job("car-price-bake")
    assert done.returncode == 0, done.stderr


def test_a_killed_pod_costs_no_request(site: Site) -> None:
    listing = ask(site.port, "/api/openapi.json").json()["components"]["schemas"]["Listing"]["examples"][0]
    assert ask(site.port, "/info/sample").status == 404
    with press(site.port, listing) as load:
        wait_for(lambda: load.asked >= SOME, "requests")
        run(["docker", "kill", REPLICAS[0]])
        before = load.asked
        wait_for(lambda: load.asked >= before + SOME, "requests after the kill")
    assert load.failed == []
