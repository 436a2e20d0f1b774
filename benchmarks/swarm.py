"""The image over two hosts: two Docker Engines joined as a Swarm, our edge before a replica on each, a cable cut.

    PYTHONPATH=src .venv/bin/python benchmarks/swarm.py [--image NAME] [--write]

Needs root: the hosts are network namespaces of this machine, each with an engine, and a cable between them.
Everything is taken away again.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from table import describe_machine, format_table, print_section

from carprice.settings import ROOT
from carprice.system.waiting import wait_for

TITLE = "Two hosts, and the cable between them cut"
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/swarm.py --write"
EDGE_CONFIG = ROOT / "kubernetes" / "components" / "edge" / "haproxy.cfg"
EDGE_IMAGE = "haproxy:3.0"
ADDRESSES = {"a": "10.77.0.1", "b": "10.77.0.2"}
PORT = 5000
START_SECONDS = 120.0
RATE = 50
BEFORE_SECONDS, AFTER_SECONDS, GRACE_SECONDS = 5.0, 20.0, 2.0
WORKER = """
import http.client, json, sys, threading, time
host, port, rate, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
listing, ends, threads = sys.argv[5].encode(), [], []
def ask():
    sent = time.time()
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("POST", "/predict/price", listing, {"Content-Type": "application/json"})
        end = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        end = repr(error)
    connection.close()
    ends.append((sent, time.time() - sent, end))
begin = time.time()
for number in range(int(rate * seconds)):
    time.sleep(max(0, begin + number / rate - time.time()))
    threads.append(threading.Thread(target=ask))
    threads[-1].start()
for thread in threads:
    thread.join()
print(json.dumps(ends))
"""
"""Sends prices at a rate, each on a new connection; prints when each was sent, how long it took, its end."""


@dataclass(frozen=True)
class Host:
    """A network namespace with an engine."""

    name: str
    folder: Path

    @property
    def space(self) -> str:
        """The namespace."""
        return f"carprice-{self.name}"

    @property
    def cable(self) -> str:
        """Its end of the cable."""
        return f"cp-{self.name}"

    def docker(self, *words: str) -> str:
        """One command to its engine."""
        return run("docker", "--host", f"unix://{self.folder}/engine.sock", *words)

    def inside(self, *words: str) -> list[str]:
        """A command in its network; `ip netns exec` would hide the control groups from it."""
        return ["nsenter", f"--net=/run/netns/{self.space}", *words]


def run(*words: str) -> str:
    """Run to the end; what it printed. A failure shows its errors."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise click.ClickException(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout.strip()


@contextmanager
def connect(hosts: list[Host]) -> Iterator[None]:
    """The namespaces and the cable, as long as the block."""
    try:
        for host in hosts:
            run("ip", "netns", "add", host.space)
        run("ip", "link", "add", hosts[0].cable, "type", "veth", "peer", "name", hosts[1].cable)
        for host in hosts:
            run("ip", "link", "set", host.cable, "netns", host.space)
            run(*host.inside("ip", "address", "add", f"{ADDRESSES[host.name]}/24", "dev", host.cable))
            for link in ("lo", host.cable):
                run(*host.inside("ip", "link", "set", link, "up"))
        yield
    finally:
        for host in hosts:
            subprocess.run(["ip", "netns", "delete", host.space], capture_output=True)


@contextmanager
def start_engine(host: Host) -> Iterator[None]:
    """An engine that keeps everything in the host's folder, and ends with the block."""
    places = [f"--{name}={host.folder}/{place}" for name, place in (("data-root", "data"), ("exec-root", "run"))]
    # Where a containerd runs already, an engine uses it: not with the names of another engine's containers.
    places += [f"--containerd-namespace={host.space}", f"--containerd-plugins-namespace={host.space}-plugins"]
    words = [*places, f"--pidfile={host.folder}/pid", f"--host=unix://{host.folder}/engine.sock"]
    with (host.folder / "log").open("w") as log:
        engine = subprocess.Popen(host.inside("dockerd", *words), stdout=log, stderr=log)
    try:
        if not wait_for(lambda: is_up(host), START_SECONDS):
            raise click.ClickException((host.folder / "log").read_text()[-500:])
        yield
    finally:
        with suppress(click.ClickException):
            host.docker("swarm", "leave", "--force")
        engine.terminate()
        engine.wait()
        unmount_below(host.folder)


def unmount_below(folder: Path) -> None:
    """Release what an engine leaves mounted: the networks of what it ran."""
    places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for place in places:
        if place.startswith(f"{folder}/"):
            run("umount", "--lazy", place)


