"""Prices over HTTP: one listing, or many.

Both are plain functions of the WSGI environment, so that WsgiApp and Flask's own routes give the same answers.
"""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, current_app, request
from msgspec import UNSET, UnsetType

from carprice.api.decoding import Decoded, MalformedError, load_json
from carprice.api.options import NO, PLAIN, USUAL, Options, read_options
from carprice.api.request_body import check_count, load_listings, read_body
from carprice.api.responses import (
    JSON,
    NO_STORE,
    RETRY,
    RefusedError,
    UnvaluedError,
    WsgiResponse,
    count_wrong,
    encode,
    flask_response,
    json_response,
)
from carprice.api.schemas.answers import BatchAnswer, PriceAnswer, ProblemAnswer
from carprice.api.state import LoadedModel, ServiceState
from carprice.errors import BundleError
from carprice.market.kinds import Value
from carprice.model.evidence.comparables import Comparables
from carprice.model.listing import MAX_PROBLEMS, MAX_ROW_PROBLEMS
from carprice.model.price_range import Limits
from carprice.model.refusal import find_refusal
from carprice.model.valuation import Breakdown, Valuation
from carprice.names import BATCH_PATH, MIB, PRICE_PATH

MAX_ANSWER_BYTES = 16 * MIB
"""Of a batch: twice what ten thousand rows with three warnings each take."""

_HEADERS = (JSON, NO_STORE)


def answer_price(state: ServiceState, environ: dict[str, Any]) -> WsgiResponse:
    """Price the listing in the request's body."""
    try:
        model = state.require_model()
        body = read_body(environ, state.settings.max_listing_bytes, state.bodies_in_progress, state.uploads)
        query = environ["QUERY_STRING"]
        options = read_options(model, query) if query else PLAIN
        valuation = _price_listing(model, body, options.limits)
        breakdown, comparables = _give_evidence(model, body, options) if options.wants_evidence else (UNSET, UNSET)
    except RefusedError as refused:
        return refused.response(environ["carprice.request_id"])
    price, low, high = valuation.price, valuation.low, valuation.high
    state.metrics.add_price(price, model.currency)
    if valuation.warnings:
        state.metrics.add_warnings((warning.code, warning.field) for warning in valuation.warnings)
    if state.log.wants_sample(environ["carprice.started"]):
        amounts = {"price": price, "low": low, "high": high}
        state.log.add_sample(environ["carprice.request_id"], model.version, load_json(body), amounts)
    answer = PriceAnswer(
        price,
        low,
        high,
        model.currency,
        model.version,
        model.as_of,
        valuation.confidence,
        valuation.coverage,
        valuation.warnings + model.age_warnings(state.settings.max_model_days),
        valuation.not_given,
        breakdown,
        valuation.position,
        comparables,
        model.index_moved,
    )
    return WsgiResponse(200, encode(answer), _HEADERS)


def answer_batch(state: ServiceState, environ: dict[str, Any]) -> WsgiResponse:
    """Price the listings in the request's body, in order; a bad one gets a problem instead of a price."""
    try:
        model = state.require_model()
        body = read_body(environ, state.settings.max_body_bytes, state.bodies_in_progress, state.uploads)
        options = read_options(model, environ["QUERY_STRING"])
        return check_answer(json_response(price_in_turn(state, model, body, options.limits)))
    except RefusedError as refused:
        return refused.response(environ["carprice.request_id"])


def check_answer(response: WsgiResponse) -> WsgiResponse:
    """The answer to a batch. Raises RefusedError with 413 where it is too long."""
    if len(response.body) > MAX_ANSWER_BYTES:
        raise RefusedError(413, f"The answer would have more than {MAX_ANSWER_BYTES} bytes; send fewer listings")
    return response


def _price_listing(model: LoadedModel, body: bytes, limits: Limits | None, most: int = MAX_PROBLEMS) -> Valuation:
    """Price one listing. The fast decoder checks all but what would be out of range, so that is checked again.

    most: unknown fields to name. Raises RefusedError with 400 or 422.
    """
    decoded = model.decoder.decode_fast(body)
    if decoded is None:
        values, asking = _check_listing(model, body, most)
        valuation = model.pricer.price_values(values, limits, asking)
    else:
        values, asking = decoded
        valuation = model.pricer.price_values(values, limits, asking)
        if valuation.warnings:
            _check_listing(model, body, most)
    refuse_unvalued(model, values, valuation)
    return valuation


