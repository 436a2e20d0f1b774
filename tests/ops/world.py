"""A recording runner: it notes every argv and answers as Docker, Compose and HAProxy would, from a few facts.

No container runs behind it. A replica's answers are given by `ask`, which tests put in the place of Instance.ask.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carprice.names import API, CANDIDATE, EDGE, MLFLOW
from carprice.ops.docker import argv
from carprice.ops.docker.containers import NUMBER_LABEL
from carprice.ops.docker.env_file import read_env
from carprice.ops.edge.haproxy import MAP, Edge
from carprice.ops.journal import JOURNAL_FILE, Journal
from carprice.ops.limits import Limits
from carprice.ops.release import image_of
from carprice.ops.stack_context import StackContext
from carprice.settings import Settings
from carprice.system.http import Address, Reply
from carprice.system.processes import Result, Runner

SERVICES = (API, CANDIDATE, EDGE, MLFLOW)
PREFIXES = {API: "", CANDIDATE: "NEXT_"}
LISTING = {"make": "Ford", "model": "Fiesta"}
OLD_IMAGE, NEW_IMAGE = "sha256:old", "sha256:new"
OLD_MODEL = "20260101T000000Z"
PRICE = 1000
STARTED, NEVER = "2026-01-01T00:00:00.5Z", "0001-01-01T00:00:00Z"
FAST = Limits(
    health_deadline=0.3, settle=0, warmup_deadline=0.2, warmup_p95_ms=1000, drain=0.1, bake=0, free_memory_share=0
)


@dataclass
class Container:
    """A container as far as anybody asks."""

    service: str
    number: int
    image: str
    image_name: str
    release: str
    model: str
    state: str = "running"
    restarts: int = 0

    @property
    def id(self) -> str:
        """Unlike any other's."""
        return f"{self.service}-{self.number}-{self.release}"

    @property
    def host(self) -> str:
        """Its address, unlike any other's."""
        return f"10.0.{SERVICES.index(self.service)}.{self.number}"

    def inspect(self) -> dict[str, Any]:
        """What Docker says of it."""
        variables = {"CARPRICE_RELEASE": self.release, "CARPRICE_MODEL_VERSION": self.model}
        return {
            "Id": self.id,
            "Name": f"/car-price-{self.service}-{self.number}",
            "Image": self.image,
            "RestartCount": self.restarts,
            "Created": STARTED,
            "Config": {
                "Image": self.image_name,
                "Env": [f"{name}={value}" for name, value in variables.items()],
                "Labels": {
                    argv.SERVICE_LABEL: self.service,
                    argv.PROJECT_LABEL: "car-price",
                    NUMBER_LABEL: str(self.number),
                },
            },
            "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}},
            "NetworkSettings": {"Networks": {"cars": {"IPAddress": self.host}}},
            "State": {
                "Status": self.state,
                "ExitCode": 1,
                "StartedAt": STARTED,
                "FinishedAt": NEVER,
                "Pid": 0,
                "Error": "",
            },
        }


