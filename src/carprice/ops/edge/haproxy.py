"""The edge: which set it serves, and what passes through, asked of HAProxy itself.

Its runtime API has no exit codes, so every change is read back, and any unexpected text is a failure. Runtime
changes are lost on a restart of the edge, so the map file is written first: it is what counts.
Management guide: https://docs.haproxy.org/3.0/management.html
"""

import csv
import io
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from carprice.errors import StackError
from carprice.names import API, API_PORT, CANDIDATE, DOCTOR_HINT, EDGE
from carprice.ops.docker import argv
from carprice.ops.docker.containers import list_containers
from carprice.ops.instance import Instance
from carprice.system.files import write_file
from carprice.system.processes import Runner
from carprice.system.waiting import wait_for

MAP = "/run/edge/active.map"
MAP_FILE = Path("edge") / "run" / "active.map"
RATES = "/run/edge/rates.map"
"""Requests a second and a day of API keys: ops/edge/rates.py writes the file."""
SITE = "/run/edge/tls/site.pem"
"""Certificates and key: ops/edge/tls.py writes the file."""
MOST_SAID = 200
CURRENT = "current"
NEXT = "next"
SERVICES = {CURRENT: API, NEXT: CANDIDATE}
ASK_SECONDS = 10.0
VIEW_SECONDS = 5.0
RESTART_SECONDS = 15.0
NO_ENTRY = "entry not found"
TOTAL_ROW = "BACKEND"
STATISTICS = "# pxname"


class EdgeDownError(StackError):
    """The edge does not run, or its runtime API does not answer."""


@dataclass(frozen=True)
class EdgeView:
    """What the edge knows: the set it serves from, and per host of a replica how many requests that one answered.

    requests has only the replicas of that set which the edge's own checks find ready.
    """

    active: str = ""
    requests: Mapping[str, int] = field(default_factory=dict)

    def is_active(self, container: Instance) -> bool:
        """Whether the edge sends new requests to the container."""
        return container.service == SERVICES.get(self.active) and container.address.host in self.requests


NO_VIEW = EdgeView()


