"""Requests to the app itself, without a server: answered by WsgiApp itself, and by Flask's route."""

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask

from carprice.api.serving.wsgi import WsgiApp
from carprice.api.state import ServiceState

JSON = "application/json"
CHANGING = ("X-Request-ID", "Server-Timing", "Date", "Expires")
"""The headers that differ from one answer to the next."""


@dataclass(frozen=True)
class Result:
    """An answer as the server gets it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The one header of that name, or None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} stands {len(values)} times"
        return values[0] if values else None

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def problem(self) -> dict[str, Any]:
        """The body as a problem, after a check of what every problem has."""
        assert self.header("Content-Type") == "application/problem+json"
        assert self.header("Cache-Control") == "no-store"
        body: dict[str, Any] = self.json
        assert body["type"] == "about:blank"
        assert body["status"] == self.status
        assert body["instance"] == f"urn:x-request-id:{self.header('X-Request-ID')}"
        return body

    @property
    def pointers(self) -> dict[str, str]:
        """What is wrong with which field."""
        return {error["pointer"]: error["detail"] for error in self.problem["errors"]}

    def without_changes(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the same request gets again, whichever way it takes."""
        kept = sorted((key.lower(), value) for key, value in self.headers if key not in CHANGING)
        request_id = self.header("X-Request-ID") or "-"
        return self.status, kept, self.body.replace(request_id.encode(), b"ID")


class FlaskOnly(WsgiApp):
    """Without the shortcut around Flask."""

    def _answer_price(self, environ: Any, start_response: Any, started: float) -> Iterable[bytes]:
        return self._answer_flask(environ, start_response, started)


WAYS: dict[str, Callable[[Flask], Any]] = {
    "wsgi": lambda app: app.wsgi_app,
    "flask": lambda app: FlaskOnly(partial(Flask.wsgi_app, app), find_state(app)),
}


def find_state(app: Flask) -> ServiceState:
    """The state behind the app."""
    state: ServiceState = app.extensions["carprice"]
    return state


def call(
    app: Any,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    kind: str | None = JSON,
    headers: dict[str, str] | None = None,
    length: str | None = None,
) -> Result:
    """One request to a WSGI application. length "" sends the body in chunks, None its true Content-Length."""
    path, _, query = path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "5000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost:5000",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body or b""),
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()},
    }
    if body is not None:
        if kind is not None:
            environ["CONTENT_TYPE"] = kind
        if length != "":
            environ["CONTENT_LENGTH"] = str(len(body)) if length is None else length
    started: list[tuple[str, list[tuple[str, str]]]] = []
    chunks = app(environ, lambda status, headers, *_: started.append((status, headers)))
    assert isinstance(chunks, list), "the server sends only a list in one piece"
    status, sent = started[0]
    return Result(int(status[:3]), sent, b"".join(chunks))


def as_json(value: Any) -> bytes:
    """The body of a request."""
    return json.dumps(value).encode()
