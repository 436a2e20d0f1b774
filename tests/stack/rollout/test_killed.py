"""Rollouts that are killed, interrupted or meet another, and files that are torn: one whole set always serves."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.stack.rollout.releases import Images
from tests.stack.rollout.site import Command, Site
from tests.stack.stacks import EDGE, run, wait_for

from carprice.ops.lock import read_lock

pytestmark = pytest.mark.scenarios

STEPS = (
    "start",
    "health",
    "warm-up",
    "gates",
    "shadow",
    "switch",
    "drain",
    "bake",
    "replace",
    "return",
    "remove",
)
NEVER = "slow-load=60"
SECOND_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 0.001


def wait_for_step(site: Site, command: Command, step: str) -> None:
    """Wait until this command is at the step."""

    wanted = {"pid": command.process.pid, "step": step}
    while not wanted.items() <= read_lock(site.folder / "var" / "deploy.lock").items():
        assert command.process.poll() is None, "".join(command.lines)
        time.sleep(LOOK_AGAIN_SECONDS)


def test_kill_9_at_each_step(site: Site, images: Images) -> None:
    """Scenario 14: the next command takes the lock over and mends what is left, under load."""
    with site.load() as load:
        for step in STEPS:
            command = site.begin("rollout", "--image", images.make(name=step), "--model", site.bundles.champion)
            wait_for_step(site, command, step)
            command.send(signal.SIGKILL)
            command.finish()
        done = site.roll_out(images.make(name="a"), site.bundles.champion)
    assert load.results.failed == []
    assert load.results.records[-1].release == done.json()["release"]
    takeovers = [line["at_step"] for line in site.journal if line["event"] == "takeover"]
    assert tuple(takeovers[-len(STEPS) :]) == STEPS
    outcomes = site.carprice("releases", "--json").json()[-len(STEPS) - 1 :]
    assert [entry["outcome"] for entry in outcomes[:-3]] == ["cut short"] * (len(STEPS) - 2)
    assert [entry["outcome"] for entry in outcomes[-3:]] == ["live"] * 3


@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "^Waiting until"), (signal.SIGTERM, "^Warming up")])
def test_an_interrupted_rollout_goes_back(site: Site, images: Images, number: signal.Signals, said: str) -> None:
    """Scenario 15: during health and during warm-up, by Ctrl-C and by SIGTERM."""
    site.set_limits(warmup_p95_ms=0)
    facts = site.facts()
    fault = NEVER if number == signal.SIGINT else "none"
    command = site.begin("rollout", "--image", images.make(fault, "c"))
    command.wait_until(said)
    command.send(number)
    done = command.finish()
    assert done.code == 130, done.stderr
    assert site.facts() == facts
    assert site.last("done")["reason"] == "KeyboardInterrupt"


def test_two_rollouts_at_once(site: Site, images: Images) -> None:
    """Scenario 16: the second ends within a second and names the first."""
    first = site.begin("rollout", "--image", images.make(NEVER, "c"))
    first.wait_until("^Waiting until")
    begun = time.monotonic()
    site.carprice("rollout", "--help")
    startup = time.monotonic() - begun
    second = site.carprice("rollout", "--image", images.make(name="c"))
    first.send(signal.SIGINT)
    assert first.finish().code == 130
    assert second.code == 1
    assert "A rollout is under way to r" in second.stderr
    assert f"process {first.process.pid}, step health, since" in second.stderr
    assert second.seconds < startup + SECOND_SECONDS


@pytest.mark.parametrize("text", ["", "IMAGE=car-price-pred", "RELEASE=r1\nIMA"])
def test_a_torn_env_file_is_rebuilt_from_what_runs(site: Site, text: str) -> None:
    """Scenario 21."""
    facts = site.facts()
    site.write_env(text)
    done = site.carprice("rollout", "--image", facts["pins"]["IMAGE"], "--model", facts["pins"]["MODEL_VERSION"])
    assert done.stdout == f"{facts['release']} is live already; nothing to do\n", done.stderr
    assert site.facts() == facts


@pytest.mark.parametrize("text", ["", "act", "active", "active nex", "active \n"])
def test_a_torn_map_leaves_an_edge_with_a_backend(site: Site, text: str) -> None:
    """Scenario 21: even where the edge restarts before anybody mends it."""
    facts = site.facts()
    (site.folder / "edge" / "run" / "active.map").write_text(text)
    run(["docker", "restart", "--time", "1", site.containers(EDGE)[0]])
    wait_for(lambda: site.release == facts["release"], "the live release answers")
    done = site.carprice("rollout", "--image", facts["pins"]["IMAGE"], "--model", facts["pins"]["MODEL_VERSION"])
    assert done.stdout == f"{facts['release']} is live already; nothing to do\n", done.stderr
    assert site.facts() == facts


def test_a_torn_journal_is_begun_anew(site: Site) -> None:
    """Scenario 21: what is live is known from what runs; a torn line costs itself."""
    facts = site.facts()
    path = site.folder / "var" / "deployments.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:10])
    done = site.carprice("rollout", "--image", facts["pins"]["IMAGE"], "--model", facts["pins"]["MODEL_VERSION"])
    assert done.code == 0, done.stderr
    entry = site.carprice("releases", "--json").json()[-1]
    path.write_bytes(whole)
    assert (entry["name"], entry["outcome"]) == (facts["release"], "live")
    assert site.facts() == facts


def test_a_read_only_disk_is_refused(site: Site, images: Images) -> None:
    """Scenario 21: nothing is begun where nothing can be written."""
    with mounted_read_only(site.folder / "var"):
        done = site.refuse(images.make(name="c"))
    assert "deploy.lock: cannot be written (Read-only file system), so nothing was begun" in done.stderr


@contextmanager
def mounted_read_only(folder: Path) -> Iterator[None]:
    """The folder, on a file system that is read-only for us."""
    if run(["mount", "--bind", str(folder), str(folder)], check=False).returncode != 0:
        pytest.skip("no right to mount")
    try:
        run(["mount", "-o", "remount,bind,ro", str(folder)])
        yield
    finally:
        run(["umount", str(folder)])
