"""supervisord on this machine: started, asked, ended, and cleaned up after when it was killed."""

import os
import stat
import subprocess
import sys
import xmlrpc.client
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport  # type: ignore[import-untyped]

from carprice.errors import StackError
from carprice.ops.local.services import Service
from carprice.ops.local.supervisord_conf import (
    build_environment,
    config_path,
    make_private_folder,
    render_config,
    socket_path,
    stack_dir,
    supervisor_log,
)
from carprice.settings import Settings
from carprice.system.processes import wait_for_ends
from carprice.system.waiting import wait_for

ANSWER_SECONDS = 10
KILL_SECONDS = 5


@dataclass(frozen=True)
class ProcessInfo:
    """What supervisord knows of one service. started: seconds since the epoch, 0 when it does not run."""

    name: str
    state: str
    pid: int
    started: float
    restarts: int


class Supervisor:
    """A running supervisord, asked over its socket."""

    def __init__(self, settings: Settings) -> None:
        transport = SupervisorTransport(None, None, f"unix://{socket_path(settings)}")
        # The address is never used; xmlrpc wants one.
        self._proxy: Any = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)

    def read_pid(self) -> int:
        """The process id of supervisord. Raises OSError or HTTPException when it does not answer."""
        return int(self._proxy.supervisor.getPID())

    def list_processes(self) -> dict[str, ProcessInfo]:
        """Every service by name."""
        restarts = self._proxy.carprice.count_restarts()
        return {
            info["name"]: ProcessInfo(
                name=info["name"],
                state=info["statename"],
                pid=info["pid"],
                started=info["start"] if info["pid"] else 0,
                restarts=restarts.get(info["name"], 0),
            )
            for info in self._proxy.supervisor.getAllProcessInfo()
        }

    def start_service(self, name: str) -> None:
        """Start a service that does not run, without waiting for it."""
        with suppress(xmlrpc.client.Fault):  # it ended at once: it is started again, and its health shows it
            self._proxy.supervisor.startProcess(name, False)

    def stop_service(self, name: str) -> None:
        """Stop a service and wait until it has ended."""
        with suppress(xmlrpc.client.Fault):  # it does not run
            self._proxy.supervisor.stopProcess(name, True)

    def restart_service(self, name: str) -> None:
        """Stop a service, wait until it has ended, and start it, without waiting for it.

        Its socket stays open: what connects meanwhile waits for the new process.
        """
        self._proxy.carprice.hold_socket(name)
        try:
            self.stop_service(name)
            self.start_service(name)
        finally:
            self._proxy.carprice.release_socket(name)

    def shut_down(self) -> None:
        """Ask supervisord to stop every service and to end; it answers at once."""
        self._proxy.supervisor.shutdown()


def find_supervisor(settings: Settings) -> Supervisor | None:
    """The supervisord of this stack, or None when none answers; a socket left by a dead one is none."""
    if not socket_path(settings).exists():
        return None
    supervisor = Supervisor(settings)
    try:
        supervisor.read_pid()
    except (OSError, HTTPException, xmlrpc.client.Error):
        return None
    return supervisor


def is_gone(settings: Settings) -> bool:
    """Whether no supervisord answers any more."""
    return find_supervisor(settings) is None


def start_supervisor(settings: Settings, services: list[Service]) -> Supervisor:
    """Write the configuration and start supervisord, which goes into the background. No service starts yet.

    Raises StackError with the last lines it printed when it does not answer.
    """
    write_config(settings, services)
    argv = [sys.executable, "-m", "supervisor.supervisord", "-c", str(config_path(settings))]
    started = subprocess.run(
        argv, env=build_environment(settings, os.environ), capture_output=True, text=True, check=False
    )
    if started.returncode == 0 and (supervisor := wait_for(lambda: find_supervisor(settings), ANSWER_SECONDS)):
        return supervisor
    lines = started.stderr.strip().splitlines() or ["it does not answer"]
    why = next((line for line in lines if line.startswith("Error: ")), lines[-1]).removeprefix("Error: ")
    raise StackError(f"The supervisor did not start: {why}", f"Read {supervisor_log(settings)}")


def write_config(settings: Settings, services: list[Service]) -> None:
    """Write supervisord.conf, readable for this user alone, and make the folders it names."""
    make_private_folder(stack_dir(settings))
    make_private_folder(socket_path(settings).parent)
    settings.logs_dir.mkdir(parents=True, exist_ok=True)
    refuse_links(settings.logs_dir)
    (settings.var_dir / "mlflow").mkdir(exist_ok=True)
    config_path(settings).write_text(render_config(settings, services), encoding="utf-8")


def refuse_links(folder: Path) -> None:
    """Raise StackError where a log would be written to another place: containers may have put a link there."""
    for path in sorted(folder.iterdir()):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise StackError(f"{path}: should be a plain file, as a log is", f"Remove it: rm {path}")


def stop_supervisor(settings: Settings, supervisor: Supervisor, seconds: float) -> None:
    """Stop every service and supervisord; whatever still runs after `seconds` is killed."""
    process = psutil.Process(supervisor.read_pid())
    supervisor.shut_down()
    if wait_for_ends([process], seconds):
        process.kill()
    kill_orphans(settings)


def kill_supervisor(settings: Settings, supervisor: Supervisor) -> None:
    """End supervisord and every service at once."""
    psutil.Process(supervisor.read_pid()).kill()
    kill_orphans(settings)


def find_orphans(settings: Settings) -> list[tuple[psutil.Process, str]]:
    """The processes, each with its service's name, that a killed supervisord of this stack left running.

    supervisord gives each service its own address, so the environment of a process shows whose it was.
    """
    mark = f"unix://{socket_path(settings)}"
    found: list[tuple[psutil.Process, str]] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            environment = process.environ()
            if environment.get("SUPERVISOR_SERVER_URL") == mark and process.pid != os.getpid():
                found.append((process, environment.get("SUPERVISOR_PROCESS_NAME", process.name())))
    return found


def kill_orphans(settings: Settings) -> list[str]:
    """End what a killed supervisord left running; returns it as `name (pid 812)`."""
    found = find_orphans(settings)
    processes = [process for process, _ in found]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    alive = wait_for_ends(processes, KILL_SECONDS)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_for_ends(alive, KILL_SECONDS)
    return [f"{name} (pid {process.pid})" for process, name in found]
