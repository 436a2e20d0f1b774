"""Named examples for the OpenAPI document: ordinary cars with the loaded model's answers, and each problem."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from carprice.api.responses import JSON_TYPE, PROBLEM_TYPE, RefusedError, count_wrong
from carprice.api.schemas.answers import PriceAnswer
from carprice.api.state import LoadedModel
from carprice.market.kinds import KINDS
from carprice.market.market_file import ASKING
from carprice.model.listing import check_listing, read_asking, write_fields
from carprice.names import PRICE_PATH

Listing = dict[str, Any]
REQUEST_ID = "4f1c2a"
OK, MISSPELT, LEFT_OUT, REFUSED = "ok", "misspelt", "left_out", "refused"
SUMMARIES = {
    OK: "An ordinary car, and what is asked for it",
    MISSPELT: "A misspelt name: priced with a warning",
    LEFT_OUT: "Without its optional fields: priced, with what that costs",
    REFUSED: "A value outside its limits: refused",
}
PROBLEMS = {
    "400": "The body is not JSON: Expecting value at line 1, column 1",
    "404": "There is nothing at this path; GET /api/docs lists what there is",
    "405": "This path takes OPTIONS, POST",
    "408": "The body should come at 65536 bytes a second at least, as others wait to send theirs",
    "413": "The body should have at most 65536 bytes",
    "415": "The body should be JSON, sent with Content-Type: application/json",
    "429": "2 batches are being priced already; try again",
    "500": "The service failed on this request; its log has the reason",
    "503": "No model is loaded: There is no champion yet",
    "507": "There is no room for feedback; it was not kept",
}
"""By status a detail; that of 422 is the refused example's own."""


def add_examples(document: dict[str, Any], model: LoadedModel | None) -> None:
    """Add an example of each problem, and with a model named cars with its answers."""
    responses = document["components"]["responses"]
    for status, detail in PROBLEMS.items():
        if status in responses:
            problem = _problem(RefusedError(int(status), detail))
            responses[status]["content"][PROBLEM_TYPE]["example"] = problem
    if model:
        _add_cars(document, model)


def _add_cars(document: dict[str, Any], model: LoadedModel) -> None:
    listings = list_examples(model)
    operation = document["paths"][PRICE_PATH]["post"]
    content = operation["requestBody"]["content"][JSON_TYPE]
    content.pop("example", None)
    content["examples"] = {name: _name(name, listing) for name, listing in listings.items()}
    answers = {name: _name(name, _answer(model, listing)) for name, listing in listings.items() if name != REFUSED}
    operation["responses"]["200"]["content"][JSON_TYPE]["examples"] = answers
    if REFUSED in listings:
        problems = check_listing(model.pricer.market, listings[REFUSED])[1]
        responses = document["components"]["responses"]
        responses["422"]["content"][PROBLEM_TYPE]["example"] = _problem(count_wrong(problems))


def list_examples(model: LoadedModel) -> dict[str, Listing]:
    """Listings by name, as far as this market allows them."""
    pricer = model.pricer
    market = pricer.market
    usual = find_ordinary(model)
    price = pricer.price(usual).price
    examples = {OK: {**usual, ASKING: round(price, -2) or price}}
    if model.seen.keys:
        last = model.seen.keys[-1]
        misspelt = {**usual, last: _misspell(str(usual[last]))}
        if pricer.price(misspelt).warnings:
            examples[MISSPELT] = misspelt
    required = {feature.name for feature in market.features if not feature.optional}
    if required < usual.keys():
        examples[LEFT_OUT] = {name: value for name, value in usual.items() if name in required}
    limited = [feature for feature in market.features if KINDS[feature.kind].has_range and feature.max is not None]
    if limited and isinstance(limited[0].max, int | float) and limited[0].kind != "date":
        examples[REFUSED] = {**usual, limited[0].name: int(limited[0].max) + 1}
    return examples


def find_ordinary(model: LoadedModel) -> Listing:
    """The usual car of the make and model that most was learnt of; else the first golden listing."""
    pricer = model.pricer
    lines = sorted(pricer.forest.depreciation.lines.values(), key=lambda line: (-line.rows, line.key))
    for line in lines:
        if all(code >= 0 for code in line.key):
            names = [
                pricer.encoders[name][int(code)] for name, code in zip(model.seen.keys, line.key, strict=True)
            ]
            usual = model.seen.find_usual(tuple(names))
            listing = write_fields(pricer.market, usual) if usual else {}
            if listing and not check_listing(pricer.market, listing)[1]:
                return listing
    return dict(pricer.manifest["golden"][0]["listing"])


def _misspell(name: str) -> str:
    """The name with a letter twice."""
    return f"{name[:2]}{name[1:2]}{name[2:]}" if len(name) > 2 else f"{name}x"


def _answer(model: LoadedModel, listing: Mapping[str, Any]) -> Any:
    found = model.pricer.price_listing(listing)[1]
    answer = PriceAnswer(
        found.price,
        found.low,
        found.high,
        model.currency,
        model.version,
        model.as_of,
        found.confidence,
        found.coverage,
        found.warnings,
        found.not_given,
        position=found.position if read_asking(listing) is not None else msgspec.UNSET,
    )
    return json.loads(msgspec.json.encode(answer))


def _problem(refused: RefusedError) -> Any:
    return json.loads(refused.response(REQUEST_ID).body)


def _name(name: str, value: Any) -> dict[str, Any]:
    return {"summary": SUMMARIES[name], "value": value}
