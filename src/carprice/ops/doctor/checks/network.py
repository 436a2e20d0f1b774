"""Family 4: no connection."""

import http.client
from urllib.parse import urlsplit

from carprice.names import CANDIDATE, EDGE, MLFLOW
from carprice.ops.doctor.checks.published_ports import find_dead_ports
from carprice.ops.doctor.findings import Check, Family, Finding
from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.edge.haproxy import CURRENT, NEXT, SERVICES
from carprice.ops.status import ALWAYS

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ASK_SECONDS = 5.0
API_PATH = "/api/2.0/mlflow/experiments/search?max_results=1"
FORBIDDEN = 403


def find_engine_down(snapshot: StackSnapshot) -> list[Finding]:
    """No Docker Engine answers."""
    if not snapshot.engine_problem:
        return []
    reason = snapshot.engine_problem
    host = snapshot.context.runner.environment.get("DOCKER_HOST", "") if snapshot.context else ""
    if "permission denied" in reason.lower():
        cause, fix = "This user may not use Docker", "sudo usermod -aG docker $USER, then log in again"
    elif "not installed" in reason:
        cause, fix = "Docker is not installed", "Install Docker Engine, or go without: ./carprice up --local"
    elif "compose" in reason:
        cause, fix = "Docker is installed without its compose plugin", "Install the package docker-compose-plugin"
    elif host:
        cause, fix = f"DOCKER_HOST is {host}, where no engine answers", "unset DOCKER_HOST, or start that engine"
    else:
        cause, fix = (
            "The engine does not run",
            "sudo systemctl start docker, or go without: ./carprice up --local",
        )
    return [Finding("No Docker Engine answers", reason, cause, fix)]


def find_stack_down(snapshot: StackSnapshot) -> list[Finding]:
    """Nothing of the stack runs, or a part of it was stopped."""
    if snapshot.engine_problem:
        return []
    stopped = [
        service
        for service in ALWAYS
        if (snapshot.is_docker or service != EDGE)
        and (snapshot.is_docker or snapshot.find_instances(service))
        and not any(instance.is_running or instance.has_crashed for instance in snapshot.find_instances(service))
    ]
    if not stopped:
        return []
    is_all = not any(instance.is_running for instance in snapshot.instances)
    what = "The stack is not up" if is_all else f"{', '.join(stopped)} does not run"
    evidence = "no part of it has a container" if snapshot.is_docker and not snapshot.instances else ""
    return [
        Finding(
            what,
            evidence or f"not running: {', '.join(stopped)}",
            "It was never started, or was stopped",
            "./carprice up",
        )
    ]


def find_missing_network(snapshot: StackSnapshot) -> list[Finding]:
    """A network of the stack is missing."""
    if not snapshot.context:
        return []
    runner = snapshot.context.runner
    services = {item.service for item in snapshot.instances} & set(snapshot.config.get("services", {}))
    names = {name: None for service in sorted(services) for name in _networks_of(snapshot, service)}
    return [
        Finding(
            f"Network {name} is missing",
            f"docker network inspect {name}: no such network",
            "It was removed while the stack's containers were there",
            "./carprice down, then ./carprice up",
        )
        for name in names
        if runner.try_run(["docker", "network", "inspect", name]).code != 0
    ]


def find_detached_containers(snapshot: StackSnapshot) -> list[Finding]:
    """A container is not on a network of its service."""
    names = {service: _networks_of(snapshot, service) for service in snapshot.config.get("services", {})}
    return [
        Finding(
            f"{item.name} is not on network {name}",
            f"it is on {', '.join(item.networks) or 'no network'}",
            "It was disconnected by hand, so that the others do not find it by its name",
            f"docker network connect --alias {item.service} {name} {item.name}",
        )
        for item in snapshot.instances
        for name in names.get(item.service, ())
        if item.is_running and name not in item.networks
    ]


