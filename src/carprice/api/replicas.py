"""The other replicas, as far as this one can ask them: by the names that the settings give, in the background."""

import socket
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from carprice.names import API_PORT, READY_PATH
from carprice.system.http import Address

SECONDS_BETWEEN = 2.0
ANSWER_SECONDS = 1.0
MAX_REPLICAS = 16
READY = 200


class Replica(NamedTuple):
    """What one answered. group: the name it was found by. state: in words."""

    group: str
    address: str
    release: str
    model: str
    state: str
    is_ready: bool


class Replicas:
    """Asks again whenever somebody looks and the last answers are old; looking never waits."""

    def __init__(self, names: str) -> None:
        """names: host names with spaces or commas between, each of which resolves to all its replicas."""
        self._names = names.replace(",", " ").split()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._found: dict[str, list[Replica]] = {}
        self._asked: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self._names)

    def look(self) -> Sequence[Replica]:
        """The last answers, by name and address."""
        with self._lock:
            is_old = self._asked is None or time.monotonic() > self._asked + SECONDS_BETWEEN
            if self._names and is_old and not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(target=self._ask_all, name="replicas", daemon=True)
                self._thread.start()
            return [each for name in self._names for each in self._found.get(name, ())]

    def _ask_all(self) -> None:
        for name in self._names:
            replicas = [_ask(name, address) for address in _find_addresses(name)]
            with self._lock:
                self._found[name] = replicas
        self._asked = time.monotonic()


def _find_addresses(name: str) -> list[str]:
    """Empty where the name stands for nothing now, as a candidate's does but for its rollout."""
    try:
        found = socket.getaddrinfo(name, API_PORT, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(address[4][0]) for address in found})[:MAX_REPLICAS]


def _ask(name: str, host: str) -> Replica:
    try:
        reply = Address(host, API_PORT).ask("GET", READY_PATH, seconds=ANSWER_SECONDS)
    except OSError:
        return Replica(name, host, "", "", f"no answer within {ANSWER_SECONDS:g} s", is_ready=False)
    release, model = (reply.headers.get(header, "") for header in ("x-release", "x-model-version"))
    state = "ready" if reply.status == READY else f"answers {reply.status}"
    return Replica(name, host, release, model, state, reply.status == READY)
