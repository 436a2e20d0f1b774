"""The bodies of requests, read within their limits."""

from collections.abc import Sequence
from typing import Any

import msgspec

from carprice.api.responses import JSON_TYPE, RefusedError
from carprice.api.uploads import UploadSlots
from carprice.model.listing import FieldProblem


def read_body(
    environ: dict[str, Any], limit: int, in_progress: set[int], uploads: UploadSlots, wanted: str = JSON_TYPE
) -> bytes:
    """The body of a request, JSON or of the wanted type, at most limit bytes of it.

    Raises RefusedError with 400, 408, 413, 415 or 429.

    A longer body is refused by its Content-Length before a byte is read; one sent in chunks has none.
    in_progress: has an id of the request while its body is read.
    """
    kind = environ.get("CONTENT_TYPE", "")
    if kind != wanted and kind.partition(";")[0].strip().lower() != wanted:
        name = "JSON" if wanted == JSON_TYPE else "a form"
        raise RefusedError(415, f"The body should be {name}, sent with Content-Type: {wanted}")
    announced = environ.get("CONTENT_LENGTH")
    length = _read_length(announced) if announced else limit + 1
    if announced and length > limit:
        raise _too_large(limit)
    in_progress.add(id(environ))
    try:
        body = uploads.read(environ["wsgi.input"], length, bool(announced))
    finally:
        in_progress.discard(id(environ))
    if announced and len(body) < length:
        raise RefusedError(400, "The body ended before the length that Content-Length gives")
    if len(body) > limit:
        raise _too_large(limit)
    return body


def load_listings(body: bytes, limit: int) -> list[msgspec.Raw]:
    """The rows of a batch, at most limit of them, each still as JSON. Raises RefusedError with 400, 413 or 422."""
    try:
        rows: list[msgspec.Raw] = msgspec.json.decode(body, type=list[msgspec.Raw])
    except msgspec.ValidationError:
        problem = FieldProblem("should be a list of listings", "#")
        raise RefusedError(422, "The body is not a list", [problem]) from None
    except msgspec.DecodeError as error:
        raise RefusedError(400, f"The body is not JSON: {error}") from None
    except RecursionError:
        raise RefusedError(400, "The body is nested too deeply") from None
    check_count(rows, limit)
    return rows


def check_count(rows: Sequence[Any], limit: int) -> None:
    """Raises RefusedError with 413 where there are more rows than limit."""
    if len(rows) > limit:
        raise RefusedError(413, f"A batch should have at most {limit} listings")


def _read_length(text: str) -> int:
    try:
        length = int(text)
    except ValueError:
        length = -1
    if length < 0:
        raise RefusedError(400, "Content-Length is not a number of bytes")
    return length


def _too_large(limit: int) -> RefusedError:
    return RefusedError(413, f"The body should have at most {limit} bytes")
