"""The paths of other model servers. Each is the batch of POST /predict/batch with another form of body and answer.

docs/clients.md has an example for each client. A model answers to every name that it is asked by.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from msgspec import structs

from carprice import __version__
from carprice.api.clients.errors import INVOCATIONS_PATH, describe_errors
from carprice.api.clients.rows import MLFLOW_FORMS, V1_FORMS, Order, read_csv, read_rows
from carprice.api.clients.tensors import BYTES, OUTPUTS, PROBLEM, TensorOrder, read_tensors, write_tensors
from carprice.api.info import check_ready
from carprice.api.options import read_options
from carprice.api.predict import check_answer, price_in_turn
from carprice.api.request_body import read_body
from carprice.api.responses import JSON_TYPE, NO_STORE, RefusedError, flask_response, json_response
from carprice.api.schemas.answers import BatchAnswer, ProblemAnswer
from carprice.api.state import LoadedModel, ServiceState
from carprice.market.kinds import KINDS
from carprice.names import MIB, PING_PATH, V2_PATH

CSV_TYPE = "text/csv"
BINARY_TYPE = "application/octet-stream"
TENSOR_TYPES = ("", BINARY_TYPE, JSON_TYPE)
"""Clients of V2 send JSON with no type at all."""
DATATYPES = {"string": BYTES, "boolean": "BOOL", "number": "FP64", "integer": "FP64"}
HEADER_LENGTH = "HTTP_INFERENCE_HEADER_CONTENT_LENGTH"
PARTIAL_HINT = " The parameter partial prices the other rows"
EXTENSIONS = ["binary_tensor_data"]
VERTEX_ROUTE = "/v1/endpoints/<endpoint>/deployedModels/<model>:predict"

blueprint = Blueprint("clients", __name__)


@blueprint.get(PING_PATH)
@blueprint.get(VERTEX_ROUTE)
def ping(**_: str) -> Response:
    """200 without a body when cars can be priced, else 503 and why not."""
    check_ready(_state())
    return Response(b"", headers=[NO_STORE])


@blueprint.get(f"{V2_PATH}/health/ready")
@blueprint.get(f"{V2_PATH}/models/<model>/ready")
def ready(**_: str) -> Response:
    """The same of V2: its text has no body, but KServe's client reads one."""
    check_ready(_state())
    return _json({"ready": True})


@blueprint.get(f"{V2_PATH}/models/<model>/versions/<version>/ready")
def version_ready(model: str, version: str) -> Response:
    """The same of one version."""
    _check_version(check_ready(_state()), version)
    return _json({"name": model, "ready": True})


@blueprint.get(f"{V2_PATH}/health/live")
def live() -> Response:
    """The process is up."""
    return _json({"live": True})


@blueprint.get("/execution-parameters")
def execution_parameters() -> Response:
    """How SageMaker's batch transform may send: whole files, as a part of a CSV would lack its first line."""
    settings = _state().settings
    return _json(
        {
            "MaxConcurrentTransforms": settings.max_batches,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": max(settings.max_body_bytes // MIB, 1),
        }
    )


@blueprint.post(INVOCATIONS_PATH)
def invocations() -> Response:
    """MLflow's and SageMaker's: one of four JSON forms, or CSV."""
    kind = request.mimetype
    if kind not in (JSON_TYPE, CSV_TYPE):
        raise RefusedError(415, f"The body should be {JSON_TYPE} or {CSV_TYPE} (got {kind[:80]!r})")
    if (charset := request.mimetype_params.get("charset", "utf-8").lower()) not in ("utf-8", "utf8"):
        raise RefusedError(415, f"The body should be UTF-8 (got charset {charset[:80]!r})")

    def read(body: bytes, model: LoadedModel) -> Order:
        return read_csv(body, model.pricer.market) if kind == CSV_TYPE else read_rows(body, MLFLOW_FORMS)

    return _predict(read, kind)


@blueprint.post(VERTEX_ROUTE)
@blueprint.post("/v1/models/<model>:predict")
def instances(**_: str) -> Response:
    """KServe's V1 and Vertex AI's: `instances`."""
    return _predict(lambda body, _: read_rows(body, V1_FORMS), JSON_TYPE)


@blueprint.get("/v1/models/<model>")
def v1_model(model: str) -> Response:
    """Whether it can price."""
    check_ready(_state())
    return _json({"name": model, "ready": True})


