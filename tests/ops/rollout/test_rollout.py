"""Rollouts by the command line over a recording runner: every argv in order, every word a user sees."""

import errno
import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.ops.world import FAST, NEW_IMAGE, World

from carprice.cli.commands.service import releases as releases_module
from carprice.cli.commands.service import rollback as rollback_module
from carprice.cli.commands.service import rollout as rollout_module
from carprice.cli.main import cli
from carprice.errors import CarPriceError, StackError
from carprice.names import API, CANDIDATE
from carprice.ops import journal as journal_module
from carprice.ops.docker.build import Built
from carprice.ops.docker.env_file import read_env
from carprice.ops.lock import hold_lock
from carprice.ops.release import image_of
from carprice.ops.rollout import rollout as story
from carprice.ops.rollout.history import list_releases
from carprice.ops.rollout.rollback import find_target
from carprice.ops.rollout.rollout import Wanted, roll_out
from carprice.ops.stack_context import StackContext
from carprice.system.http import Address, Reply

Command = Callable[..., Result]
SECONDS = re.compile(r"\(\d+\.\d s\)")
UP = "docker compose --profile rollout up --detach --no-deps --no-build --timeout 10"
EDGE_TALK = 'exec 3<>/dev/tcp/127.0.0.1/9999; printf "%s\\n" "$0" >&3; cat <&3'


@pytest.fixture(autouse=True)
def usual_signals() -> Iterator[None]:
    """The handlers of a terminal: whoever runs the tests in the background, or by nohup, ignores some."""
    usual = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def carprice(world: World, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The commands on the world."""
    for module in (rollout_module, rollback_module, releases_module):
        monkeypatch.setattr(module, "make_context", lambda *_: world.context())
    return lambda *words: CliRunner().invoke(cli, words)


def acts(world: World) -> list[str]:
    """The commands that change something, and the questions to the edge that do."""
    changing = ("up", "stop", "rm", "tag", "update")
    found = []
    for words in world.argvs:
        if words[:3] == ["docker", "container", "exec"]:
            if words[-1].startswith(("set", "add")):
                found.append(words[-1].split(";")[0])
        elif any(word in words[:6] for word in changing):
            found.append(" ".join(words))
    return found


def test_a_rollout_from_beginning_to_end(carprice: Command, world: World) -> None:
    done = carprice("rollout")
    assert done.exit_code == 0, done.output
    kept = image_of("r2")
    new = "car-price-api-next-1-r2 car-price-api-next-2-r2"
    assert acts(world) == [
        f"docker image tag sha256:old {image_of('r1')}",
        f"docker image tag {NEW_IMAGE} {kept}",
        f"{UP} --no-recreate --scale car-price-api-next=2 car-price-api-next",
        "set map /run/edge/active.map active next",
        "add map /run/edge/active.map active next",
        f"{UP} --force-recreate --scale car-price-api=2 car-price-api",
        "set map /run/edge/active.map active current",
        f"docker container stop --time 10 {new}",
        f"docker container update --restart no {new}",
        f"docker container rm --force {new}",
    ]
    assert done.output == (
        "r2 is live: 0 requests, 0 failed, 0 cut, longest gap not known, "
        "p99 not known before and not known during\n"
    )
    assert [SECONDS.sub("(s)", line) for line in world.said] == [
        "Starting r2 beside r1 ...",
        "Started r2 (s)",
        "Waiting until 2 replicas are healthy ...",
        "Healthy (s)",
        "Warming up ...",
        "Warm (s)",
        "Testing identity, contract and golden valuations ...",
        "Passed (s)",
        "Replaying recent requests through both ...",
        "  make  listings  median shift",
        "  all          1          0.0%",
        "  Ford         1         +0.0%",
        "Compared (s)",
        "Switching the traffic to r2 ...",
        "r2 serves (s)",
        "Draining r1 ...",
        "Drained r1 (s)",
        "Watching r2 for 0 s ...",
        "No trouble (s)",
        "Replacing r1 ...",
        "Replaced r1 (s)",
        "Switching the traffic to car-price-api ...",
        "car-price-api serves (s)",
        "Removing the candidate ...",
        "Removed the candidate (s)",
    ]
    assert read_env(world.folder / ".env") == {"RELEASE": "r2", "IMAGE": kept, "MODEL_VERSION": "image"}
    assert {item.release for item in world.of(API)} == {"r2"}
    assert world.of(CANDIDATE) == []


def test_a_journal_that_cannot_be_written_any_more_does_not_undo_a_rollout(
    carprice: Command, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full from the second line on: the release is live, and the command says so."""
    write = journal_module.append_line

    def fail_later(path: Any, facts: dict[str, Any]) -> None:
        if facts["event"] in ("step", "shift", "done"):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, facts)

    monkeypatch.setattr(journal_module, "append_line", fail_later)
    done = carprice("rollout")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("r2 is live: ")
    path = world.folder / "var" / "deployments.jsonl"
    assert world.said[-1] == (
        f"Warning: r2 is live, but the journal does not say so: {path}: cannot be written "
        "(No space left on device)"
    )
    assert {item.release for item in world.of(API)} == {"r2"}
    monkeypatch.setattr(journal_module, "append_line", write)
    assert carprice("rollout").exit_code == 0
    assert [entry.outcome for entry in list_releases(world.context().journal)][-1] == "live"


