"""What the checks look at: everything known of a stack, gathered once, so that all judge the same moment."""

import http.client
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from carprice.errors import BundleError, StackError
from carprice.model.manifest import champion_version
from carprice.ops.docker import argv, compose_argv
from carprice.ops.docker.containers import Container, Probe, list_containers, read_container
from carprice.ops.docker.engine import COMPOSE_FILE, find_engine
from carprice.ops.docker.env_file import OWN_MODEL, read_env
from carprice.ops.docker.replicas import API_PORT, Reply, find_project
from carprice.ops.lifecycle import LOOP_RESTARTS, STABLE_SECONDS
from carprice.ops.stack_context import Site
from carprice.ops.stacks.up_checks import DEFAULT_ID, list_ports
from carprice.ops.status import NO_VIEW, EdgeView, ask_edge

LOG_LINES = 30
OVERRIDE = "docker-compose.override.yml"
CATCH_SECONDS = 2.0
POLL_SECONDS = 0.1
ASK_SECONDS = 5.0


@dataclass(frozen=True)
class Part:
    """One container, or one process of the local stack.

    status: Docker's word. log: its last lines, only of a part that ended or is not well. host, port: where this
    machine asks it.
    """

    service: str
    name: str
    status: str
    exit_code: int = 0
    error: str = ""
    is_oom_killed: bool = False
    restarts: int = 0
    uptime: float = 0.0
    is_watched: bool = True
    health: str = ""
    probes: tuple[Probe, ...] = ()
    log: str = ""
    host: str = ""
    port: int = API_PORT

    @property
    def is_running(self) -> bool:
        """Whether its process runs now."""
        return self.status == "running"

    @property
    def has_died(self) -> bool:
        """Whether it ended by itself: it lies there, is started again, or lived for a short time since."""
        if self.status in ("restarting", "dead"):
            return True
        if self.status in ("created", "exited") and self.error:
            return True  # its last start failed
        if self.status == "exited":
            # Docker starts what ended by itself again: what lies there was stopped, or has no restarts left.
            return not self.is_watched and bool(self.exit_code or self.restarts)
        # A candidate has one try.
        limit = 1 if self.service == argv.NEXT else LOOP_RESTARTS
        return self.restarts >= limit and self.uptime < STABLE_SECONDS

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One request straight to it. Raises OSError."""
        if not self.host:
            raise ConnectionError("it has no address")
        data = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if data else {}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ASK_SECONDS)
        started = time.perf_counter()
        try:
            connection.request(method, path, data, {**kind, **(headers or {})})
            response = connection.getresponse()
            content = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, content, time.perf_counter() - started)


@dataclass(frozen=True)
class Scene:
    """A stack at one moment. What could not be found out is empty; the `_problem` texts say why.

    ports: service, address, port of this machine that should be open. uid, gid: whom the API runs as. versions:
    the models that are served or would be. rebuild: the command that takes in mended code.
    """

    name: str
    artifacts_dir: Path
    logs_dir: Path
    folder: Path
    parts: tuple[Part, ...] = ()
    ports: tuple[tuple[str, str, int], ...] = ()
    uid: int = DEFAULT_ID
    gid: int = DEFAULT_ID
    versions: tuple[str, ...] = ()
    versions_problem: BundleError | None = None
    rebuild: str = "./carprice restart car-price-api"
    site: Site | None = None
    engine_problem: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    config_problem: str = ""
    containers: tuple[Container, ...] = ()
    view: EdgeView = NO_VIEW

    @property
    def is_docker(self) -> bool:
        """Whether it is the stack of containers."""
        return self.site is not None

    def find_parts(self, service: str) -> list[Part]:
        """The parts of a service."""
        return [part for part in self.parts if part.service == service]

    @property
    def replicas(self) -> list[Part]:
        """The running parts of the API, a candidate's too."""
        return [part for part in self.parts if part.service in (argv.API, argv.NEXT) and part.is_running]


