"""A load of prices on the edge, that checks every answer."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

CLIENTS = 8
ANSWER_SECONDS = 60.0


@dataclass
class Load:
    """What became of the requests: every client but the last two keeps its connection."""

    port: int
    listing: dict[str, Any]
    asked: int = 0
    failed: list[str] = field(default_factory=list)
    longest: float = 0.0

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def run(self, client: int) -> None:
        """One client's requests, one after the other."""
        connection = self._connect()
        for number in count():
            if self._stopped.is_set():
                break
            name = f"load-{client}-{number}"
            began = time.monotonic()
            problem = self._ask(connection, name)
            seconds = time.monotonic() - began
            with self._lock:
                self.asked += 1
                self.longest = max(self.longest, seconds)
                if problem:
                    self.failed.append(f"{name} after {seconds:.2f} s: {problem}")
            if problem or client >= CLIENTS - 2:
                connection.close()
                connection = self._connect()
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)

    def _ask(self, connection: http.client.HTTPConnection, name: str) -> str:
        """What is wrong with the answer, or nothing."""
        headers = {"Content-Type": "application/json", "X-Request-ID": name}
        try:
            connection.request("POST", "/predict/price", json.dumps(self.listing), headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        if answer.status != 200:
            return f"{answer.status} {body[:200]!r}"
        if answer.getheader("X-Request-ID") != name:
            return f"the answer to {answer.getheader('X-Request-ID')}"
        return "" if json.loads(body)["price"] > 0 else "no price"

    def stop(self) -> None:
        """Let each client end its request and begin no other."""
        self._stopped.set()


@contextmanager
def press(port: int, listing: dict[str, Any]) -> Iterator[Load]:
    """Load the edge while the block runs; afterwards the figures are final."""
    load = Load(port, listing)
    clients = [threading.Thread(target=load.run, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield load
    finally:
        load.stop()
        for client in clients:
            client.join()
