"""New releases under load: ours, `docker compose up -d --force-recreate`, and a Swarm service that starts first.

    PYTHONPATH=src:. .venv/bin/python benchmarks/rollout.py [--write]

Needs a Docker Engine and the built image: docker compose build. The load is that of the tests: 50 requests a
second at fixed times, 25 clients, every answer checked. Each way goes to and fro between two images, one turn
after the other. Swarm is left out, with the reason, where this engine cannot run it.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import click
from table import describe_machine, format_table, print_section
from tests.stack.rollout.conftest import open_site
from tests.stack.rollout.results import Results
from tests.stack.rollout.site import Site
from tests.stack.stacks import API, find_port, inspect, run, wait_for

from carprice.settings import ROOT

IMAGE = "car-price-prediction:latest"
COMMAND = "PYTHONPATH=src:. .venv/bin/python benchmarks/rollout.py --write"
OURS, COMPOSE, SWARM = "carprice rollout", "docker compose up -d --force-recreate", "Swarm, order: start-first"
MOST_GAP_MS = 250.0
MOST_SECONDS = 15.0
BAKE = "bake"
BEFORE_SECONDS = 5.0
UPDATE_SECONDS = 180.0
ROUTING_SECONDS = 60.0


class Labelled:
    """The product's image under two names, with nothing but a label between them."""

    def __init__(self) -> None:
        self._prefix = f"car-price-prediction:bench-{uuid4().hex[:8]}"
        self._made: set[str] = set()

    def make(self, name: str) -> str:
        """The image of that name."""
        tag = f"{self._prefix}-{name}"
        if tag not in self._made:
            text = f"FROM {IMAGE}\nLABEL name={name}\n"
            run(["docker", "build", "--quiet", "--tag", tag, "--file", "-", str(ROOT / "edge")], input=text)
            self._made.add(tag)
        return tag

    def remove(self) -> None:
        """Take them away."""
        run(["docker", "image", "rm", "--force", *self._made])


@dataclass
class Way:
    """What one way of putting a release live came to."""

    results: Results
    began: float
    ended: float
    seconds: list[float]
    steps: list[dict[str, float]] = field(default_factory=list)

    @property
    def during(self) -> Results:
        """What ended while releases went live."""
        return self.results.between(self.began, self.ended)

    def row(self, name: str) -> list[str]:
        """Its row of the table."""
        before, during = self.results.between(0, self.began).p99_ms(), self.during.p99_ms()
        return [
            name,
            str(len(self.seconds)),
            f"{len(self.during.records):,}",
            f"{len(self.during.failed):,}",
            f"{self.during.longest_gap_ms:,.0f}",
            f"{before:.0f}",
            f"{during:,.0f}",
            f"{during / before:.1f}",
            f"{statistics.median(self.seconds):.1f}",
        ]


@click.command()
@click.option("--turns", default=10, show_default=True, help="Releases of each way.")
@click.option("--write", is_flag=True, help="Also write the table to docs/benchmarks.md.")
def main(turns: int, write: bool) -> None:
    """Measure and print two tables; exit 1 where a limit is missed."""
    machine, images = describe_machine(), Labelled()
    try:
        with (
            tempfile.TemporaryDirectory() as parent,
            open_site(ROOT, Path(parent), ROOT / "markets", images) as site,
        ):
            (site.folder / "rollout.toml").write_text((ROOT / "rollout.toml").read_text())
            ends = [images.make("b"), images.make("a")]
            ways = {OURS: measure(site, turns, lambda number: roll_out(site, ends[number % 2]))}
            ways[COMPOSE] = measure(site, turns, lambda number: recreate(site, ends[number % 2]))
            reason = add_swarm(ways, site, turns, ends)
    finally:
        images.remove()
    text, reached = report(machine, ways, reason)
    print_section("Rollouts", COMMAND, text, write)
    sys.exit(not reached)


def measure(site: Site, turns: int, act: Callable[[int], dict[str, float]]) -> Way:
    """Put one release after the other live under load."""
    seconds, steps = [], []
    with site.load() as load:
        time.sleep(BEFORE_SECONDS)
        began = time.time()
        for number in range(turns):
            started = time.monotonic()
            steps.append(act(number))
            seconds.append(time.monotonic() - started)
        ended = time.time()
    return Way(load.results, began, ended, seconds, steps)


