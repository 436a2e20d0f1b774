"""Responses as status, headers and body; errors as RFC 9457 problem details."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from flask import Response
from msgspec import UNSET
from werkzeug.http import HTTP_STATUS_CODES

from carprice.api.schemas.answers import ProblemAnswer
from carprice.model.listing import MAX_PROBLEMS, FieldProblem

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
UNVALUED_TYPE = "urn:carprice:unvalued"
JSON = ("Content-Type", JSON_TYPE)
PROBLEM = ("Content-Type", PROBLEM_TYPE)
NO_STORE = ("Cache-Control", "no-store")
RETRY = ("Retry-After", "1")

# Not those of http.HTTPStatus, which differ between versions of Python.
STATUS_LINES = {status: f"{status} {title}" for status, title in HTTP_STATUS_CODES.items()}
CRASHED = "The service failed on this request; its log has the reason"

Headers = tuple[tuple[str, str], ...]
encode = msgspec.json.Encoder().encode


class WsgiResponse(NamedTuple):
    """A response before the headers that every response has are added."""

    status: int
    body: bytes
    headers: Headers


class RefusedError(Exception):
    """A request that is answered with a problem; errors name the wrong fields, never their values."""

    def __init__(
        self, status: int, detail: str, errors: Sequence[FieldProblem] = (), headers: Headers = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.type, self.title = "about:blank", HTTP_STATUS_CODES[status]

    def problem(self, most: int = MAX_PROBLEMS) -> ProblemAnswer:
        """The problem details, with so many wrong fields at most."""
        errors = list(self.errors[:most]) or UNSET
        return ProblemAnswer(self.type, self.title, self.status, self.detail, errors)

    def response(self, request_id: str) -> WsgiResponse:
        """The problem as `application/problem+json`, which names the request as its log line does."""
        problem = self.problem()
        problem.instance = f"urn:x-request-id:{request_id}"
        return WsgiResponse(self.status, encode(problem), (PROBLEM, NO_STORE, *self.headers))


def count_wrong(problems: Sequence[FieldProblem]) -> RefusedError:
    """The problem of a body whose fields are wrong, each named."""
    count = "1 field is wrong" if len(problems) == 1 else f"{len(problems)} fields are wrong"
    return RefusedError(422, count, problems)


class UnvaluedError(RefusedError):
    """A car that the model should not price; next_best says what it can say."""

    def __init__(self, detail: str, next_best: str) -> None:
        super().__init__(422, detail)
        self.type, self.title = UNVALUED_TYPE, "Unvalued"
        self.next_best = next_best

    def problem(self, most: int = MAX_PROBLEMS) -> ProblemAnswer:
        """The problem details with the next best thing."""
        problem = super().problem(most)
        problem.next_best = self.next_best
        return problem


def json_response(data: Any) -> WsgiResponse:
    """Data as JSON that no cache keeps."""
    return WsgiResponse(200, encode(data), (JSON, NO_STORE))


def flask_response(response: WsgiResponse) -> Response:
    """The same for Flask."""
    return Response(response.body, response.status, list(response.headers))