def is_up(host: Host) -> bool:
    """Whether the engine answers."""
    with suppress(click.ClickException):
        return bool(host.docker("info", "--format", "{{.ID}}"))
    return False


def load_images(host: Host, images: list[str]) -> None:
    """Copy images from this machine's engine."""
    file = host.folder / "images.tar"
    run("docker", "save", "--output", str(file), *images)
    host.docker("load", "--quiet", "--input", str(file))
    file.unlink()


def deploy(hosts: list[Host], image: str) -> None:
    """Join the engines, start a replica on each and the edge on the first."""
    first, second = hosts
    first.docker("swarm", "init", "--advertise-addr", ADDRESSES["a"])
    token = first.docker("swarm", "join-token", "--quiet", "worker")
    second.docker("swarm", "join", "--token", token, f"{ADDRESSES['a']}:2377")
    first.docker("network", "create", "--driver", "overlay", "cars")
    spread = ["--replicas=2", "--replicas-max-per-node=1", "--endpoint-mode=dnsrr", "--network=cars"]
    first.docker("service", "create", "--quiet", "--no-resolve-image", "--name=api", *spread, image)
    first.docker("config", "create", "edge", str(EDGE_CONFIG))
    config = "--config=source=edge,target=/usr/local/etc/haproxy/haproxy.cfg"
    publish = f"--publish=mode=host,target={PORT},published={PORT}"
    where = ["--constraint=node.role==manager", "--endpoint-mode=dnsrr", "--network=cars", publish, config]
    first.docker(
        "service", "create", "--quiet", "--no-resolve-image", "--name=edge", "--env=CARPRICE_REPLICAS=api", *where,
        EDGE_IMAGE,
    )  # fmt: skip


def ask(host: Host, path: str) -> Any:
    """What the edge answers inside the host, None for nothing."""
    done = subprocess.run(
        host.inside("curl", "-s", "-f", "-m", "2", f"http://127.0.0.1:{PORT}{path}"), capture_output=True
    )
    return json.loads(done.stdout) if done.returncode == 0 else None


def cut_under_load(hosts: list[Host]) -> tuple[float, list[tuple[float, float, Any]]]:
    """Load the edge and cut the cable meanwhile; when it was cut, and what became of each request."""
    first, second = hosts
    document = wait_for(lambda: ask(first, "/api/openapi.json"), START_SECONDS)
    listing = json.dumps(document["components"]["schemas"]["Listing"]["examples"][0])
    time.sleep(BEFORE_SECONDS)  # the second replica is found too
    words = [sys.executable, "-c", WORKER, "127.0.0.1", str(PORT), str(RATE), str(BEFORE_SECONDS + AFTER_SECONDS)]
    load = subprocess.Popen(first.inside(*words, listing), stdout=subprocess.PIPE, text=True)
    time.sleep(BEFORE_SECONDS)
    cut = time.time()
    # The far end: this one still believes in its route, as with a cable that is pulled out.
    run(*second.inside("ip", "link", "set", second.cable, "down"))
    output, _ = load.communicate()
    return cut, json.loads(output)


@click.command()
@click.option("--image", default="car-price-prediction:latest", show_default=True)
@click.option("--write", is_flag=True, help="Put the table into docs/benchmarks.md.")
def main(image: str, write: bool) -> None:
    """Measure, and print the table."""
    if os.getuid() != 0:
        raise click.ClickException("network namespaces need root")
    machine = describe_machine()
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory(prefix="swarm-")))
        hosts = [Host(name, place / name) for name in ADDRESSES]
        stack.enter_context(connect(hosts))
        for host in hosts:
            host.folder.mkdir()
            stack.enter_context(start_engine(host))
            load_images(host, [image, EDGE_IMAGE])
        deploy(hosts, image)
        cut, ends = cut_under_load(hosts)
    rows: list[tuple[str, ...]] = []
    for name, since, until in (
        (f"in {BEFORE_SECONDS:g} s before the cut", 0.0, cut),
        (f"in the first {GRACE_SECONDS:g} s after it", cut, cut + GRACE_SECONDS),
        ("later", cut + GRACE_SECONDS, float("inf")),
    ):
        found = [(took, end) for sent, took, end in ends if since <= sent < until]
        failed = sum(end != 200 for _, end in found)
        rows.append((name, str(len(found)), str(failed), f"{max(took for took, _ in found):.2f} s"))
    table = format_table(("requests sent", "all", "failed", "longest"), rows)
    print_section(TITLE, COMMAND, [f"{machine} {RATE} requests a second.", "", table], write)


if __name__ == "__main__":
    main()
