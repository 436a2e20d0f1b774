"""The configuration that supervisord reads, and the environment it starts the services with."""

import hashlib
import os
import shlex
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from carprice.errors import StackError
from carprice.ops.local.services import Service
from carprice.settings import ROOT, Settings

LIFE_SECONDS = 60
"""A service that lived this long counts as stable: its next exit is followed by no pause."""
TRIES = 1_000_000
"""In effect for ever: the pause has a longest, so trying again costs little."""
QUEUE = 1024
"""Connections that wait for a service that starts again; the system may allow fewer."""
SOCKET_PATH_BYTES = 95
"""Unix allows 107 bytes, and supervisord binds to a longer name of its own first."""


def stack_dir(settings: Settings) -> Path:
    """The folder of supervisord: its configuration, socket and pid."""
    return settings.var_dir / "stack"


def socket_path(settings: Settings) -> Path:
    """Where supervisord listens: in its folder, or below /tmp when that name is too long for a Unix socket."""
    path = stack_dir(settings) / "supervisor.sock"
    if len(bytes(path)) <= SOCKET_PATH_BYTES:
        return path
    digest = hashlib.blake2b(bytes(path), digest_size=8).hexdigest()
    return Path(f"/tmp/carprice-{os.getuid()}") / f"{digest}.sock"  # noqa: S108  made by make_private_folder


def make_private_folder(folder: Path) -> None:
    """A folder that no other user may enter. Raises StackError when it is another user's already."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.getuid():
        raise StackError(f"{folder} belongs to user {folder.stat().st_uid}", f"Remove it: sudo rm -r {folder}")
    folder.chmod(0o700)


def config_path(settings: Settings) -> Path:
    """The configuration file of supervisord."""
    return stack_dir(settings) / "supervisord.conf"


def supervisor_log(settings: Settings) -> Path:
    """What supervisord itself says: starts, stops, exits."""
    return settings.logs_dir / "supervisord.log"


def build_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment with every setting pinned, so that a later start needs no flags."""
    pinned = {f"CARPRICE_{item.name.upper()}": str(getattr(settings, item.name)) for item in fields(settings)}
    return {**environment, **pinned, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}


def render_config(settings: Settings, services: list[Service]) -> str:
    """supervisord.conf: one control socket for this user alone, and one program per service."""
    folder = stack_dir(settings)
    head = f"""\
[supervisord]
logfile = {_escape(supervisor_log(settings))}
logfile_maxbytes = {settings.log_bytes}
logfile_backups = {settings.log_files}
pidfile = {_escape(folder / "supervisord.pid")}
childlogdir = {_escape(settings.logs_dir)}
directory = {_escape(ROOT)}
nocleanup = true
{_name_root()}
[unix_http_server]
file = {_escape(socket_path(settings))}
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[rpcinterface:carprice]
supervisor.rpcinterface_factory = carprice.ops.local.supervisor_plugin:make_plugin
"""
    return "\n".join([head, *(_render_program(settings, service) for service in services)])


def _render_program(settings: Settings, service: Service) -> str:
    # supervisord expands the name of a log twice.
    kind, listen = _name_socket(service)
    variables = ",".join(f'{name}="{value}"' for name, value in service.environment.items())
    return f"""\
[{kind}:{service.name}]
{listen}command = {_escape(shlex.join(service.argv))}
environment = {_escape(variables)}
autostart = false
autorestart = true
startsecs = {LIFE_SECONDS}
startretries = {TRIES}
stopwaitsecs = {service.stop_seconds}
stopasgroup = {str(service.signal_group).lower()}
killasgroup = true
redirect_stderr = true
stdout_logfile = {_escape(_escape(service.log))}
stdout_logfile_maxbytes = {settings.log_bytes}
stdout_logfile_backups = {settings.log_files}
"""


def _name_socket(service: Service) -> tuple[str, str]:
    """The kind of section, and where supervisord listens for a service that is handed its socket as its input.

    That kind is for FastCGI, of which this is the only part that is used; it knows IPv4 alone.
    """
    if not service.takes_socket or ":" in service.host:
        return "program", ""
    return "fcgi-program", f"socket = tcp://{service.host}:{service.port}\nsocket_backlog = {QUEUE}\n"


def _name_root() -> str:
    # supervisord logs a critical warning when root runs it without having said so.
    return "user = root\n" if os.getuid() == 0 else ""


def _escape(value: object) -> str:
    return str(value).replace("%", "%%")