def test_the_outcome_as_json(carprice: Command) -> None:
    data = json.loads(carprice("rollout", "--json").output)
    assert (data["schema"], data["kind"]) == (1, "rollout")
    assert (data["data"]["release"], data["data"]["changed"], data["data"]["model"]) == ("r2", True, "image")
    assert list(data["data"]["seconds"]) == [
        *("start", "health", "warm-up", "gates", "shadow", "switch"),
        *("drain", "bake", "replace", "return", "remove"),
    ]
    assert data["data"]["proof"]["failed"] == 0


def test_nothing_to_do(carprice: Command, world: World) -> None:
    world.images["car-price-prediction:latest"] = "sha256:old"
    for item in world.of(API):
        item.model = "image"
    (world.folder / ".env").write_text(f"RELEASE=r1\nIMAGE={image_of('r1')}\nMODEL_VERSION=image\n")
    done = carprice("rollout")
    assert done.output == "r1 is live already; nothing to do\n"
    assert acts(world) == [f"docker image tag sha256:old {image_of('r1')}"]


def test_a_dry_run(carprice: Command, world: World) -> None:
    done = carprice("rollout", "--dry-run")
    assert done.output == (
        f"live      r1: image {image_of('r1')}, model 20260101T000000Z\n"
        "new       r2: image car-price-prediction:latest, model of the image\n"
        "start     2 replicas of r2 beside 2 of r1\n"
        "health    2 passes within 0.3 s, 0 s long\n"
        "warm-up   p95 within 1000 ms\n"
        "gates     identity, contract, shadow\n"
        "prices    may move by 10% in the median, 35% at p95\n"
        "switch    then drain r1 for 0.1 s at most\n"
        "bake      0 s, at most 1.0% failed\n"
        "replace   r1 by 2 replicas of r2; .env, champion and journal follow\n"
        "Nothing was changed.\n"
    )
    assert acts(world) == []
    assert not (world.folder / "logs").exists()
    first = carprice("rollout", "--build", "--dry-run").output.splitlines()[0]
    assert first == "build     the image first; what follows is about the one that is latest now"


