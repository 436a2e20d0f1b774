"""Answers as status, headers and body, and errors as RFC 9457 problem details."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from carprice.model.listing import Problem

JSON = ("Content-Type", "application/json")
PROBLEM = ("Content-Type", "application/problem+json")
NO_STORE = ("Cache-Control", "no-store")
MAX_ERRORS = 50

STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Answer(NamedTuple):
    """What goes back to the client, before the headers that every answer has."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]


def json_answer(data: Any, status: int = 200) -> Answer:
    """Data as JSON that no cache keeps."""
    return Answer(status, msgspec.json.encode(data), (JSON, NO_STORE))


def problem_answer(
    status: int, detail: str, errors: Iterable[Problem] = (), headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """A problem as `application/problem+json`; errors name the wrong fields, never their values."""
    body = msgspec.json.encode(problem_body(status, detail, errors))
    return Answer(status, body, (PROBLEM, NO_STORE, *headers))


def problem_body(status: int, detail: str, errors: Iterable[Problem] = ()) -> dict[str, Any]:
    """The members of a problem, the first 50 wrong fields among them."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    fields = [{"detail": problem.detail, "pointer": problem.pointer} for problem in errors]
    if fields:
        body["errors"] = fields[:MAX_ERRORS]
    return body