def refuse_unvalued(model: LoadedModel, values: Sequence[Value], valuation: Valuation) -> None:
    """Raises UnvaluedError where the market refuses such a car."""
    if reason := find_refusal(model.pricer, values, valuation):
        names = [name for warning in valuation.warnings for name in warning.suggestions]
        likely = f"Did you mean {names[0]!r}? " if names else ""
        amounts = f"{valuation.low:,} to {valuation.high:,} {model.currency}"
        raise UnvaluedError(f"Not valued: {reason}", f"{likely}By all else, a guess: {amounts}")


def _check_listing(model: LoadedModel, body: bytes, most: int = MAX_PROBLEMS) -> Decoded:
    """A listing that is as it should be. Raises RefusedError with 400 or 422 and the problems, `most` unknown
    fields."""
    try:
        decoded, problems = model.decoder.decode_checked(body, most)
    except MalformedError as error:
        raise RefusedError(400, str(error)) from None
    if problems:
        raise count_wrong(problems)
    return decoded


def price_in_turn(state: ServiceState, model: LoadedModel, body: bytes, limits: Limits | None) -> BatchAnswer:
    """Price a batch that was received whole: one that is still arriving does not count as being priced.

    body: a list of listings as JSON. Raises RefusedError with 400, 413, 422 or 429.
    """
    if not state.batches.acquire(blocking=False):
        busy = f"{state.settings.max_batches} batches are being priced already; try again"
        raise RefusedError(429, busy, headers=(RETRY,))
    try:
        return _price_batch(state, model, body, limits)
    finally:
        state.batches.release()


def _price_batch(state: ServiceState, model: LoadedModel, body: bytes, limits: Limits | None) -> BatchAnswer:
    max_rows = state.settings.max_batch_rows
    rows = model.decoder.decode_fast_rows(body)
    if rows is None:
        results = [_price_row(model, bytes(raw), limits) for raw in load_listings(body, max_rows)]
    else:
        check_count(rows, max_rows)
        results = _price_rows(model, rows, body, limits)
    valuations = [result for result in results if isinstance(result, Valuation)]
    state.metrics.add_prices([valuation.price for valuation in valuations], model.currency)
    warnings = [(warning.code, warning.field) for valuation in valuations for warning in valuation.warnings]
    if warnings:
        state.metrics.add_warnings(warnings)
    age = model.age_warnings(state.settings.max_model_days)
    return BatchAnswer(model.currency, model.version, model.as_of, age, results, model.index_moved)


def _price_rows(
    model: LoadedModel, decoded: Sequence[Decoded], body: bytes, limits: Limits | None
) -> list[Valuation | ProblemAnswer]:
    """Price rows that the fast decoder took; those with a warning are then checked, as _price_listing does."""
    rows, askings = [each.values for each in decoded], [each.asking for each in decoded]
    valuations = model.pricer.price_rows(rows, limits, askings)
    results: list[Valuation | ProblemAnswer] = [*valuations]
    refuses = model.pricer.market.price.refuse
    warned = [index for index, valuation in enumerate(valuations) if refuses or valuation.warnings]
    raws = load_listings(body, len(rows)) if warned else []
    for index in warned:
        try:
            if valuations[index].warnings:
                _check_listing(model, bytes(raws[index]), MAX_ROW_PROBLEMS)
            refuse_unvalued(model, rows[index], valuations[index])
        except RefusedError as refused:
            results[index] = refused.problem(MAX_ROW_PROBLEMS)
    return results


def _price_row(model: LoadedModel, body: bytes, limits: Limits | None) -> Valuation | ProblemAnswer:
    try:
        return _price_listing(model, body, limits, MAX_ROW_PROBLEMS)
    except RefusedError as refused:
        return refused.problem(MAX_ROW_PROBLEMS)


def _give_evidence(
    model: LoadedModel, body: bytes, options: Options
) -> tuple[Breakdown | UnsetType, Comparables | UnsetType]:
    """What was asked for besides the price. Raises RefusedError with 503 where comparables are damaged."""
    values, asking = _check_listing(model, body)
    comparables: Comparables | UnsetType = UNSET
    if options.comparables:
        try:
            comparables = model.find_comparables(values, options.comparables, options.car, asking)
        except BundleError as error:
            raise RefusedError(503, f"The comparables cannot be read: {error.what}") from None
    if options.explain == NO:
        return UNSET, comparables
    return model.pricer.explain_values(values, options.explain == USUAL, options.grouped), comparables


blueprint = Blueprint("predict", __name__)


@blueprint.post(PRICE_PATH)
def price() -> Response:
    """One listing."""
    return flask_response(answer_price(current_app.extensions["carprice"], request.environ))


@blueprint.post(BATCH_PATH)
def batch() -> Response:
    """Many listings."""
    return flask_response(answer_batch(current_app.extensions["carprice"], request.environ))
