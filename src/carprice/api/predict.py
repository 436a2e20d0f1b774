"""Prices over HTTP: one listing, or many.

Both are plain functions of the WSGI environment, so that WsgiApp and Flask's own routes give the same answers.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

from flask import Blueprint, Response, current_app, request
from msgspec import UNSET

from carprice.api.decoding import MalformedError, load_json
from carprice.api.request_body import check_count, load_listings, read_body
from carprice.api.responses import (
    JSON,
    NO_STORE,
    RETRY,
    RefusedError,
    WsgiResponse,
    encode,
    flask_response,
    json_response,
)
from carprice.api.schemas import BatchAnswer, PriceAnswer, ProblemAnswer
from carprice.api.state import LoadedModel, ServiceState
from carprice.market.kinds import Value
from carprice.model.valuation import Valuation
from carprice.names import BATCH_PATH, PRICE_PATH

_HEADERS = (JSON, NO_STORE)


def answer_price(state: ServiceState, environ: dict[str, Any]) -> WsgiResponse:
    """Price the listing in the request's body."""
    try:
        model = state.require_model()
        body = read_body(environ, state.settings.max_listing_bytes, state.bodies_in_progress)
        explain = bool(environ["QUERY_STRING"]) and _wants_breakdown(environ["QUERY_STRING"])
        valuation = _price_listing(model, body)
        breakdown = model.pricer.explain_values(_check_listing(model, body)) if explain else UNSET
    except RefusedError as refused:
        return refused.response(environ["carprice.request_id"])
    price, low, high, warnings = valuation.price, valuation.low, valuation.high, valuation.warnings
    state.metrics.add_price(price, model.currency)
    if warnings:
        state.metrics.add_warnings((warning.code, warning.field) for warning in warnings)
    if state.log.wants_sample(environ["carprice.started"]):
        amounts = {"price": price, "low": low, "high": high}
        state.log.add_sample(environ["carprice.request_id"], model.version, load_json(body), amounts)
    answer = PriceAnswer(price, low, high, model.currency, model.version, warnings, breakdown)
    return WsgiResponse(200, encode(answer), _HEADERS)


def answer_batch(state: ServiceState, environ: dict[str, Any]) -> WsgiResponse:
    """Price the listings in the request's body, in order; a bad one gets a problem instead of a price."""
    try:
        model = state.require_model()
        body = read_body(environ, state.settings.max_body_bytes, state.bodies_in_progress)
        return json_response(_price_in_turn(state, model, body))
    except RefusedError as refused:
        return refused.response(environ["carprice.request_id"])


def _price_listing(model: LoadedModel, body: bytes) -> Valuation:
    """Price one listing. The fast decoder checks all but what would be out of range, so that is checked again.

    Raises RefusedError with 400 or 422.
    """
    values = model.decoder.decode_fast(body)
    if values is None:
        return model.pricer.price_values(_check_listing(model, body))
    valuation = model.pricer.price_values(values)
    if valuation.warnings:
        _check_listing(model, body)
    return valuation


def _check_listing(model: LoadedModel, body: bytes) -> Sequence[Value]:
    """The values of a listing. Raises RefusedError with 400 or 422 and every problem."""
    try:
        values, problems = model.decoder.decode_checked(body)
    except MalformedError as error:
        raise RefusedError(400, str(error)) from None
    if problems:
        count = "1 field is wrong" if len(problems) == 1 else f"{len(problems)} fields are wrong"
        raise RefusedError(422, count, problems)
    return values


def _price_in_turn(state: ServiceState, model: LoadedModel, body: bytes) -> BatchAnswer:
    """Price a batch that was received whole: one that is still arriving does not count as being priced."""
    if not state.batches.acquire(blocking=False):
        busy = f"{state.settings.max_batches} batches are being priced already; try again"
        raise RefusedError(429, busy, headers=(RETRY,))
    try:
        return _price_batch(state, model, body)
    finally:
        state.batches.release()


def _price_batch(state: ServiceState, model: LoadedModel, body: bytes) -> BatchAnswer:
    limit = state.settings.max_batch_rows
    rows = model.decoder.decode_fast_rows(body)
    if rows is None:
        results = [_price_row(model, bytes(raw)) for raw in load_listings(body, limit)]
    else:
        check_count(rows, limit)
        results = _price_rows(model, rows, body)
    valuations = [result for result in results if isinstance(result, Valuation)]
    state.metrics.add_prices([valuation.price for valuation in valuations], model.currency)
    warnings = [(warning.code, warning.field) for valuation in valuations for warning in valuation.warnings]
    if warnings:
        state.metrics.add_warnings(warnings)
    return BatchAnswer(model.currency, model.version, results)


def _price_rows(
    model: LoadedModel, rows: Sequence[Sequence[Value]], body: bytes
) -> list[Valuation | ProblemAnswer]:
    """Price rows that the fast decoder took; those with a warning are then checked, as _price_listing does."""
    valuations = model.pricer.price_rows(rows)
    results: list[Valuation | ProblemAnswer] = [*valuations]
    warned = [index for index, valuation in enumerate(valuations) if valuation.warnings]
    raws = load_listings(body, len(rows)) if warned else []
    for index in warned:
        try:
            _check_listing(model, bytes(raws[index]))
        except RefusedError as refused:
            results[index] = refused.problem()
    return results


def _price_row(model: LoadedModel, body: bytes) -> Valuation | ProblemAnswer:
    try:
        return _price_listing(model, body)
    except RefusedError as refused:
        return refused.problem()


def _wants_breakdown(query: str) -> bool:
    values = parse_qs(query, keep_blank_values=True).get("explain", ["0"])
    if values[-1] not in ("0", "1"):
        raise RefusedError(422, "The query has a wrong value: explain should be 0 or 1")
    return values[-1] == "1"


blueprint = Blueprint("predict", __name__)


@blueprint.post(PRICE_PATH)
def price() -> Response:
    """One listing."""
    return flask_response(answer_price(current_app.extensions["carprice"], request.environ))


@blueprint.post(BATCH_PATH)
def batch() -> Response:
    """Many listings."""
    return flask_response(answer_batch(current_app.extensions["carprice"], request.environ))
