"""Argo Rollouts does the rollout: it is followed to its end, and broken off."""

from pathlib import Path
from typing import Any

import pytest
from tests.ops.kubernetes.world import ClusterWorld, make_objects

from carprice.errors import StackError
from carprice.names import API
from carprice.ops.kubernetes import argo
from carprice.ops.kubernetes.rollback import roll_back_overlay
from carprice.ops.kubernetes.rollout import roll_out_overlay


def make_argo(**status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": API, "namespace": "cars", "generation": 3, "labels": {}},
        "status": status,
    }


SEEN = {"observedGeneration": "3", "workloadObservedGeneration": "5"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterWorld:
    """An overlay with Argo's object; r1 serves."""
    monkeypatch.setattr(argo, "SECONDS", 0)
    objects = {name: [*make_objects(name), make_argo(phase="Healthy", **SEEN)] for name in ("r1", "r2")}
    for found in objects.values():
        found[2]["metadata"]["generation"] = 5
    world = ClusterWorld(tmp_path, objects["r2"])
    world.start(objects["r1"])
    return world


def test_it_applies_and_follows(world: ClusterWorld) -> None:
    assert roll_out_overlay(world.cluster(), world.said.append).release == "r2"
    assert world.verbs() == ["apply --kustomize"]
    assert world.said[-1].startswith("  Healthy (")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"phase": "Degraded", "message": "RolloutAborted: metric gates failed", **SEEN}, "metric gates failed"),
        ({"phase": "Progressing", **SEEN}, "Progressing"),
        ({"phase": "Healthy", **SEEN, "workloadObservedGeneration": "4"}, "Healthy"),
    ],
    ids=["refused", "too slow", "of the release before"],
)
def test_what_does_not_end_well_is_said(world: ClusterWorld, status: dict[str, Any], reason: str) -> None:
    world.wanted[-1]["status"] = status
    with pytest.raises(StackError, match=f"Argo did not make the release live: .*{reason}"):
        roll_out_overlay(world.cluster(), world.said.append)


def test_a_rollout_under_way_is_broken_off(world: ClusterWorld) -> None:
    world.objects["Rollout", API]["status"]["phase"] = "Progressing"
    roll_back_overlay(world.cluster(), world.said.append)
    (words,) = (words for words in world.argvs if words[1] == "patch")
    assert words[2:6] == [
        f"rollout/{API}",
        "--type=merge",
        '--patch={"status": {"abort": true}}',
        "--subresource=status",
    ]


def test_what_has_ended_goes_back_by_its_overlay(world: ClusterWorld) -> None:
    with pytest.raises(StackError) as raised:
        roll_back_overlay(world.cluster(), world.said.append)
    assert raised.value.what == "No rollout is under way: Argo says Healthy"
    assert "git revert" in raised.value.hint
