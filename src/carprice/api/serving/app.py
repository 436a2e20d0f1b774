"""The Flask app of the price service."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Response, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from carprice.api import curve, feedback, info, predict
from carprice.api.clients import routes as client_routes
from carprice.api.clients.errors import refuse
from carprice.api.info import find_state
from carprice.api.pages import routes, stock_routes
from carprice.api.responses import CRASHED, RefusedError, flask_response
from carprice.api.serving.wsgi import WsgiApp
from carprice.api.state import ServiceState
from carprice.names import SAMPLE_PATH
from carprice.settings import Settings

_NOT_FOUND = "There is nothing at this path; GET /api/docs lists what there is"


def create_app(settings: Settings) -> Flask:
    """Build the app and load its model; without one it answers 503 and tries again.

    `app.extensions["carprice"]` is the state that the views share; close it when the app is no longer used.
    """
    folder = Path(__file__).parents[1]
    app = _App("carprice", root_path=str(folder), static_folder="static", template_folder="templates")
    state = ServiceState(settings)
    app.extensions["carprice"] = state
    parts = (predict, curve, feedback, info, routes, stock_routes, client_routes)
    for blueprint in (part.blueprint for part in parts):
        app.register_blueprint(blueprint)
    if settings.share_sample:
        app.add_url_rule(SAMPLE_PATH, "info.sample", info.sample)
    client_routes.add_given_routes(app, settings.health_route, settings.predict_route)
    app.before_request(_note_route)
    app.register_error_handler(RefusedError, _refuse)
    app.register_error_handler(HTTPException, _refuse_http_error)
    state.load_or_watch()
    app.wsgi_app = WsgiApp(app.wsgi_app, state)  # type: ignore[method-assign]
    return app


class _App(Flask):
    def log_exception(self, _: Any) -> None:
        """Write it to the log of the service."""
        find_state().log_crash(request.environ)

    def handle_http_exception(self, error: HTTPException) -> Any:
        """As Flask's, but a redirect is relative: what the request calls this site may be anything."""
        if not isinstance(error, RequestRedirect):
            return super().handle_http_exception(error)
        _, _, path, query, _ = urlsplit(error.new_url)
        location = urlunsplit(("", "", f"/{path.lstrip('/')}", query, ""))
        response = Response(status=308, headers={"Location": location, "Cache-Control": "no-store"})
        del response.headers["Content-Type"]
        return response

    def make_default_options_response(self) -> Response:
        """No content, which needs no content type."""
        response = Response(status=204, headers={"Allow": ", ".join(_list_methods())})
        del response.headers["Content-Type"]
        return response


def _note_route() -> None:
    if request.url_rule is not None:
        request.environ["carprice.route"] = request.url_rule.rule


def _refuse(refused: RefusedError) -> Response:
    return flask_response(refuse(find_state().settings, request.environ, refused))


def _refuse_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if isinstance(error, MethodNotAllowed):
        methods = ", ".join(_list_methods())
        return _refuse(RefusedError(status, f"This path takes {methods}", headers=(("Allow", methods),)))
    details = {404: _NOT_FOUND, 500: CRASHED}
    return _refuse(RefusedError(status, details.get(status, error.name)))


def _list_methods() -> list[str]:
    adapter = request_ctx.url_adapter
    return sorted(adapter.allowed_methods()) if adapter else []
