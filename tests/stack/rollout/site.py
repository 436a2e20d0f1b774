"""A stack to roll out on: pinned by its .env file, driven by the command line, under a load."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.stack.rollout.releases import Bundles, Images
from tests.stack.rollout.results import Results, read_results
from tests.stack.stacks import API, EDGE, Stack, inspect, run, wait_for

NEXT = "car-price-api-next"
LOADER = Path(__file__).with_name("loader.py")
FIRST_ANSWERS = 100

# What only has to come in the right order may come soon.
FAST_LIMITS = {
    "settle": 0.5,
    "bake": 1.0,
    "bake_slow_ms": 1000.0,
    "stop": 5.0,
    "warmup_p95_ms": 500.0,
    "free_memory_share": 0.02,
}


class Finished:
    """A command that has ended."""

    def __init__(self, code: int, stdout: str, stderr: str, seconds: float) -> None:
        self.code = code
        self.stdout = stdout
        self.stderr = stderr
        self.seconds = seconds

    def json(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.stdout)["data"]


class Command:
    """A command of the command line that runs beside the test."""

    def __init__(self, argv: list[str], environment: Mapping[str, str]) -> None:
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            argv, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self.lines.append(line)

    def says(self, pattern: str) -> bool:
        """Whether a line of its progress matches."""
        return any(re.search(pattern, line) for line in self.lines)

    def wait_until(self, pattern: str) -> None:
        """Wait for such a line; fails when the command ends without it."""

        def is_there() -> bool:
            ended = self.process.poll() is not None
            if found := self.says(pattern):
                return found
            assert not ended, f"ended without {pattern!r}:\n{''.join(self.lines)}"
            return False

        wait_for(is_there, pattern)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def finish(self, seconds: float = 300.0) -> Finished:
        """Wait for its end."""
        self.process.wait(seconds)
        self._reader.join()
        assert self.process.stdout
        stdout = self.process.stdout.read()
        self.process.stdout.close()
        if self.process.stderr:
            self.process.stderr.close()
        return Finished(self.process.returncode, stdout, "".join(self.lines), time.monotonic() - self.began)


class Load:
    """A load under way, and afterwards what it saw."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self.began = time.time()
        self.results = Results([])

    def count(self) -> int:
        """How many requests have ended."""
        return self._output.read_text().count("\n") if self._output.exists() else 0

    def read(self) -> None:
        """Take in what was seen; it is whole when the load has ended."""
        self.results = read_results(self._output)


