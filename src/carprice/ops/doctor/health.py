"""Family 2: the health check fails, or a container keeps restarting."""

import os
import re
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from carprice.model.manifest import FILES, MANIFEST
from carprice.names import CHAMPION
from carprice.ops.docker import argv
from carprice.ops.doctor.exit_reasons import Kind, list_deaths
from carprice.ops.doctor.findings import Check, Family, Finding
from carprice.ops.doctor.predictions import find_damaged_bundles, find_golden_shifts
from carprice.ops.doctor.snapshot import Part, Scene
from carprice.ops.stacks.up_checks import find_port_owner, mend_port
from carprice.system.ports import is_free, name_holder

MIB = 1024 * 1024
LEAST_FREE = 100 * MIB
ROOT_ID = 0
LOGS = ("api.jsonl", "requests.jsonl")
EVIDENCE_BYTES = 300
NOT_BEGUN = ("", "created")
"""A process of the local stack that was stopped, and a container that could not be started."""
TIMED_OUT = re.compile(r"timed? ?out", re.IGNORECASE)


def find_loading_errors(scene: Scene) -> list[Finding]:
    """A replica runs and says that it has no model."""
    if find_damaged_bundles(scene) or find_golden_shifts(scene):
        return []  # which tell more
    found = []
    for part in scene.replicas:
        try:
            reply = part.ask("GET", "/info/status")
        except OSError:
            continue
        if reply.status == 503:
            reason = reply.detail() or "no reason given"
            found.append(
                Finding(
                    f"{part.name} has no model",
                    f"/info/status answers 503: {reason}",
                    "The model could not be loaded or did not price as in training",
                    "See what there is: ./carprice models; then ./carprice promote VERSION, or ./carprice train",
                )
            )
    return found


def find_port_conflicts(scene: Scene) -> list[Finding]:
    """Something else holds a port of the stack."""
    found = []
    for service, host, port in scene.ports:
        parts = scene.find_parts(service)
        is_up = any(part.is_running for part in parts)
        wants = any(part.has_died or part.status in NOT_BEGUN for part in parts) or not parts
        if is_up or not wants or is_free(host or "0.0.0.0", port):  # noqa: S104  as the service binds it
            continue
        owner = find_port_owner(scene.site, port) if scene.site else name_holder(port)
        told = next((death.line for death in list_deaths(scene, Kind.PORT) if death.part.service == service), "")
        found.append(
            Finding(
                f"Port {port} for {service} is taken by {owner}",
                told or f"port {port} cannot be bound",
                f"{owner} listens on port {port} already",
                mend_port(service, port),
            )
        )
    return found


def find_closed_folders(scene: Scene) -> list[Finding]:
    """The API may not read artifacts/, or not write logs/."""
    bundles = [scene.artifacts_dir / version for version in scene.versions]
    reads = [scene.artifacts_dir, scene.artifacts_dir / CHAMPION, *bundles]
    reads += [folder / name for folder in bundles for name in (MANIFEST, *FILES)]
    writes = [scene.logs_dir, *(scene.logs_dir / name for name in LOGS)]
    found = []
    for folder, paths, need, word in (
        (scene.artifacts_dir, reads, os.R_OK, "read"),
        (scene.logs_dir, writes, os.W_OK, "write"),
    ):
        wrong = next((path for path in paths if not may_use(path, need, scene.uid, scene.gid)), None)
        if wrong:
            found.append(_describe_closed(scene, folder, wrong, word))
    return found


def may_use(path: Path, need: int, uid: int, gid: int) -> bool:
    """Whether a user may use a file so (os.R_OK or os.W_OK; a folder is entered too), by its owner and mode.

    What is not there is in nobody's way.
    """
    try:
        facts = path.stat()
    except FileNotFoundError:
        return True
    except PermissionError:
        return False
    shift = 6 if facts.st_uid == uid else 3 if facts.st_gid == gid else 0
    needs = need | os.X_OK if stat.S_ISDIR(facts.st_mode) else need
    return uid == ROOT_ID or (facts.st_mode >> shift) & needs == needs


def find_timeouts(scene: Scene) -> list[Finding]:
    """A check gets no answer in time."""
    found = []
    for part in scene.parts:
        last = part.probes[-1].output if part.probes else ""
        if not part.is_running or part.health == "healthy" or not TIMED_OUT.search(last):
            continue
        found.append(
            Finding(
                f"{part.name} does not answer its health check in time",
                last.splitlines()[0],
                "The process hangs, or the machine is too busy to answer",
                f"./carprice restart {part.service}; when it comes back: give the machine room, or raise "
                "healthcheck.timeout in docker-compose.yml",
            )
        )
    return found


