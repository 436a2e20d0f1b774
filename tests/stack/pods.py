"""The pod of kubernetes/base in podman, in a store of its own that is removed again."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import yaml
from tests.kubernetes.rendered import find, render, write_overlay
from tests.ports import find_port
from tests.stack.stacks import Answer, ask, run, wait_for

POD = "car-price-api-pod"
CONTAINER = f"{POD}-car-price-api"
ANSWER_SECONDS = 10
MOST_REQUESTS = 10_000


@dataclass(frozen=True)
class Podman:
    """podman with images, containers and state below one folder."""

    root: Path
    folder: Path

    def run(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """One command. crun refuses the hybrid cgroups of some machines, Docker's runc does not."""
        store = [f"--{name}={self.folder / name}" for name in ("root", "runroot", "tmpdir", "network-config-dir")]
        runtime = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"]
        environment = {**os.environ, "PODMAN_IGNORE_CGROUPSV1_WARNING": "1"}
        return run(["podman", *runtime, *store, *words], check, env=environment)

    def take(self, *images: str) -> None:
        """Copy images out of Docker, each under its own name."""
        for number, image in enumerate(images):
            file = self.folder / f"{number}.tar"
            run(["docker", "save", "--output", str(file), image])
            loaded = self.run("load", "--quiet", "--input", str(file)).stdout.split()[-1]
            self.run("tag", loaded, f"localhost/{image}")
            file.unlink()

    @contextmanager
    def play(
        self, image: str, model: str, *components: str, check: bool = True, **settings: str
    ) -> Iterator["Pod"]:
        """The pod that kubernetes/base describes, with an image and a model's image, as long as the block."""
        folder = self.folder / "overlay"
        shutil.rmtree(folder, ignore_errors=True)
        images = [
            {"name": name, "newName": f"localhost/{full.partition(':')[0]}", "newTag": full.partition(":")[2]}
            for name, full in (("car-price-prediction", image), ("car-price-model", model))
        ]
        literals = [f"{name}={value}" for name, value in settings.items()]
        maps = [{"name": "car-price-settings", "behavior": "merge", "literals": literals}] if literals else []
        write_overlay(self.root, folder, *components, images=images, configMapGenerator=maps)
        objects = [item for item in render(folder) if item["kind"] in ("Deployment", "ConfigMap")]
        spec = find(objects, "Deployment", "car-price-api")["spec"]["template"]["spec"]
        for volume in spec["volumes"]:
            if "image" in volume:
                volume["image"] = {"reference": f"localhost/{model}", "pullPolicy": "Never"}
        file = folder / "pod.yaml"
        file.write_text(yaml.safe_dump_all(objects))
        pod = Pod(self, find_port())
        played = self.run("kube", "play", f"--publish=127.0.0.1:{pod.port}:5000", str(file), check=check)
        pod.told = played.stdout + played.stderr
        try:
            yield pod
        finally:
            self.run("kube", "down", "--force", str(file), check=False)
            self.run("pod", "rm", "--all", "--force", "--time=1", check=False)

    def remove(self) -> None:
        """Remove the store, and the firewall's table that podman leaves."""
        self.run("pod", "rm", "--all", "--force", "--time=1", check=False)
        self.run("system", "reset", "--force", check=False)
        if shutil.which("nft"):
            run(["nft", "delete", "table", "inet", "netavark"], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Pod:
    """One pod on a port of this machine. told: what podman said when it began."""

    podman: Podman
    port: int
    told: str = ""
    began: float = field(default_factory=time.monotonic)

    def ask(self, path: str, data: Any = None) -> Answer:
        """One request to it."""
        return ask(self.port, path, data)

    def wait_ready(self) -> float:
        """Wait until it prices; the seconds since it was asked for."""
        wait_for(lambda: self.ask("/readyz").status == 200, self.told)
        return time.monotonic() - self.began

    def execute(self, command: str) -> str:
        """What a shell command in it prints."""
        done = self.podman.run("exec", CONTAINER, "sh", "-c", command, check=False)
        return done.stdout + done.stderr

    def log(self) -> str:
        """Everything that it has printed."""
        done = self.podman.run("logs", CONTAINER, check=False)
        return done.stdout + done.stderr


@dataclass
class Load:
    """Requests at a fixed rate, each on a connection of its own: when each was sent, and what became of it."""

    port: int
    per_second: int
    ends: list[tuple[float, str]] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send as long as the block runs, then wait for the last answer."""
        stopped, threads = threading.Event(), []
        begin = time.monotonic()

        def send_all() -> None:
            for number in range(MOST_REQUESTS):
                if stopped.wait(max(0, begin + number / self.per_second - time.monotonic())):
                    return
                threads.append(threading.Thread(target=self._send))
                threads[-1].start()

        sender = threading.Thread(target=send_all)
        sender.start()
        try:
            yield
        finally:
            stopped.set()
            sender.join()
            for thread in threads:
                thread.join()

    def _send(self) -> None:
        sent = time.monotonic()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            connection.connect()
        except OSError as error:
            self.ends.append((sent, "refused" if isinstance(error, ConnectionRefusedError) else repr(error)))
            return
        try:
            connection.request("GET", "/info/status")
            self.ends.append((sent, str(connection.getresponse().status)))
        except OSError as error:
            self.ends.append((sent, repr(error)))
        finally:
            connection.close()
