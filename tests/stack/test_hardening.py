"""Who can reach what, and what a container may do."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.stack.stacks import API, EDGE, MLFLOW, Stack, ask, execute, inspect, run

pytestmark = pytest.mark.slow

SERVICES = (EDGE, API, MLFLOW)
MIB = 1024 * 1024
NO_CAPABILITIES = "0000000000000000"
DOCKER_DNS = "127.0.0.11"


def inspect_all(stack: Stack, service: str) -> list[Any]:
    return [inspect(container) for container in stack.containers(service)]


def fetch(container: str, url: str) -> int:
    """The status of a GET from inside a replica, 0 where nothing answers."""
    curl = ["curl", "-s", "-o", "/dev/null", "-m", "5", "-w", "%{http_code}", url]
    return int(execute(container, *curl, check=False).stdout)


def list_listeners(container: str) -> set[str]:
    """address:port of every listening TCP socket in a container's network, but Docker's own DNS."""
    found = set()
    for line in execute(container, "bash", "-c", "tail -qn +2 /proc/net/tcp /proc/net/tcp6").stdout.splitlines():
        _, local, _, state, *_ = line.split()
        address, _, port = local.partition(":")
        if state == "0A":
            parts = [str(int(address[place : place + 2], 16)) for place in (6, 4, 2, 0)]
            found.add(f"{'.'.join(parts) if len(address) == 8 else '[::]'}:{int(port, 16)}")
    return {listener for listener in found if not listener.startswith(DOCKER_DNS)}


def test_names_resolve_and_answer_inside_the_network(shared: Stack) -> None:
    for container in shared.containers(API):
        assert fetch(container, "http://car-price-api:5000/info/status") == 200
        assert fetch(container, "http://edge:5000/info/status") == 200
        found = execute(container, "getent", "ahostsv4", "car-price-api").stdout.split()
        assert len({word for word in found if word.count(".") == 3}) == 2


def test_no_container_that_answers_requests_reaches_mlflow(shared: Stack) -> None:
    found = inspect(shared.containers(MLFLOW)[0])["NetworkSettings"]["Networks"]
    assert list(found) == [f"{shared.name}-mlflow"]
    address = found[f"{shared.name}-mlflow"]["IPAddress"]
    for container in (shared.containers(API)[0], shared.containers(EDGE)[0]):
        assert execute(container, "getent", "hosts", "mlflow-server", check=False).stdout == ""
        connect = ["timeout", "3", "bash", "-c", f"exec 3<>/dev/tcp/{address}/5000"]
        assert execute(container, *connect, check=False).returncode != 0


def test_mlflow_answers_by_its_own_names_only(shared: Stack) -> None:
    path = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert shared.ask_mlflow(path).status == 200
    assert ask(shared.mlflow_port, path, headers={"Host": "evil.example"}).status == 403


def test_the_runtime_socket_is_the_edges_own(shared: Stack) -> None:
    assert fetch(shared.containers(API)[0], "http://edge:9999/") == 0
    assert "Uptime_sec" in shared.runtime("show info")


def test_only_what_should_listens(shared: Stack) -> None:
    assert list_listeners(shared.containers(EDGE)[0]) == {"0.0.0.0:5000", "127.0.0.1:5001", "127.0.0.1:9999"}
    assert list_listeners(shared.containers(MLFLOW)[0]) == {"0.0.0.0:5000"}
    for container in shared.containers(API):
        assert list_listeners(container) == {"0.0.0.0:5000"}


def test_only_what_should_is_published(shared: Stack) -> None:
    published = {service: inspect_all(shared, service)[0]["NetworkSettings"]["Ports"] for service in SERVICES}
    assert published[API] == {"5000/tcp": None}
    assert {bound["HostIp"] for bound in published[MLFLOW]["5000/tcp"]} == {"127.0.0.1"}
    assert {bound["HostIp"] for bound in published[EDGE]["5000/tcp"]} <= {"0.0.0.0", "::"}
    assert {bound["HostPort"] for bound in published[EDGE]["5000/tcp"]} == {str(shared.port)}


@pytest.mark.parametrize("service", SERVICES)
def test_has_no_rights_that_it_does_not_need(shared: Stack, service: str) -> None:
    for found in inspect_all(shared, service):
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert not host["Privileged"]
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "5", "max-size": "10m"}}
        assert not [mount for mount in found["Mounts"] if "docker.sock" in mount["Source"]]
        status = execute(found["Id"], "bash", "-c", "cat /proc/1/status").stdout
        facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert facts["CapEff"] == facts["CapPrm"] == facts["CapBnd"] == NO_CAPABILITIES
        assert facts["NoNewPrivs"] == "1"


@pytest.mark.parametrize(
    ("service", "cpus", "memory"), [(EDGE, 1, 256 * MIB), (API, 2, 2048 * MIB), (MLFLOW, 1, 1024 * MIB)]
)
def test_has_its_limits(shared: Stack, service: str, cpus: int, memory: int) -> None:
    for found in inspect_all(shared, service):
        assert found["HostConfig"]["NanoCpus"] == cpus * 1_000_000_000
        assert found["HostConfig"]["Memory"] == memory
        assert found["HostConfig"]["PidsLimit"] == 256


def test_replicas_run_as_appuser_and_write_nowhere_but_in_logs_and_tmp(shared: Stack) -> None:
    container = shared.containers(API)[0]
    assert execute(container, "id").stdout.startswith("uid=1000(appuser) gid=1000(appuser)")
    for place in ("/", "/app", "/app/artifacts", "/app/src", "/etc", "/usr", "/var"):
        done = execute(container, "touch", f"{place}/written", check=False)
        assert "Read-only file system" in done.stderr, place
    execute(container, "touch", "/tmp/written")


def test_mounts_are_what_is_documented(shared: Stack) -> None:
    mounts = {
        service: {mount["Destination"]: mount["RW"] for mount in inspect_all(shared, service)[0]["Mounts"]}
        for service in SERVICES
    }
    own = {"/app/trusted": False, "/app/keys": False, "/app/var/feedback": True}
    assert mounts[API] == {"/app/artifacts": False, "/app/logs": True, **own}
    assert mounts[EDGE] == {"/usr/local/etc/haproxy/haproxy.cfg": False, "/run/edge": False, "/health": False}
    assert mounts[MLFLOW] == {"/mlflow": True, "/health": False}


def test_a_network_for_prices_one_for_mlflow_and_one_volume(shared: Stack) -> None:
    config = json.loads(shared.compose("config", "--format", "json").stdout)
    names = {name: network["name"] for name, network in config["networks"].items()}
    assert names == {"car-price-network": shared.name, "mlflow-network": f"{shared.name}-mlflow"}
    assert list(config["volumes"]) == ["mlflow-data"]
    for service in (EDGE, API):
        assert list(inspect_all(shared, service)[0]["NetworkSettings"]["Networks"]) == [shared.name]


def test_every_image_of_others_can_be_pinned_by_its_digest(shared: Stack) -> None:
    """By the digest of a registry, which images that were built here do not have: so Compose alone is asked."""
    digest = f"@sha256:{'0' * 64}"
    images = {"EDGE_IMAGE": f"haproxy{digest}", "MLFLOW_IMAGE": f"mlflow{digest}", "BASE_IMAGE": f"python{digest}"}
    images |= {"FEEDBACK_DB_IMAGE": f"postgres{digest}", "COMPOSE_PROFILES": "train,feedback-db,mlflow-login"}
    done = run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=shared.folder,
        env={**shared.environment(), **images},
    )
    services = json.loads(done.stdout)["services"]
    assert {services[name]["image"] for name in ("edge", "mlflow-edge")} == {images["EDGE_IMAGE"]}
    assert services["mlflow-server"]["image"] == images["MLFLOW_IMAGE"]
    assert services["mlflow-login"]["build"]["args"]["MLFLOW_IMAGE"] == images["MLFLOW_IMAGE"]
    assert services["feedback-db"]["image"] == images["FEEDBACK_DB_IMAGE"]
    for name in ("car-price-api", "trainer"):
        assert services[name]["build"]["args"]["BASE"] == images["BASE_IMAGE"]


def test_the_networks_own_name_is_car_price_network(root: Path, shared: Stack) -> None:
    environment = {name: text for name, text in shared.environment().items() if name != "CARPRICE_NETWORK"}
    done = run(["docker", "compose", "config", "--format", "json"], cwd=shared.folder, env=environment)
    assert json.loads(done.stdout)["networks"]["car-price-network"]["name"] == "car-price-network"


def test_the_fresh_stack_serves_the_demo_model_and_says_so(shared: Stack) -> None:
    status = shared.ask().json()
    assert (status["source"], status["demo"], status["market"]) == ("fallback", True, "demo")