def find_wrong_ports(snapshot: StackSnapshot) -> list[Finding]:
    """A port is open elsewhere than the settings say, or only for this machine."""
    found = []
    for service, host, port in snapshot.ports:
        for item in (item for item in snapshot.instances if item.service == service and item.is_running):
            bound = [(binding.host_ip, binding.host_port) for binding in item.ports]
            if port not in [number for _, number in bound]:
                evidence = ", ".join(f"{address or '*'}:{number}" for address, number in bound) or "no port"
                found.append(_describe_elsewhere(service, port, evidence))
            elif host not in LOOPBACK and all(address in LOOPBACK for address, _ in bound):
                found.append(_describe_loopback(service, bound[0]))
            elif service == EDGE and host in LOOPBACK:
                found.append(_describe_loopback(service, (host, port)))
    return found


def find_no_backend(snapshot: StackSnapshot) -> list[Finding]:
    """The edge has no replica to send requests to."""
    edges = [instance for instance in snapshot.find_instances(EDGE) if instance.is_running]
    if not edges or snapshot.view.requests:
        return []
    active = snapshot.view.active
    if not active:
        return [
            Finding(
                "The edge does not answer",
                "its runtime API gives no statistics",
                "Its process hangs, or its configuration is another one",
                f"./carprice restart {EDGE}",
            )
        ]
    service = SERVICES[active]
    instances = snapshot.find_instances(service)
    states = [(instance.health if instance.is_running else "") or instance.status for instance in instances]
    evidence = ", ".join(f"{item.short_name} is {state}" for item, state in zip(instances, states, strict=True))
    return [
        Finding(
            "The edge has no replica to send requests to",
            f"backend be_{active}: 0 ready; {evidence or f'no {service} exists'}",
            f"No replica of {service} passes the edge's check of /info/status",
            f"./carprice restart {service}" if instances and active == CURRENT else "./carprice up",
        )
    ]


def find_stale_maps(snapshot: StackSnapshot) -> list[Finding]:
    """The edge serves another set than its map file says, or a set that is not there."""
    if not snapshot.context:
        return []
    pinned, active = snapshot.context.edge.pinned(), snapshot.view.active
    has_next = any(instance.is_running for instance in snapshot.find_instances(CANDIDATE))
    if not pinned:
        evidence, cause = "edge/run/active.map cannot be read", "The file was damaged or changed by hand"
    elif active and pinned != active:
        evidence = f"edge/run/active.map names {pinned!r}, the edge serves {active!r}"
        cause = "The file was changed by hand, or a rollout was killed between the two"
    elif pinned == NEXT and snapshot.instances and not has_next:
        evidence = f"edge/run/active.map names {NEXT!r}, and no {CANDIDATE} runs"
        cause = "A rollout was killed after its switch, and its candidate no longer exists"
    else:
        return []
    return [Finding("The edge's map is stale", evidence, cause, "./carprice up")]


def find_refused_hosts(snapshot: StackSnapshot) -> list[Finding]:
    """MLflow refuses requests for the name by which it is called."""
    found = []
    for instance in snapshot.find_instances(MLFLOW):
        names = _list_names(snapshot) if instance.is_running and instance.address.host else []
        for name in names:
            try:
                reply = instance.address.ask("GET", API_PATH, headers={"Host": name})
            except (OSError, http.client.HTTPException):
                continue
            if reply.status == FORBIDDEN:
                found.append(_describe_refusal(name, reply.content.decode(errors="replace")))
    return found


def _list_names(snapshot: StackSnapshot) -> list[str]:
    """The host names by which programs and people call MLflow."""
    names = [f"{MLFLOW}:5000"] if snapshot.is_docker else []
    for item in snapshot.instances:
        url = urlsplit(item.environment.get("CARPRICE_MLFLOW_PUBLIC_URL", ""))
        if url.netloc and url.netloc not in names:
            names.append(url.netloc)
    return names


