"""The edge: which set it serves, and what passes through, asked of HAProxy itself.

Its runtime API has no exit codes, so every change is read back, and any unexpected text is a failure. Runtime
changes are lost on a restart of the edge, so the map file is written first: it is the truth.
Management guide: https://docs.haproxy.org/3.0/management.html
"""

import csv
import io
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from carprice.errors import StackError
from carprice.ops.docker import argv
from carprice.ops.docker.replicas import API_PORT, inspect_service
from carprice.system.files import write_file
from carprice.system.processes import Runner

MAP = "/run/edge/active.map"
MAP_FILE = Path("edge") / "run" / "active.map"
CURRENT = "current"
NEXT = "next"
SERVICES = {CURRENT: argv.API, NEXT: argv.NEXT}
POLL_SECONDS = 0.1
ASK_SECONDS = 10.0
RESTART_SECONDS = 15.0
NO_ENTRY = "entry not found"
DOCTOR = "Find out more: ./carprice doctor"


class EdgeDownError(StackError):
    """The edge does not run, or its runtime API does not answer."""


@dataclass(frozen=True)
class Edge:
    """The edge of the stack in a folder."""

    runner: Runner

    def find_container(self) -> str:
        """The id of the edge's container. Raises EdgeDownError with Docker's reason where it does not run."""
        found = inspect_service(self.runner, argv.EDGE)
        for facts in found:
            if facts["State"]["Status"] == "running":
                return str(facts["Id"])
        if not found:
            raise EdgeDownError("The edge has no container", "Start it: ./carprice up")
        state = found[0]["State"]
        reason = state.get("Error") or f"exit code {state['ExitCode']}"
        raise EdgeDownError(f"The edge does not run: {state['Status']}, {reason}", "Start it: ./carprice up")

    def active(self) -> str:
        """The set that serves now; without a known name it is the current one. Raises EdgeDownError."""
        name = _read_entries(self._ask(f"show map {MAP}")).get("active", CURRENT)
        return name if name in SERVICES else CURRENT

    def pinned(self) -> str:
        """The set that the map file names, which a restart of the edge would serve; empty for a damaged file."""
        try:
            words = (self.runner.folder / MAP_FILE).read_text().split()
        except FileNotFoundError:
            return CURRENT
        except (OSError, UnicodeDecodeError):
            return ""
        return words[1] if len(words) == 2 and words[0] == "active" and words[1] in SERVICES else ""

    def pin(self, name: str) -> None:
        """Write the map file, for the edge's user to read."""
        path = self.runner.folder / MAP_FILE
        write_file(path, f"active {name}\n".encode())
        path.chmod(0o644)

    def switch(self, name: str) -> None:
        """Send all new requests to one set, now and after a restart of the edge; read it back."""
        self.pin(name)
        answer = self._ask(f"set map {MAP} active {name}; show map {MAP}")
        if NO_ENTRY in answer:
            answer = self._ask(f"add map {MAP} active {name}; show map {MAP}")
        if (found := _read_entries(answer).get("active")) != name:
            raise StackError(f"The edge should serve {name!r} (got {found!r})", DOCTOR)

    def serves(self, name: str) -> bool:
        """Whether it sends requests to a set, now and after a restart."""
        return self.pinned() == name and self.active() == name

    def turn_to(self, name: str) -> None:
        """Switch to a set unless it serves already."""
        if not self.serves(name):
            self.switch(name)

    def ready_addresses(self, name: str) -> set[str]:
        """The replicas of a set that the edge sends requests to, by address.

        A server counts as up before its first check, so that only a passed check counts.
        """
        rows = [row for row in self._stats() if row["pxname"] == f"be_{name}" and row["svname"] != "BACKEND"]
        up = [row for row in rows if row["status"].startswith("UP") and row["check_status"] == "L7OK"]
        return {row["addr"].removesuffix(f":{API_PORT}") for row in up}

    def is_usable(self, name: str) -> bool:
        """Whether the edge has a replica of a set to send requests to."""
        return bool(self.ready_addresses(name))

    def wait_until_ready(self, name: str, addresses: Collection[str], deadline: float) -> None:
        """Wait until the edge sends requests to exactly these replicas. Raises StackError at the deadline."""
        wanted = set(addresses)
        self._wait_for(name, lambda ready: ready == wanted, ", ".join(sorted(wanted)), deadline)

    def wait_until_usable(self, name: str, deadline: float) -> None:
        """Wait until the edge sends requests to any replica of a set. Raises StackError at the deadline."""
        self._wait_for(name, bool, "a replica", deadline)

    def in_flight(self, name: str) -> int:
        """How many requests a set has in hand now."""
        for row in self._stats():
            if row["pxname"] == f"be_{name}" and row["svname"] == "BACKEND":
                return int(row["scur"] or 0) + int(row["qcur"] or 0)
        raise StackError(f"The edge has no backend be_{name}", DOCTOR)

    def _wait_for(self, name: str, is_enough: Callable[[set[str]], bool], wanted: str, deadline: float) -> None:
        end = time.monotonic() + deadline
        while not is_enough(ready := self.ready_addresses(name)):
            if time.monotonic() > end:
                found = ", ".join(sorted(ready)) or "none"
                raise StackError(
                    f"The edge should find {wanted} of set {name!r} ready within {deadline:g} s (got {found})",
                    DOCTOR,
                )
            time.sleep(POLL_SECONDS)

    def _stats(self) -> list[dict[str, str]]:
        text = self._ask("show stat")
        if not text.startswith("# "):
            raise StackError(f"The edge gave no statistics (got {text[:60]!r})", DOCTOR)
        return list(csv.DictReader(io.StringIO(text[2:])))

    def _ask(self, command: str) -> str:
        """Ask, and ask again while the edge is being restarted."""
        end = time.monotonic() + RESTART_SECONDS
        while True:
            try:
                return self.runner.run(argv.edge_runtime(self.find_container(), command), ASK_SECONDS)
            except StackError as error:
                if time.monotonic() > end:
                    raise EdgeDownError(error.what, error.hint) from None
                time.sleep(POLL_SECONDS)


def _read_entries(answer: str) -> dict[str, str]:
    """The entries of a map as the edge shows them: address, key, value. Raises StackError for any other text.

    A damaged file may have given a key no value.
    """
    entries = {}
    for line in answer.splitlines():
        words = line.split()
        if words and (len(words) > 3 or not words[0].startswith("0x")):
            raise StackError(f"The edge does not know its map {MAP} (it said {line[:60]!r})", DOCTOR)
        if words:
            entries[words[1]] = "".join(words[2:])
    return entries
