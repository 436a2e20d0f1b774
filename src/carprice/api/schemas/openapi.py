"""The OpenAPI 3.1 document. Its types are the API's and the market's: a new model changes none of them.

What a model knows, such as the makes it has seen, is in GET /info/features. Without a model a listing is an object
of any fields, and all else is the same.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from carprice import __version__
from carprice.api.metrics import CONTENT_TYPE
from carprice.api.options import EXPLAIN, MAX_ID, NO
from carprice.api.responses import JSON_TYPE, PROBLEM_TYPE, RefusedError
from carprice.api.schemas.answers import PUBLISHED
from carprice.api.schemas.curve import CURVE_DESCRIPTION, CURVE_SUMMARY, describe_order, give_example
from carprice.api.schemas.feedback import (
    FEEDBACK_DESCRIPTION,
    FEEDBACK_SUMMARY,
    describe_feedback,
    give_feedback,
)
from carprice.api.schemas.listing import describe_listing
from carprice.api.state import LoadedModel
from carprice.feedback.reading import REQUEST_ID
from carprice.market.market_file import Market
from carprice.model.evidence.comparables import MAX_COMPARABLES
from carprice.model.listing import FieldProblem
from carprice.model.price_range import COVERAGE, MAX_COVERAGE, MIN_COVERAGE
from carprice.names import CURVE_PATH, FEEDBACK_PATH, LISTING_SCHEMA, SERVICE_PAGE, STOCK_PAGE

Schema = dict[str, Any]

_PROBLEMS = {
    "400": "The body is not JSON, or is incomplete",
    "404": "There is nothing at this path, or the service keeps no feedback",
    "405": "The path does not take this method; Allow names those it takes",
    "408": "The body comes too slowly while others wait to send theirs",
    "413": "The body or the batch is too large",
    "415": "The body is not sent as application/json",
    "422": "Values are wrong, errors names each field; or the car is not valued, next_best says what can be said",
    "429": "As many batches as allowed are being priced, or large bodies received",
    "500": "A bug; the log has it under the request's id",
    "503": "No model is loaded, or feedback cannot be kept; detail says why",
    "507": "There is no room for feedback; it was not kept",
}
PAGES = {
    "/": ("showForm", "A form that prices one car; its query fills it"),
    "/model": ("showModel", "How good the model is, for which cars, and how old"),
    STOCK_PAGE: ("showStock", "A form that prices a file"),
    SERVICE_PAGE: ("showService", "What this replica is, and what it answered lately"),
}
"""By path: the operation's id and what the page is."""
_BODY_PROBLEMS = ("400", "408", "413", "415", "422", "429", "503")
_WITH_RETRY = ("429", "503")
_ANSWER_HEADERS = {
    "X-Request-ID": "The id of the request, its own or a new one, as in the log.",
    "X-Model-Version": "The version of the loaded model, or none.",
    "X-Release": "The release that answers.",
    "Server-Timing": "Milliseconds that the service took to answer.",
}
_PARAMETERS: dict[str, Any] = {
    "explain": {
        "name": "explain",
        "in": "query",
        "description": "1 adds the breakdown that sums to the price; model starts at the usual such car.",
        # No enum: a client would want a name for each where "1" or 1 is at hand.
        "schema": {"type": "string", "pattern": f"^({'|'.join(EXPLAIN)})$", "default": NO},
    },
    "group": {
        "name": "group",
        "in": "query",
        "description": "1 puts year and mileage together in the breakdown.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 1, "default": 0},
    },
    "comparables": {
        "name": "comparables",
        "in": "query",
        "description": "How many listings most like the car to show.",
        "schema": {"type": "integer", "minimum": 0, "maximum": MAX_COMPARABLES, "default": 0},
    },
    "id": {
        "name": "id",
        "in": "query",
        "description": "Of the car, as the listings have it: that car is not shown among its comparables.",
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_ID},
    },
    "coverage": {
        "name": "coverage",
        "in": "query",
        "description": "The share of prices that the range should hold.",
        "schema": {
            "type": "number",
            "minimum": MIN_COVERAGE,
            "maximum": MAX_COVERAGE,
            "default": COVERAGE,
        },
    },
    "requestId": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "Returned in the answer and written to the log; one that is not "
        f"`{REQUEST_ID.pattern}` is replaced.",
        "schema": {"type": "string"},
    },
}
_TAGS = {
    "predict": "What cars are worth.",
    "feedback": "What cars were sold or listed for.",
    "info": "What serves, and how good it is.",
    "pages": "For people; docs/pages.md describes them.",
    "probes": "For orchestrators and Prometheus.",
}


