"""Answers as status, headers and body, and errors as RFC 9457 problem details."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from flask import Response
from werkzeug.http import HTTP_STATUS_CODES

from carprice.model.listing import Problem

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
JSON = ("Content-Type", JSON_TYPE)
PROBLEM = ("Content-Type", PROBLEM_TYPE)
NO_STORE = ("Cache-Control", "no-store")
RETRY = ("Retry-After", "1")
MAX_ERRORS = 50

# Not those of http.HTTPStatus, which differ from one Python to the next.
STATUS_LINES = {status: f"{status} {title}" for status, title in HTTP_STATUS_CODES.items()}
CRASHED = "The service failed on this request; its log has the reason"

Headers = tuple[tuple[str, str], ...]


class Answer(NamedTuple):
    """What goes back to the client, before the headers that every answer has."""

    status: int
    body: bytes
    headers: Headers


class RefusedError(Exception):
    """A request that gets a problem for an answer; errors name the wrong fields, never their values."""

    def __init__(self, status: int, detail: str, errors: Sequence[Problem] = (), headers: Headers = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers

    def answer(self, request_id: str) -> Answer:
        """The problem as `application/problem+json`, which names the request as its log line does."""
        body = problem_body(self.status, self.detail, self.errors) | {"instance": f"urn:x-request-id:{request_id}"}
        return Answer(self.status, msgspec.json.encode(body), (PROBLEM, NO_STORE, *self.headers))


def json_answer(data: Any) -> Answer:
    """Data as JSON that no cache keeps."""
    return Answer(200, msgspec.json.encode(data), (JSON, NO_STORE))


def problem_body(status: int, detail: str, errors: Sequence[Problem] = ()) -> dict[str, Any]:
    """The members of a problem, the first 50 wrong fields among them."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES[status],
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = [{"detail": error.detail, "pointer": error.pointer} for error in errors[:MAX_ERRORS]]
    return body


def as_response(answer: Answer) -> Response:
    """The answer as Flask gives it."""
    return Response(answer.body, answer.status, list(answer.headers))
