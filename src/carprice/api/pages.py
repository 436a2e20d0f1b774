"""The pages: the price form, and Swagger UI over the OpenAPI document, from files on this machine."""

from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, render_template, send_from_directory

from carprice.api.info import describe_fields, find_state
from carprice.api.responses import NO_STORE, flask_response, json_response
from carprice.api.schemas.keys import describe_keys
from carprice.api.schemas.openapi import build_openapi
from carprice.market.kinds import KINDS

PAGE_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
# Swagger UI sets styles on its elements and has its icons in the style sheet.
DOCS_POLICY = f"{PAGE_POLICY}; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
FILE_SECONDS = 3600
FEW_VALUES = 8
"""A category with more values is typed, with suggestions, instead of chosen from a list."""

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def form() -> Response:
    """The price form."""
    model = find_state().model
    fields = describe_fields(model).fields if model else []
    return _page(
        render_template("price.html", model=model, fields=fields, kinds=KINDS, few_values=FEW_VALUES),
        200 if model else 503,
    )


@blueprint.get("/api/docs", strict_slashes=False)
def docs() -> Response:
    """Swagger UI."""
    return _page(render_template("docs.html"), policy=DOCS_POLICY)


@blueprint.get("/api/docs/<path:name>")
def docs_file(name: str) -> Response:
    """A file of Swagger UI."""
    return send_from_directory(_swagger_folder(), name, max_age=FILE_SECONDS)


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """The OpenAPI document of the loaded model."""
    state = find_state()
    document = build_openapi(state.require_model())
    if state.settings.api_keys:
        describe_keys(document)
    return flask_response(json_response(document))


def _page(html: str, status: int = 200, policy: str = PAGE_POLICY) -> Response:
    headers = [("Content-Security-Policy", policy), NO_STORE]
    return Response(html, status, headers, content_type="text/html; charset=utf-8")


def _swagger_folder() -> Path:
    # Only the package's files are wanted: importing it would bring pydantic into the process.
    spec = find_spec("flask_openapi3_swagger")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("flask_openapi3_swagger is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "templates" / "swagger"