def look_at_docker(site: Site) -> Scene:
    """Gather everything about the stack on Docker, whatever state it is in."""
    versions, problem = find_versions(site.artifacts_dir, _read_pins(site).get("MODEL_VERSION", ""))
    known = {**_read_pins(site), **site.runner.environment}
    bare = {
        "name": "docker",
        "artifacts_dir": site.artifacts_dir,
        "logs_dir": site.logs_dir,
        "folder": site.folder,
        "uid": _read_id(known.get("APP_UID")),
        "gid": _read_id(known.get("APP_GID")),
        "versions": versions,
        "versions_problem": problem,
        "site": site,
    }
    reason = find_engine(site)[1]
    if reason:
        return Scene(**bare, engine_problem=reason)  # type: ignore[arg-type]
    config, config_problem = read_config(site)
    containers = list_containers(site.runner)
    view = ask_edge(site, containers)
    with ThreadPoolExecutor() as pool:
        parts = tuple(pool.map(lambda item: _describe(site, item), containers))
    is_live = any(part.service == argv.API and part.is_running and not part.has_died for part in parts)
    return Scene(
        **bare,  # type: ignore[arg-type]
        parts=parts,
        ports=tuple(list_ports(config)) if config else (),
        rebuild="./carprice rollout --build" if is_live else "./carprice up --build",
        config=config,
        config_problem=config_problem,
        containers=tuple(containers),
        view=view,
    )


def find_versions(artifacts_dir: Path, wanted: str) -> tuple[tuple[str, ...], BundleError | None]:
    """The model versions that are served or would be next: the one that is asked for, and the champion."""
    versions = [wanted] if wanted not in ("", OWN_MODEL) else []
    try:
        champion = champion_version(artifacts_dir)
    except BundleError as error:
        return tuple(versions), error
    if champion and champion not in versions:
        versions.append(champion)
    return tuple(versions), None


def read_config(site: Site) -> tuple[dict[str, Any], str]:
    """The compose file with every variable filled in, and why it cannot be read."""
    found = site.runner.try_run(compose_argv.show_config())
    if found.code != 0:
        return {}, _name_file(site, found.stderr.strip())
    return json.loads(found.stdout), ""


def _name_file(site: Site, problem: str) -> str:
    """Compose's complaint with the file that it is about, which Compose does not always name."""
    if OVERRIDE in problem or not (site.folder / OVERRIDE).exists():
        return problem
    alone = site.runner.try_run(compose_argv.check_alone(COMPOSE_FILE)).code == 0
    return f"{OVERRIDE if alone else COMPOSE_FILE}: {problem}"


def _describe(site: Site, container: Container) -> Part:
    part = _read_part(site, container)
    if part.has_died and part.is_running:
        part = _read_part(site, _catch_end(site, container))
    if part.has_died or part.health == "unhealthy":
        found = site.runner.try_run(argv.show_logs(container.id, LOG_LINES))
        return replace(part, log=(found.stdout + found.stderr).strip())
    return part


def _catch_end(site: Site, container: Container) -> Container:
    """A container in a crash loop at its next end: while it runs, Docker does not tell how it ended before."""
    end = time.monotonic() + CATCH_SECONDS
    while time.monotonic() < end:
        found = site.runner.try_run(argv.inspect_containers([container.id]))
        with suppress(ValueError, IndexError, KeyError):
            now = read_container(json.loads(found.stdout)[0])
            if not now.is_running:
                return now
        time.sleep(POLL_SECONDS)
    return container


def _read_part(site: Site, container: Container) -> Part:
    return Part(
        service=container.service,
        name=container.name.removeprefix(f"{find_project(site.runner)}-"),
        status=container.status,
        exit_code=container.exit_code,
        error=container.error,
        is_oom_killed=container.is_oom_killed,
        restarts=container.restarts,
        uptime=container.uptime,
        is_watched=container.policy != "no",
        health=container.health,
        probes=container.probes,
        host=container.address,
    )


def _read_pins(site: Site) -> dict[str, str]:
    try:
        return read_env(site.env_file)
    except StackError:
        return {}


def _read_id(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else DEFAULT_ID