def test_a_build_belongs_to_its_rollout(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is built under the lock, and what another build then names `latest` does not go live."""

    def build(context: StackContext) -> Built:
        with pytest.raises(StackError, match="rollout"), hold_lock(context.lock_file, "other", lambda _: None):
            pass
        world.images["car-price-prediction:latest"] = "sha256:mine"
        return Built("car-price-prediction:latest", (), "", 1.0)

    def build_elsewhere(words: list[str]) -> None:
        if "tag" in words:
            world.images["car-price-prediction:latest"] = "sha256:another"

    monkeypatch.setattr(story, "build_image", build)
    world.on_run = build_elsewhere
    roll_out(world.context(), Wanted(build=True))
    assert {item.image for item in world.of(API)} == {"sha256:mine"}


def test_a_candidate_that_is_never_healthy(world: World) -> None:
    world.broken = {"r2"}
    with pytest.raises(CarPriceError) as error:
        roll_out(world.context(), Wanted())
    assert error.value.what == (
        "car-price-api-next is not healthy within 0.3 s "
        "(car-price-car-price-api-next-1: no answer (ConnectionRefusedError), "
        "car-price-car-price-api-next-2: no answer (ConnectionRefusedError))"
    )
    assert world.said[-2:] == [
        "Going back to r1 ...",
        "r1 serves as before: 0 requests, 0 failed, 0 cut, longest gap not known, "
        "p99 not known before and not known during",
    ]
    assert world.of(CANDIDATE) == []
    assert image_of("r2") not in world.images, "what never went live keeps no image"
    assert read_env(world.folder / ".env")["RELEASE"] == "r1"
    last = list(world.context().journal.lines())[-1]
    assert (last["event"], last["outcome"], last["release"]) == ("done", "failed", "r2")
    assert not [line for line in acts(world) if line.startswith("set map")]


def interrupt(world: World, number: signal.Signals, at: str) -> None:
    """Roll out, with the signal whenever a command with that word runs."""

    def strike(words: list[str]) -> None:
        if at in words and (at != "exec" or words[-1].startswith("set")):
            signal.raise_signal(number)
            time.sleep(0)

    world.on_run = strike
    with pytest.raises(KeyboardInterrupt):
        roll_out(world.context(), Wanted())
    world.on_run = lambda _: None
    assert world.of(CANDIDATE) == []
    assert (world.context().edge.active(), world.context().edge.pinned()) == ("current", "current")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("at", ["up", "exec"])
def test_an_interruption_goes_back(world: World, number: signal.Signals, at: str) -> None:
    """At the start of the candidate, at the switch; a second signal does not stop the way back."""
    interrupt(world, number, at)
    assert {item.release for item in world.of(API)} == {"r1"}


def test_an_interruption_after_the_replacement_goes_on(world: World) -> None:
    """At the removal of the candidate the new release serves alone: making it anew would cost requests."""
    interrupt(world, signal.SIGINT, "stop")
    assert {item.release for item in world.of(API)} == {"r2"}
    assert len([words for words in acts(world) if "--force-recreate" in words]) == 1
    assert read_env(world.folder / ".env")["RELEASE"] == "r2"
    assert world.said[-2] == "r2 has replaced r1 already, so it stays ..."
    assert world.said[-1].startswith("r2 is live: 0 requests, 0 failed")
    last = list(world.context().journal.lines())[-1]
    assert (last["event"], last["outcome"], last["release"]) == ("done", "live", "r2")


def make_ill(world: World, how: str) -> None:
    """The live release answers no request, or crashes in a loop."""
    world.broken.add("r1")
    for item in world.of(API) if how == "crashes" else ():
        item.state, item.restarts = "restarting", 4


@pytest.mark.parametrize("path", ["/predict/price", "/predict/batch"])
def test_a_refusal_quotes_the_log_of_what_is_then_removed(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """At the warm-up and at a gate."""
    plain = world.ask

    def ask(address: Address, method: str, at: str, body: Any = None, *words: Any, **named: Any) -> Reply:
        if address.name == "car-price-car-price-api-next-2" and at == path:
            return Reply(500, {}, b"", 0.001)
        return plain(address, method, at, body)

    monkeypatch.setattr(Address, "ask", ask)
    with pytest.raises(StackError) as error:
        roll_out(world.context(), Wanted())
    assert "Its last log lines:\nlast words of car-price-api-next-2-r2\n" in error.value.hint
    assert world.of(CANDIDATE) == []


@pytest.mark.parametrize("how", ["silent", "crashes"])
def test_an_ill_release_is_replaced(world: World, how: str) -> None:
    make_ill(world, how)
    done = roll_out(world.context(), Wanted())
    assert (done.release, done.changed) == ("r2", True)
    assert "r1 does not answer as it should, so nothing is compared with it" in world.said
    assert not [line for line in world.said if line.startswith("Replaying")]
    assert {item.release for item in world.of(API)} == {"r2"}


@pytest.mark.parametrize("how", ["silent", "crashes"])
def test_an_ill_release_is_left_as_it_is_by_a_failure(world: World, how: str) -> None:
    """What failed is told, and not that the old release is ill; the candidate is gone."""
    make_ill(world, how)
    world.broken.add("r2")
    before = [(item.id, item.state) for item in world.of(API)]
    with pytest.raises(StackError, match="car-price-api-next is not healthy within"):
        roll_out(world.context(), Wanted())
    assert [(item.id, item.state) for item in world.of(API)] == before
    assert world.of(CANDIDATE) == []
    last = list(world.context().journal.lines())[-1]
    assert (last["event"], last["outcome"]) == ("done", "failed")


def test_what_was_stopped_is_not_up(world: World) -> None:
    for item in world.of(API):
        item.state = "exited"
    with pytest.raises(StackError, match="The stack is not up"):
        roll_out(world.context(), Wanted())


def test_going_back_twice_does_not_return(world: World) -> None:
    context = world.context()
    for number in (2, 3):
        world.images["car-price-prediction:latest"] = f"sha256:{number}"
        roll_out(context, Wanted(model="image"))
    assert find_target(context, "").name == "r2"
    roll_out(context, Wanted(image_of("r2"), "image", back_to="r2"))
    assert find_target(context, "").name == "r1"
    roll_out(context, Wanted(image_of("r1"), "image", back_to="r1"))
    with pytest.raises(StackError, match="r5 is r1 again, the first release: there is none to go back to"):
        find_target(context, "")


def test_only_so_many_releases_keep_their_images(world: World) -> None:
    context = world.context(FAST)
    for number in range(7):
        world.images["car-price-prediction:latest"] = f"{NEW_IMAGE}{number}"
        roll_out(context, Wanted())
    kept = sorted(name for name in world.images if name != "car-price-prediction:latest")
    assert kept == [image_of(f"r{number}") for number in range(4, 9)]


def test_a_rollback_goes_to_the_release_before_as_one_unit(carprice: Command, world: World) -> None:
    carprice("rollout")
    done = carprice("rollback", "--json")
    assert "has no bundle" not in done.output
    assert isinstance(done.exception, CarPriceError)
    assert done.exception.what == (
        f"Release r1 cannot come back: its image {image_of('r1')} or its model 20260101T000000Z is missing. "
        "Usable releases: r2 (model of the image)"
    )
    world.images["car-price-prediction:latest"] = "sha256:third"
    carprice("rollout")
    data = json.loads(carprice("rollback", "--json").output)["data"]
    assert (data["release"], data["changed"]) == ("r4", True)
    assert world.images[image_of("r4")] == NEW_IMAGE
    assert world.of(API)[0].image == NEW_IMAGE


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("r7", "There is no release 'r7' that was live. Releases: r1"),
        ("", "r1 is the first release: there is none to go back to"),
    ],
)
def test_a_rollback_to_nowhere(carprice: Command, world: World, name: str, told: str) -> None:
    story.reconcile(world.context())
    done = carprice("rollback", *([name] if name else []))
    assert isinstance(done.exception, CarPriceError)
    assert done.exception.what == told


def test_the_history(carprice: Command, world: World) -> None:
    assert carprice("releases").output == "No rollout yet.\n"
    carprice("rollout")
    lines = carprice("releases").output.splitlines()
    assert [line[:10].rstrip() for line in lines[1:]] == ["  r1", "* r2"]
    data = json.loads(carprice("releases", "--json").output)
    assert data["kind"] == "releases"
    assert [(entry["name"], entry["outcome"]) for entry in data["data"]] == [("r1", "live"), ("r2", "live")]