def build_openapi(model: LoadedModel | None) -> dict[str, Any]:
    """The document; with a model its market's fields and its examples."""
    market = model.pricer.market if model else None
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Car price service",
            "version": __version__,
            "description": _describe_service(model),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": {**_prediction_paths(model), **_feedback_path(model), **_information_paths()},
        "components": {
            "schemas": _build_schemas(market, model.pricer.manifest["golden"] if model else []),
            "responses": {status: _problem_response(status) for status in _PROBLEMS},
            "headers": {name: _header(text) for name, text in _ANSWER_HEADERS.items()},
            "parameters": _PARAMETERS,
        },
    }


def _describe_service(model: LoadedModel | None) -> str:
    if model is None:
        return "No model is loaded: which fields a listing has is not known yet."
    market = model.pricer.market
    return f"{market.title}: prices in {market.currency} from model {model.version}."


def _build_schemas(market: Market | None, golden: Sequence[Mapping[str, Any]]) -> dict[str, Schema]:
    """The schemas of what is asked and of the answers."""
    names: dict[str, str] = {answer.__name__: name for name, answer in PUBLISHED.items()}

    def publish(item: Schema) -> Schema:
        return _ref(names.get(item["$ref"]) or item["$ref"]) if "$ref" in item else item

    _, found = msgspec.json.schema_components(PUBLISHED.values(), ref_template="{name}")
    answers: dict[str, Schema] = json.loads(msgspec.json.encode(found), object_hook=publish)
    schemas = {
        LISTING_SCHEMA: describe_listing(market, golden),
        "CurveOrder": describe_order(market),
        "Feedback": describe_feedback(market),
    }
    schemas |= {name: answers.pop(answer.__name__) for name, answer in PUBLISHED.items()} | answers
    problem = RefusedError(422, "1 field is wrong", [FieldProblem("should be a whole number", "#/year")])
    schemas["Problem"]["examples"] = [json.loads(problem.response("4f1c2a").body)]
    return schemas


def _prediction_paths(model: LoadedModel | None) -> dict[str, Any]:
    listing = model.pricer.manifest["golden"][0]["listing"] if model else None
    price = _operation("predict", "priceOne", "Price one car", _ref("Valuation"), _BODY_PROBLEMS)
    coverage = {"$ref": "#/components/parameters/coverage"}
    own = [{"$ref": f"#/components/parameters/{name}"} for name in ("explain", "group", "comparables", "id")]
    price["parameters"] = [*own, coverage, *price["parameters"]]
    price["requestBody"] = _body(_ref("Listing"), listing)
    batch = _operation("predict", "priceMany", "Price many cars, in order", _ref("BatchAnswer"), _BODY_PROBLEMS)
    batch["description"] = "Each row gets its valuation or its problem; a bad row never fails the others."
    batch["parameters"] = [coverage, *batch["parameters"]]
    batch["requestBody"] = _body(_list_of(_ref("Listing")), [listing] if listing else None)
    curve = _operation("predict", "drawCurve", CURVE_SUMMARY, _ref("CurveAnswer"), _BODY_PROBLEMS)
    curve["description"] = CURVE_DESCRIPTION
    curve["requestBody"] = _body(
        _ref("CurveOrder"), give_example(model.pricer.market, listing) if model and listing else None
    )
    paths = {"/predict/price": price, "/predict/batch": batch, CURVE_PATH: curve}
    return {path: {"post": operation} for path, operation in paths.items()}


