"""The steps of a rollout without Argo, and what each waits for."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from carprice.errors import StackError
from carprice.names import API, CANDIDATE
from carprice.ops.kubernetes import argv
from carprice.ops.kubernetes.candidate import HOLDER, make_candidate, name_release, settings_of
from carprice.ops.kubernetes.cluster import API_PODS, CURRENT, NEXT, SET, Cluster, Object, find_object
from carprice.ops.kubernetes.jobs import BAKE, GATES, run_check
from carprice.ops.kubernetes.pods import describe_pod
from carprice.ops.rollout.rollout import ignore_signals
from carprice.ops.stack_context import Say

READY_SECONDS = 330.0
"""What a set may take to be ready: the startup probe's 300 s, and starting."""
DOING = {GATES: "Testing", BAKE: "Watching"}


@dataclass
class ClusterRun:
    """The steps of one rollout, each said while it runs and when it is done."""

    cluster: Cluster
    say: Say
    release: str
    seconds: dict[str, float] = field(default_factory=dict)
    has_candidate: bool = False
    is_replacing: bool = False

    def start_candidate(self, live: Object, wanted: Object, template: Mapping[str, Any]) -> None:
        """As many pods as serve now, beside them, until each is ready."""
        count = max(live.get("status", {}).get("replicas", 0), live["spec"].get("replicas", 1), 1)
        with self._step("start", f"Starting {count} pods of {self.release} beside", f"{self.release} is ready"):
            self._refuse_second()
            self.has_candidate = True
            self.cluster.create(make_candidate(wanted, template, count))
            wait_rolled_out(self.cluster, CANDIDATE)

    def check(self, template: str) -> None:
        """Run the Job of a check."""
        with self._step(template, f"{DOING[template]} {self.release} ({template})", "Passed"):
            run_check(self.cluster, template, self.say)

    def switch_to(self, chosen: str) -> None:
        """Let the Service choose the other set."""
        name = CANDIDATE if chosen == NEXT else API
        with self._step(f"switch-{chosen}", f"Switching the traffic to {name}", f"{name} serves"):
            point_service(self.cluster, chosen)

    def replace_current(self, words: list[str]) -> None:
        """Give the Deployment the new template while the candidate serves, switch to it, remove the candidate."""
        with self._step("replace", f"Replacing the pods of {API}", "Replaced"):
            self.is_replacing = True
            self.cluster.ask(words)
            wait_rolled_out(self.cluster, API)
        self.switch_to(CURRENT)
        # Its pods answer for 10 s more, until every node knows.
        self.cluster.delete([f"deployment/{CANDIDATE}"])

    @contextmanager
    def returning_on_failure(self) -> Iterator[None]:
        """Any way out of the block but its end leaves one whole set serving."""
        try:
            yield
        except BaseException:
            with ignore_signals():
                if self.is_replacing:
                    self.say(
                        f"{self.release} serves from {CANDIDATE}; {API} is not replaced. Go back: {self._way_back}"
                    )
                elif self.has_candidate:
                    self.say("Going back to the old pods ...")
                    self._return()
            raise

    def _return(self) -> None:
        try:
            point_service(self.cluster, CURRENT)
            self.cluster.delete([f"deployment/{CANDIDATE}"])
        except StackError as error:  # what made it go back is the news
            self.say(f"Could not go back: {error.what}. Try it again: {self._way_back}")
        else:
            self.say("They serve as before")

    @property
    def _way_back(self) -> str:
        return f"./carprice rollback --kubernetes {self.cluster.overlay}"

    def _refuse_second(self) -> None:
        if found := self.cluster.get(f"deployment/{CANDIDATE}"):
            holder = found[0]["metadata"].get("annotations", {}).get(HOLDER, "somebody")
            raise StackError(
                f"A rollout is under way, or was killed: {CANDIDATE} was started by {holder}",
                f"Where it was killed, go back: {self._way_back}",
            )

    @contextmanager
    def _step(self, name: str, doing: str, done: str) -> Iterator[None]:
        self.say(f"{doing} ...")
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 3)
        self.say(f"{done} ({self.seconds[name]:.1f} s)")


def point_service(cluster: Cluster, chosen: str) -> None:
    """Let the Service choose a set. Each node learns of it by itself, within about a second."""
    cluster.patch(f"service/{API}", {"spec": {"selector": {SET: chosen}}})


def wait_rolled_out(cluster: Cluster, deployment: str) -> None:
    """Wait until all pods of a Deployment are ready. Raises StackError with what keeps them and what they log."""
    words = argv.wait_rolled_out(cluster.namespace, deployment, READY_SECONDS)
    result = cluster.runner.try_run(words, READY_SECONDS + argv.REQUEST_SECONDS)
    if result.code == 0:
        return
    chosen = NEXT if deployment == CANDIDATE else CURRENT
    pods = cluster.pods(f"{API_PODS},{SET}={chosen}")
    waiting = [describe_pod(pod) for pod in pods if not pod.is_ready]
    log = cluster.runner.try_run(argv.show_logs(cluster.namespace, f"{API_PODS},{SET}={chosen}", 5))
    lines = [*waiting, *log.stdout.strip().splitlines()[-5:]] or [result.output]
    raise StackError(
        f"{deployment} is not ready: " + "\n  ".join(lines),
        f"Find out more: ./carprice doctor --kubernetes {cluster.overlay}",
    )


def find_deployment(cluster: Cluster, objects: Sequence[Object]) -> Object:
    """The service's Deployment. Raises StackError where there is none."""
    if (found := find_object(objects, "Deployment")) is None:
        raise StackError(f"{cluster.overlay}: has no Deployment {API}", "Build it on kubernetes/base")
    return found


def name_live(cluster: Cluster, deployment: Object) -> str:
    """The release of a live Deployment or ReplicaSet, by the settings that it names."""
    template = deployment["spec"]["template"]
    maps = [found for name in settings_of(template) for found in cluster.get(f"configmap/{name}")]
    return name_release(template, maps)