def roll_out(site: Site, image: str) -> dict[str, float]:
    """Our way; returns the seconds of each step."""
    steps: dict[str, float] = site.roll_out(image).json()["seconds"]
    return steps


def recreate(site: Site, image: str) -> dict[str, float]:
    """What a user of Compose does: another image in .env, and all replicas made anew."""
    pins = {**site.pins(), "IMAGE": image}
    site.write_env("".join(f"{name}={value}\n" for name, value in pins.items()))
    site.compose("up", "--detach", "--force-recreate", "--no-deps", API)
    wait_for(lambda: len(site.servers()) == 2, "both replicas serve")
    return {}


def add_swarm(ways: dict[str, Way], site: Site, turns: int, ends: list[str]) -> str:
    """Swarm's way, or the reason why it is left out."""
    try:
        with run_swarm(site, ends[1]) as service:
            ways[SWARM] = measure(site, turns, lambda number: update_service(service, ends[number % 2]))
    except AssertionError as error:
        return f"{SWARM}: does not run here ({str(error).strip().splitlines()[-1]})"
    return ""


@contextmanager
def run_swarm(site: Site, image: str) -> Iterator[str]:
    """The same replicas as a Swarm service on a port of its own, which the load then goes to."""
    if run(["docker", "info", "--format", "{{.Swarm.LocalNodeState}}"]).stdout.strip() != "inactive":
        raise AssertionError("the engine is part of a swarm already")
    name, port = f"{site.name}-swarm", site.port
    run(["docker", "swarm", "init", "--advertise-addr", "127.0.0.1"])
    try:
        site.port = find_port()
        mount = f"type=bind,source={site.folder / 'artifacts'},target=/app/artifacts,readonly"
        argv = ["docker", "service", "create", "--detach", "--name", name, "--replicas", "2", "--mount", mount]
        argv += ["--publish", f"{site.port}:5000", "--no-resolve-image", "--stop-grace-period", "35s"]
        run([*argv, "--update-order", "start-first", "--update-parallelism", "1", image])
        wait_for(lambda: site.ask().status == 200, "its routing mesh answers", ROUTING_SECONDS)
        yield name
    finally:
        site.port = port
        run(["docker", "service", "rm", name], check=False)
        run(["docker", "swarm", "leave", "--force"])


def update_service(service: str, image: str) -> dict[str, float]:
    """Swarm's rolling update, until it calls it complete."""
    run(["docker", "service", "update", "--detach", "--no-resolve-image", "--image", image, service])
    wait_for(
        lambda: inspect(service).get("UpdateStatus", {}).get("State") == "completed", "the update", UPDATE_SECONDS
    )
    return {}


def report(machine: str, ways: dict[str, Way], reason: str) -> tuple[list[str], bool]:
    """The tables, and whether ours keeps its limits."""
    columns = ["", "releases", "requests", "failed", "longest gap ms", "p99 before ms", "p99 during ms", "ratio"]
    table = format_table([*columns, "seconds each"], [way.row(name) for name, way in ways.items()])
    ours = ways[OURS]
    names = list(ours.steps[0])
    medians = [statistics.median(step[name] for step in ours.steps) for name in names]
    besides = statistics.median(sum(step.values()) - step[BAKE] for step in ours.steps)
    steps = format_table(["step", "seconds"], [[n, f"{m:.1f}"] for n, m in zip(names, medians, strict=True)])
    gap, stall = ours.during.longest_gap_ms, ours.during.stall_ms
    limits = {
        f"failed: {len(ours.during.failed)} (0)": not ours.during.failed,
        f"longest gap: {gap:.0f} ms, of which the loader itself stood still for up to {stall:.0f} ms (at most "
        f"{MOST_GAP_MS:g} ms)": gap <= MOST_GAP_MS + stall,
        f"seconds besides the bake: {besides:.1f} (at most {MOST_SECONDS:g})": besides <= MOST_SECONDS,
    }
    told = [f"- {text}: {'kept' if kept else 'missed'}" for text, kept in limits.items()]
    notes = ["", reason] if reason else []
    heading = f"50 requests a second, 25 clients, 2 replicas. {machine}"
    return [heading, "", table, *notes, "", *told, "", "Ours, medians:", "", steps], all(limits.values())


if __name__ == "__main__":
    main()
