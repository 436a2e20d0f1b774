"""Family 2: the health check fails, or a container keeps restarting."""

import os
import re
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from carprice.model.bundle.manifest import FILES, MANIFEST
from carprice.names import API, CANDIDATE, CHAMPION
from carprice.ops.docker.up_checks import find_port_owner, mend_port
from carprice.ops.doctor.checks.predictions import find_damaged_bundles, find_golden_shifts
from carprice.ops.doctor.exit_reasons import Kind, list_exits
from carprice.ops.doctor.findings import Check, Family, Finding
from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.instance import Instance
from carprice.system.ports import is_free, name_holder

MIB = 1024 * 1024
LEAST_FREE = 100 * MIB
ROOT_ID = 0
LOGS = ("api.jsonl", "requests.jsonl")
EVIDENCE_BYTES = 300
NOT_BEGUN = ("", "created")
"""A process of the local stack that was stopped, and a container that could not be started."""
TIMED_OUT = re.compile(r"timed? ?out", re.IGNORECASE)


def find_loading_errors(snapshot: StackSnapshot) -> list[Finding]:
    """A replica runs and says that it has no model."""
    if find_damaged_bundles(snapshot) or find_golden_shifts(snapshot):
        return []  # which tell more
    found = []
    for instance in snapshot.replicas:
        try:
            reply = instance.address.ask("GET", "/info/status")
        except OSError:
            continue
        if reply.status == 503:
            reason = reply.detail() or "no reason given"
            found.append(
                Finding(
                    f"{instance.short_name} has no model",
                    f"/info/status answers 503: {reason}",
                    "The model could not be loaded or did not price as in training",
                    "See what there is: ./carprice models; then ./carprice promote VERSION, or ./carprice train",
                )
            )
    return found


def find_port_conflicts(snapshot: StackSnapshot) -> list[Finding]:
    """Something else holds a port of the stack."""
    found = []
    for service, host, port in snapshot.ports:
        instances = snapshot.find_instances(service)
        is_up = any(instance.is_running for instance in instances)
        wants = (
            any(instance.has_crashed or instance.status in NOT_BEGUN for instance in instances) or not instances
        )
        if is_up or not wants or is_free(host or "0.0.0.0", port):  # noqa: S104  as the service binds it
            continue
        owner = find_port_owner(snapshot.context, port) if snapshot.context else name_holder(port)
        evidence = next(
            (exit_.line for exit_ in list_exits(snapshot, Kind.PORT) if exit_.instance.service == service), ""
        )
        found.append(
            Finding(
                f"Port {port} for {service} is taken by {owner}",
                evidence or f"port {port} cannot be bound",
                f"{owner} listens on port {port} already",
                mend_port(service, port),
            )
        )
    return found


def find_closed_folders(snapshot: StackSnapshot) -> list[Finding]:
    """The API may not read artifacts/, or not write logs/."""
    bundles = [snapshot.artifacts_dir / version for version in snapshot.versions]
    reads = [snapshot.artifacts_dir, snapshot.artifacts_dir / CHAMPION, *bundles]
    reads += [folder / name for folder in bundles for name in (MANIFEST, *FILES)]
    writes = [snapshot.logs_dir, *(snapshot.logs_dir / name for name in LOGS)]
    found = []
    for folder, paths, need, word in (
        (snapshot.artifacts_dir, reads, os.R_OK, "read"),
        (snapshot.logs_dir, writes, os.W_OK, "write"),
    ):
        wrong = next((path for path in paths if not may_use(path, need, snapshot.uid, snapshot.gid)), None)
        if wrong:
            found.append(_describe_closed(snapshot, folder, wrong, word))
    return found


def may_use(path: Path, need: int, uid: int, gid: int) -> bool:
    """Whether a user may use a file so (os.R_OK or os.W_OK; a folder is entered too), by its owner and mode.

    A missing file is in nobody's way.
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


def find_timeouts(snapshot: StackSnapshot) -> list[Finding]:
    """A check gets no answer in time."""
    found = []
    for instance in snapshot.instances:
        last = instance.probes[-1].output if instance.probes else ""
        if not instance.is_running or instance.health == "healthy" or not TIMED_OUT.search(last):
            continue
        found.append(
            Finding(
                f"{instance.short_name} does not answer its health check in time",
                last.splitlines()[0],
                "The process hangs, or the machine is too busy to answer",
                f"./carprice restart {instance.service}; when it comes back: give the machine room, or raise "
                "healthcheck.timeout in docker-compose.yml",
            )
        )
    return found


def find_failing_checks(snapshot: StackSnapshot) -> list[Finding]:
    """A part runs and does not pass its check, for a reason that no other check knows."""
    found = []
    for instance in snapshot.instances:
        last = instance.probes[-1].output if instance.probes else ""
        if (
            not instance.is_running
            or instance.health != "unhealthy"
            or TIMED_OUT.search(last)
            or _says_why(instance)
        ):
            continue
        found.append(
            Finding(
                f"{instance.short_name} does not pass its health check",
                last[:EVIDENCE_BYTES] or "the check printed nothing",
                "It runs, and does not answer as its check wants; or the check itself cannot run",
                f"./carprice logs {instance.service}; ./carprice restart {instance.service}",
            )
        )
    return found


def _says_why(instance: Instance) -> bool:
    """Whether it is a replica that says itself why it cannot serve, which another check reads."""
    try:
        return instance.service in (API, CANDIDATE) and instance.address.ask("GET", "/info/status").status == 503
    except OSError:
        return False


def find_full_disks(snapshot: StackSnapshot) -> list[Finding]:
    """A disk that the stack writes to is full."""
    found = []
    seen: set[int] = set()
    for folder in (snapshot.logs_dir, snapshot.artifacts_dir, snapshot.folder):
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
                f"{exit_.instance.short_name} ended: a disk is full",
                exit_.evidence,
                "It could not write to a disk that is full",
                "Make room: docker system prune, docker system df",
            )
            for exit_ in list_exits(snapshot, Kind.DISK)
        ]
    return found


def _describe_closed(snapshot: StackSnapshot, folder: Path, wrong: Path, word: str) -> Finding:
    evidence = f"the API runs as {snapshot.uid}:{snapshot.gid}"
    with suppress(PermissionError):
        facts = wrong.stat()
        evidence += f"; {wrong} has owner {facts.st_uid}:{facts.st_gid}, mode {stat.S_IMODE(facts.st_mode):o}"
    command = (
        f"sudo chown -R {snapshot.uid}:{snapshot.gid} {folder}" if word == "write" else f"chmod -R a+rX {folder}"
    )
    return Finding(
        f"The API may not {word} {folder.name}/",
        evidence,
        f"{wrong} belongs to another user, and its mode does not let others {word}",
        f"{command}; then: ./carprice restart {API}",
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
            "the finding shows what the check printed; the logs say more",
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
