"""What-if prices over HTTP: one car along one of its numbers, or in the years to come."""

from typing import Any

import msgspec
from flask import Blueprint, Response, current_app, request

from carprice.api.decoding import Decoded, MalformedError, load_json
from carprice.api.predict import refuse_unvalued
from carprice.api.request_body import read_body
from carprice.api.responses import RefusedError, count_wrong, flask_response, json_response
from carprice.api.schemas.answers import CurveAnswer
from carprice.api.state import LoadedModel, ServiceState
from carprice.model.evidence.curve import draw_curve
from carprice.model.evidence.curve_plan import CurveError, CurveOrder
from carprice.model.listing import FieldProblem
from carprice.names import CURVE_PATH

MEMBERS = tuple(CurveOrder.__struct_encode_fields__)

blueprint = Blueprint("curve", __name__)


@blueprint.post(CURVE_PATH)
def curve() -> Response:
    """One listing along a number."""
    return flask_response(json_response(_answer_curve(current_app.extensions["carprice"], request.environ)))


def _answer_curve(state: ServiceState, environ: dict[str, Any]) -> CurveAnswer:
    """Raises RefusedError with 400, 413, 415, 422 or 503."""
    model = state.require_model()
    try:
        body = load_json(
            read_body(environ, state.settings.max_listing_bytes, state.bodies_in_progress, state.uploads)
        )
    except MalformedError as error:
        raise RefusedError(400, str(error)) from None
    order = _read_order(body)
    values = _read_listing(model, order).values
    refuse_unvalued(model, values, model.pricer.price_values(values))
    try:
        found = draw_curve(model.pricer, values, order)
    except CurveError as error:
        raise count_wrong([error.problem]) from None
    age = model.age_warnings(state.settings.max_model_days)
    return CurveAnswer(model.currency, model.version, model.as_of, age, found)


def _read_order(body: Any) -> CurveOrder:
    if not isinstance(body, dict):
        raise count_wrong([FieldProblem("should be an object with a listing and along, or years", "#")])
    strange = [
        FieldProblem("is not a member of a curve", f"#/{name[:40]}") for name in body if name not in MEMBERS
    ]
    if strange:
        raise count_wrong(strange)
    return msgspec.convert(body, CurveOrder)


def _read_listing(model: LoadedModel, order: CurveOrder) -> Decoded:
    decoded, problems = model.decoder.check(order.listing)
    if problems:
        raise count_wrong([FieldProblem(item.detail, f"#/listing{item.pointer[1:]}") for item in problems])
    return decoded
