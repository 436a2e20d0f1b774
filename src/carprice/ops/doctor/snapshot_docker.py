"""Everything known of a stack on Docker, for the doctor."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from carprice.errors import StackError
from carprice.names import API
from carprice.ops.docker import compose_argv
from carprice.ops.docker.containers import inspect_containers, list_containers, read_log
from carprice.ops.docker.engine import COMPOSE_FILE, find_engine
from carprice.ops.docker.env_file import read_env
from carprice.ops.docker.up_checks import DEFAULT_ID, list_ports
from carprice.ops.doctor.snapshot import StackSnapshot, find_versions
from carprice.ops.instance import Instance
from carprice.ops.stack_context import StackContext
from carprice.system.waiting import PAUSE_SECONDS, wait_for

LOG_LINES = 30
OVERRIDE = "docker-compose.override.yml"
CATCH_SECONDS = 2.0


def take_snapshot(context: StackContext) -> StackSnapshot:
    """Gather everything about the stack on Docker, whatever state it is in."""
    versions, problem = find_versions(context.artifacts_dir, _read_pins(context).get("MODEL_VERSION", ""))
    known = {**_read_pins(context), **context.runner.environment}
    bare = {
        "name": "docker",
        "artifacts_dir": context.artifacts_dir,
        "logs_dir": context.logs_dir,
        "folder": context.folder,
        "uid": _read_id(known.get("APP_UID")),
        "gid": _read_id(known.get("APP_GID")),
        "versions": versions,
        "versions_problem": problem,
        "context": context,
        "trusted_keys": context.settings.trusted_keys,
        "api_keys": context.settings.api_keys_folder,
        "tls": context.settings.tls_folder,
    }
    reason = find_engine(context)[1]
    if reason:
        return StackSnapshot(**bare, engine_problem=reason)  # type: ignore[arg-type]
    config, config_problem = read_config(context)
    containers = list_containers(context.runner)
    view = context.edge.read_view(containers)
    with ThreadPoolExecutor() as pool:
        instances = tuple(pool.map(lambda item: _add_log(context, item), containers))
    is_live = any(
        instance.service == API and instance.is_running and not instance.has_crashed for instance in instances
    )
    return StackSnapshot(
        **bare,  # type: ignore[arg-type]
        instances=instances,
        ports=tuple(list_ports(config)) if config else (),
        rebuild="./carprice rollout --build" if is_live else "./carprice up --build",
        config=config,
        config_problem=config_problem,
        view=view,
    )


def read_config(context: StackContext) -> tuple[dict[str, Any], str]:
    """The compose file with every variable filled in, and why it cannot be read."""
    found = context.runner.try_run(compose_argv.show_config())
    if found.code != 0:
        return {}, _name_file(context, found.stderr.strip())
    return json.loads(found.stdout), ""


def _name_file(context: StackContext, problem: str) -> str:
    """Compose's complaint with the file that it is about, which Compose does not always name."""
    if OVERRIDE in problem or not (context.folder / OVERRIDE).exists():
        return problem
    alone = context.runner.try_run(compose_argv.check_alone(COMPOSE_FILE)).code == 0
    return f"{OVERRIDE if alone else COMPOSE_FILE}: {problem}"


def _add_log(context: StackContext, container: Instance) -> Instance:
    """The container with its last log lines where it ended by itself or is not healthy."""
    if container.has_crashed and container.is_running:
        container = _catch_end(context, container)
    if container.has_crashed or container.health == "unhealthy":
        return replace(container, log=read_log(context.runner, container, LOG_LINES))
    return container


def _catch_end(context: StackContext, container: Instance) -> Instance:
    """A container in a crash loop at its next end: while it runs, Docker does not say how it ended before."""
    found = wait_for(
        lambda: next(iter(inspect_containers(context.runner, [container.id])), container),
        CATCH_SECONDS,
        lambda item: not item.is_running,
        max_pause=PAUSE_SECONDS,
    )
    return container if found.is_running else found


def _read_pins(context: StackContext) -> dict[str, str]:
    try:
        return read_env(context.env_file)
    except StackError:
        return {}


def _read_id(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else DEFAULT_ID
