"""Which pages of other sites may read the answers in a browser: https://fetch.spec.whatwg.org/#http-cors-protocol.

Origins are compared whole, and none is allowed credentials: a browser sends no password that it keeps for this
service, so a page reads only what its own script may, with a key that it has.
"""

from collections.abc import Mapping
from typing import Any

from carprice.api.responses import Headers, WsgiResponse
from carprice.system.origins import parse_origins

PREFLIGHT_SECONDS = 600
_VARY = ("Vary", "Origin")
_EXPOSED = (
    "Access-Control-Expose-Headers",
    "X-Request-ID, X-Model-Version, X-Release, Server-Timing, Retry-After, WWW-Authenticate",
)
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-ID, traceparent"),
    ("Access-Control-Max-Age", str(PREFLIGHT_SECONDS)),
)


class Cors:
    """The headers for those origins."""

    def __init__(self, origins: str) -> None:
        self._origins = parse_origins(origins)

    def answer_preflight(self, environ: Mapping[str, Any]) -> WsgiResponse | None:
        """The answer to a browser that asks whether it may send a request; None where this is no such question.

        It comes without a key, so it is answered before one is asked for. From another origin it is a request like
        any: without the headers the browser sends nothing.
        """
        is_asked = environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        if not is_asked or environ.get("HTTP_ORIGIN") not in self._origins:
            return None
        return WsgiResponse(204, b"", _PREFLIGHT)

    def headers(self, environ: Mapping[str, Any]) -> Headers:
        """What an answer has besides; a cache must not give one origin's answer to another."""
        origin = environ.get("HTTP_ORIGIN")
        if origin not in self._origins:
            return (_VARY,)
        return (_VARY, ("Access-Control-Allow-Origin", origin), _EXPOSED)
