"""Prices over HTTP: one listing, or many.

Both answers are plain functions of the WSGI environment, so that the layer before Flask and Flask's own
routes give the same.
"""

from array import array
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import msgspec
from flask import Blueprint, Response, current_app, request

from carprice.api.answers import JSON, NO_STORE, Answer, json_answer, problem_answer, problem_body
from carprice.api.decoding import MalformedError, load_json
from carprice.api.service import LoadedModel, Service
from carprice.model.encoding import Warned
from carprice.model.listing import Problem
from carprice.model.pricer import Breakdown, Valuation

PRICE_PATH = "/predict/price"
BATCH_PATH = "/predict/batch"
RETRY = ("Retry-After", "1")

_HEADERS = (JSON, NO_STORE)
JSON_TYPE = "application/json"
_encode = msgspec.json.Encoder().encode


class _RefusedError(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


class PriceAnswer(msgspec.Struct, omit_defaults=True):
    """What POST /predict/price answers."""

    price: int
    low: int
    high: int
    currency: str
    model_version: str
    warnings: list[dict[str, Any]]
    breakdown: dict[str, Any] | None = None


def answer_price(service: Service, environ: dict[str, Any]) -> Answer:
    """Price the listing in the request's body."""
    try:
        model = _require_model(service)
        body = _read_body(service, environ)
        explain = bool(environ["QUERY_STRING"]) and _wants_breakdown(environ["QUERY_STRING"])
        values = model.decoder.decode_usual(body)
        if values is not None:
            row, usual = model.pricer.encoder.encode(values)
            if usual and not explain:
                return _answer_valuation(service, model, environ, body, model.pricer.price_row(row))
        return _answer_any(service, model, environ, body, explain)
    except _RefusedError as refusal:
        return refusal.answer


def answer_batch(service: Service, environ: dict[str, Any]) -> Answer:
    """Price the listings in the request's body, in order; a bad one gets its problem in its place."""
    if not service.batches.acquire(blocking=False):
        limit = service.settings.max_batches
        return problem_answer(429, f"{limit} batches are being priced already; try again", headers=(RETRY,))
    try:
        model = _require_model(service)
        listings = _load_listings(service, _read_body(service, environ))
        return json_answer(_price_batch(service, model, listings))
    except _RefusedError as refusal:
        return refusal.answer
    finally:
        service.batches.release()


def _answer_any(
    service: Service, model: LoadedModel, environ: dict[str, Any], body: bytes, explain: bool
) -> Answer:
    try:
        values, problems = model.decoder.decode_any(body)
    except MalformedError as error:
        return problem_answer(400, str(error))
    if problems:
        return problem_answer(422, _count_problems(problems), problems)
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
    _count_valuation(service, valuation)
    if service.log.wants_sample(environ["carprice.started"]):
        amounts = {"price": valuation.price, "low": valuation.low, "high": valuation.high}
        service.log.add_sample(environ["carprice.request_id"], model.version, load_json(body), amounts)
    price, low, high, warned = valuation
    warnings = [_describe_warning(one) for one in warned] if warned else []
    answer = PriceAnswer(price, low, high, model.currency, model.version, warnings, breakdown)
    return Answer(200, _encode(answer), _HEADERS)


def _price_batch(service: Service, model: LoadedModel, listings: list[msgspec.Raw]) -> dict[str, Any]:
    results: list[Any] = [None] * len(listings)
    rows, warnings, places = array("d"), [], []
    for place, raw in enumerate(listings):
        row, warned, problem = _encode_row(model, bytes(raw))
        if problem:
            results[place] = problem
            continue
        rows.extend(row)
        warnings.append(warned)
        places.append(place)
    for place, valuation in zip(places, model.pricer.price_rows(rows, warnings), strict=True):
        _count_valuation(service, valuation)
        results[place] = _describe_valuation(valuation)
    return {"currency": model.currency, "model_version": model.version, "results": results}


def _encode_row(model: LoadedModel, body: bytes) -> tuple[list[float], tuple[Warned, ...], dict[str, Any] | None]:
    encoder = model.pricer.encoder
    usual_values = model.decoder.decode_usual(body)
    if usual_values is not None:
        row, usual = encoder.encode(usual_values)
        if usual:
            return row, (), None
    try:
        values, problems = model.decoder.decode_any(body)
    except MalformedError as error:
        return [], (), problem_body(400, str(error))
    if problems:
        return [], (), problem_body(422, _count_problems(problems), problems)
    return encoder.encode(values)[0], tuple(encoder.warn(values)), None


def _require_model(service: Service) -> LoadedModel:
    if service.model is None:
        raise _RefusedError(problem_answer(503, f"No model is loaded: {service.reason}", headers=(RETRY,)))
    return service.model


def _read_body(service: Service, environ: dict[str, Any]) -> bytes:
    kind = environ.get("CONTENT_TYPE", "")
    if kind != JSON_TYPE and kind.partition(";")[0].strip().lower() != JSON_TYPE:
        raise _RefusedError(
            problem_answer(415, "The body should be JSON, sent with Content-Type: application/json")
        )
    limit = service.settings.max_body_bytes
    try:
        length = int(environ.get("CONTENT_LENGTH") or limit + 1)
    except ValueError:
        raise _RefusedError(problem_answer(400, "Content-Length is not a number")) from None
    body: bytes = environ["wsgi.input"].read(min(length, limit + 1))
    if len(body) > limit or (length > limit and "CONTENT_LENGTH" in environ):
        raise _RefusedError(problem_answer(413, f"The body should have at most {limit} bytes"))
    return body


def _load_listings(service: Service, body: bytes) -> list[msgspec.Raw]:
    try:
        listings: list[msgspec.Raw] = msgspec.json.decode(body, type=list[msgspec.Raw])
    except msgspec.ValidationError:
        raise _RefusedError(
            problem_answer(422, "The body is not a list", [Problem("#", "should be a list of listings")])
        ) from None
    except msgspec.DecodeError as error:
        raise _RefusedError(problem_answer(400, f"The body is not JSON: {error}")) from None
    limit = service.settings.max_batch_rows
    if len(listings) > limit:
        raise _RefusedError(problem_answer(413, f"A batch should have at most {limit} listings"))
    return listings


def _wants_breakdown(query: str) -> bool:
    values = parse_qs(query, keep_blank_values=True).get("explain", ["0"])
    if values[-1] not in ("0", "1"):
        raise _RefusedError(problem_answer(422, "The query has a wrong value: explain should be 0 or 1"))
    return values[-1] == "1"


def _count_problems(problems: list[Problem]) -> str:
    return "1 field is wrong" if len(problems) == 1 else f"{len(problems)} fields are wrong"


def _count_valuation(service: Service, valuation: Valuation) -> None:
    service.metrics.add_price(valuation.price)
    if valuation.warnings:
        service.metrics.add_warnings((warned.code, warned.field) for warned in valuation.warnings)


def _describe_valuation(valuation: Valuation) -> dict[str, Any]:
    warnings = [_describe_warning(warned) for warned in valuation.warnings]
    return {"price": valuation.price, "low": valuation.low, "high": valuation.high, "warnings": warnings}


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


def _respond(act: Callable[[Service, dict[str, Any]], Answer]) -> Response:
    answer = act(current_app.extensions["carprice"], request.environ)
    return Response(answer.body, answer.status, list(answer.headers))


@blueprint.post(PRICE_PATH)
def price() -> Response:
    """One listing."""
    return _respond(answer_price)


@blueprint.post(BATCH_PATH)
def batch() -> Response:
    """Many listings."""
    return _respond(answer_batch)