@dataclass
class World:
    """Containers, images and the edge's map; argvs is what was run. broken: releases that never get healthy."""

    folder: Path
    containers: list[Container] = field(default_factory=list)
    images: dict[str, str] = field(default_factory=dict)
    active: str = ""
    argvs: list[list[str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    in_flight: dict[str, int] = field(default_factory=dict)
    on_run: Callable[[list[str]], None] = lambda _: None

    def context(self, limits: Limits = FAST) -> StackContext:
        """The context over this world."""
        runner = WorldRunner(self.folder, {}, world=self)
        journal = Journal(self.folder / "var" / JOURNAL_FILE)
        settings = Settings(
            stack_dir=self.folder,
            artifacts_dir=self.folder / "artifacts",
            logs_dir=self.folder / "logs",
            var_dir=self.folder / "var",
            mlflow_url="http://127.0.0.1:1",
        )
        return StackContext(settings, runner, Edge(runner), journal, limits, self.said.append)

    def start(self, service: str, release: str, image: str, model: str = OLD_MODEL, count: int = 2) -> None:
        """Put containers of a release there."""
        for number in range(1, count + 1):
            self.containers.append(Container(service, number, self.images[image], image, release, model))

    def of(self, service: str) -> list[Container]:
        """The containers of a service."""
        return [item for item in self.containers if item.service == service]

    def ran(self, *start: str) -> list[list[str]]:
        """The argvs that begin so."""
        return [words for words in self.argvs if words[: len(start)] == list(start)]

    def answer(self, words: list[str]) -> Result:
        """Do and say what the program would."""
        for start, act in (
            (("docker", "container", "ls"), self._list),
            (("docker", "container", "inspect"), self._inspect),
            (("docker", "container", "exec"), self._exec),
            (("docker", "container", "rm"), self._remove),
            (("docker", "container", "logs"), lambda words: Result(0, f"last words of {words[-1]}\n")),
            (("docker", "image", "inspect"), self._inspect_image),
            (("docker", "image", "ls"), self._list_tags),
            (("docker", "image", "tag"), self._tag),
            (("docker", "image", "rm"), self._remove_image),
            (("docker", "compose", "--profile", "rollout", "up"), self._up),
            (("docker", "compose", "--profile", "rollout", "config", "--format"), lambda _: Result(0, "{}")),
        ):
            if tuple(words[: len(start)]) == start:
                return act(words)
        return Result(0)

    def ask(
        self, address: Address, method: str, path: str, body: Any = None, seconds: float = 0, headers: Any = None
    ) -> Reply:
        """What the container at an address answers."""
        replica = next((item for item in self.containers if item.host == address.host), None)
        if replica is None or replica.release in self.broken:
            raise ConnectionRefusedError
        status, data = self._price(path, body) if method == "POST" else self._tell(replica, path)
        kind = "application/json" if status == 200 else "application/problem+json"
        return Reply(status, {"content-type": kind}, json.dumps(data).encode(), 0.001)

    def _tell(self, replica: Container, path: str) -> tuple[int, Any]:
        schemas = {"Listing": {"examples": [LISTING]}}
        told: dict[str, Any] = {
            "/info/status": {"release": replica.release, "model_version": replica.model, "source": "artifacts"},
            "/info/model": {"files": {"model.pkl": {"sha256": "digest"}}},
            "/api/openapi.json": {"paths": {}, "components": {"schemas": schemas}},
            "/no/such/path": None,
            "/predict/price": None,
        }
        status = {"/no/such/path": 404, "/predict/price": 405}.get(path, 200)
        return status, told.get(path, {})

    def _price(self, path: str, body: Any) -> tuple[int, Any]:
        if body == b"{":
            return 400, {}
        if isinstance(body, bytes):
            return 422, {}
        if isinstance(body, list):
            return 200, {"results": [{"price": PRICE} if item else {"status": 422} for item in body]}
        return 200, {"price": PRICE, "low": PRICE, "high": PRICE}

    def _list(self, words: list[str]) -> Result:
        start = f"label={argv.SERVICE_LABEL}="
        services = [word.removeprefix(start) for word in words if word.startswith(start)]
        found = [item for item in self.containers if not services or item.service in services]
        return Result(0, "\n".join(item.id for item in found))

    def _inspect(self, words: list[str]) -> Result:
        return Result(0, json.dumps([item.inspect() for item in self.containers if item.id in words]))

    def _exec(self, words: list[str]) -> Result:
        command = words[-1]
        shown = f"0x1 active {self.active}\n" if self.active else "\n"
        if command == "show stat":
            return Result(0, self._stats())
        if command.startswith("set map") and not self.active:
            return Result(0, "entry not found.\n\n")
        if command.startswith(("set map", "add map")):
            self.active = command.split(";")[0].split()[-1]
            return Result(0, f"\n0x1 active {self.active}\n")
        if command == f"show map {MAP};show stat":
            return Result(0, shown + self._stats())
        assert command == f"show map {MAP}", command
        return Result(0, shown)

    def _stats(self) -> str:
        lines = ["# pxname,svname,scur,qcur,status,check_status,addr"]
        for name, service in (("current", API), ("next", CANDIDATE)):
            for item in self.of(service):
                address = item.inspect()["NetworkSettings"]["Networks"]["cars"]["IPAddress"]
                lines.append(f"be_{name},api{item.number},0,0,UP,L7OK,{address}:5000")
            lines.append(f"be_{name},BACKEND,{self.in_flight.get(name, 0)},0,UP,,")
        return "\n".join(lines)

    def _remove(self, words: list[str]) -> Result:
        self.containers = [item for item in self.containers if item.id not in words]
        return Result(0)

    def _inspect_image(self, words: list[str]) -> Result:
        found = self.images.get(words[-1])
        return Result(0, json.dumps([{"Id": found}])) if found else Result(1, "", "No such image")

    def _list_tags(self, words: list[str]) -> Result:
        return Result(0, "\n".join(name.split(":")[1] for name in self.images if name.startswith(f"{words[-1]}:")))

    def _tag(self, words: list[str]) -> Result:
        image, name = words[-2:]
        self.images[name] = self.images.get(image, image)
        return Result(0)

    def _remove_image(self, words: list[str]) -> Result:
        return Result(0 if self.images.pop(words[-1], None) else 1)

    def _up(self, words: list[str]) -> Result:
        service, pins = words[-1], read_env(self.folder / ".env")
        release, image, model = (pins[PREFIXES[service] + name] for name in ("RELEASE", "IMAGE", "MODEL_VERSION"))
        count = next((int(word.split("=")[1]) for word in words if word.startswith(f"{service}=")), 2)
        if "--force-recreate" in words:
            self.containers = [item for item in self.containers if item.service != service]
        if not self.of(service):
            self.start(service, release, image, model, count)
        for item in self.of(service):
            item.state = "running"
        return Result(0)


@dataclass(frozen=True)
class WorldRunner(Runner):
    """A runner over a world."""

    world: Any = None

    def try_run(self, argv: list[str], seconds: float = 0) -> Result:
        """Note it, and answer."""
        self.world.argvs.append(argv)
        self.world.on_run(argv)
        return self.world.answer(argv)

    @contextmanager
    def stream(self, argv: list[str]) -> Iterator["subprocess.Popen[str]"]:
        """Note it; the edge's events are those of a program that says nothing until it is ended."""
        self.world.argvs.append(argv)
        with super().stream(["/bin/cat"]) as process:
            yield process


def make_world(folder: Path) -> World:
    """A stack that serves release r1 with two replicas, and an image `latest` that is another."""
    world = World(folder)
    kept = image_of("r1")
    world.images = {"car-price-prediction:latest": NEW_IMAGE, kept: OLD_IMAGE}
    world.start(API, "r1", kept)
    world.containers.append(Container(EDGE, 1, "sha256:haproxy", "haproxy:3.0", "", ""))
    world.containers.append(Container(MLFLOW, 1, "sha256:mlflow", "mlflow", "", ""))
    (folder / "edge" / "run").mkdir(parents=True)
    (folder / "artifacts").mkdir()
    (folder / ".env").write_text(f"RELEASE=r1\nIMAGE={kept}\nMODEL_VERSION={OLD_MODEL}\n")
    return world
