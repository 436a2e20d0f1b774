"""What must hold before anything is created."""

import shutil
from typing import Any

import psutil

from carprice.errors import BundleError, StackError
from carprice.model.bundle.manifest import champion_version, find_bundle
from carprice.model.bundle.signature import verify_bundle
from carprice.names import API, EDGE, IMAGE_MODEL, MIB, MLFLOW
from carprice.ops.docker.containers import list_containers
from carprice.ops.instance import Instance
from carprice.ops.metrics import read_metrics
from carprice.ops.release import Release
from carprice.ops.rollout.gates import GateError
from carprice.ops.stack_context import StackContext

PROCESSES = 2


def resolve_model(context: StackContext, wanted: str) -> str:
    """The model of a new release: the one wanted, else the champion, else the image's own."""
    return wanted or champion_version(context.artifacts_dir) or IMAGE_MODEL


def list_live(context: StackContext) -> list[Instance]:
    """The replicas of the live set, unhealthy ones too. Raises StackError where none runs."""
    live = list_containers(context.runner, API)
    if not any(replica.status in ("running", "restarting") or replica.restarts for replica in live):
        raise StackError("The stack is not up: car-price-api has no running container", "Start it: ./carprice up")
    return live


def check_network(context: StackContext, live: list[Instance]) -> None:
    """The edge must be on a network of every replica."""
    for edge in list_containers(context.runner, EDGE):
        networks = set(edge.networks)
        for replica in live:
            if not networks.intersection(replica.networks):
                raise StackError(
                    f"The edge cannot reach {replica.name}: it is on {_name_all(networks)}, the replica on "
                    f"{_name_all(replica.networks)}",
                    "Put both on one network: ./carprice down, then ./carprice up",
                )


def check_model(context: StackContext, version: str) -> dict[str, Any] | None:
    """Verify signature and digests of a version's bundle, and return its manifest; None for the image's own.

    Raises BundleError for a version that is not there, GateError for a damaged one.
    """
    if version == IMAGE_MODEL:
        return None
    folder = find_bundle(context.artifacts_dir, version)
    try:
        return verify_bundle(folder, context.settings.trusted_keys)
    except BundleError as error:
        raise GateError("preflight", error.what, error.hint) from None


def check_room(context: StackContext, live: list[Instance]) -> None:
    """There must be memory and disk for two sets beside each other."""
    limits = context.limits
    needed = sum(_memory_of(replica) for replica in live)
    memory = psutil.virtual_memory()
    if memory.available - needed < limits.free_memory_share * memory.total:
        raise StackError(
            f"Two sets need {needed // MIB} MB more memory, and {memory.available // MIB} MB are available, "
            f"of which {limits.free_memory_share:.0%} of all is kept free",
            "Free some memory, or lower free_memory_share in rollout.toml",
        )
    free = shutil.disk_usage(context.folder).free
    if free < limits.free_disk_mb * MIB:
        raise StackError(
            f"{free // MIB} MB of disk are free, a rollout keeps {limits.free_disk_mb:g} MB",
            "Free some disk: docker image prune, or lower free_disk_mb in rollout.toml",
        )


def warn_of_mlflow(context: StackContext) -> None:
    """Say it where MLflow is down. Nothing of a rollout needs it."""
    if not any(item.is_running for item in list_containers(context.runner, MLFLOW)):
        context.say("Warning: MLflow is down; prices and rollouts do not need it. Start it: ./carprice up")


def is_live(live: list[Instance], image_id: str, new: Release, old: Release) -> bool:
    """Whether image and model already serve."""
    return old.model == new.model and all(replica.image_id == image_id for replica in live)


def _memory_of(replica: Instance) -> int:
    """Resident bytes of a replica: its worker's own figure, for the process that waits for it too."""
    return PROCESSES * int(read_metrics(replica.address).get("process_resident_memory_bytes", 0))


def _name_all(names: Any) -> str:
    return ", ".join(sorted(names)) or "no network"
