"""Whether a service answers, and why it does not."""

from dataclasses import dataclass
from http import HTTPStatus

from carprice.ops.local.services import Service

ANSWER_SECONDS = 5
"""How long one health request may take."""


@dataclass(frozen=True)
class Health:
    """The answer to one health request: healthy or not, in words, and the model that serves, where known."""

    is_healthy: bool
    detail: str
    model_version: str = ""


def check_health(service: Service, seconds: float = ANSWER_SECONDS) -> Health:
    """Ask the service for its health once; never raises for a service that is unhealthy."""
    try:
        reply = service.address.ask("GET", service.health, seconds=seconds)
    except OSError as error:
        return Health(False, f"does not answer on port {service.port} ({error or type(error).__name__})")
    version = reply.headers.get("x-model-version", "")
    if reply.status == HTTPStatus.OK:
        return Health(True, "healthy", version)
    reason = reply.detail()
    return Health(False, f"answers {reply.status}{': ' if reason else ''}{reason}", version)
