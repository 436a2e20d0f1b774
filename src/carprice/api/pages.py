"""The pages: the price form, and Swagger UI over the OpenAPI document, from files on this machine."""

from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, render_template, send_from_directory

from carprice.api.answers import as_response, json_answer
from carprice.api.info import describe_fields, find_service
from carprice.api.openapi import build_openapi

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
)

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def form() -> Response:
    """The price form."""
    model = find_service().model
    fields = describe_fields(model)["fields"] if model else []
    return _page(render_template("price.html", model=model, fields=fields), 200 if model else 503)


@blueprint.get("/api/docs")
def docs() -> Response:
    """Swagger UI."""
    return _page(render_template("docs.html"))


@blueprint.get("/api/docs/<path:name>")
def docs_file(name: str) -> Response:
    """A file of Swagger UI."""
    return send_from_directory(_swagger_folder(), name, max_age=3600)


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """The OpenAPI document of the loaded model."""
    return as_response(json_answer(build_openapi(find_service().require_model())))


def _page(html: str, status: int = 200) -> Response:
    return Response(
        html, status, {"Content-Security-Policy": CONTENT_POLICY}, content_type="text/html; charset=utf-8"
    )


def _swagger_folder() -> Path:
    # Only the package's files are wanted: importing it would bring pydantic into the process.
    spec = find_spec("flask_openapi3_swagger")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("flask_openapi3_swagger is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "templates" / "swagger"
