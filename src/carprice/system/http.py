"""One HTTP request, straight to an address: no proxy of the environment in between."""

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from carprice.system.waiting import wait_for

SECONDS = 10.0
BUSY = 429
BUSY_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Reply:
    """What was answered, and in how many seconds. headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON, or None where it is not."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None

    def detail(self) -> str:
        """What a problem answer says; empty for any other."""
        data = self.json()
        return str(data.get("detail", "")) if isinstance(data, dict) else ""


@dataclass(frozen=True)
class Address:
    """Where something answers HTTP, and what it is called. An empty host stands for one that has no address.

    key: the API key that each request brings; empty for none. is_tls: over TLS, whoever's the certificate is: it
    is this machine's own service that is asked.
    """

    host: str
    port: int
    name: str = ""
    key: str = field(default="", repr=False, compare=False)
    is_tls: bool = False

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        seconds: float = SECONDS,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request. A body is sent as JSON, bytes as they are. Raises OSError."""
        if not self.host:
            # An empty host would be this machine itself.
            raise ConnectionError("it has no address")
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if data is not None else {}
        if self.key:
            kind["Authorization"] = f"Bearer {self.key}"
        connection = self._connect(seconds)
        started = time.perf_counter()
        try:
            connection.request(method, path, data, {**kind, **(headers or {})})
            response = connection.getresponse()
            content = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, content, time.perf_counter() - started)

    def _connect(self, seconds: float) -> http.client.HTTPConnection:
        if not self.is_tls:
            return http.client.HTTPConnection(self.host, self.port, timeout=seconds)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(self.host, self.port, timeout=seconds, context=context)

    def ask_in_turn(self, method: str, path: str, body: Any = None, seconds: float = SECONDS) -> Reply:
        """The same, and again while it is busy (429), for as long as one request may take. Raises OSError."""
        return wait_for(
            lambda: self.ask(method, path, body, seconds),
            seconds,
            lambda reply: reply.status != BUSY,
            pause=BUSY_PAUSE_SECONDS,
        )
