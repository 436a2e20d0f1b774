"""Rollouts that succeed, under load: nothing is lost, and every client moves forward only."""

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import pytest
from tests.stack.rollout.loader import RATE
from tests.stack.rollout.releases import Images
from tests.stack.rollout.site import Site
from tests.stack.stacks import EDGE, run, wait_for

pytestmark = pytest.mark.scenarios

LONGEST_GAP_MS = 250
SLOWEST_RATIO = 2
SLOWEST_FLOOR_MS = 100
SECONDS_OFF = 0.5
BEFORE_SECONDS = 5
ROLLOUTS = 10
CLIENTS = 50
ASK_SECONDS = 2
"""Well below the edge's http-keep-alive, after which it closes an idle connection."""
RELOADS = 20
KEPT = 5


def test_a_good_rollout_loses_nothing(site: Site, images: Images) -> None:
    """Scenarios 1 and 23: MLflow is down all the while."""
    image = site.other_image(images)
    with site.load() as load:
        time.sleep(BEFORE_SECONDS)
        done = site.roll_out(image)
    results, began, ended = load.results, site.last("begin")["at"], site.last("done")["at"]
    assert results.failed == []
    assert results.find_steps_back() == []
    during, before = results.between(began, ended), results.between(load.began, began)
    assert during.longest_gap_ms <= LONGEST_GAP_MS + during.stall_ms
    assert during.p99_ms() <= max(SLOWEST_RATIO * before.p99_ms(), SLOWEST_FLOOR_MS) + during.stall_ms
    proof = done.json()["proof"]
    assert abs(proof["requests"] - len(during.records)) <= SECONDS_OFF * RATE
    assert (proof["failed"], proof["cut"], proof["is_whole"]) == (0, 0, True)
    assert "Warning: MLflow is down" in done.stderr


def test_ten_rollouts_to_and_fro_lose_nothing(site: Site, images: Images) -> None:
    """Scenario 2: images and models change together, A-B-A."""
    champion, other = site.bundles.champion, site.bundles.other
    ends = [(images.make(name="b"), other), (images.make(name="a"), champion)]
    with site.load() as load:
        released = [site.roll_out(*ends[number % 2]).json()["release"] for number in range(ROLLOUTS)]
    assert load.results.failed == []
    assert load.results.find_steps_back() == []
    assert load.results.releases[1:] == released
    assert load.results.records[-1].model == champion


def test_kept_connections_go_on_with_the_new_release(site: Site, images: Images) -> None:
    """Scenario 5: 50 of them, open since before the rollout and used all the while."""
    image = site.other_image(images)
    with open_clients(site.port, CLIENTS) as clients, ThreadPoolExecutor(1) as pool:
        [old] = {ask(client) for client in clients}
        rollout = pool.submit(site.roll_out, image, site.bundles.other)
        seen = {old}
        while not wait([rollout], timeout=ASK_SECONDS).done:
            seen |= {ask(client) for client in clients}
        new = rollout.result().json()["release"]
        assert {ask(client) for client in clients} == {new}
    assert seen <= {old, new}


def test_a_rollback_loses_nothing(site: Site) -> None:
    """Scenario 20: to the release before, image and model together."""
    before = site.pins()
    with site.load() as load:
        done = site.carprice("rollback", "--json")
    assert done.code == 0, done.stderr
    assert load.results.failed == []
    assert load.results.find_steps_back() == []
    after = site.pins()
    assert (before["MODEL_VERSION"], after["MODEL_VERSION"]) == (site.bundles.other, site.bundles.champion)
    history = site.carprice("releases").stdout.splitlines()
    assert history[-1].startswith(f"* {after['RELEASE']} ")


def test_a_rollback_to_what_is_gone_says_what_exists(site: Site) -> None:
    """Scenario 20: an image that is gone, and a release that never was."""
    usable = [line["release"] for line in site.journal if line.get("outcome") == "live"][-KEPT:]
    name = usable[0]
    kept = f"car-price-prediction:{site.name}-{name}"
    facts = site.facts()
    run(["docker", "image", "rm", kept])
    gone = site.carprice("rollback", name)
    never = site.carprice("rollback", "r999")
    assert (gone.code, never.code) == (1, 1)
    assert f"Release {name} cannot come back: its image {kept}" in gone.stderr
    assert f"Usable releases: {usable[1]} (model 2" in gone.stderr
    assert "There is no release 'r999' that was live. Releases: local, r1" in never.stderr
    assert site.facts() == facts


def test_nothing_changed_is_a_no_op(site: Site) -> None:
    """Scenario 26."""
    facts = site.facts()
    done = site.carprice("rollout", "--image", facts["pins"]["IMAGE"], "--model", facts["pins"]["MODEL_VERSION"])
    assert (done.code, done.stdout) == (0, f"{facts['release']} is live already; nothing to do\n")
    assert site.facts() == facts


def test_a_dry_run_changes_nothing(site: Site, images: Images) -> None:
    facts, journal = site.facts(), site.journal
    done = site.carprice("rollout", "--dry-run", "--image", site.other_image(images))
    assert done.code == 0
    assert done.stdout.endswith("Nothing was changed.\n")
    assert (site.facts(), site.journal) == (facts, journal)


def test_reloads_of_the_edge_lose_nothing(site: Site) -> None:
    """Scenario 18: 20 of them."""
    edge = site.containers(EDGE)[0]
    with site.load() as load:
        for _ in range(RELOADS):
            worker = find_worker(site)
            run(["docker", "kill", "--signal", "USR2", edge])
            wait_for(lambda old=worker: find_worker(site) != old, "a new worker answers")
    assert load.results.failed == []


@contextmanager
def open_clients(port: int, count: int) -> Iterator[list[http.client.HTTPConnection]]:
    """So many open connections."""
    clients = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


def ask(client: http.client.HTTPConnection) -> str:
    """The release that answers on this connection, which stays the same one."""
    socket = client.sock
    client.request("GET", "/livez")
    answer = client.getresponse()
    assert answer.status == 200
    assert answer.read()
    assert socket is None or client.sock is socket
    return answer.headers["X-Release"]


def find_worker(site: Site) -> str:
    """The process of the edge that answers now."""
    lines = site.runtime("show info").splitlines()
    return next((line for line in lines if line.startswith("Pid:")), "")
