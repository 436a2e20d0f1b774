"""What must be so before containers are made: a compose file, folders with their owner, free ports."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from carprice.errors import StackError
from carprice.ops.docker import argv, compose_argv
from carprice.ops.docker.containers import Container
from carprice.ops.docker.engine import COMPOSE_FILE
from carprice.ops.docker.env_file import mend_env, read_env, write_env
from carprice.ops.docker.replicas import find_project
from carprice.ops.stack_context import Site
from carprice.system.ports import is_free, name_holder, propose_port

ROOT_ID = 0
DEFAULT_ID = 1000
NEAR = ("", "0.0.0.0", "127.0.0.1", "::")  # noqa: S104  compared with, not listened on
# Of the local stack too, where the API listens itself.
PORT_VARIABLES = {argv.EDGE: "CARPRICE_PORT", argv.API: "CARPRICE_PORT", argv.MLFLOW: "CARPRICE_MLFLOW_PORT"}


def read_config(site: Site) -> dict[str, Any]:
    """The compose file with every variable filled in. Raises StackError with the line that is wrong."""
    config: dict[str, Any] = json.loads(site.runner.run(compose_argv.show_config()))
    return config


def prepare_folders(site: Site) -> None:
    """The mounted folders, made before Docker makes them as root, and the user that the containers run as."""
    if torn := mend_env(site.env_file):
        site.say(f"Took a torn last line away from {site.env_file}: {torn!r}")
    owner = site.folder.stat()
    for folder in (site.artifacts_dir, site.logs_dir, site.folder / "edge" / "run"):
        if not folder.exists():
            folder.mkdir(parents=True)
            if os.getuid() == ROOT_ID:
                os.chown(folder, owner.st_uid, owner.st_gid)
    known = {**read_env(site.env_file), **site.runner.environment}
    if owner.st_uid != ROOT_ID and "APP_UID" not in known:
        known |= {"APP_UID": str(owner.st_uid), "APP_GID": str(owner.st_gid)}
        write_env(site.env_file, {name: known[name] for name in ("APP_UID", "APP_GID")})
    if os.getuid() == ROOT_ID:
        give_logs(site, read_id(known, "APP_UID"), read_id(known, "APP_GID"))


def read_id(known: Mapping[str, str], name: str) -> int:
    """The user or group that the containers run as. Raises StackError for what is no number."""
    text = known.get(name) or str(DEFAULT_ID)
    if not text.isdecimal():
        raise StackError(f"{name}: should be a number (got {text!r})", "Mend it in .env")
    return int(text)


def give_logs(site: Site, uid: int, gid: int) -> None:
    """Let the containers' user write a logs/ of root."""
    if site.logs_dir.stat().st_uid == ROOT_ID != uid:
        os.chown(site.logs_dir, uid, gid)
        site.say(f"Gave logs/ to user {uid}, which the containers run as")


def check_folder(site: Site, containers: list[Container]) -> None:
    """Raise StackError where the stack of this name is another checkout's, which is still there."""
    for item in containers:
        other = Path(item.folder)
        if item.folder and (other / COMPOSE_FILE).exists() and not other.samefile(site.folder):
            raise StackError(
                f"The stack {find_project(site.runner)} is that of another checkout: {other}",
                "Drive it there. For a second one, put names and ports of its own into .env here: "
                "COMPOSE_PROJECT_NAME, CARPRICE_NETWORK, CARPRICE_PORT and CARPRICE_MLFLOW_PORT",
            )


def check_ports(site: Site, config: dict[str, Any], containers: list[Container]) -> None:
    """Raise StackError for the first port that something else holds, naming it."""
    running = {item.service for item in containers if item.is_running}
    for service, host, port in list_ports(config):
        if service not in running and not is_free(host or "0.0.0.0", port):  # noqa: S104  as Docker will bind it
            raise StackError(
                f"Port {port} for {service} is taken by {find_port_owner(site, port)}", mend_port(service, port)
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


def find_port_owner(site: Site, port: int) -> str:
    """Who holds a port: a container by name, else a program."""
    names = site.runner.try_run(compose_argv.list_publishers(port)).stdout.split()
    return f"container {names[0]}" if names else name_holder(port)


def list_urls(site: Site) -> list[tuple[str, str]]:
    """Service and URL of everything that a browser on this machine can open, the API first."""
    found = [
        (argv.API if name == argv.EDGE else name, f"http://{'localhost' if host in NEAR else host}:{port}")
        for name, host, port in list_ports(read_config(site))
    ]
    return sorted(found, key=lambda item: item[0] != argv.API)
