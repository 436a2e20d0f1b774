"""Problems in the form that each protocol has for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from carprice.api.responses import JSON, NO_STORE, RefusedError, WsgiResponse, encode
from carprice.model.listing import FieldProblem
from carprice.names import PING_PATH, V2_PATH
from carprice.settings import Settings

INVOCATIONS_PATH = "/invocations"
MLFLOW_PATHS = frozenset((PING_PATH, INVOCATIONS_PATH))
PREFIXES = ("/v1/", "/v2/")
CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}
"""MLflow's names of errors."""


def refuse(settings: Settings, environ: Mapping[str, Any], refused: RefusedError) -> WsgiResponse:
    """The answer to a refused request: a problem as the path's protocol says it, else RFC 9457's."""
    path = environ["PATH_INFO"]
    if path in MLFLOW_PATHS:
        status = find_status(refused)
        body = {"error_code": CODES.get(status, CODES[400]), "message": describe_problem(refused)}
    elif path == V2_PATH or path.startswith(PREFIXES) or path in (settings.health_route, settings.predict_route):
        status, body = find_status(refused), {"error": describe_problem(refused)}
    else:
        return refused.response(environ["carprice.request_id"])
    return WsgiResponse(status, encode(body), (JSON, NO_STORE, *refused.headers))


def find_status(refused: RefusedError) -> int:
    """400 for all that is wrong with a body: none of the protocols knows 422."""
    return 400 if refused.status == 422 else refused.status


def describe_problem(refused: RefusedError) -> str:
    """What is wrong, in one line: the fields too, never their values."""
    return describe_errors(refused.detail, refused.errors)


def describe_errors(detail: str, errors: Sequence[FieldProblem]) -> str:
    """A problem's detail and its wrong fields, in one line."""
    fields = "; ".join(f"{error.pointer.removeprefix('#/')}: {error.detail}" for error in errors)
    return f"{detail}: {fields}" if fields else detail
