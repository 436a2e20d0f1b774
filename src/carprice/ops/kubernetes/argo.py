"""A rollout that Argo Rollouts does: followed, and broken off."""

import time
from collections.abc import Sequence

from carprice.errors import StackError
from carprice.names import API
from carprice.ops.kubernetes.cluster import Cluster, Object, find_object
from carprice.ops.stack_context import Say
from carprice.system.waiting import wait_for

KIND = "Rollout"
PHASES_AT_END = ("Healthy", "Degraded")
SECONDS = 1800.0
MAX_PAUSE_SECONDS = 2.0
LOGS = "kubectl logs --selector app.kubernetes.io/component=checks --tail 20"


def find_rollout(objects: Sequence[Object]) -> Object | None:
    """Argo's own object, where the component argo is used."""
    return find_object(objects, KIND)


def follow_rollout(cluster: Cluster, say: Say) -> None:
    """Say each phase until Argo has ended. Raises StackError with its reason where it went back or did not end."""
    started, shown = time.monotonic(), ""

    def look() -> Object:
        nonlocal shown
        (found,) = cluster.get(f"rollout/{API}")
        text = _describe(found)
        if text != shown:
            say(f"  {text} ({time.monotonic() - started:.1f} s)")
        shown = text
        return found if _has_seen(cluster, found) else {}

    found = wait_for(look, SECONDS, lambda item: _phase(item) in PHASES_AT_END, max_pause=MAX_PAUSE_SECONDS)
    if _phase(found) != "Healthy":
        raise StackError(
            f"Argo did not make the release live: {_describe(found) if found else shown}",
            f"Read what the gates said: {LOGS} --namespace {cluster.namespace}",
        )


def abort_rollout(cluster: Cluster) -> None:
    """Let Argo go back to the old set. Raises StackError where no rollout is under way."""
    (found,) = cluster.get(f"rollout/{API}")
    if _phase(found) in PHASES_AT_END:
        raise StackError(
            f"No rollout is under way: Argo says {_describe(found)}",
            f"Go back by the overlay as it was: git revert, ./carprice rollout --kubernetes {cluster.overlay}",
        )
    cluster.patch(f"rollout/{API}", {"status": {"abort": True}}, subresource="status")


def _phase(rollout: Object) -> str:
    return str(rollout.get("status", {}).get("phase", ""))


def _describe(rollout: Object) -> str:
    message = rollout.get("status", {}).get("message", "")
    return f"{_phase(rollout) or 'not seen by Argo yet'}{f': {message}' if message else ''}"


def _has_seen(cluster: Cluster, rollout: Object) -> bool:
    """Whether the phase is about what was applied last, the Rollout's own and its template's."""
    status = rollout.get("status", {})
    (template,) = cluster.get(f"deployment/{API}")
    pairs = (
        (status.get("observedGeneration"), rollout["metadata"]["generation"]),
        (status.get("workloadObservedGeneration"), template["metadata"]["generation"]),
    )
    return all(str(seen) == str(wanted) for seen, wanted in pairs)
