"""A page as a response, with the policy that every page has."""

from flask import Response, render_template

from carprice.api.responses import NO_STORE
from carprice.api.state import ServiceState

PAGE_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"


def show_page(html: str, status: int = 200, policy: str = PAGE_POLICY) -> Response:
    """A page that no cache keeps."""
    headers = [("Content-Security-Policy", policy), NO_STORE]
    return Response(html, status, headers, content_type="text/html; charset=utf-8")


def show_no_model(state: ServiceState, heading: str) -> Response:
    """The page in place of any other that needs a model; it looks again by itself."""
    html = render_template("no_model.html", heading=heading, reason=state.public_reason.rstrip("."))
    return show_page(html, 503)
