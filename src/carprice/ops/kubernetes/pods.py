"""A pod as the API server tells of it, and what keeps it from being ready."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

COMPONENT_LABEL = "app.kubernetes.io/component"


@dataclass(frozen=True)
class Pod:
    """One pod. reason: why a container of it waits or ended, in Kubernetes' word (ErrImagePull, OOMKilled), empty
    where all is well; message: the same at length. uptime: seconds since its container started, None before."""

    name: str
    component: str
    phase: str
    is_ready: bool
    is_ending: bool
    restarts: int
    reason: str
    message: str
    node: str
    uptime: int | None
    is_candidate: bool


def read_pod(item: Mapping[str, Any], now: datetime | None = None) -> Pod:
    """A pod from its JSON."""
    status, labels = item.get("status", {}), item["metadata"].get("labels", {})
    containers = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
    reason, message = _find_trouble(containers, conditions)
    started = max((_started(container) for container in status.get("containerStatuses", [])), default="")
    return Pod(
        name=item["metadata"]["name"],
        component=labels.get(COMPONENT_LABEL, ""),
        phase=status.get("phase", ""),
        is_ready=conditions.get("Ready", {}).get("status") == "True",
        is_ending="deletionTimestamp" in item["metadata"],
        restarts=sum(container.get("restartCount", 0) for container in containers),
        reason=reason,
        message=message,
        node=item.get("spec", {}).get("nodeName", ""),
        uptime=int(((now or datetime.now(UTC)) - datetime.fromisoformat(started)).total_seconds())
        if started
        else None,
        is_candidate=labels.get("carprice/set") == "next",
    )


def describe_pod(pod: Pod) -> str:
    """What keeps a pod from being ready, in a line."""
    if pod.reason:
        return f"{pod.name}: {pod.reason}{f': {pod.message}' if pod.message else ''}"
    return f"{pod.name}: {pod.phase or 'Unknown'}{'' if pod.is_ready else ', not ready'}"


def _find_trouble(containers: list[Any], conditions: Mapping[str, Any]) -> tuple[str, str]:
    for container in containers:
        waiting = container.get("state", {}).get("waiting", {})
        ended = container.get("lastState", {}).get("terminated") or container.get("state", {}).get("terminated")
        if waiting.get("reason") == "CrashLoopBackOff" and ended:
            return "CrashLoopBackOff", f"{ended.get('reason', 'ended')}, exit code {ended.get('exitCode')}"
        if waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            return waiting["reason"], waiting.get("message", "")
        if ended and ended.get("exitCode"):
            return ended.get("reason", "Error"), f"exit code {ended['exitCode']}"
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return scheduled.get("reason", "Unschedulable"), scheduled.get("message", "")
    return "", ""


def _started(container: Mapping[str, Any]) -> str:
    return str(container.get("state", {}).get("running", {}).get("startedAt", ""))
