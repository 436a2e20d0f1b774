"""The WSGI application around Flask's: it answers POST /predict/price itself, and adds what every answer has.

Flask's routing takes longer than a price, so the busiest path bypasses it. Request id, headers, metrics and log
lines are added here and nowhere else, so that both paths give the same answers.
"""

import os
import re
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from itertools import count
from typing import Any

from carprice.api.clients.errors import refuse
from carprice.api.cors import Cors
from carprice.api.predict import answer_price
from carprice.api.responses import CRASHED, STATUS_LINES, RefusedError, WsgiResponse
from carprice.api.state import ServiceState
from carprice.feedback.reading import REQUEST_ID
from carprice.names import METRICS_PATH, PRICE_PATH, PROBE_PATHS, SERVICE_PAGE

UNLOGGED_PATHS = PROBE_PATHS | {METRICS_PATH, SERVICE_PAGE}
NO_ROUTE = "none"
METHODS = frozenset(("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"))
OTHER_METHOD = "_OTHER"
"""OpenTelemetry's name for any method that is none of METHODS: each would be a series of its own."""

StartResponse = Callable[..., Any]

_REQUEST_ID = REQUEST_ID.fullmatch
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}").fullmatch


class WsgiApp:
    """A WSGI application around another, Flask's."""

    def __init__(self, app: Callable[..., Iterable[bytes]], state: ServiceState) -> None:
        self._app = app
        self._state = state
        self._admission = state.admission
        origins = state.settings.allowed_origins
        self._cors = Cors(origins) if origins else None
        self._prefix = os.urandom(8).hex()
        self._numbers = count(1)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = environ["carprice.started"] = time.perf_counter()
        request_id = environ.get("HTTP_X_REQUEST_ID")
        if request_id is None or not _REQUEST_ID(request_id):
            request_id = f"{self._prefix}-{next(self._numbers):x}"
        environ["carprice.request_id"] = request_id
        path, admission = environ["PATH_INFO"], self._admission
        if self._cors and (preflight := self._cors.answer_preflight(environ)):
            return self._answer(environ, start_response, preflight, NO_ROUTE, started)
        if admission is not None:
            try:
                admission.check(environ, path, started)
            except RefusedError as refused:
                response = refuse(self._state.settings, environ, refused)
                return self._answer(environ, start_response, response, NO_ROUTE, started)
        if path == PRICE_PATH and environ["REQUEST_METHOD"] == "POST":
            return self._answer_price(environ, start_response, started)
        return self._answer_flask(environ, start_response, started)

    def _answer_price(
        self, environ: dict[str, Any], start_response: StartResponse, started: float
    ) -> Iterable[bytes]:
        try:
            response = answer_price(self._state, environ)
        except Exception:
            self._state.log_crash(environ)
            response = RefusedError(500, CRASHED).response(environ["carprice.request_id"])
        return self._answer(environ, start_response, response, PRICE_PATH, started)

    def _answer(
        self,
        environ: dict[str, Any],
        start_response: StartResponse,
        response: WsgiResponse,
        route: str,
        started: float,
    ) -> Iterable[bytes]:
        headers = [*response.headers]
        if response.status != HTTPStatus.NO_CONTENT:
            headers.append(("Content-Length", str(len(response.body))))
        self._finish(environ, route, response.status, headers, started)
        start_response(STATUS_LINES[response.status], headers)
        return [response.body]

    def _answer_flask(
        self, environ: dict[str, Any], start_response: StartResponse, started: float
    ) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            route = environ.get("carprice.route", NO_ROUTE)
            self._finish(environ, route, int(status[:3]), headers, started)
            return start_response(status, headers, *rest)

        chunks = self._app(environ, start)
        try:
            # In one piece: the server sends a stream from one of its threads, which a client that does not read
            # would keep busy.
            return [b"".join(chunks)]
        finally:
            if close := getattr(chunks, "close", None):
                close()

    def _finish(
        self, environ: dict[str, Any], route: str, status: int, headers: list[tuple[str, str]], started: float
    ) -> None:
        state = self._state
        ended = time.perf_counter()
        seconds = ended - started
        headers += (
            ("X-Request-ID", environ["carprice.request_id"]),
            ("Server-Timing", f"app;dur={seconds * 1000:.3f}"),
            *state.headers,
        )
        if self._cors:
            headers += self._cors.headers(environ)
        method = environ["REQUEST_METHOD"]
        state.metrics.add_request(method if method in METHODS else OTHER_METHOD, route, status, seconds)
        if environ["PATH_INFO"] not in UNLOGGED_PATHS and state.log.wants_request(ended, status):
            self._log_request(environ, status, seconds)

    def _log_request(self, environ: dict[str, Any], status: int, seconds: float) -> None:
        trace = _TRACE(environ.get("HTTP_TRACEPARENT", ""))
        self._state.log.add_request(
            environ["carprice.request_id"],
            trace[1] if trace else "",
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            status,
            seconds,
            self._state.version,
            environ.get("carprice.key", ""),
        )
