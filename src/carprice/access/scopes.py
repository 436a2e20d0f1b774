"""What a key is good for, by the path that is asked for."""

from carprice.names import FEEDBACK_PATH, METRICS_PATH, PROBE_PATHS, SAMPLE_PATH, SERVICE_PAGE

PRICE, FEEDBACK, ADMIN = "price", "feedback", "admin"
SCOPES = {
    PRICE: "pages, predictions and information",
    FEEDBACK: "what cars were sold or listed for",
    ADMIN: "metrics, the sample of requests and the page of the service",
}
"""Each scope with what it opens."""
_SCOPES_OF_PATHS = {FEEDBACK_PATH: FEEDBACK, METRICS_PATH: ADMIN, SAMPLE_PATH: ADMIN, SERVICE_PAGE: ADMIN}


def find_scope(path: str) -> str | None:
    """The scope that a path needs, None for an open one; a path that is none needs the usual scope too."""
    return None if path in PROBE_PATHS else _SCOPES_OF_PATHS.get(path.rstrip("/"), PRICE)