def find_failing_checks(scene: Scene) -> list[Finding]:
    """A part runs and does not pass its check, for a reason that no other check knows."""
    found = []
    for part in scene.parts:
        last = part.probes[-1].output if part.probes else ""
        if not part.is_running or part.health != "unhealthy" or TIMED_OUT.search(last) or _says_why(part):
            continue
        found.append(
            Finding(
                f"{part.name} does not pass its health check",
                last[:EVIDENCE_BYTES] or "the check printed nothing",
                "It runs, and does not answer as its check wants; or the check itself cannot run",
                f"./carprice logs {part.service}; ./carprice restart {part.service}",
            )
        )
    return found


def _says_why(part: Part) -> bool:
    """Whether it is a replica that says itself why it cannot serve, which another check reads."""
    try:
        return part.service in (argv.API, argv.NEXT) and part.ask("GET", "/info/status").status == 503
    except OSError:
        return False


def find_full_disks(scene: Scene) -> list[Finding]:
    """A disk that the stack writes to is full."""
    found = []
    seen: set[int] = set()
    for folder in (scene.logs_dir, scene.artifacts_dir, scene.folder):
        if not folder.exists() or (device := folder.stat().st_dev) in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(folder).free
        if free < LEAST_FREE:
            found.append(
                Finding(
                    f"The disk of {folder} is full",
                    f"{free / MIB:.0f} MB are free, at least {LEAST_FREE // MIB} MB should be",
                    "Logs cannot be written, models not be saved, images not be built",
                    "Make room: docker system prune; old models: ./carprice models",
                )
            )
    if not found:
        found += [
            Finding(
                f"{death.part.name} ended: a disk is full",
                death.evidence,
                "It could not write to a disk that is full",
                "Make room: docker system prune, docker system df",
            )
            for death in list_deaths(scene, Kind.DISK)
        ]
    return found


def _describe_closed(scene: Scene, folder: Path, wrong: Path, word: str) -> Finding:
    told = f"the API runs as {scene.uid}:{scene.gid}"
    with suppress(PermissionError):
        facts = wrong.stat()
        told += f"; {wrong} has owner {facts.st_uid}:{facts.st_gid}, mode {stat.S_IMODE(facts.st_mode):o}"
    mend = f"sudo chown -R {scene.uid}:{scene.gid} {folder}" if word == "write" else f"chmod -R a+rX {folder}"
    return Finding(
        f"The API may not {word} {folder.name}/",
        told,
        f"{wrong} belongs to another user, and its mode does not let others {word}",
        f"{mend}; then: ./carprice restart {argv.API}",
    )


FAMILY = Family(
    "The health check fails, or a container keeps restarting",
    (
        Check(
            "model loading",
            "`/info/status` answers 503 with a reason, the container is `unhealthy` or `starting`",
            "the model could not be loaded, or did not price its golden listings as in training",
            "`./carprice models` shows what there is; promote another, or train one",
            find_loading_errors,
        ),
        Check(
            "port conflict",
            "`port is already allocated` or `address already in use`",
            "another program or container holds port 5000 or 5001; the finding names it",
            "stop it, or set `CARPRICE_PORT` or `CARPRICE_MLFLOW_PORT` in .env",
            find_port_conflicts,
        ),
        Check(
            "permission",
            "`permission denied`, no request log, or a model that `may not be read`",
            "`artifacts/` or `logs/` belongs to another user than the one that the containers run as",
            "the `chown` or `chmod` that the finding names, then `./carprice restart car-price-api`",
            find_closed_folders,
        ),
        Check(
            "check timeout",
            "`Health check exceeded timeout`",
            "the process hangs, or the machine is too busy",
            "`./carprice restart car-price-api`; raise the check's timeout where the machine is slow",
            find_timeouts,
        ),
        Check(
            "failing check",
            "the container is `unhealthy`, for a reason that is not on this page",
            "it does not answer as its check wants, or the check itself cannot run in the container",
            "the finding shows what the check printed; the logs tell more",
            find_failing_checks,
        ),
        Check(
            "disk full",
            "`No space left on device`, no request log, builds that fail",
            "a disk that the stack writes to has less than 100 MB free",
            "make room: `docker system prune` removes what no container uses",
            find_full_disks,
        ),
    ),
)
