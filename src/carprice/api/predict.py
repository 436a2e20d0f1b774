"""Prices over HTTP: one listing, or many.

Both answers are plain functions of the WSGI environment, so that the layer before Flask and Flask's own
routes give the same.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec
from flask import Blueprint, Response, current_app, request

from carprice.api.decoding import MalformedError, load_json
from carprice.api.request_body import check_count, load_listings, read_body
from carprice.api.responses import (
    JSON,
    NO_STORE,
    RETRY,
    Answer,
    RefusedError,
    as_response,
    json_answer,
    problem_body,
)
from carprice.api.state import LoadedModel, Service
from carprice.market.kinds import Value
from carprice.model.encoding import Warned
from carprice.model.listing import Problem
from carprice.model.pricer import Breakdown, Valuation
from carprice.names import BATCH_PATH, PRICE_PATH

Priced = tuple[list[Valuation], list[tuple[int, dict[str, Any]]]]
"""The valuation of every good row of a batch, and each bad one's place and problem, both in order."""

_HEADERS = (JSON, NO_STORE)
_encode = msgspec.json.Encoder().encode


class PriceAnswer(msgspec.Struct, omit_defaults=True):
    """What POST /predict/price answers."""

    price: int
    low: int
    high: int
    currency: str
    model_version: str
    warnings: list[dict[str, Any]]
    breakdown: dict[str, Any] | None = None


class PricedRow(msgspec.Struct):
    """What POST /predict/batch answers for a good row."""

    price: int
    low: int
    high: int
    warnings: list[dict[str, Any]]


def answer_price(service: Service, environ: dict[str, Any]) -> Answer:
    """Price the listing in the request's body."""
    try:
        model = service.require_model()
        body = read_body(environ, service.settings.max_listing_bytes, service.reading)
        explain = bool(environ["QUERY_STRING"]) and _wants_breakdown(environ["QUERY_STRING"])
        values = model.decoder.decode_usual(body)
        if values is not None:
            row, usual = model.pricer.encoder.encode(values)
            if usual and not explain:
                return _answer_valuation(service, model, environ, body, model.pricer.price_row(row))
        return _answer_any(service, model, environ, body, explain)
    except RefusedError as refused:
        return refused.answer(environ["carprice.request_id"])


def answer_batch(service: Service, environ: dict[str, Any]) -> Answer:
    """Price the listings in the request's body, in order; a bad one gets its problem in its place."""
    try:
        model = service.require_model()
        body = read_body(environ, service.settings.max_body_bytes, service.reading)
        return json_answer(_price_in_turn(service, model, body))
    except RefusedError as refused:
        return refused.answer(environ["carprice.request_id"])


def _answer_any(
    service: Service, model: LoadedModel, environ: dict[str, Any], body: bytes, explain: bool
) -> Answer:
    try:
        values, problems = model.decoder.decode_any(body)
    except MalformedError as error:
        raise RefusedError(400, str(error)) from None
    if problems:
        raise RefusedError(422, _count_problems(problems), problems)
    breakdown = _describe_breakdown(model.pricer.explain_values(values)) if explain else None
    return _answer_valuation(service, model, environ, body, model.pricer.price_values(values), breakdown)


def _answer_valuation(
    service: Service,
    model: LoadedModel,
    environ: dict[str, Any],
    body: bytes,
    valuation: Valuation,
    breakdown: dict[str, Any] | None = None,
) -> Answer:
    _count_valuation(service, model, valuation)
    if service.log.wants_sample(environ["carprice.started"]):
        amounts = {"price": valuation.price, "low": valuation.low, "high": valuation.high}
        service.log.add_sample(environ["carprice.request_id"], model.version, load_json(body), amounts)
    price, low, high, warned = valuation
    warnings = [_describe_warning(one) for one in warned] if warned else []
    answer = PriceAnswer(price, low, high, model.currency, model.version, warnings, breakdown)
    return Answer(200, _encode(answer), _HEADERS)


def _price_in_turn(service: Service, model: LoadedModel, body: bytes) -> dict[str, Any]:
    """Price a batch that has come whole: one that comes slowly takes no other's place."""
    if not service.batches.acquire(blocking=False):
        busy = f"{service.settings.max_batches} batches are being priced already; try again"
        raise RefusedError(429, busy, headers=(RETRY,))
    try:
        return _price_batch(service, model, body)
    finally:
        service.batches.release()


