"""Rollouts on Kubernetes over a recording kubectl: what is asked, in which order, and what clients see of it."""

import copy
from pathlib import Path

import pytest
from tests.ops.kubernetes.world import ClusterWorld, make_objects, make_pod, make_replicaset

from carprice.errors import StackError
from carprice.names import API, CANDIDATE
from carprice.ops.kubernetes.candidate import HOLDER
from carprice.ops.kubernetes.rollback import roll_back_overlay
from carprice.ops.kubernetes.rollout import roll_out_overlay, show_difference

LIVE = f"{API} r1"


@pytest.fixture
def world(tmp_path: Path) -> ClusterWorld:
    """r1 serves from two pods; the overlay wants r2."""
    world = ClusterWorld(tmp_path, make_objects("r2"))
    world.start(make_objects("r1"))
    world.replicasets = [make_replicaset(make_objects(f"r{number}")[-1], number) for number in (1, 2)]
    return world


def roll_out(world: ClusterWorld) -> None:
    roll_out_overlay(world.cluster(), world.said.append)


def test_a_good_release_goes_live_beside_the_old_one(world: ClusterWorld) -> None:
    outcome = roll_out_overlay(world.cluster(), world.said.append)
    assert (outcome.release, outcome.changed) == ("r2", True)
    assert outcome.what == ("registry/api:r2", "m@sha256:1", "car-price-settings-r2")
    # Never the old release after the new one, and never a Service without pods.
    assert world.served == [LIVE, f"{CANDIDATE} r2", f"{API} r2"]
    assert world.verbs() == [
        "apply --kustomize",
        f"create --filename={world.argvs[[w[1] for w in world.argvs].index('create')][2].partition('=')[2]}",
        "rollout status",
        "create job",
        f"patch service/{API}",
        "create job",
        "apply --kustomize",
        "rollout status",
        f"patch service/{API}",
        f"delete deployment/{CANDIDATE}",
        "apply --kustomize",
    ]
    assert ("Deployment", CANDIDATE) not in world.objects


def test_the_candidate_is_as_large_as_what_serves_and_names_who_started_it(world: ClusterWorld) -> None:
    made = []
    world.on_run = lambda _: made.extend(
        copy.deepcopy(item) for key, item in world.objects.items() if key[1] == CANDIDATE
    )
    roll_out(world)
    candidate = made[0]
    assert candidate["spec"]["replicas"] == 2
    assert "resourceVersion" not in candidate["metadata"]
    assert "process" in candidate["metadata"]["annotations"][HOLDER]
    assert candidate["spec"]["selector"]["matchLabels"]["carprice/set"] == "next"
    assert candidate["spec"]["template"]["metadata"]["labels"]["carprice/set"] == "next"


@pytest.mark.parametrize(
    ("check", "served"),
    [("car-price-gates", [LIVE]), ("car-price-bake", [LIVE, f"{CANDIDATE} r2", LIVE])],
)
def test_a_check_that_refuses_leaves_the_old_release_serving(
    world: ClusterWorld, check: str, served: list[str]
) -> None:
    world.refused[check] = "Gate golden: 10.0.0.7: golden[0].price: should be 9000 (got 9400)"
    with pytest.raises(StackError) as raised:
        roll_out(world)
    assert raised.value.what == f"{check} refuses the candidate: {world.refused[check]}"
    assert world.served == served
    assert ("Deployment", CANDIDATE) not in world.objects
    assert world.said[-2:] == ["Going back to the old pods ...", "They serve as before"]


def test_a_wrong_digest_is_never_switched_to_and_said(world: ClusterWorld) -> None:
    world.stuck = {CANDIDATE}
    waiting = {"reason": "ErrImagePull", "message": "car-price-model@sha256:0: not found"}
    world.pods = [make_pod("next-1", phase="Pending", containerStatuses=[{"state": {"waiting": waiting}}])]
    with pytest.raises(StackError, match=r"next-1: ErrImagePull: car-price-model@sha256:0: not found"):
        roll_out(world)
    assert world.served == [LIVE]
    assert ("Deployment", CANDIDATE) not in world.objects


def test_two_at_once_are_refused_and_the_first_is_left_alone(world: ClusterWorld) -> None:
    other = make_objects("r3")[-1]
    other["metadata"] |= {"name": CANDIDATE, "annotations": {HOLDER: "ann on desk (process 7)"}}
    world.start([other])
    with pytest.raises(StackError, match=r"was started by ann on desk \(process 7\)"):
        roll_out(world)
    assert world.objects["Deployment", CANDIDATE] == other
    assert world.served == [LIVE]


def test_nothing_to_do(world: ClusterWorld) -> None:
    world.start(world.wanted)
    assert not roll_out_overlay(world.cluster(), world.said.append).changed
    assert world.verbs() == []


def test_what_makes_no_other_release_is_only_applied(world: ClusterWorld) -> None:
    world.start(make_objects("r2", terminationGracePeriodSeconds=30))
    assert roll_out_overlay(world.cluster(), world.said.append).changed
    assert world.verbs() == ["apply --kustomize", "rollout status"]


def test_the_first_start_applies_and_waits(world: ClusterWorld) -> None:
    world.objects = {}
    assert roll_out_overlay(world.cluster(), world.said.append).release == "r2"
    assert world.verbs() == ["apply --kustomize", "rollout status"]


def test_a_difference_is_only_shown(world: ClusterWorld) -> None:
    assert f"+ Deployment/{API}" in show_difference(world.cluster())
    assert world.verbs() == []


@pytest.mark.parametrize("at", ["patch", "apply", "delete"])
def test_a_kill_at_any_step_is_ended_by_a_rollback(world: ClusterWorld, at: str) -> None:
    class Killed(BaseException):
        pass

    def kill(words: list[str]) -> None:
        is_there = ("Deployment", CANDIDATE) in world.objects
        if is_there and words[1] == at and world.argvs.count(words) == 1:
            world.stuck.add("everything")  # from here on nobody goes back
        if "everything" in world.stuck:
            raise Killed

    world.on_run = kill
    with pytest.raises(Killed):
        roll_out(world)
    world.stuck.clear()
    world.on_run = lambda _: None
    roll_back_overlay(world.cluster(), world.said.append)
    assert world.served[-1] == LIVE
    assert ("Deployment", CANDIDATE) not in world.objects


def test_back_to_the_release_before(world: ClusterWorld) -> None:
    world.start(make_objects("r1") + make_objects("r2"))
    outcome = roll_back_overlay(world.cluster(), world.said.append)
    assert outcome.release == "r1"
    assert world.served == [f"{API} r2", f"{CANDIDATE} r1", LIVE]


def test_nothing_to_go_back_to(world: ClusterWorld) -> None:
    world.replicasets = world.replicasets[:1]
    with pytest.raises(StackError, match="no earlier release in the cluster"):
        roll_back_overlay(world.cluster(), world.said.append)
