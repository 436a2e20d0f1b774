"""Family 6: a stack on Kubernetes. Every check looks at what the API server tells of its pods."""

from carprice.ops.doctor.findings import Check, Family, Finding
from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.kubernetes.pods import Pod, describe_pod

PULLS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
CRASHES = ("CrashLoopBackOff", "Error", "OOMKilled", "ContainerCannotRun", "CreateContainerConfigError")
NOT_READY_SECONDS = 30


def find_silence(snapshot: StackSnapshot) -> list[Finding]:
    """kubectl reaches no cluster, or not the overlay's."""
    if not snapshot.engine_problem:
        return []
    return [
        Finding(
            "The cluster does not answer for this overlay",
            snapshot.engine_problem,
            "kubectl's context names no cluster that can be reached, or nothing of the overlay is in it",
            "See which it is: kubectl config get-contexts; start the overlay: ./carprice up --kubernetes OVERLAY",
        )
    ]


def find_pulls(snapshot: StackSnapshot) -> list[Finding]:
    """An image, the model's too, cannot be pulled: a wrong digest, or a registry that refuses."""
    return [
        _finding(pod, "cannot pull an image", "The name or digest is wrong, or the registry refuses this cluster")
        for pod in _pods(snapshot, PULLS)
    ]


def find_crashes(snapshot: StackSnapshot) -> list[Finding]:
    """A container ends by itself."""
    return [_finding(pod, "ends by itself", "Its log says why") for pod in _pods(snapshot, CRASHES)]


def find_no_room(snapshot: StackSnapshot) -> list[Finding]:
    """No node takes a pod."""
    return [
        _finding(pod, "finds no node", "No node has what the pod asks for: processor, memory or a volume")
        for pod in _pods(snapshot, ("Unschedulable",))
    ]


def find_not_ready(snapshot: StackSnapshot) -> list[Finding]:
    """A pod runs and is not ready: most often its model could not be loaded."""
    return [
        _finding(
            pod, "runs and is not ready", "Its model could not be loaded, or is another than the settings name"
        )
        for pod in snapshot.pods or ()
        if pod.component == "api" and not (pod.is_ready or pod.is_ending or pod.reason)
        if (pod.uptime or 0) >= NOT_READY_SECONDS
    ]


def find_left_candidate(snapshot: StackSnapshot) -> list[Finding]:
    """The pods of a candidate are there."""
    left = [pod.name for pod in snapshot.pods or () if pod.is_candidate and not pod.is_ending]
    if not left:
        return []
    return [
        Finding(
            "A rollout is under way, or was broken off",
            f"a candidate runs: {', '.join(left)}",
            "`rollout` removes its candidate unless it is killed",
            f"Where nobody runs one: ./carprice rollback --kubernetes {snapshot.folder}",
        )
    ]


def _pods(snapshot: StackSnapshot, reasons: tuple[str, ...]) -> list[Pod]:
    return [pod for pod in snapshot.pods or () if pod.reason in reasons and not pod.is_ending]


def _finding(pod: Pod, what: str, cause: str) -> Finding:
    return Finding(f"{pod.name} {what}", describe_pod(pod), cause, f"Read more: kubectl describe pod {pod.name}")


FAMILY = Family(
    "On Kubernetes",
    (
        Check(
            "cluster silent",
            "every command with `--kubernetes` fails",
            "kubectl's current context names no cluster that answers, or not the one with this overlay",
            "`kubectl config use-context NAME`, or `./carprice up --kubernetes OVERLAY`",
            find_silence,
        ),
        Check(
            "image not pulled",
            "a pod stays in `ErrImagePull` or `ImagePullBackOff`",
            "the digest of the service's or of the model's image is wrong, or the registry refuses the cluster",
            "correct the digest in the overlay, or give the ServiceAccount `imagePullSecrets`",
            find_pulls,
        ),
        Check(
            "pod crashes",
            "a pod is in `CrashLoopBackOff`",
            "the process ends by itself: a setting, too little memory, a broken image",
            "`./carprice logs --kubernetes OVERLAY`, then correct what it says",
            find_crashes,
        ),
        Check(
            "no node",
            "a pod stays `Pending`",
            "no node has what the pod asks for; a rollout needs two sets beside each other",
            "add a node, or lower the requests in the overlay",
            find_no_room,
        ),
        Check(
            "pod not ready",
            "a pod runs and gets no traffic",
            "its model could not be loaded, or CARPRICE_MODEL_VERSION names one that its image does not hold",
            "`./carprice logs --kubernetes OVERLAY` has the reason; correct release.env or model.yaml",
            find_not_ready,
        ),
        Check(
            "candidate left",
            "pods of `car-price-api-next` run though nobody rolls out",
            "a rollout was killed",
            "`./carprice rollback --kubernetes OVERLAY` ends it on the old pods",
            find_left_candidate,
        ),
    ),
)