def _price_batch(service: Service, model: LoadedModel, body: bytes) -> dict[str, Any]:
    limit = service.settings.max_batch_rows
    rows = model.decoder.decode_usual_rows(body)
    if rows is None:
        valuations, problems = _price_mixed(model, load_listings(body, limit))
    else:
        check_count(rows, limit)
        valuations, problems = _price_usual(model, rows, body)
    _count_valuations(service, model, valuations)
    results: list[Any] = [_describe_valuation(valuation) for valuation in valuations]
    for place, problem in problems:
        results.insert(place, problem)
    return {"currency": model.currency, "model_version": model.version, "results": results}


def _price_usual(model: LoadedModel, rows: Sequence[Sequence[Value]], body: bytes) -> Priced:
    """Price the rows of a batch that decoded as usual; those with an unusual value are then looked at alone."""
    valuations, unusual = model.pricer.price_columns(rows)
    raws = load_listings(body, len(rows)) if unusual else []
    problems = []
    for place in sorted(unusual):
        values, problem = _check_row(model, bytes(raws[place]))
        if problem:
            problems.append((place, problem))
        else:
            valuations[place] = model.pricer.price_values(values)
    for place, _ in reversed(problems):
        del valuations[place]
    return valuations, problems


def _price_mixed(model: LoadedModel, raws: Sequence[msgspec.Raw]) -> Priced:
    """Price the rows of a batch of which not all are usual: each is checked, the good ones are priced together."""
    rows, problems = [], []
    for place, raw in enumerate(raws):
        body = bytes(raw)
        values = model.decoder.decode_usual(body)
        if values is None or not model.pricer.encoder.encode(values)[1]:
            values, problem = _check_row(model, body)
            if problem:
                problems.append((place, problem))
                continue
        rows.append(values)
    return model.pricer.price_many(rows), problems


def _check_row(model: LoadedModel, body: bytes) -> tuple[Sequence[Value], dict[str, Any] | None]:
    try:
        values, problems = model.decoder.decode_any(body)
    except MalformedError as error:
        return [], problem_body(400, str(error))
    return values, problem_body(422, _count_problems(problems), problems) if problems else None


def _wants_breakdown(query: str) -> bool:
    values = parse_qs(query, keep_blank_values=True).get("explain", ["0"])
    if values[-1] not in ("0", "1"):
        raise RefusedError(422, "The query has a wrong value: explain should be 0 or 1")
    return values[-1] == "1"


def _count_problems(problems: list[Problem]) -> str:
    return "1 field is wrong" if len(problems) == 1 else f"{len(problems)} fields are wrong"


def _count_valuation(service: Service, model: LoadedModel, valuation: Valuation) -> None:
    service.metrics.add_price(valuation.price, model.currency)
    if valuation.warnings:
        service.metrics.add_warnings((warned.code, warned.field) for warned in valuation.warnings)


def _count_valuations(service: Service, model: LoadedModel, valuations: Sequence[Valuation]) -> None:
    service.metrics.add_prices([valuation.price for valuation in valuations], model.currency)
    warned = [(one.code, one.field) for valuation in valuations for one in valuation.warnings]
    if warned:
        service.metrics.add_warnings(warned)


def _describe_valuation(valuation: Valuation) -> PricedRow:
    price, low, high, warned = valuation
    return PricedRow(price, low, high, [_describe_warning(one) for one in warned] if warned else [])


def _describe_warning(warned: Warned) -> dict[str, Any]:
    return {
        "pointer": f"#/{warned.field}",
        "code": warned.code,
        "detail": warned.detail,
        "suggestions": list(warned.suggestions),
    }


def _describe_breakdown(breakdown: Breakdown) -> dict[str, Any]:
    parts = [{"feature": name, "amount": amount} for name, amount in breakdown.parts]
    return {"base": breakdown.base, "parts": parts}


blueprint = Blueprint("predict", __name__)


@blueprint.post(PRICE_PATH)
def price() -> Response:
    """One listing."""
    return as_response(answer_price(current_app.extensions["carprice"], request.environ))


@blueprint.post(BATCH_PATH)
def batch() -> Response:
    """Many listings."""
    return as_response(answer_batch(current_app.extensions["carprice"], request.environ))
