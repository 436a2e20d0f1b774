"""The edge: which set of replicas serves, and what passes through, asked of HAProxy itself.

Its runtime API has no exit codes, so every change is read back, and any unexpected text is a failure. Runtime
changes are lost on a restart of the edge, so the map file is written first: it is the truth.
Management guide: https://docs.haproxy.org/3.0/management.html
"""

import csv
import io
import time
from dataclasses import dataclass
from pathlib import Path

from carprice.deploy import argv
from carprice.deploy.runner import Runner
from carprice.errors import StackError
from carprice.model.manifest import write_file

MAP = "/run/edge/active.map"
MAP_FILE = Path("edge") / "run" / "active.map"
CURRENT = "current"
NEXT = "next"
SERVICES = {CURRENT: argv.API, NEXT: argv.NEXT}
POLL_SECONDS = 0.2
DOCTOR = "Find out more: ./carprice doctor"


@dataclass(frozen=True)
class Traffic:
    """What one set has answered since the edge started, and has in hand now."""

    requests: int
    failed: int
    in_flight: int
    mean_ms: float


@dataclass(frozen=True)
class Edge:
    """The edge of the stack in a folder."""

    runner: Runner

    def active(self) -> str:
        """The set that serves now. Raises StackError where the edge does not answer."""
        for line in self._ask(f"show map {MAP}").splitlines():
            words = line.split()
            if len(words) == 3 and words[1] == "active":
                return words[2]
        return CURRENT

    def pinned(self) -> str:
        """The set that the map file names: what a restart of the edge would serve."""
        try:
            words = (self.runner.folder / MAP_FILE).read_text().split()
        except FileNotFoundError:
            return CURRENT
        return words[1] if len(words) == 2 and words[1] in SERVICES else CURRENT

    def pin(self, name: str) -> None:
        """Write the map file."""
        write_file(self.runner.folder / MAP_FILE, f"active {name}\n".encode())

    def switch(self, name: str) -> None:
        """Send all new requests to one set, now and after a restart of the edge; read it back."""
        self.pin(name)
        known = any("active" in line.split()[1:2] for line in self._ask(f"show map {MAP}").splitlines())
        answer = self._ask(f"{'set' if known else 'add'} map {MAP} active {name}")
        found = self.active()
        if answer.strip() or found != name:
            raise StackError(f"The edge should serve {name!r} (got {found!r}, it said {answer.strip()!r})", DOCTOR)

    def ready_servers(self, name: str) -> int:
        """How many replicas of a set the edge has checked and found ready.

        A server counts as up before its first check, so that only a passed check counts.
        """
        rows = [row for row in self._stats() if row["pxname"] == f"be_{name}" and row["svname"] not in _TOTALS]
        return sum(row["status"].startswith("UP") and row["check_status"] == "L7OK" for row in rows)

    def wait_until_ready(self, name: str, count: int, deadline: float) -> None:
        """Wait until the edge has found that many replicas ready. Raises StackError at the deadline."""
        end = time.monotonic() + deadline
        while (ready := self.ready_servers(name)) < count:
            if time.monotonic() > end:
                raise StackError(f"The edge finds {ready} of {count} replicas of {name!r} ready", DOCTOR)
            time.sleep(POLL_SECONDS)

    def traffic(self, name: str) -> Traffic:
        """What a set answered and has in hand."""
        for row in self._stats():
            if row["pxname"] == f"be_{name}" and row["svname"] == "BACKEND":
                in_flight = int(row["scur"] or 0) + int(row["qcur"] or 0)
                failed = int(row["hrsp_5xx"] or 0)
                return Traffic(int(row["req_tot"] or 0), failed, in_flight, float(row["ttime"] or 0))
        raise StackError(f"The edge has no backend be_{name}", DOCTOR)

    def _stats(self) -> list[dict[str, str]]:
        text = self._ask("show stat")
        if not text.startswith("# "):
            raise StackError(f"The edge gave no statistics (got {text[:60]!r})", DOCTOR)
        return list(csv.DictReader(io.StringIO(text[2:])))

    def _ask(self, command: str) -> str:
        return self.runner.run(argv.edge_runtime(command), seconds=10)


_TOTALS = ("FRONTEND", "BACKEND")
