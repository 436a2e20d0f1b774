"""What must hold before anything is created."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import psutil

from carprice.deploy import argv
from carprice.deploy.gates import GateError
from carprice.deploy.release import Release, image_of
from carprice.deploy.replicas import Replica, list_replicas
from carprice.deploy.runner import Runner
from carprice.deploy.site import Site
from carprice.errors import StackError
from carprice.model.manifest import FILES, champion_version, find_bundle, read_manifest

MIB = 1024 * 1024


def resolve_model(site: Site, wanted: str) -> str:
    """The model version of a new release: the one wanted, else the champion, else none (the image's own)."""
    return wanted or champion_version(site.artifacts_dir) or ""


def find_image(runner: Runner, image: str) -> str:
    """The id of an image. Raises StackError where there is none of that name."""
    result = runner.try_run(argv.inspect_image(image))
    if result.code != 0:
        raise StackError(f"Image {image} does not exist", "Build it: ./carprice build")
    return str(json.loads(result.stdout)[0]["Id"])


def list_live(site: Site) -> list[Replica]:
    """The running replicas of the live set. Raises StackError where there are none."""
    live = [replica for replica in list_replicas(site.runner, argv.API) if replica.state == "running"]
    if not live:
        raise StackError("The stack is not up: car-price-api has no running container", "Start it: ./carprice up")
    return live


def check_model(site: Site, version: str) -> dict[str, Any] | None:
    """Verify the bundle of a version down to the digests, and return its manifest; None for the image's own.

    Raises BundleError for a missing or damaged bundle.
    """
    if not version:
        return None
    folder = find_bundle(site.artifacts_dir, version)
    manifest = read_manifest(folder)
    for name in FILES:
        expected = manifest["files"].get(name, {}).get("sha256")
        found = _digest(folder / name)
        if found != expected:
            raise GateError(
                "preflight",
                f"{folder / name}: SHA-256 should be {str(expected)[:12]} (got {found[:12]})",
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


def keep_image(site: Site, image: str, release: str) -> str:
    """Name an image after its release, so that no later build takes it away; returns that name."""
    name = image_of(release)
    if image != name:
        site.runner.run(argv.tag_image(image, name))
    return name


def is_live(live: list[Replica], image_id: str, release: Release) -> bool:
    """Whether image and model already serve."""
    return all(replica.image == image_id and replica.model == release.model for replica in live)


def _memory_of(replica: Replica) -> int:
    """Resident bytes of a replica: its worker's own figure twice, for the process that waits for it."""
    try:
        text = replica.ask("GET", "/metrics").content.decode()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("process_resident_memory_bytes "):
            return 2 * int(float(line.split()[1]))
    return 0


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise GateError(
            "preflight", f"{path}: cannot be read ({error.strerror})", "Choose another model"
        ) from None