@dataclass(frozen=True)
class Edge:
    """The edge of the stack in a folder."""

    runner: Runner

    def find_container(self) -> str:
        """The id of the edge's container. Raises EdgeDownError with Docker's reason where it does not run."""
        found = list_containers(self.runner, EDGE)
        for container in found:
            if container.is_running:
                return container.id
        if not found:
            raise EdgeDownError("The edge has no container", "Start it: ./carprice up")
        reason = found[0].error or f"exit code {found[0].exit_code}"
        raise EdgeDownError(f"The edge does not run: {found[0].status}, {reason}", "Start it: ./carprice up")

    def read_view(self, containers: Collection[Instance]) -> EdgeView:
        """What the edge among the containers serves from, asked once; nothing where it does not run or answer."""
        edge = next((item for item in containers if item.service == EDGE and item.is_running), None)
        if edge is None:
            return NO_VIEW
        try:
            found = self.runner.try_run(argv.edge_runtime(edge.id, f"show map {MAP};show stat"), VIEW_SECONDS)
            entries, mark, table = found.stdout.partition(STATISTICS)
            active = parse_map(entries).get("active", CURRENT) if mark else ""
        except StackError:
            return NO_VIEW
        return EdgeView(active, read_ready(parse_statistics(f"{mark}{table}"), active)) if active else NO_VIEW

    def active(self) -> str:
        """The set that serves now; without a known name it is the current one. Raises EdgeDownError."""
        name = parse_map(self._ask(f"show map {MAP}")).get("active", CURRENT)
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
        """Write the map file, for the edge's user to read. Raises FileError."""
        path = self.runner.folder / MAP_FILE
        write_file(path, f"active {name}\n".encode())
        path.chmod(0o644)

    def switch(self, name: str) -> None:
        """Send all new requests to one set, now and after a restart of the edge; read it back.

        Raises FileError where the map file cannot be written, StackError where the edge does not do it.
        """
        self.pin(name)
        answer = self._ask(f"set map {MAP} active {name}; show map {MAP}")
        if NO_ENTRY in answer:
            answer = self._ask(f"add map {MAP} active {name}; show map {MAP}")
        if (found := parse_map(answer).get("active")) != name:
            raise StackError(f"The edge should serve {name!r} (got {found!r})", DOCTOR_HINT)

    def set_rate(self, key: str, limits: str) -> None:
        """Hold an API key, by its digest, to limits such as 50:10000 from now on; empty for none.

        Raises StackError where the edge does not do it.
        """
        changes = [f"del map {RATES} {key}", *([f"add map {RATES} {key} {limits}"] if limits else [])]
        answer = self._ask("; ".join([*changes, f"get map {RATES} {key}"]))
        wanted = f'value="{limits}"' if limits else "found=no"
        if wanted not in answer:
            raise StackError(f"The edge should take the key's rate, {wanted} (got {answer[-60:]!r})", DOCTOR_HINT)

    def change_certificate(self, fingerprint: str) -> None:
        """Take the certificate of the file SITE for all connections from now on; those that are open stay.

        fingerprint: its SHA-1, which is read back. Raises StackError where the edge does not take it.
        """
        said = self.runner.run(argv.edge_certificate(self.find_container(), SITE), ASK_SECONDS)
        answer = self._ask(f"commit ssl cert {SITE}; show ssl cert {SITE}")
        if f"SHA1 FingerPrint: {fingerprint}" not in answer:
            self._ask(f"abort ssl cert {SITE}")
            reason = " ".join(f"{said} {answer}".split())[:MOST_SAID]
            raise StackError(f"The edge does not take the certificate (it said {reason!r})", DOCTOR_HINT)

    def read_fingerprint(self) -> str:
        """The SHA-1 of the certificate that is served; empty without TLS. Raises EdgeDownError."""
        lines = self._ask(f"show ssl cert {SITE}").splitlines()
        return next((line.split()[-1] for line in lines if line.startswith("SHA1 FingerPrint:")), "")

    def serves(self, name: str) -> bool:
        """Whether it sends requests to a set, now and after a restart. Raises EdgeDownError."""
        return self.pinned() == name and self.active() == name

    def turn_to(self, name: str) -> None:
        """Switch to a set unless it serves already. Raises as switch does."""
        if not self.serves(name):
            self.switch(name)

    def ready_hosts(self, name: str) -> set[str]:
        """The hosts of the replicas of a set that the edge sends requests to. Raises StackError."""
        return set(read_ready(self._statistics(), name))

    def wait_for_ready(self, name: str, hosts: Collection[str], deadline: float) -> None:
        """Wait until the edge sends requests to exactly these replicas. Raises StackError at the deadline."""
        wanted = set(hosts)
        self._wait_for(name, lambda ready: ready == wanted, ", ".join(sorted(wanted)), deadline)

    def wait_for_host(self, name: str, host: str, deadline: float) -> None:
        """Wait until the edge sends requests to this replica too. Raises StackError at the deadline."""
        self._wait_for(name, lambda ready: host in ready, host, deadline)

    def wait_for_usable(self, name: str, deadline: float) -> None:
        """Wait until the edge sends requests to any replica of a set. Raises StackError at the deadline."""
        self._wait_for(name, bool, "a replica", deadline)

    def in_flight(self, name: str) -> int:
        """How many requests a set has in flight now. Raises StackError."""
        for row in self._statistics():
            if row["pxname"] == f"be_{name}" and row["svname"] == TOTAL_ROW:
                return int(row["scur"] or 0) + int(row["qcur"] or 0)
        raise StackError(f"The edge has no backend be_{name}", DOCTOR_HINT)

    def _wait_for(self, name: str, is_enough: Callable[[set[str]], bool], wanted: str, deadline: float) -> None:
        ready = wait_for(lambda: self.ready_hosts(name), deadline, is_enough)
        if not is_enough(ready):
            found = ", ".join(sorted(ready)) or "none"
            raise StackError(
                f"The edge should find {wanted} of set {name!r} ready within {deadline:g} s (got {found})",
                DOCTOR_HINT,
            )

    def _statistics(self) -> list[dict[str, str]]:
        return parse_statistics(self._ask("show stat"))

    def _ask(self, command: str) -> str:
        """Ask, and ask again while the edge is being restarted."""

        def look() -> str | StackError:
            try:
                return self.runner.run(argv.edge_runtime(self.find_container(), command), ASK_SECONDS)
            except StackError as error:
                return error

        found = wait_for(look, RESTART_SECONDS, lambda answer: isinstance(answer, str))
        if isinstance(found, StackError):
            raise EdgeDownError(found.what, found.hint)
        return found


def parse_map(answer: str) -> dict[str, str]:
    """The entries of a map as the edge shows them: address, key, value. Raises StackError for any other text.

    A damaged file may have given a key no value.
    """
    entries = {}
    for line in answer.splitlines():
        words = line.split()
        if words and (len(words) > 3 or not words[0].startswith("0x")):
            raise StackError(f"The edge does not know its map {MAP} (it said {line[:60]!r})", DOCTOR_HINT)
        if words:
            entries[words[1]] = "".join(words[2:])
    return entries


def parse_statistics(text: str) -> list[dict[str, str]]:
    """The rows of HAProxy's `show stat`: servers and backends. Raises StackError for any other text."""
    if not text.startswith(STATISTICS):
        raise StackError(f"The edge gave no statistics (got {text[:60]!r})", DOCTOR_HINT)
    return list(csv.DictReader(io.StringIO(text.removeprefix("# "))))


def read_ready(rows: list[dict[str, str]], name: str) -> dict[str, int]:
    """Host -> requests answered, of each replica of a set that the edge sends requests to.

    A server counts as up before its first check, so that only a passed check counts.
    """
    return {
        row["addr"].removesuffix(f":{API_PORT}"): int(row.get("stot") or 0)
        for row in rows
        if row["pxname"] == f"be_{name}"
        and row["svname"] != TOTAL_ROW
        and row["status"].startswith("UP")
        and row["check_status"] == "L7OK"
    }
