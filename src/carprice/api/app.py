"""The Flask app of the price service."""

from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, InternalServerError

from carprice.api import info, pages, predict
from carprice.api.answers import problem_answer
from carprice.api.gateway import Gateway
from carprice.api.service import Service
from carprice.settings import Settings

_DETAILS = {
    404: "There is nothing at this path; GET /api/docs lists what there is",
    405: "This path does not take this method",
    500: "The service failed on this request; its log has the reason",
}


def create_app(settings: Settings) -> Flask:
    """Build the app and load its model; without one it answers 503 and keeps looking.

    The service behind the views is `app.extensions["carprice"]`; close it when the app is done with.
    """
    folder = Path(__file__).parent
    app = Flask("carprice", root_path=str(folder), static_folder="static", template_folder="templates")
    service = Service(settings)
    app.extensions["carprice"] = service
    for blueprint in (predict.blueprint, info.blueprint, pages.blueprint):
        app.register_blueprint(blueprint)
    app.before_request(_note_route)
    app.register_error_handler(HTTPException, _answer_problem)
    service.load_or_watch()
    app.wsgi_app = Gateway(app.wsgi_app, service)  # type: ignore[method-assign]
    return app


def _note_route() -> None:
    if request.url_rule is not None:
        request.environ["carprice.route"] = request.url_rule.rule


def _answer_problem(error: HTTPException) -> Response:
    status = error.code or 500
    answer = problem_answer(status, _DETAILS.get(status, error.name))
    response = Response(answer.body, answer.status, list(answer.headers))
    if isinstance(error, InternalServerError):
        return response
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response