@blueprint.get(V2_PATH)
def server() -> Response:
    """What answers."""
    return _json({"name": "carprice", "version": __version__, "extensions": EXTENSIONS})


@blueprint.get(f"{V2_PATH}/models/<model>")
@blueprint.get(f"{V2_PATH}/models/<model>/versions/<version>")
def v2_model(model: str, version: str = "") -> Response:
    """The fields as inputs, and the outputs."""
    loaded = _state().require_model()
    _check_version(loaded, version)
    inputs = [
        {"name": item.name, "datatype": DATATYPES[KINDS[item.kind].schema["type"]], "shape": [-1]}
        for item in loaded.pricer.market.features
    ]
    outputs = [
        {"name": name, "datatype": kind, "shape": [-1]} for name, kind in OUTPUTS.items() if name != PROBLEM
    ]
    about = {"name": model, "versions": [loaded.version], "platform": "carprice"}
    return _json({**about, "inputs": inputs, "outputs": outputs})


@blueprint.post(f"{V2_PATH}/models/<model>/infer")
@blueprint.post(f"{V2_PATH}/models/<model>/versions/<version>/infer")
def infer(model: str, version: str = "") -> Response:
    """The Open Inference Protocol's: a tensor for each field in, one for each output back."""
    _check_version(_state().require_model(), version)
    wanted: list[TensorOrder] = []

    def read(body: bytes, _: LoadedModel) -> Order:
        wanted.append(read_tensors(body, request.environ.get(HEADER_LENGTH)))
        return wanted[0].order

    kind = request.mimetype
    if kind not in TENSOR_TYPES:
        raise RefusedError(415, f"The body should be {JSON_TYPE} or {BINARY_TYPE} (got {kind[:80]!r})")
    return _predict(read, kind, lambda answer: write_tensors(answer, wanted[0], model))


def add_given_routes(app: Flask, health: str, predict: str) -> None:
    """Add the paths that Vertex AI asks at, where they are given and not there yet."""
    known = {(rule.rule, method) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    for path, method, view in ((health, "GET", ping), (predict, "POST", instances)):
        if path and (path, method) not in known:
            app.add_url_rule(path, f"clients.given.{method.lower()}", view, methods=[method])


def _predict(
    read: Callable[[bytes, LoadedModel], Order],
    kind: str,
    write: Callable[[BatchAnswer], Any] = lambda answer: {"predictions": answer.results},
) -> Response:
    """Price what the body holds. Raises RefusedError; with 400 for a row, unless the body asks for partial."""
    state = _state()
    model = state.require_model()
    body = read_body(request.environ, state.settings.max_body_bytes, state.bodies_in_progress, state.uploads, kind)
    order = read(body, model)
    limits = read_options(model, request.environ["QUERY_STRING"]).limits
    answer = price_in_turn(state, model, order.rows, limits)
    if not order.partial:
        _refuse_rows(answer, PARTIAL_HINT if kind != CSV_TYPE else "")
    _add_warnings(answer)
    return flask_response(check_answer(json_response(write(answer))))


def _refuse_rows(answer: BatchAnswer, hint: str) -> None:
    """Raises RefusedError with 400 for the first row that has a problem. hint: what to do about it."""
    bad = [(number, row) for number, row in enumerate(answer.results, 1) if isinstance(row, ProblemAnswer)]
    if bad:
        number, row = bad[0]
        more = f"{len(bad) - 1} more rows have problems" if bad[2:] else "1 more row has a problem"
        others = f" ({more})" if bad[1:] else ""
        what = describe_errors(row.detail, row.errors or ())
        raise RefusedError(400, f"Row {number}: {what}{others}.{hint}")


def _add_warnings(answer: BatchAnswer) -> None:
    """What is to be said of the model stands with each row: no protocol has another place for it."""
    if answer.warnings:
        answer.results = [
            row
            if isinstance(row, ProblemAnswer)
            else structs.replace(row, warnings=(*row.warnings, *answer.warnings))
            for row in answer.results
        ]


def _check_version(model: LoadedModel, version: str) -> None:
    if version and version != model.version:
        raise RefusedError(404, f"Version {version[:80]!r} is not loaded; {model.version} is")


def _json(data: Any) -> Response:
    return flask_response(json_response(data))


def _state() -> ServiceState:
    state: ServiceState = current_app.extensions["carprice"]
    return state
