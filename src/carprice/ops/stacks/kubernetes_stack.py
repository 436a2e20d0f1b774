"""The stack of pods on Kubernetes, as an overlay describes it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from carprice.errors import StackError
from carprice.names import API, CANDIDATE, EDGE
from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.kubernetes import argv
from carprice.ops.kubernetes.argo import find_rollout
from carprice.ops.kubernetes.cluster import PODS, Cluster
from carprice.ops.kubernetes.pods import COMPONENT_LABEL, Pod, describe_pod
from carprice.ops.kubernetes.rollout import start_overlay
from carprice.ops.kubernetes.steps import wait_rolled_out
from carprice.ops.lifecycle import Facts, derive_state
from carprice.ops.stacks.protocol import KUBERNETES, Lines
from carprice.ops.status import ServiceStatus
from carprice.settings import Settings

KEPT = ("Namespace", "PersistentVolumeClaim")
COMPONENTS = {"api": API, "mlflow": "mlflow-server", EDGE: EDGE}
"""The service that each component of an overlay is; its Deployment has that name."""


@dataclass(frozen=True)
class KubernetesStack:
    """A stack that a cluster runs."""

    settings: Settings
    cluster: Cluster
    say: Callable[[str], None]
    name: str = KUBERNETES
    label_width: int = len(f"{API}-5d8f7c6b9c-abcde")

    def describe(self) -> str:
        """Which cluster, and which overlay."""
        return f"On Kubernetes, context {self.cluster.ask(argv.show_context()).strip()}, by {self.cluster.overlay}"

    def up(self, *, build: bool = False) -> Lines | None:
        """Bring it up where nothing of it runs; what is live stays live."""
        if build:
            raise StackError("A cluster builds nothing", "Build and push first: ./carprice build")
        if self.cluster.find_live("Deployment"):
            if not find_rollout(self.cluster.live):
                wait_rolled_out(self.cluster, API)
        else:
            start_overlay(self.cluster, self.say)
        return None

    def addresses(self) -> Sequence[tuple[str, str]]:
        """What a pod of the cluster asks; a person's browser needs a Gateway, or `kubectl port-forward`."""
        cluster = Cluster(self.cluster.overlay, self.cluster.runner)
        front = EDGE if cluster.find_live("Service", EDGE) else API
        names = [front, *(name for name in ("mlflow-server",) if cluster.find_live("Service", name))]
        return [(name, f"http://{name}.{cluster.namespace}:5000") for name in names]

    def interrupt(self) -> None:
        """Nothing was started in the foreground."""

    def down(self, *, volumes: bool = False) -> bool:
        """Remove all of the overlay but its Namespace, and MLflow's data unless `volumes` is asked for."""
        kept = KEPT[:1] if volumes else KEPT
        names = [
            f"{_resource(item)}/{item['metadata']['name']}"
            for item in self.cluster.live
            if item["kind"] not in kept
        ]
        if names:
            self.cluster.delete([*names, f"deployment/{CANDIDATE}"])
        return bool(names)

    def restart(self, names: Sequence[str]) -> None:
        """Replace the pods of the named Deployments, or of all, one by one."""
        known = [item["metadata"]["name"] for item in self.cluster.live if item["kind"] == "Deployment"]
        if unknown := set(names) - set(known):
            raise StackError(f"There is no service {min(unknown)}", f"Services: {', '.join(known)}")
        if find_rollout(self.cluster.live):
            raise StackError("Argo restarts its pods itself", f"kubectl argo rollouts restart {API}")
        for name in names or known:
            self.cluster.ask(argv.restart_deployment(self.cluster.namespace, name))
            wait_rolled_out(self.cluster, name)

    def status(self) -> list[ServiceStatus]:
        """Every pod."""
        return [describe_status(pod) for pod in self.cluster.pods() if pod.component != "checks"]

    def stop_crash_loops(self) -> list[str]:
        """None: Kubernetes waits longer before each start, up to five minutes."""
        return []

    def logs(self, names: Sequence[str], lines: int, *, follow: bool) -> Lines:
        """The last log lines of each pod of the named services."""
        services = {service: component for component, service in COMPONENTS.items()}
        if unknown := set(names) - set(services):
            raise StackError(f"There is no service {min(unknown)}", f"Services: {', '.join(services)}")
        chosen = f"{COMPONENT_LABEL} in ({','.join(services[name] for name in names)})" if names else PODS
        words = argv.show_logs(self.cluster.namespace, chosen, lines, follow=follow)
        return self._split_lines(words)

    def snapshot(self) -> StackSnapshot:
        """What the doctor looks at; a cluster that does not answer is the first thing to know."""
        problem = ""
        pods: tuple[Pod, ...] = ()
        try:
            pods = tuple(self.cluster.pods())
        except StackError as error:
            problem = error.what
        return StackSnapshot(
            name=KUBERNETES,
            artifacts_dir=self.settings.artifacts_dir,
            logs_dir=self.settings.logs_dir,
            folder=self.cluster.overlay,
            pods=pods,
            engine_problem=problem,
        )

    def _split_lines(self, words: list[str]) -> Iterator[tuple[str, str]]:
        """`[pod/NAME/CONTAINER] text`, as kubectl prints it, as name and text."""
        with self.cluster.runner.watch_lines(words) as process:
            for line in process.stdout or ():
                label, _, text = line.rstrip("\n").partition("] ")
                yield (
                    (label.removeprefix("[pod/").split("/")[0], text)
                    if text or "[" in label
                    else ("kubectl", label)
                )


def describe_status(pod: Pod) -> ServiceStatus:
    """A pod in the words of every stack."""
    service = CANDIDATE if pod.is_candidate else COMPONENTS.get(pod.component, pod.component)
    status = (
        "running" if pod.phase == "Running" and not pod.reason else "restarting" if pod.restarts else "created"
    )
    health = "healthy" if pod.is_ready else "starting" if not pod.restarts else "unhealthy"
    facts = Facts(status, health, restarts=pod.restarts, uptime=float(pod.uptime or 0), is_active=pod.is_ready)
    return ServiceStatus(
        service,
        pod.name,
        derive_state(facts),
        health="stopping" if pod.is_ending else health,
        detail="" if pod.is_ready else describe_pod(pod).removeprefix(f"{pod.name}: "),
        restarts=pod.restarts,
        uptime_seconds=pod.uptime,
    )


def _resource(item: dict[str, object]) -> str:
    """A kind as kubectl takes it without asking which API it is of: `kind.version.group`."""
    group, _, version = str(item["apiVersion"]).rpartition("/")
    return f"{item['kind']}.{version}.{group}" if group else str(item["kind"])
