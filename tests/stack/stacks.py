"""Compose stacks for tests: each in a folder, with a name and on ports of its own, and gone afterwards."""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, TypeVar

from tests.ports import find_port

API = "car-price-api"
EDGE = "edge"
MLFLOW = "mlflow-server"
COMPOSE = ("docker", "compose")
LOOK_AGAIN_SECONDS = 0.1
PATIENCE_SECONDS = 120.0
COMMAND_SECONDS = 600.0

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; status 0 where there was none."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


def run(argv: Sequence[str], check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; a failure shows what it printed."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=COMMAND_SECONDS, **options)
    assert not check or done.returncode == 0, f"{' '.join(argv)}\n{done.stdout}{done.stderr}"
    return done


def wait_for(ask: Callable[[], T], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """The first true result of ask(); fails at the deadline with the last one."""
    deadline = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what} (last: {found!r})"
        time.sleep(LOOK_AGAIN_SECONDS)
    return found


def ask(port: int, path: str, data: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """GET, or POST of data as JSON, on this machine."""
    body = None if data is None else json.dumps(data).encode()
    kind = {"Content-Type": "application/json"} if body else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {**kind, **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())
    except OSError:
        return Answer(0, Message(), b"")


class Stack:
    """The compose file of the checkout in a folder of its own."""

    def __init__(self, root: Path, folder: Path, name: str, image: str) -> None:
        self.folder = folder
        self.name = name
        self.root = root
        self.port, self.mlflow_port = find_port(), find_port()
        self.settings = {
            "COMPOSE_PROJECT_NAME": name,
            "CARPRICE_NETWORK": name,
            "CARPRICE_PORT": str(self.port),
            "CARPRICE_MLFLOW_PORT": str(self.mlflow_port),
            "IMAGE": image,
            "NEXT_IMAGE": image,
        }
        folder.mkdir()
        shutil.copy(root / "docker-compose.yml", folder)
        shutil.copytree(root / "edge", folder / "edge", ignore=shutil.ignore_patterns("*.map"))
        for kept in ("artifacts", "logs"):
            (folder / kept).mkdir()

    def environment(self) -> dict[str, str]:
        """The caller's environment without its own settings of a stack, and with this one's."""
        foreign = ("CARPRICE_", "COMPOSE_", "APP_", "IMAGE", "RELEASE", "MODEL_VERSION", "NEXT_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**kept, **self.settings}

    def compose(
        self, *words: str, spelled: Sequence[str] = COMPOSE, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker compose WORDS` in the folder."""
        return run([*spelled, *words], check, cwd=self.folder, env=self.environment())

    def up(self, *words: str) -> None:
        """Create and start, without building."""
        self.compose("up", "--detach", "--no-build", *words)

    def override(self, services: Mapping[str, Any]) -> None:
        """Change services, as a user does with docker-compose.override.yml."""
        (self.folder / "docker-compose.override.yml").write_text(json.dumps({"services": services}))

    def ask(self, path: str = "/info/status", data: Any = None, **headers: str) -> Answer:
        """One request to the edge."""
        return ask(self.port, path, data, {name.replace("_", "-"): value for name, value in headers.items()})

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers, in the order of their numbers."""
        ids = self.compose("ps", "--all", "--quiet", service).stdout.split()
        return sorted(ids, key=lambda found: inspect(found)["Name"])

    def runtime(self, command: str) -> str:
        """One command on the edge's runtime API."""
        talk = 'exec 3<>/dev/tcp/127.0.0.1/9999; printf "%s\\n" "$0" >&3; cat <&3'
        return self.compose("exec", "--no-TTY", EDGE, "bash", "-c", talk, command).stdout.strip()

    def log(self, service: str) -> str:
        """Everything a service has printed."""
        return self.compose("logs", "--no-color", "--no-log-prefix", service).stdout

    def wait_ready(self, replicas: int = 0) -> None:
        """Wait until the edge prices; with `replicas`, until it takes that many as usable."""
        wait_for(lambda: self.ask().status == 200, f"{self.name} answers")
        if replicas:
            wait_for(lambda: len(self.servers()) == replicas, f"the edge of {self.name} has {replicas} replicas")

    def ask_mlflow(self, path: str = "/health", data: Any = None) -> Answer:
        """One request to MLflow."""
        return ask(self.mlflow_port, path, data)

    def wait_for_mlflow(self) -> None:
        """Wait until MLflow answers."""
        wait_for(lambda: self.ask_mlflow().status == 200, f"MLflow of {self.name} answers")

    def servers(self, backend: str = "be_current") -> list[str]:
        """The addresses of the replicas that the edge takes as usable."""
        rows = [line.split(",") for line in self.runtime("show stat").splitlines()]
        names = rows[0]
        found = [dict(zip(names, row, strict=False)) for row in rows[1:]]
        return [
            row["addr"] for row in found if row["# pxname"] == backend and row["addr"] and row["status"] == "UP"
        ]

    def remove(self) -> None:
        """Take everything down and away, of every profile, and the images that were kept for its releases."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5")
        remove_images(f"car-price-prediction:{self.name}-")
        assert list_leftovers(self.name) == []


def inspect(name: str) -> Any:
    """Everything Docker knows of a container or an image."""
    return json.loads(run(["docker", "inspect", name]).stdout)[0]


def health(container: str) -> str:
    """starting, healthy or unhealthy."""
    return str(inspect(container)["State"]["Health"]["Status"])


def execute(container: str, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program in a container."""
    return run(["docker", "exec", container, *argv], check)


def list_processes(container: str) -> dict[str, tuple[str, str, str]]:
    """Each process of a container: its name, state letter and parent."""
    read = "for p in /proc/[0-9]*; do read -r line <$p/stat && echo $line; done 2>/dev/null"
    rows = [line.split() for line in execute(container, "bash", "-c", read, check=False).stdout.splitlines()]
    return {row[0]: (row[1].strip("()"), row[2], row[3]) for row in rows}


def find_worker(container: str) -> str:
    """The process of a replica that serves: the Python whose parent is one too."""
    pythons = {
        number: parent for number, (name, _, parent) in list_processes(container).items() if name == "python"
    }
    return next(number for number, parent in pythons.items() if parent in pythons)


def send(container: str, process: str, signal: str) -> None:
    """Send a signal to a process of a container, -1 for all of them."""
    execute(container, "bash", "-c", f"kill -{signal} {process}", check=False)


def freeze(container: str, process: str) -> None:
    """Stop a process of a container where it stands."""
    send(container, process, "STOP")
    gone = ("", "T", "")
    wait_for(lambda: list_processes(container).get(process, gone)[1] == "T", f"process {process} stands still")


def list_images(prefix: str) -> dict[str, str]:
    """The id of every image whose name begins so."""
    form = "{{.Repository}}:{{.Tag}} {{.ID}}"
    lines = run(["docker", "image", "ls", "--format", form]).stdout.splitlines()
    return dict(line.split() for line in lines if line.startswith(prefix))


def remove_images(prefix: str) -> None:
    """Remove every image whose name begins so."""
    if names := list_images(prefix):
        run(["docker", "image", "rm", *names])


def list_leftovers(prefix: str) -> list[str]:
    """Containers, networks and volumes whose names begin so."""
    commands = (
        ["docker", "ps", "--all", "--format", "{{.Names}}"],
        ["docker", "network", "ls", "--format", "{{.Name}}"],
        ["docker", "volume", "ls", "--format", "{{.Name}}"],
    )
    names = [name for command in commands for name in run(command).stdout.split()]
    return [name for name in names if name.startswith(prefix)]
