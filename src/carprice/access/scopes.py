"""What a key is good for, by the path that is asked for."""

from carprice.names import ALIVE_PATH, FEEDBACK_PATH, METRICS_PATH, READY_PATH, SERVICE_PAGE, STATUS_PATH

PRICE, FEEDBACK, ADMIN = "price", "feedback", "admin"
SCOPES = {
    PRICE: "pages, predictions and information",
    FEEDBACK: "what cars were sold or listed for",
    ADMIN: "metrics and the page of the service",
}
"""Each scope with what it opens."""
OPEN_PATHS = frozenset((ALIVE_PATH, READY_PATH, STATUS_PATH))
"""They need no key: orchestrators, the edge and Docker ask them."""

_SCOPES_OF_PATHS = {FEEDBACK_PATH: FEEDBACK, METRICS_PATH: ADMIN, SERVICE_PAGE: ADMIN}


def find_scope(path: str) -> str | None:
    """The scope that a path needs, None for an open one; a path that is none needs the usual scope too."""
    return None if path in OPEN_PATHS else _SCOPES_OF_PATHS.get(path.rstrip("/"), PRICE)
