"""The edge of kubernetes/components/edge, with replicas that it finds by their name alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stack.conftest import PREFIX
from tests.stack.loads import press
from tests.stack.stacks import ask, find_port, run, wait_for

pytestmark = pytest.mark.slow

NAME = f"{PREFIX}-cluster"
REPLICAS = (f"{NAME}-api-1", f"{NAME}-api-2")
ALIAS = "car-price-api.cars.svc.cluster.local"
SOME = 500


@pytest.fixture
def port(root: Path, image: str) -> Iterator[int]:
    """The edge's port: two replicas behind one name, as a headless Service has them, and HAProxy before them."""
    found = find_port()
    config = root / "kubernetes" / "components" / "edge" / "haproxy.cfg"
    rights = ["--read-only", "--cap-drop=ALL", "--user=99:99", f"--network={NAME}"]
    run(["docker", "network", "create", NAME])
    try:
        for replica in REPLICAS:
            run(
                [
                    "docker",
                    "run",
                    "--detach",
                    f"--name={replica}",
                    f"--network={NAME}",
                    f"--network-alias={ALIAS}",
                    image,
                ]
            )
        mount = f"--volume={config}:/usr/local/etc/haproxy/haproxy.cfg:ro"
        where = [f"--publish=127.0.0.1:{found}:5000", f"--env=CARPRICE_REPLICAS={ALIAS}"]
        run(["docker", "run", "--detach", f"--name={NAME}-edge", *rights, *where, mount, "haproxy:3.0"])
        yield found
    finally:
        run(["docker", "rm", "--force", "--volumes", *REPLICAS, f"{NAME}-edge"], check=False)
        run(["docker", "network", "rm", NAME], check=False)


def test_a_killed_pod_costs_no_request(port: int) -> None:
    wait_for(lambda: ask(port, "/readyz").status == 200, "the edge has a replica")
    listing = ask(port, "/api/openapi.json").json()["components"]["schemas"]["Listing"]["examples"][0]
    assert ask(port, "/info/sample").status == 404
    with press(port, listing) as load:
        wait_for(lambda: load.asked >= SOME, "requests")
        run(["docker", "kill", REPLICAS[0]])
        before = load.asked
        wait_for(lambda: load.asked >= before + SOME, "requests after the kill")
    assert load.failed == []
