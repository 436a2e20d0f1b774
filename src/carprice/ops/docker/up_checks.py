"""What must be so before containers are made: a compose file, folders with their owner, free ports."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from carprice.errors import StackError
from carprice.names import API, EDGE, MLFLOW
from carprice.ops.docker import argv, compose_argv
from carprice.ops.docker.engine import COMPOSE_FILE
from carprice.ops.docker.env_file import find_project, read_env, repair_env, write_env
from carprice.ops.instance import Instance
from carprice.ops.stack_context import StackContext
from carprice.system.ports import is_free, name_holder, propose_port

ROOT_ID = 0
DEFAULT_ID = 1000
NEAR = ("", "0.0.0.0", "127.0.0.1", "::")  # noqa: S104  compared with, not listened on
# Of the local stack too, where the API listens itself.
PORT_VARIABLES = {EDGE: "CARPRICE_PORT", API: "CARPRICE_PORT", MLFLOW: "CARPRICE_MLFLOW_PORT"}


def read_config(context: StackContext) -> dict[str, Any]:
    """The compose file with every variable filled in. Raises StackError with the line that is wrong."""
    config: dict[str, Any] = json.loads(context.runner.run(compose_argv.show_config()))
    return config


def prepare_folders(context: StackContext) -> None:
    """The mounted folders, made before Docker makes them as root, and the user that the containers run as."""
    if torn := repair_env(context.env_file):
        context.say(f"Took a torn last line away from {context.env_file}: {torn!r}")
    owner = context.folder.stat()
    run_dir = context.folder / "edge" / "run"
    feedback_dir = context.settings.feedback_file.parent
    for folder in (context.artifacts_dir, context.logs_dir, context.settings.var_dir, feedback_dir, run_dir):
        if not folder.exists():
            folder.mkdir(parents=True)
            if os.getuid() == ROOT_ID:
                os.chown(folder, owner.st_uid, owner.st_gid)
    known = {**read_env(context.env_file), **context.runner.environment}
    if owner.st_uid != ROOT_ID and "APP_UID" not in known:
        known |= {"APP_UID": str(owner.st_uid), "APP_GID": str(owner.st_gid)}
        write_env(context.env_file, {name: known[name] for name in ("APP_UID", "APP_GID")})
    if os.getuid() == ROOT_ID:
        give_logs(context, read_id(known, "APP_UID"), read_id(known, "APP_GID"))


def read_id(known: Mapping[str, str], name: str) -> int:
    """The user or group that the containers run as. Raises StackError for what is no number."""
    text = known.get(name) or str(DEFAULT_ID)
    if not text.isdecimal():
        raise StackError(f"{name}: should be a number (got {text!r})", f"Correct it in .env: {name}={DEFAULT_ID}")
    return int(text)


def give_logs(context: StackContext, uid: int, gid: int) -> None:
    """Let the containers' user write a logs/ and a var/feedback/ of root."""
    for folder in (context.logs_dir, context.settings.feedback_file.parent):
        if folder.stat().st_uid == ROOT_ID != uid:
            os.chown(folder, uid, gid)
            context.say(f"Gave {folder.relative_to(context.folder)}/ to user {uid}, which the containers run as")


def check_folder(context: StackContext, containers: list[Instance]) -> None:
    """Raise StackError where the stack of this name is another checkout's, which is still there."""
    for item in containers:
        other = Path(item.folder)
        if item.folder and (other / COMPOSE_FILE).exists() and not other.samefile(context.folder):
            raise StackError(
                f"The stack {find_project(context.runner)} is that of another checkout: {other}",
                "Drive it there. For a second one, put names and ports of its own into .env here: "
                "COMPOSE_PROJECT_NAME, CARPRICE_NETWORK, CARPRICE_PORT and CARPRICE_MLFLOW_PORT",
            )


def check_ports(context: StackContext, config: dict[str, Any], containers: list[Instance]) -> None:
    """Raise StackError for the first port that something else holds, naming it."""
    running = {item.service for item in containers if item.is_running}
    for service, host, port in list_ports(config):
        if service not in running and not is_free(host or "0.0.0.0", port):  # noqa: S104  as Docker will bind it
            raise StackError(
                f"Port {port} for {service} is taken by {find_port_owner(context, port)}", mend_port(service, port)
            )


def mend_port(service: str, port: int) -> str:
    """The next step where a service's port is taken; a service of the user's own has no setting for its port."""
    if service in PORT_VARIABLES:
        return propose_port(PORT_VARIABLES[service], port)
    return f"Stop it, or give {service} another port in docker-compose.override.yml"


def list_ports(config: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Service, address and port of this machine for everything that the compose file publishes."""
    return [
        (name, port.get("host_ip", ""), int(port["published"]))
        for name, service in config["services"].items()
        for port in service.get("ports", [])
    ]


def find_port_owner(context: StackContext, port: int) -> str:
    """Who holds a port: a container by name, else a program."""
    names = context.runner.try_run(argv.list_publishers(port)).stdout.split()
    return f"container {names[0]}" if names else name_holder(port)


def list_urls(context: StackContext) -> list[tuple[str, str]]:
    """Service and URL of everything that a browser on this machine can open, the API first."""
    schemes = {EDGE: "https"} if context.settings.tls else {}
    found = [
        (
            API if name == EDGE else name,
            f"{schemes.get(name, 'http')}://{'localhost' if host in NEAR else host}:{port}",
        )
        for name, host, port in list_ports(read_config(context))
    ]
    return sorted(found, key=lambda item: item[0] != API)
