"""Trouble after the switch, and around it."""

import time

import pytest
from tests.stack.rollout.releases import Images
from tests.stack.rollout.site import Site
from tests.stack.stacks import API, EDGE, find_worker, inspect, run, send, wait_for

pytestmark = pytest.mark.scenarios

LATE_SECONDS = 20
BACK_SECONDS = 3.0
MORE_REQUESTS = 50
START_SECONDS = 15.0
HANG_SECONDS = 30.0


def test_errors_after_the_switch_send_the_traffic_back(site: Site, images: Images) -> None:
    """Scenario 13: 6 % of the answers are 500 from 20 s after the start."""
    site.set_limits(bake=40)
    old = site.release
    with site.load() as load:
        done = site.carprice("rollout", "--image", images.make(f"late={LATE_SECONDS}"))
        enough = load.count() + MORE_REQUESTS
        wait_for(lambda: load.count() > enough, "more requests")
    assert done.code == 1
    assert "requests failed after the switch, the limit is 1.0%" in done.stderr
    failed = load.results.failed
    assert failed[-1].ended - failed[0].ended <= BACK_SECONDS
    assert site.last("done")["failed"] == len(failed)
    assert f"{old} serves as before" in done.stderr
    assert load.results.records[-1].release == old


def test_a_slow_model_is_waited_for(site: Site, images: Images) -> None:
    """Scenario 9, the first half."""
    done = site.roll_out(images.make("slow-load=5"))
    assert done.json()["seconds"]["health"] > 4


def test_accepted_prices_go_live(site: Site) -> None:
    """Scenario 12, the second half; back again without asking, as the prices before were accepted once."""
    image, before = site.pins()["IMAGE"], site.pins()["MODEL_VERSION"]
    done = site.roll_out(image, site.bundles.dearer, "--accept-price-shift")
    assert "so MLflow does not know the new champion yet. Start it with ./carprice up" in done.stderr
    assert site.ask("/info/model").json()["version"] == site.bundles.dearer
    assert (site.folder / "artifacts" / "champion").read_text().strip() == site.bundles.dearer
    done = site.carprice("rollback")
    assert done.code == 0, done.stderr
    assert site.pins()["MODEL_VERSION"] == before


def test_an_ill_release_is_rolled_back(site: Site) -> None:
    """Its bundle is gone and its replicas were started again: they answer 503, and the way back is open."""
    before = site.pins()["MODEL_VERSION"]
    model = site.bundles.champion if before == site.bundles.other else site.bundles.other
    site.roll_out(site.pins()["IMAGE"], model)
    bundle = site.folder / "artifacts" / model
    hidden = bundle.rename(site.folder / "hidden")
    try:
        run(["docker", "restart", "--time", "1", *site.containers(API)])
        wait_for(lambda: site.ask().status == 503, "nobody can price")
        done = site.carprice("rollback")
    finally:
        hidden.rename(bundle)
    assert done.code == 0, done.stderr
    assert "does not answer as it should, so nothing is compared with it" in done.stderr
    assert (site.ask().status, site.pins()["MODEL_VERSION"]) == (200, before)


def test_the_edge_is_restarted(site: Site, images: Images) -> None:
    """Scenario 17: during the bake and after; it comes back on the active set."""
    site.set_limits(bake=6)
    command = site.begin("rollout", "--json", "--image", site.other_image(images))
    command.wait_until("^Watching")
    run(["docker", "restart", "--time", "1", site.containers(EDGE)[0]])
    seen = set()
    while command.process.poll() is None:
        seen.add(site.release)
        time.sleep(0.05)
    done = command.finish()
    assert done.code == 0, done.stderr
    release = done.json()["release"]
    assert seen <= {release, ""}
    assert not done.json()["proof"]["is_whole"]
    run(["docker", "restart", "--time", "1", site.containers(EDGE)[0]])
    wait_for(lambda: site.release, "the edge answers")
    assert site.release == release


def test_good_bad_bad_good(site: Site, images: Images) -> None:
    """Scenario 25: after each, one whole set serves."""
    first = site.roll_out(site.other_image(images)).json()["release"]
    site.check_plain()
    for fault in ("exit=3", "predict"):
        site.refuse(images.make(fault))
        site.check_plain()
        assert site.release == first
    last = site.roll_out(site.other_image(images)).json()["release"]
    assert site.release == last


def test_one_of_two_replicas_is_killed(site: Site) -> None:
    """Scenario 27."""
    victim = site.containers(API)[0]
    with site.load() as load:
        send(victim, find_worker(victim), "KILL")
        wait_for(lambda: inspect(victim)["RestartCount"] == 1, "Docker started it again")
        wait_for(lambda: len(site.servers()) == 2, "the edge has it again")
    assert load.results.failed == []


@pytest.mark.parametrize(
    ("word", "seconds"), [("KILL", START_SECONDS), ("STOP", HANG_SECONDS)], ids=["killed", "hung"]
)
def test_the_only_replica_comes_back(site: Site, word: str, seconds: float) -> None:
    """Scenario 28: what fails meanwhile is counted, and over soon."""
    site.compose("up", "--detach", "--no-recreate", "--no-deps", "--scale", f"{API}=1", API)
    wait_for(lambda: len(site.servers()) == 1, "one replica is left")
    victim = site.containers(API)[0]
    with site.load() as load:
        began = time.time()
        send(victim, find_worker(victim), word)
        wait_for(lambda: inspect(victim)["RestartCount"] > 0, "Docker started it again", seconds)
        wait_for(lambda: site.ask().status == 200, "it answers", seconds)
        ended = time.time()
    site.compose("up", "--detach", "--no-recreate", "--no-deps", "--scale", f"{API}=2", API)
    assert load.results.after(ended).failed == []
    print(f"{len(load.results.failed)} failed in {ended - began:.1f} s")