def _describe_refusal(name: str, answer: str) -> Finding:
    host = name.rsplit(":", 1)[0]
    return Finding(
        f"MLflow refuses requests to {name}",
        f"403: {answer.strip()[:200]}",
        "MLflow answers only to the host names in MLFLOW_SERVER_ALLOWED_HOSTS",
        f"echo 'CARPRICE_MLFLOW_HOSTS={host},{host}:*' >> .env; docker compose up -d {MLFLOW}",
    )


def _describe_elsewhere(service: str, port: int, evidence: str) -> Finding:
    return Finding(
        f"{service} is not open on port {port}",
        f"it is bound to {evidence}, the settings say {port}",
        "It was started with another port than the settings name now",
        f"docker compose up -d --no-deps {service}",
    )


def _describe_loopback(service: str, bound: tuple[str, int]) -> Finding:
    return Finding(
        f"{service} answers this machine only",
        f"port {bound[1]} is bound to {bound[0]}",
        "Its port is published on the loopback address, which no other machine reaches",
        f"Take the address out of its ports in docker-compose.yml; then: docker compose up -d --no-deps {service}",
    )


def _networks_of(snapshot: StackSnapshot, service: str) -> list[str]:
    """The names that Docker has for the networks of a service."""
    networks = snapshot.config.get("networks", {})
    return [networks[name]["name"] for name in snapshot.config["services"][service].get("networks", ())]


FAMILY = Family(
    "No connection",
    (
        Check(
            "engine down",
            "`Cannot connect to the Docker daemon`, or `permission denied` on its socket",
            "Docker does not run, is somewhere else (`DOCKER_HOST`), or this user may not use it",
            "`sudo systemctl start docker`, `unset DOCKER_HOST`, or go without: `./carprice up --local`",
            find_engine_down,
        ),
        Check(
            "stack down",
            "`connection refused` on port 5000 or 5001",
            "the stack, or a part of it, was never started or was stopped",
            "`./carprice up`",
            find_stack_down,
        ),
        Check(
            "network missing",
            "containers start with `network ... not found`, or cannot find each other by name",
            "the stack's network was removed",
            "`./carprice down`, then `./carprice up`",
            find_missing_network,
        ),
        Check(
            "container off network",
            "the edge answers 503 though every replica is healthy",
            "a container was disconnected from the stack's network",
            "the `docker network connect` that the finding names",
            find_detached_containers,
        ),
        Check(
            "wrong port",
            "`connection refused` from elsewhere, while this machine gets answers, or on the port you expect",
            "the port is bound to 127.0.0.1 only, or the stack was started with another `CARPRICE_PORT`",
            "correct `ports` in the compose file or `CARPRICE_PORT` in .env; `docker compose up -d` binds it",
            find_wrong_ports,
        ),
        Check(
            "dead port",
            "`connection refused` on port 5000 or 5001, while `status` says that all is healthy",
            "Docker's own proxy or a rule of the firewall, which pass the port on, ended",
            "make the container again, which publishes its port: the finding has the command",
            find_dead_ports,
        ),
        Check(
            "edge without a backend",
            "every request is answered 503 `No replica can price cars now`",
            "no replica of the set that the edge serves from passes its check",
            "`./carprice restart car-price-api`; the other findings say why they fail",
            find_no_backend,
        ),
        Check(
            "stale map",
            "another release serves after a restart of the edge, or none",
            "`edge/run/active.map` and the edge differ, or name a candidate that does not exist",
            "`./carprice up` makes the live release serve again",
            find_stale_maps,
        ),
        Check(
            "MLflow's host check",
            "MLflow answers 403 `Invalid Host header`",
            "it is called by a name that is not in `MLFLOW_SERVER_ALLOWED_HOSTS`",
            "add the name to `CARPRICE_MLFLOW_HOSTS` in .env and restart mlflow-server",
            find_refused_hosts,
        ),
    ),
)