def _feedback_path(model: LoadedModel | None) -> dict[str, Any]:
    problems = (*_BODY_PROBLEMS, "404", "507")
    operation = _operation("feedback", "keepFeedback", FEEDBACK_SUMMARY, _ref("FeedbackAnswer"), problems)
    operation["description"] = FEEDBACK_DESCRIPTION
    manifest = model.pricer.manifest if model else None
    example = give_feedback(manifest["golden"][0], manifest["version"]) if manifest else None
    operation["requestBody"] = _body(_ref("Feedback"), example)
    return {FEEDBACK_PATH: {"post": operation}}


def _information_paths() -> dict[str, Any]:
    page = {"text/html": {"schema": {"type": "string"}}}
    paths = {
        "/info/status": _operation("info", "readStatus", "Whether cars can be priced", _ref("Status"), ("503",)),
        "/info/features": _operation(
            "info", "readFeatures", "The fields of a listing", _ref("Features"), ("503",)
        ),
        "/info/model": _operation(
            "info", "readModel", "Where the model comes from and how good it is", _ref("Model"), ("503",)
        ),
        "/livez": _operation("probes", "readAlive", "Whether the process is up", _ref("Alive"), ()),
        "/readyz": _operation("probes", "readReady", "The same as /info/status", _ref("Status"), ("503",)),
        "/metrics": _operation("probes", "readMetrics", "Prometheus text", None, ()),
        "/api/openapi.json": _operation("info", "readDocument", "This document", {"type": "object"}, ()),
        "/api/docs": _operation("info", "showDocument", "This document as a page", None, ()),
        **{path: _operation("pages", name, text, None, ()) for path, (name, text) in PAGES.items()},
    }
    paths["/metrics"]["responses"]["200"]["content"] = {CONTENT_TYPE: {"schema": {"type": "string"}}}
    paths["/api/docs"]["responses"]["200"]["content"] = page
    for path in PAGES:
        paths[path]["responses"]["200"]["content"] = page
        paths[path]["responses"]["503"] = {"description": "The page says that no model is loaded", "content": page}
    found = {path: {"get": operation} for path, operation in paths.items()}
    found[STOCK_PAGE]["post"] = _stock_operation()
    return found


def _stock_operation() -> dict[str, Any]:
    """A form with a CSV or Excel file, answered by a page or by the file with its prices."""
    problems = tuple(status for status in _BODY_PROBLEMS if status != "422")
    operation = _operation("pages", "priceFile", "Price the cars of a CSV or Excel file", None, problems)
    text = {"schema": {"type": "string"}}
    operation["responses"]["200"]["content"] = {"text/html": text, "text/csv": text}
    # OpenAPI 3.1 needs no format; generators of clients still know a file by it.
    file = {"type": "string", "format": "binary"}
    wanted = {"type": "string", "pattern": "^csv$", "description": "`csv` for the file with its prices."}
    form = {"type": "object", "properties": {"file": file, "as": wanted}, "required": ["file"]}
    operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return operation


def _operation(
    tag: str, operation_id: str, summary: str, answer: Schema | None, problems: tuple[str, ...]
) -> dict[str, Any]:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _ANSWER_HEADERS}
    good: dict[str, Any] = {"description": "OK", "headers": headers}
    if answer:
        good["content"] = {JSON_TYPE: {"schema": answer}}
    responses = {status: {"$ref": f"#/components/responses/{status}"} for status in (*problems, "500")}
    return {
        "tags": [tag],
        "operationId": operation_id,
        "summary": summary,
        "parameters": [{"$ref": "#/components/parameters/requestId"}],
        "responses": {"200": good, **dict(sorted(responses.items()))},
    }


def _problem_response(status: str) -> dict[str, Any]:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _ANSWER_HEADERS}
    if status in _WITH_RETRY:
        headers["Retry-After"] = _header("Seconds to wait before the next try.")
    content = {PROBLEM_TYPE: {"schema": _ref("Problem")}}
    return {"description": _PROBLEMS[status], "headers": headers, "content": content}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _header(text: str) -> dict[str, Any]:
    return {"description": text, "schema": {"type": "string"}}


def _body(schema: Schema, example: Any) -> dict[str, Any]:
    content = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"required": True, "content": {JSON_TYPE: content}}