class Site(Stack):
    """A stack with releases."""

    listing: dict[str, Any]
    bundles: Bundles

    def pin(self, limits: Mapping[str, float] | None = None) -> None:
        """Take image and release from .env alone, and shrink the limits."""
        self.settings = {
            name: value for name, value in self.settings.items() if name not in ("IMAGE", "NEXT_IMAGE")
        }
        self.set_limits(**(limits or {}))
        (self.folder / "logs").chmod(0o777)

    def set_limits(self, **limits: float) -> None:
        """Write rollout.toml: the fast limits but for these."""
        lines = [f"{name} = {value}" for name, value in {**FAST_LIMITS, **limits}.items()]
        (self.folder / "rollout.toml").write_text("\n".join(lines) + "\n")

    def write_env(self, text: str) -> None:
        """Write the .env file."""
        (self.folder / ".env").write_text(text)

    def begin(self, *words: str) -> Command:
        """Start `carprice WORDS` on this stack."""
        environment = {
            **self.environment(),
            "PYTHONPATH": str(self.root / "src"),
            "CARPRICE_STACK_DIR": str(self.folder),
            "CARPRICE_ARTIFACTS_DIR": str(self.folder / "artifacts"),
            "CARPRICE_LOGS_DIR": str(self.folder / "logs"),
            "CARPRICE_VAR_DIR": str(self.folder / "var"),
        }
        return Command([sys.executable, "-m", "carprice", *words], environment)

    def carprice(self, *words: str) -> Finished:
        """Run `carprice WORDS` on this stack to its end."""
        return self.begin(*words).finish()

    def roll_out(self, image: str = "", model: str = "", *words: str) -> Finished:
        """A rollout that must end well."""
        done = self.carprice("rollout", "--json", *options(image, model), *words)
        assert done.code == 0, done.stderr
        return done

    def other_image(self, images: Images) -> str:
        """A good image that is not live."""
        live = inspect(self.containers(API)[0])["Image"]
        made = (images.make(name="a"), images.make(name="b"))
        return next(image for image in made if inspect(image)["Id"] != live)

    def refuse(self, image: str = "", model: str = "", *words: str) -> Finished:
        """A rollout that must fail and leave everything as it was."""
        before = self.facts()
        done = self.carprice("rollout", *options(image, model), *words)
        assert done.code == 1, done.stderr
        assert self.facts() == before
        return done

    @contextmanager
    def load(self, name: str = "load") -> Iterator[Load]:
        """A load beside the block, at full rate when it begins; its results are there afterwards."""
        output = self.folder / f"{name}-{time.monotonic_ns()}.jsonl"
        argv = [sys.executable, str(LOADER), str(self.port), json.dumps(self.listing), str(output)]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE)
        load = Load(output)
        try:
            wait_for(lambda: load.count() >= FIRST_ANSWERS, "the load is under way")
            yield load
        finally:
            process.communicate()
        assert process.returncode == 0
        load.read()
        print(f"{name}: {load.results.summary()}")

    @property
    def journal(self) -> list[dict[str, Any]]:
        """The lines of the journal."""
        path = self.folder / "var" / "deployments.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def last(self, event: str) -> dict[str, Any]:
        """The last line of the journal with that event; `at` is its time in seconds since 1970."""
        line = next(line for line in reversed(self.journal) if line["event"] == event)
        return {**line, "at": datetime.fromisoformat(line["time"]).timestamp()}

    @property
    def release(self) -> str:
        """The release that answers now."""
        return self.ask("/info/model").headers.get("X-Release", "")

    def pins(self) -> dict[str, str]:
        """The variables of the .env file."""
        lines = (self.folder / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def facts(self) -> dict[str, Any]:
        """What a rollout may change: containers, pins, the edge's map."""
        return {
            "containers": {name: self.containers(name) for name in (EDGE, API, NEXT)},
            "started": [inspect(name)["State"]["StartedAt"] for name in self.containers(API)],
            "pins": self.pins(),
            "release": self.release,
        }

    def check_plain(self) -> None:
        """One whole set serves, it is what .env pins, and nothing else is left."""
        pins = self.pins()
        assert not [name for name in pins if name.startswith("NEXT_")]
        assert self.containers(NEXT) == []
        replicas = [inspect(name) for name in self.containers(API)]
        assert [item["State"]["Status"] for item in replicas] == ["running", "running"]
        assert {find_variable(item, "CARPRICE_RELEASE") for item in replicas} == {pins["RELEASE"]}
        assert [path.read_text() for path in self.folder.glob("edge/run/*.map")] in ([], ["active current\n"])
        assert "active next" not in self.runtime("show map /run/edge/active.map")
        wait_for(lambda: len(self.servers()) == 2, "the edge has both replicas")
        assert self.release == pins["RELEASE"]
        assert (self.folder / "var" / "deploy.lock").read_text() == ""
        programs = run(["docker", "container", "top", self.containers(EDGE)[0], "-o", "pid,comm"]).stdout
        assert "cat" not in programs, "a follower of the edge's events is left"


def options(image: str, model: str) -> list[str]:
    """The options of a rollout to an image and a model."""
    return [*(["--image", image] if image else []), *(["--model", model] if model else [])]


def find_variable(facts: Any, name: str) -> str:
    """A variable of a container's environment."""
    return next((item.split("=", 1)[1] for item in facts["Config"]["Env"] if item.startswith(f"{name}=")), "")
