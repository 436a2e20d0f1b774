"""The pages and the OpenAPI document; all files are on this machine."""

from datetime import date
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, render_template, request, send_from_directory

from carprice.api.info import describe_run, find_state
from carprice.api.pages.answer import Answer, build_answer, list_questions
from carprice.api.pages.form import YES_NO, Form, build_form
from carprice.api.pages.model_page import build_model_page
from carprice.api.pages.page import PAGE_POLICY, show_no_model, show_page
from carprice.api.pages.service_page import NOT_KNOWN, build_service_page
from carprice.api.responses import flask_response, json_response
from carprice.api.schemas.examples import add_examples
from carprice.api.schemas.keys import describe_keys
from carprice.api.schemas.openapi import build_openapi
from carprice.api.state import LoadedModel, ServiceState
from carprice.names import SERVICE_PAGE

# Swagger UI sets styles on its elements and has its icons in the style sheet.
DOCS_POLICY = f"{PAGE_POLICY}; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
FILE_SECONDS = 3600
TYPING = "X-Typing"
"""The header of a request that only follows what is being typed: it is no price that somebody asked for."""
blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def price_car() -> Response:
    """The price form, filled from the query, with its answer."""
    state = find_state()
    model = state.model
    if model is None:
        return show_no_model(state, "What is this car worth?")
    form = build_form(model, request.args)
    answer = build_answer(model, form, state.settings.max_model_days)
    if answer and TYPING not in request.headers:
        _note_price(state, model, form, answer)
    html = render_template(
        "price.html",
        model=model,
        form=form,
        answer=answer,
        notes=() if answer else list_questions(model, form),
        yes_no=YES_NO,
        dealer=state.settings.dealer_name,
        today=f"{date.today():%d %B %Y}".lstrip("0"),
    )
    return show_page(html)


@blueprint.get("/model")
def show_model() -> Response:
    """How good the loaded model is, for which cars, and how old."""
    state = find_state()
    model = state.model
    if model is None:
        return show_no_model(state, "The model")
    html = render_template(
        "model.html",
        model=model,
        page=build_model_page(model, date.today()),
        warnings=model.age_warnings(state.settings.max_model_days),
        run=describe_run(model.find_run(), state.settings.run_link),
    )
    return show_page(html)


@blueprint.get(SERVICE_PAGE)
def show_service() -> Response:
    """What this replica is and what it answered lately, with or without a model."""
    state = find_state()
    html = render_template(
        "service.html",
        model=state.model,
        page=build_service_page(state),
        not_known=NOT_KNOWN,
        mlflow=state.settings.run_link,
    )
    return show_page(html)


def _note_price(state: ServiceState, model: LoadedModel, form: Form, answer: Answer) -> None:
    """Count a price as the API's are, and keep it in the sample."""
    valuation = answer.valuation
    if valuation is None:
        return
    state.metrics.add_price(valuation.price, model.currency)
    state.metrics.add_warnings((warning.code, warning.field) for warning in valuation.warnings)
    if state.log.wants_sample(request.environ["carprice.started"]):
        amounts = {"price": valuation.price, "low": valuation.low, "high": valuation.high}
        state.log.add_sample(request.environ["carprice.request_id"], model.version, dict(form.car.values), amounts)


@blueprint.get("/api/docs", strict_slashes=False)
def docs() -> Response:
    """Swagger UI."""
    return show_page(render_template("docs.html"), policy=DOCS_POLICY)


@blueprint.get("/api/docs/<path:name>")
def docs_file(name: str) -> Response:
    """A file of Swagger UI."""
    return send_from_directory(_swagger_folder(), name, max_age=FILE_SECONDS)


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """The OpenAPI document, with or without a model."""
    state = find_state()
    document = build_openapi(state.model)
    add_examples(document, state.model)
    if state.settings.api_keys:
        describe_keys(document)
    return flask_response(json_response(document))


def _swagger_folder() -> Path:
    # Only the package's files are wanted: importing it would bring pydantic into the process.
    spec = find_spec("flask_openapi3_swagger")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("flask_openapi3_swagger is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "templates" / "swagger"
