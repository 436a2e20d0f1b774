"""The containers of a stack: everything that anybody asks Docker about them, in two commands."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from carprice.access.internal_key import read_internal_key
from carprice.errors import StackError
from carprice.names import API, API_PORT, CANDIDATE
from carprice.ops.docker import argv
from carprice.ops.docker.env_file import find_project
from carprice.ops.instance import Instance, Port, Probe
from carprice.system.http import Address
from carprice.system.processes import Runner, measure_memory

VAR_FOLDER = "var"
NUMBER_LABEL = "com.docker.compose.container-number"
FOLDER_LABEL = "com.docker.compose.project.working_dir"
NEVER = "0001-"
NEVER_RESTART = "no"
LOG_LINES = 15
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def list_containers(runner: Runner, service: str = "") -> list[Instance]:
    """Every container of a service, or of the stack, stopped ones too. Raises StackError without an engine."""
    return inspect_containers(runner, runner.run(argv.list_containers(find_project(runner), service)).split())


def inspect_containers(runner: Runner, ids: Sequence[str]) -> list[Instance]:
    """The containers with these ids, by service and number; one that was removed meanwhile is left out.

    Raises StackError where Docker does not describe them.
    """
    if not ids:
        return []
    found = runner.try_run(argv.inspect_containers(list(ids)))
    try:
        facts = json.loads(found.stdout)
    except ValueError:
        raise StackError(f"Docker does not describe its containers: {found.stderr.strip()}") from None
    key = read_internal_key(runner.folder / VAR_FOLDER)
    return sorted(
        (read_container(item, key) for item in facts), key=lambda item: (item.service, item.number, item.name)
    )


def read_container(facts: Mapping[str, Any], key: str = "") -> Instance:
    """A container from `docker container inspect`. key: the stack's own API key, which a replica is asked with."""
    state, config = facts["State"], facts["Config"]
    labels, health = config.get("Labels") or {}, state.get("Health") or {}
    variables = dict(item.split("=", 1) for item in config["Env"] or [] if "=" in item)
    networks = {name: item["IPAddress"] for name, item in (facts["NetworkSettings"]["Networks"] or {}).items()}
    name, service = facts["Name"].lstrip("/"), labels.get(argv.SERVICE_LABEL, "")
    host = next(filter(None, networks.values()), "")
    return Instance(
        service=service,
        name=name,
        status=state["Status"],
        address=Address(host, API_PORT, name, key if service in (API, CANDIDATE) else ""),
        health=health.get("Status", ""),
        exit_code=state["ExitCode"],
        error=state.get("Error", ""),
        is_oom_killed=bool(state.get("OOMKilled")),
        restarts=facts.get("RestartCount", 0),
        uptime=_seconds_since(state["StartedAt"]) if state["Status"] == "running" else 0.0,
        age=_seconds_since(facts["Created"]),
        pause=_measure_pause(state),
        is_watched=facts["HostConfig"]["RestartPolicy"]["Name"] != NEVER_RESTART,
        pid=state["Pid"],
        probes=tuple(Probe(item["ExitCode"], item["Output"].strip()) for item in health.get("Log") or []),
        id=facts["Id"],
        number=int(labels.get(NUMBER_LABEL, 1)),
        project=labels.get(argv.PROJECT_LABEL, ""),
        started=state["StartedAt"],
        image_id=facts["Image"],
        image_name=config["Image"],
        folder=labels.get(FOLDER_LABEL, ""),
        release=variables.get("CARPRICE_RELEASE", ""),
        model=variables.get("CARPRICE_MODEL_VERSION", ""),
        environment=variables,
        networks=networks,
        ports=tuple(_read_ports(facts["HostConfig"].get("PortBindings") or {})),
    )


def find_exit_code(runner: Runner, container: Instance) -> str:
    """The exit code of a container's last run that ended."""
    codes = runner.try_run(argv.list_exit_codes(container.id, time.time())).stdout.split()
    return codes[-1] if codes else str(container.exit_code)


def read_log(runner: Runner, container: Instance, lines: int = LOG_LINES) -> str:
    """The last log lines of a container."""
    return runner.try_run(argv.show_logs(container.id, lines)).output


def measure_containers(runner: Runner, containers: Sequence[Instance]) -> dict[str, int]:
    """Bytes of memory per id of a running container.

    Read from this machine's processes where they are here, else asked of Docker, which takes two seconds.
    """
    running = [item for item in containers if item.is_running]
    if not running:
        return {}
    if all(_is_here(item) for item in running):
        return {item.id: measure_memory(item.pid) for item in running}
    lines = runner.try_run(argv.show_memory([item.id for item in running])).stdout.splitlines()
    return dict(found for line in lines if (found := _read_memory(line)))


def _is_here(container: Instance) -> bool:
    """Whether the container's process is of this machine, and not of one that Docker runs elsewhere."""
    try:
        return container.id in Path(f"/proc/{container.pid}/cgroup").read_text()
    except OSError:
        return False


def _read_memory(line: str) -> tuple[str, int] | None:
    """`ID 48.2MiB / 2GiB` as id and bytes."""
    words = line.split()
    if len(words) < 2:
        return None
    number = words[1].rstrip("KMGTiB")
    with suppress(ValueError):
        return words[0], int(float(number) * UNITS.get(words[1][len(number) :], 1))
    return None


def _read_ports(bindings: Mapping[str, Any]) -> list[Port]:
    return [
        Port(int(inner.split("/")[0]), item.get("HostIp", ""), int(item["HostPort"] or 0))
        for inner, items in bindings.items()
        for item in items or []
    ]


def _measure_pause(state: Mapping[str, Any]) -> float:
    if state["FinishedAt"].startswith(NEVER):
        return 0.0
    waited = _seconds_since(state["FinishedAt"])
    return waited if state["Status"] == "restarting" else max(0.0, waited - _seconds_since(state["StartedAt"]))


def _seconds_since(text: str) -> float:
    # Docker writes nanoseconds, of which Python takes six digits.
    whole, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}").replace(tzinfo=UTC)
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())
