"""Scenario 22: what is around the replicas is broken; it is named, and nothing is started."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.stack.rollout.releases import Images
from tests.stack.rollout.site import Finished, Site
from tests.stack.stacks import API, EDGE, run, wait_for

pytestmark = pytest.mark.scenarios


@contextmanager
def stopped_edge(site: Site) -> Iterator[None]:
    """No edge meanwhile."""
    edge = site.containers(EDGE)[0]
    run(["docker", "stop", "--time", "1", edge])
    try:
        yield
    finally:
        run(["docker", "start", edge])
        site.wait_ready(replicas=2)


def refuse(site: Site, images: Images) -> Finished:
    """A rollout that starts nothing and changes nothing."""
    containers, journal = site.containers(API), site.journal
    done = site.carprice("rollout", "--image", images.make(name="c"))
    assert done.code == 1
    assert (site.containers(API), site.containers("car-price-api-next"), site.journal) == (containers, [], journal)
    return done


def test_the_edge_is_down(site: Site, images: Images) -> None:
    with stopped_edge(site):
        done = refuse(site, images)
    assert "The edge does not run: exited" in done.stderr


def test_the_port_is_taken(site: Site, images: Images) -> None:
    edge = site.containers(EDGE)[0]
    with stopped_edge(site), socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("0.0.0.0", site.port))
        holder.listen()
        assert run(["docker", "start", edge], check=False).returncode != 0
        done = refuse(site, images)
    assert f"1. Port {site.port} for edge is taken by python" in done.stderr


def test_the_edge_is_on_another_network(site: Site, images: Images) -> None:
    edge, other = site.containers(EDGE)[0], f"{site.name}-other"
    run(["docker", "network", "create", other])
    try:
        run(["docker", "network", "connect", other, edge])
        run(["docker", "network", "disconnect", site.name, edge])
        done = refuse(site, images)
    finally:
        run(["docker", "network", "connect", "--alias", EDGE, site.name, edge])
        run(["docker", "network", "disconnect", other, edge], check=False)
        run(["docker", "network", "rm", other])
    assert f"The edge cannot reach {site.name}-car-price-api-1: it is on {other}, the replica on" in done.stderr
    wait_for(lambda: len(site.servers()) == 2, "the edge has both replicas")
