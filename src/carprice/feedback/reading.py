"""Fields of a decoded JSON object to feedback, checked against the market; every wrong field is named at once."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from carprice.feedback.entry import KINDS, Answer, Feedback, make_id
from carprice.feedback.samples import Sample
from carprice.market.kinds import KINDS as FEATURE_KINDS
from carprice.market.kinds import Value
from carprice.market.market_file import Market
from carprice.market.typed import MAX_ECHO, advise_number, read_money
from carprice.model.listing import FieldProblem, check_listing
from carprice.model.pricer import Pricer

MEMBERS = ("request_id", "listing", "price", "kind", "day")
FIRST_DAY = date(1970, 1, 1)
DAYS_AHEAD = 1
"""A day may be ahead of UTC's: it is tomorrow already further east."""
REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")

Find = Callable[[str], Sample | None]


class Checked(NamedTuple):
    """Feedback without an answer, and the values of its listing in feature order, None without a listing."""

    entry: Feedback
    values: Sequence[Value] | None


def check_feedback(market: Market, fields: Any) -> tuple[Checked | None, list[FieldProblem]]:
    """The feedback of an object with price, kind, and request_id or listing or both; day is today's if left out.

    The price has to be within the limits of the market's prices, as those that models learn from. With a problem
    there is no feedback.
    """
    if not isinstance(fields, dict):
        return None, [FieldProblem("should be an object with price, kind, and a request_id or a listing", "#")]
    problems: list[FieldProblem] = []
    values = None
    if fields.get("listing") is not None:
        values, found = _check_car(market, fields["listing"])
        problems += found
    checks = {"request_id": _check_request, "kind": _check_kind, "day": _check_day}
    for name, check in checks.items():
        problems += _find_problem(name, check, fields.get(name))
    problems += _find_problem("price", lambda price: _check_price(market, price), fields.get("price"))
    if fields.get("listing") is None and fields.get("request_id") is None:
        problems.append(FieldProblem("should be given, or listing instead", "#/request_id"))
    strange = [name for name in fields if name not in MEMBERS]
    problems += [FieldProblem("is not a member of feedback", f"#/{name[:MAX_ECHO]}") for name in strange]
    if problems:
        return None, problems
    listing = None if values is None else write_listing(market, values)
    return Checked(_make_entry(fields, listing), values), []


def answer_feedback(checked: Checked, pricer: Pricer, find: Find) -> Feedback:
    """The feedback with what the model said when it was asked, or, of a listing, with what it says now.

    find: a request in the sample by its id. One that is not there, and has no listing, has no answer.
    """
    entry, values = checked
    sample = find(entry.request_id) if entry.request_id else None
    listing, answer = entry.listing, sample.answer if sample else None
    if values is None and sample:
        found, problems = check_listing(pricer.market, sample.listing)
        listing = None if problems else write_listing(pricer.market, found)
    elif values is not None and answer is None:
        valuation = pricer.price_values(values)
        answer = Answer(pricer.version, valuation.price, valuation.low, valuation.high)
    return Feedback(
        entry.id, entry.received, entry.kind, entry.price, entry.day, entry.request_id, listing, answer
    )


def write_listing(market: Market, values: Sequence[Value]) -> dict[str, Any]:
    """Values in feature order as the fields of a JSON object; what is missing is left out."""
    return {
        feature.name: FEATURE_KINDS[feature.kind].write(value)
        for feature, value in zip(market.features, values, strict=True)
        if value is not None
    }


def _make_entry(fields: Mapping[str, Any], listing: dict[str, Any] | None) -> Feedback:
    now = datetime.now(UTC)
    kind, price, day, request_id = (fields.get(name) for name in ("kind", "price", "day", "request_id"))
    name = make_id(kind, price, day, request_id, listing)  # type: ignore[arg-type]  # checked
    day = day or now.date().isoformat()
    return Feedback(name, now.isoformat(timespec="seconds"), kind, float(price), day, request_id, listing)  # type: ignore[arg-type]


def _check_car(market: Market, listing: Any) -> tuple[list[Value] | None, list[FieldProblem]]:
    if not isinstance(listing, dict):
        return None, [FieldProblem("should be an object with the fields of one listing", "#/listing")]
    values, problems = check_listing(market, listing)
    return values, [FieldProblem(item.detail, f"#/listing{item.pointer[1:]}") for item in problems]


def _find_problem(name: str, check: Any, value: Any) -> list[FieldProblem]:
    expected = check(value)
    return [FieldProblem(expected, f"#/{name}")] if expected else []


def _check_request(value: Any) -> str:
    if value is None or (isinstance(value, str) and REQUEST_ID.fullmatch(value)):
        return ""
    return "should be the X-Request-ID of an answer"


def _check_kind(value: Any) -> str:
    if value is None:
        return "is required"
    return "" if isinstance(value, str) and value in KINDS else f"should be {' or '.join(KINDS)}"


def _check_price(market: Market, value: Any) -> str:
    if value is None:
        return "is required"
    limits = market.price
    expected = f"should be a number from {limits.min:.12g} to {limits.max:.12g} {market.currency}"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and limits.min <= value <= limits.max:
        return ""
    return expected + advise_number(value, partial(_read_price, market))


def _read_price(market: Market, text: str) -> float:
    """Raises ValueError for what is no amount within the market's limits."""
    price = read_money(text, market)
    if not market.price.min <= price <= market.price.max:
        raise ValueError(text)
    return price


def _check_day(value: Any) -> str:
    if value is None:
        return ""
    try:
        day = FIRST_DAY + timedelta(days=float(FEATURE_KINDS["date"].read(value)))
    except (TypeError, ValueError, OverflowError):
        return "should be a date such as 2020-05-31"
    newest = datetime.now(UTC).date() + timedelta(days=DAYS_AHEAD)
    return "" if FIRST_DAY <= day <= newest else f"should be from {FIRST_DAY} to today"
