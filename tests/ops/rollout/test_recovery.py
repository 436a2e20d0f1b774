"""What is live, and the way back to it, decided from facts by a recording runner."""

import pytest
from tests.ops.world import NEW_IMAGE, OLD_MODEL, Container, World

from carprice.errors import StackError
from carprice.model.bundle.manifest import champion_version
from carprice.names import API, CANDIDATE, EDGE
from carprice.ops.edge.haproxy import CURRENT, NEXT, EdgeDownError
from carprice.ops.release import Release, image_of, pin_candidate, pin_release, read_release
from carprice.ops.rollout.live_release import find_live
from carprice.ops.rollout.recovery import has_leftovers, reconcile, restore

R1 = Release("r1", image_of("r1"), OLD_MODEL)
R2 = Release("r2", image_of("r2"), OLD_MODEL)
UP = ("docker", "compose", "--profile", "rollout", "up")


def add_candidate(world: World) -> None:
    """As a rollout to r2 leaves things that was killed after its candidate had started."""
    world.images[R2.image] = NEW_IMAGE
    world.start(CANDIDATE, "r2", R2.image)
    pin_candidate(world.folder / ".env", R2)
    world.context().journal.add("begin", release="r2", image=R2.image, model=OLD_MODEL)


def replace_one(world: World, count: int = 1) -> None:
    """As a rollout leaves things that was killed while it replaced the old set."""
    add_candidate(world)
    world.active = NEXT
    world.context().edge.pin(NEXT)
    pin_release(world.folder / ".env", R2)
    for item in world.of(API)[:count]:
        item.release, item.image, item.image_name = "r2", NEW_IMAGE, R2.image


def check_plain(world: World, release: Release) -> None:
    context = world.context()
    assert {(item.service, item.release, item.state) for item in world.containers if item.release} == {
        (API, release.name, "running")
    }
    assert (context.edge.pinned(), context.edge.active()) == (CURRENT, CURRENT)
    assert read_release(context.env_file) == release
    assert "NEXT_" not in context.env_file.read_text()
    assert not has_leftovers(context, release)


def test_a_plain_stack_is_left_alone(world: World) -> None:
    live = reconcile(world.context())
    assert live == R1
    assert world.ran(*UP) == []
    assert [line["event"] for line in world.context().journal.lines()] == ["adopted"]
    reconcile(world.context())
    assert [line["event"] for line in world.context().journal.lines()] == ["adopted"], "once"


def test_the_first_release_is_named_and_pinned(world: World) -> None:
    """Image and model of what runs, whatever `latest` and the champion become."""
    (world.folder / ".env").unlink()
    for item in world.of(API):
        item.release, item.image_name, item.model = "local", "car-price-prediction:latest", ""
    live = reconcile(world.context())
    assert live.name == "local"
    assert world.images[image_of("local")] == "sha256:old"
    check_plain(world, live)


def test_before_the_switch_it_is_a_removal(world: World) -> None:
    add_candidate(world)
    assert reconcile(world.context()) == R1
    check_plain(world, R1)
    assert world.ran(*UP) == []
    assert world.said == ["A rollout was cut short; r1 stays live, the rest is taken away ..."]


def test_during_the_bake_it_is_a_switch_back(world: World) -> None:
    add_candidate(world)
    world.active = NEXT
    world.context().edge.pin(NEXT)
    assert reconcile(world.context()) == R1
    check_plain(world, R1)
    assert world.ran(*UP) == []


@pytest.mark.parametrize("count", [1, 2], ids=["half replaced", "all replaced"])
def test_during_the_replacement_it_is_completed(world: World, count: int) -> None:
    replace_one(world, count)
    assert reconcile(world.context()) == R2
    check_plain(world, R2)
    assert len(world.ran(*UP)) == (1 if count == 1 else 0)
    assert list(world.context().journal.lines())[-1]["release"] == "r2"


def test_a_completed_release_brings_its_model_the_championship(world: World) -> None:
    replace_one(world)
    (world.folder / "artifacts" / "champion").write_text("20200101T000000Z\n")
    reconcile(world.context())
    assert champion_version(world.folder / "artifacts") == OLD_MODEL


def test_a_champion_that_is_not_live_yet_stays(world: World) -> None:
    add_candidate(world)
    (world.folder / "artifacts" / "champion").write_text("20200101T000000Z\n")
    reconcile(world.context())
    assert champion_version(world.folder / "artifacts") == "20200101T000000Z"


def test_while_the_old_set_is_gone_it_is_completed(world: World) -> None:
    replace_one(world, 0)
    world.containers = [item for item in world.containers if item.service != API]
    assert reconcile(world.context()) == R2
    check_plain(world, R2)


def test_pinned_but_not_yet_replaced_goes_back(world: World) -> None:
    replace_one(world, 0)
    assert reconcile(world.context()) == R1
    check_plain(world, R1)


@pytest.mark.parametrize("text", ["", "RELEASE=r1\nIMA", "RELEASE=r9\nIMAGE=x\n"])
def test_a_damaged_env_file_is_rebuilt(world: World, text: str) -> None:
    (world.folder / ".env").write_text(text)
    assert reconcile(world.context()) == R1
    check_plain(world, R1)
    assert world.ran(*UP) == []


def test_a_damaged_env_file_and_a_mixed_set_follow_the_candidate(world: World) -> None:
    replace_one(world)
    (world.folder / ".env").write_text("")
    assert find_live(world.context()) == R2


def test_with_nothing_left_the_journal_tells(world: World) -> None:
    reconcile(world.context())
    (world.folder / ".env").write_text("")
    world.containers = [item for item in world.containers if item.service == EDGE]
    assert find_live(world.context()) == R1


def test_with_nothing_at_all_the_stack_is_not_up(world: World) -> None:
    (world.folder / ".env").write_text("")
    world.containers.clear()
    with pytest.raises(StackError, match="The stack is not up: car-price-api has no running container"):
        reconcile(world.context())


def test_a_replica_that_is_down_is_started_and_the_others_stay(world: World) -> None:
    add_candidate(world)
    world.of(API)[1].state = "exited"
    restore(world.context(), R1)
    [words] = world.ran(*UP)
    assert "--no-recreate" in words
    assert "car-price-api=2" in words
    check_plain(world, R1)


def test_without_an_edge_nothing_is_begun(world: World) -> None:
    add_candidate(world)
    edge = world.of(EDGE)[0]
    edge.state = "exited"
    with pytest.raises(EdgeDownError) as error:
        reconcile(world.context())
    assert error.value.what == "The edge does not run: exited, exit code 1"
    assert world.of(CANDIDATE), "it may be what serves"


def test_a_damaged_map_is_written_anew(world: World) -> None:
    path = world.folder / "edge" / "run" / "active.map"
    path.write_text("activ")
    world.active = ""
    reconcile(world.context())
    assert path.read_text() == "active current\n"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_candidate_that_a_killed_program_still_creates_is_removed_too(world: World) -> None:
    add_candidate(world)
    late = [Container(CANDIDATE, 3, NEW_IMAGE, R2.image, "r2", OLD_MODEL)]

    def create_late(words: list[str]) -> None:
        if words[:3] == ["docker", "container", "rm"]:
            world.containers += late
            late.clear()

    world.on_run = create_late
    reconcile(world.context())
    world.on_run = lambda _: None
    check_plain(world, R1)
