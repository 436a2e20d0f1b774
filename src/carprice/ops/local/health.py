"""Whether a service answers, and why it does not."""

import http.client
import json
from dataclasses import dataclass

from carprice.ops.local.services import Service

ANSWER_SECONDS = 5
"""How long one health request may take."""
ANSWER_BYTES = 65_536


@dataclass(frozen=True)
class Health:
    """The answer to one health request: well or not, in words, and the model that serves, where known."""

    is_well: bool
    detail: str
    model_version: str = ""


def check_health(service: Service) -> Health:
    """Ask the service for its health once; never raises for a service that is ill."""
    # Straight to the socket: a proxy in the environment must not stand between.
    connection = http.client.HTTPConnection(service.local_host, service.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", service.health)
        answer = connection.getresponse()
        body = answer.read(ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        return Health(False, f"does not answer on port {service.port} ({error or type(error).__name__})")
    finally:
        connection.close()
    version = answer.headers.get("X-Model-Version", "")
    if answer.status == http.HTTPStatus.OK:
        return Health(True, "healthy", version)
    reason = _read_reason(body)
    return Health(False, f"answers {answer.status}{': ' if reason else ''}{reason}", version)


def _read_reason(body: bytes) -> str:
    try:
        detail = json.loads(body).get("detail", "")
    except (ValueError, AttributeError):
        return ""
    return str(detail)
