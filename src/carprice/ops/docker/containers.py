"""The containers of a stack: everything that status and doctor ask Docker about them, in two commands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from carprice.errors import StackError
from carprice.ops.docker import argv, compose_argv
from carprice.ops.docker.replicas import find_project
from carprice.system.processes import Runner

SERVICE_LABEL = "com.docker.compose.service"
NUMBER_LABEL = "com.docker.compose.container-number"
FOLDER_LABEL = "com.docker.compose.project.working_dir"
CONFIG_LABEL = "com.docker.compose.config-hash"
NEVER = "0001-"


@dataclass(frozen=True)
class Port:
    """A port of a container and where this machine offers it; host_ip empty for every address."""

    inner: int
    host_ip: str
    host_port: int


@dataclass(frozen=True)
class Probe:
    """One run of a health check: its exit code and what it printed."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class Container:
    """One container as Docker describes it. networks: name -> address. folder: where its compose file was.

    uptime and age: seconds since its last start and since it was made. pause: seconds from the end of its last
    run to its start, or until now; 0 for its first run.
    """

    id: str
    name: str
    service: str
    number: int
    status: str
    exit_code: int
    error: str
    is_oom_killed: bool
    restarts: int
    policy: str
    uptime: float
    age: float
    pause: float
    pid: int
    health: str
    probes: tuple[Probe, ...]
    image_id: str
    image_name: str
    folder: str
    release: str
    model: str
    user: str
    environment: Mapping[str, str]
    networks: Mapping[str, str]
    ports: tuple[Port, ...]

    @property
    def address(self) -> str:
        """Where this machine reaches it; empty when it runs on no network."""
        return next((address for address in self.networks.values() if address), "")

    @property
    def is_running(self) -> bool:
        """Whether its process runs now."""
        return self.status == "running"


def list_containers(runner: Runner) -> list[Container]:
    """Every container of the stack, stopped ones too. Raises StackError without an engine."""
    ids = runner.run(compose_argv.list_project(find_project(runner))).split()
    if not ids:
        return []
    found = runner.try_run(argv.inspect_containers(ids))
    try:
        # One that was removed meanwhile is left out, and Docker complains of it.
        facts = json.loads(found.stdout)
    except ValueError:
        raise StackError(f"Docker does not describe its containers: {found.stderr.strip()}") from None
    return sorted(map(read_container, facts), key=lambda item: (item.service, item.number))


def read_container(facts: dict[str, Any]) -> Container:
    """A container from `docker container inspect`."""
    state, config = facts["State"], facts["Config"]
    labels, health = config["Labels"] or {}, state.get("Health") or {}
    variables = dict(item.split("=", 1) for item in config["Env"] or [] if "=" in item)
    networks = facts["NetworkSettings"]["Networks"] or {}
    return Container(
        id=facts["Id"],
        name=facts["Name"].lstrip("/"),
        service=labels.get(SERVICE_LABEL, ""),
        number=int(labels.get(NUMBER_LABEL, 1)),
        status=state["Status"],
        exit_code=state["ExitCode"],
        error=state.get("Error", ""),
        is_oom_killed=bool(state.get("OOMKilled")),
        restarts=facts.get("RestartCount", 0),
        policy=facts["HostConfig"]["RestartPolicy"]["Name"],
        uptime=_seconds_since(state["StartedAt"]) if state["Running"] else 0.0,
        age=_seconds_since(facts["Created"]),
        pause=_measure_pause(state),
        pid=state["Pid"],
        health=health.get("Status", ""),
        probes=tuple(Probe(item["ExitCode"], item["Output"].strip()) for item in health.get("Log") or []),
        image_id=facts["Image"],
        image_name=config["Image"],
        folder=labels.get(FOLDER_LABEL, ""),
        release=variables.get("CARPRICE_RELEASE", ""),
        model=variables.get("CARPRICE_MODEL_VERSION", ""),
        user=config.get("User", ""),
        environment=variables,
        networks={name: network["IPAddress"] for name, network in networks.items()},
        ports=tuple(_read_ports(facts["HostConfig"].get("PortBindings") or {})),
    )


def _read_ports(bindings: dict[str, Any]) -> list[Port]:
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
