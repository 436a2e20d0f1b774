"""The stack on Kubernetes as every other: status, logs, doctor, down, in the same words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.ops.kubernetes.world import ClusterWorld, make_objects, make_pod

from carprice.errors import StackError
from carprice.ops.doctor.diagnosis import checks_of, diagnose
from carprice.ops.kubernetes.pods import read_pod
from carprice.ops.lifecycle import State
from carprice.ops.stacks.choose import find_stack
from carprice.ops.stacks.kubernetes_stack import KubernetesStack
from carprice.settings import Settings, load_settings

AGO = (datetime.now(UTC) - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
RUNNING = {"containerStatuses": [{"state": {"running": {"startedAt": AGO}}, "restartCount": 0}]}
READY = {**RUNNING, "conditions": [{"type": "Ready", "status": "True"}]}


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"containerStatuses": [{"state": {"waiting": {"reason": reason, "message": message}}, **more}]}


CRASHED = waiting(
    "CrashLoopBackOff", restartCount=4, lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137}}
)
NO_ROOM = {
    "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3"}]
}


@pytest.fixture
def world(tmp_path: Path) -> ClusterWorld:
    """r1 serves from one pod."""
    world = ClusterWorld(tmp_path, make_objects("r1"), pods=[make_pod("api-1", **READY)])
    world.start(world.wanted)
    return world


@pytest.fixture
def stack(world: ClusterWorld) -> KubernetesStack:
    """The stack over the world."""
    return KubernetesStack(Settings(), world.cluster(), world.said.append)


@pytest.mark.parametrize(
    ("pod", "state", "detail"),
    [
        (make_pod("p", **READY), State.SERVING, ""),
        (make_pod("p", **RUNNING), State.HEALTH_CHECK, "Running, not ready"),
        (
            make_pod("p", phase="Pending", **waiting("ErrImagePull", "no digest")),
            State.STARTING,
            "ErrImagePull: no digest",
        ),
        (make_pod("p", **CRASHED), State.CRASH_LOOP, "CrashLoopBackOff: OOMKilled, exit code 137"),
        (make_pod("p", phase="Pending", **NO_ROOM), State.STARTING, "Unschedulable: 0/3"),
    ],
)
def test_each_pod_has_a_state(
    stack: KubernetesStack, world: ClusterWorld, pod: dict[str, Any], state: State, detail: str
) -> None:
    world.pods = [pod]
    (found,) = stack.status()
    assert (found.state, found.detail) == (state, detail)


@pytest.mark.parametrize(
    ("pod", "check"),
    [
        (make_pod("p", phase="Pending", **waiting("ErrImagePull", "no digest")), "image not pulled"),
        (make_pod("p", **CRASHED), "pod crashes"),
        (make_pod("p", phase="Pending", **NO_ROOM), "no node"),
        (make_pod("p", **RUNNING), "pod not ready"),
        (make_pod("p", which="next", **READY), "candidate left"),
    ],
)
def test_the_doctor_knows_what_is_wrong(
    stack: KubernetesStack, world: ClusterWorld, pod: dict[str, Any], check: str
) -> None:
    assert diagnose(stack.snapshot()) == []
    world.pods = [pod]
    snapshot = stack.snapshot()
    (finding,) = diagnose(snapshot)
    assert finding.check == check
    assert check in [item.name for item in checks_of(snapshot)]


def test_the_doctor_says_that_the_cluster_is_silent(stack: KubernetesStack, world: ClusterWorld) -> None:
    world.objects = {}
    (finding,) = diagnose(stack.snapshot())
    assert finding.check == "cluster silent"
    assert finding.evidence == f"Nothing of {world.overlay} is in the cluster"


def test_up_leaves_what_is_live(stack: KubernetesStack, world: ClusterWorld) -> None:
    assert stack.up() is None
    assert world.verbs() == ["rollout status"]
    assert stack.addresses() == [("car-price-api", "http://car-price-api.cars:5000")]
    with pytest.raises(StackError, match="A cluster builds nothing"):
        stack.up(build=True)


def test_down_leaves_the_namespace_and_the_data(stack: KubernetesStack, world: ClusterWorld) -> None:
    for kind in ("Namespace", "PersistentVolumeClaim"):
        item = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "kept", "labels": {}}}
        world.wanted.insert(0, item)
        world.start([item])
    assert stack.down()
    (words,) = (words for words in world.argvs if words[1] == "delete")
    assert "kept" not in " ".join(words)
    assert "deployment/car-price-api-next" in words


def test_restart_and_logs_name_what_there_is(stack: KubernetesStack, world: ClusterWorld) -> None:
    stack.restart([])
    assert world.verbs() == ["rollout restart", "rollout status"]
    for act in (lambda: stack.restart(["edgy"]), lambda: stack.logs(["edgy"], 5, follow=False)):
        with pytest.raises(StackError, match="There is no service edgy"):
            act()


def test_a_pod_tells_its_age() -> None:
    pod = read_pod(make_pod("p", **READY))
    assert pod.uptime == pytest.approx((datetime.now(UTC) - datetime.fromisoformat(AGO)).total_seconds(), abs=5)


def test_an_overlay_is_a_stack_and_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"should be a folder with a kustomization\.yaml"):
        find_stack(Settings(), f"kubernetes:{tmp_path}", print)
    (tmp_path / "kustomization.yaml").touch()
    chosen = find_stack(load_settings({"CARPRICE_STACK": f"kubernetes:{tmp_path}"}), "", print)
    assert isinstance(chosen, KubernetesStack)
