"""A rollout on Kubernetes without a controller of its own: beside, proven, switched to, watched; or back."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from carprice.names import API
from carprice.ops.kubernetes import argv
from carprice.ops.kubernetes.argo import find_rollout, follow_rollout
from carprice.ops.kubernetes.candidate import name_release, what_runs
from carprice.ops.kubernetes.cluster import CURRENT, NEXT, SET, Cluster, Object, explain_failure, items_of
from carprice.ops.kubernetes.jobs import BAKE, GATES
from carprice.ops.kubernetes.steps import ClusterRun, find_deployment, name_live, wait_rolled_out
from carprice.ops.rollout.rollout import stop_on_signals
from carprice.ops.stack_context import Say

DIFF_FOUND = 1


@dataclass
class ClusterOutcome:
    """How a rollout on Kubernetes ended. what: images and settings that run now."""

    release: str
    changed: bool
    what: Sequence[str] = ()
    seconds: dict[str, float] = field(default_factory=dict)


def show_difference(cluster: Cluster) -> str:
    """What applying the overlay would change, as a unified diff; empty for nothing. Raises StackError."""
    words = argv.diff_overlay(cluster.overlay)
    result = cluster.runner.try_run(words)
    return result.stdout if result.code == DIFF_FOUND else explain_failure(result, words)


def roll_out_overlay(cluster: Cluster, say: Say) -> ClusterOutcome:
    """Make an overlay live without losing a request, or leave what serves as it is.

    Raises StackError with the reason; the old release then serves as before.
    """
    with stop_on_signals():
        difference = show_difference(cluster)
        live = cluster.find_live("Deployment")
        if not difference and live:
            return ClusterOutcome(name_live(cluster, live), changed=False)
        say(difference.rstrip() or f"{cluster.overlay} is new in the cluster")
        if live is None:
            return start_overlay(cluster, say)
        started = time.monotonic()
        rendered = items_of(cluster.ask(argv.render_overlay(cluster.overlay)))
        wanted = find_deployment(cluster, rendered)
        release = name_release(wanted["spec"]["template"], rendered)
        if find_rollout(rendered):
            cluster.ask(argv.apply_overlay(cluster.overlay))
            follow_rollout(cluster, say)
            return sum_up(release, wanted["spec"]["template"], {"rollout": time.monotonic() - started})
        # No other image, model or setting: a rolling update will do.
        if what_runs(wanted["spec"]["template"]) == what_runs(live["spec"]["template"]):
            cluster.ask(argv.apply_overlay(cluster.overlay))
            wait_rolled_out(cluster, API)
            return sum_up(release, wanted["spec"]["template"], {"apply": time.monotonic() - started})
        seconds = roll_beside(cluster, say, release, live, wanted)
        return sum_up(release, wanted["spec"]["template"], seconds)


def roll_beside(cluster: Cluster, say: Say, release: str, live: Object, wanted: Object) -> dict[str, float]:
    """The new release beside the old one, proven, switched to, watched, in its place; the seconds of each step.

    Raises StackError with the reason; the old release then serves as before.
    """
    run = ClusterRun(cluster, say, release)
    with run.returning_on_failure():
        # Everything but the Deployment that serves.
        cluster.ask(argv.apply_overlay(cluster.overlay, f"{SET}!={CURRENT}"))
        run.start_candidate(live, wanted, wanted["spec"]["template"])
        run.check(GATES)
        run.switch_to(NEXT)
        run.check(BAKE)
        run.replace_current(argv.apply_overlay(cluster.overlay, f"{SET}={CURRENT}"))
    cluster.ask(argv.apply_overlay(cluster.overlay))
    return run.seconds


def start_overlay(cluster: Cluster, say: Say) -> ClusterOutcome:
    """Apply an overlay of which nothing runs yet, and wait until it is ready."""
    started = time.monotonic()
    cluster.ask(argv.apply_overlay(cluster.overlay))
    fresh = Cluster(cluster.overlay, cluster.runner)
    if find_rollout(fresh.live):
        follow_rollout(fresh, say)
    else:
        wait_rolled_out(fresh, API)
    deployment = find_deployment(fresh, fresh.live)
    return sum_up(
        name_live(fresh, deployment), deployment["spec"]["template"], {"start": time.monotonic() - started}
    )


def sum_up(release: str, template: Mapping[str, Any], seconds: dict[str, float]) -> ClusterOutcome:
    """An outcome that changed something."""
    rounded = {name: round(took, 3) for name, took in seconds.items()}
    return ClusterOutcome(release, changed=True, what=what_runs(template), seconds=rounded)
