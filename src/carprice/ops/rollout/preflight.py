"""What must hold before anything is created."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import psutil

from carprice.errors import StackError
from carprice.model.manifest import FILES, champion_version, find_bundle, read_manifest
from carprice.ops.docker import argv
from carprice.ops.docker.env_file import OWN_MODEL, Release
from carprice.ops.docker.replicas import Replica, inspect_service, list_replicas
from carprice.ops.rollout.gates import GateError
from carprice.ops.stack_context import Site

MIB = 1024 * 1024
PROCESSES = 2


def resolve_model(site: Site, wanted: str) -> str:
    """The model of a new release: the one wanted, else the champion, else the image's own."""
    return wanted or champion_version(site.artifacts_dir) or OWN_MODEL


def list_live(site: Site) -> list[Replica]:
    """The replicas of the live set, ill ones too. Raises StackError where there are none, or all were stopped."""
    live = list_replicas(site.runner, argv.API)
    if not any(replica.state in ("running", "restarting") or replica.restarts for replica in live):
        raise StackError("The stack is not up: car-price-api has no running container", "Start it: ./carprice up")
    return live


def check_network(site: Site, live: list[Replica]) -> None:
    """The edge must be on a network of every replica."""
    for facts in inspect_service(site.runner, argv.EDGE):
        networks = set(facts["NetworkSettings"]["Networks"])
        for replica in live:
            if not networks.intersection(replica.networks):
                raise StackError(
                    f"The edge cannot reach {replica.name}: it is on {_name_all(networks)}, the replica on "
                    f"{_name_all(replica.networks)}",
                    "Put both on one network: ./carprice down, then ./carprice up",
                )


def check_model(site: Site, version: str) -> dict[str, Any] | None:
    """Verify the bundle of a version down to the digests, and return its manifest; None for the image's own.

    Raises BundleError for a missing or damaged bundle.
    """
    if version == OWN_MODEL:
        return None
    folder = find_bundle(site.artifacts_dir, version)
    manifest = read_manifest(folder)
    for name in FILES:
        expected = manifest["files"][name]["sha256"]
        found = _digest(folder / name)
        if found != expected:
            raise GateError(
                "preflight",
                f"{folder / name}: SHA-256 should be {expected[:12]} (got {found[:12]})",
                "The file is damaged; train again, or choose another model: ./carprice models",
            )
    return manifest


def check_room(site: Site, live: list[Replica]) -> None:
    """There must be memory and disk for two sets beside each other."""
    limits = site.limits
    needed = sum(_memory_of(replica) for replica in live)
    memory = psutil.virtual_memory()
    if memory.available - needed < limits.free_memory_share * memory.total:
        raise StackError(
            f"Two sets need {needed // MIB} MB more memory, and {memory.available // MIB} MB are available, "
            f"of which {limits.free_memory_share:.0%} of all is kept free",
            "Free some memory, or lower free_memory_share in rollout.toml",
        )
    free = shutil.disk_usage(site.folder).free
    if free < limits.free_disk_mb * MIB:
        raise StackError(
            f"{free // MIB} MB of disk are free, a rollout keeps {limits.free_disk_mb:g} MB",
            "Free some disk: docker image prune, or lower free_disk_mb in rollout.toml",
        )


def warn_of_mlflow(site: Site) -> None:
    """Say it where MLflow is down. Nothing of a rollout needs it."""
    states = [facts["State"] for facts in inspect_service(site.runner, argv.MLFLOW)]
    if not any(item["Status"] == "running" for item in states):
        site.say("Warning: MLflow is down; prices and rollouts do not need it. Start it: ./carprice up")


def is_live(live: list[Replica], image_id: str, new: Release, old: Release) -> bool:
    """Whether image and model already serve."""
    return old.model == new.model and all(replica.image == image_id for replica in live)


def _memory_of(replica: Replica) -> int:
    """Resident bytes of a replica: its worker's own figure, for the process that waits for it too."""
    try:
        text = replica.ask("GET", "/metrics").content.decode()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("process_resident_memory_bytes "):
            return PROCESSES * int(float(line.split()[1]))
    return 0


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise GateError(
            "preflight", f"{path}: cannot be read ({error.strerror})", "Choose another model: ./carprice models"
        ) from None


def _name_all(names: Any) -> str:
    return ", ".join(sorted(names)) or "no network"
