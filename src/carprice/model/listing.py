"""One listing as its values in feature order: checked against the market, every wrong field named at once."""

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any

from carprice.errors import ListingsError
from carprice.market.market_file import Feature, Market

MAX_PROBLEMS = 50
MAX_ECHO = 40
EPOCH = date(1970, 1, 1)

Value = str | float | None


@dataclass(frozen=True)
class Problem:
    """One wrong field: which, as a JSON pointer, and what is wrong with it. Never the value itself."""

    pointer: str
    detail: str


def check_listing(market: Market, fields: Mapping[str, Any]) -> tuple[list[Value], list[Problem]]:
    """Turn the fields of a decoded JSON object into values in feature order, and name the first 50 problems.

    A category becomes a str, anything else a float (flag 0 or 1, date days since 1970-01-01), a missing
    optional value None. The values are usable only when there is no problem.
    """
    values: list[Value] = []
    problems = []
    for feature in market.features:
        try:
            values.append(_check_value(feature, fields.get(feature.name)))
        except ValueError as error:
            problems.append(Problem(f"#/{feature.name}", str(error)))
    names = [feature.name for feature in market.features]
    for name in fields:
        if name not in names:
            if len(problems) >= MAX_PROBLEMS:
                break
            problems.append(Problem(f"#/{_escape(name)}", _unknown_field(name, names)))
    return values, problems


def parse_fields(market: Market, pairs: Mapping[str, str]) -> dict[str, Any]:
    """Fields typed as text, `mileage=15944`, as the JSON values they stand for; an empty text is no value.

    Raises ListingsError naming the field, the expectation and the text.
    """
    fields: dict[str, Any] = {name: text for name, text in pairs.items() if text}
    for feature in market.features:
        text = fields.get(feature.name)
        if text is None or feature.kind in ("category", "date"):
            continue
        try:
            fields[feature.name] = _parse_flag(text) if feature.kind == "flag" else float(text)
        except ValueError:
            expected = "true or false" if feature.kind == "flag" else "a number"
            raise ListingsError(f"{feature.name}: should be {expected} (got {text!r})") from None
    return fields


def describe_range(feature: Feature) -> str:
    """The market's limits in words: `from 0 to 500000 mi`, or nothing where there are none."""
    low, high = feature.min, feature.max
    unit = f" {feature.unit}" if feature.unit else ""
    if low is not None and high is not None:
        return f"from {_write_limit(feature, low)} to {_write_limit(feature, high)}{unit}"
    if low is not None:
        return f"at least {_write_limit(feature, low)}{unit}"
    return f"at most {_write_limit(feature, high)}{unit}" if high is not None else ""


def _write_limit(feature: Feature, limit: float) -> str:
    if feature.kind == "date":
        with suppress(OverflowError):
            return (EPOCH + timedelta(days=limit)).isoformat()
    return f"{limit:.12g}"


def _check_value(feature: Feature, value: Any) -> Value:
    if value is None:
        if feature.optional:
            return None
        raise ValueError("is required")
    if feature.kind == "category":
        return _check_text(feature, value)
    if feature.kind == "flag":
        if not isinstance(value, bool):
            raise ValueError("should be true or false")
        return float(value)
    return _check_limits(feature, _check_date(value) if feature.kind == "date" else _check_number(feature, value))


def _check_text(feature: Feature, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not _is_unicode(value):
        raise ValueError("should be a text")
    if len(value) > feature.longest:
        raise ValueError(f"should have at most {feature.longest} characters")
    return value.strip()


def _is_unicode(text: str) -> bool:
    """False for half a surrogate pair, which JSON can escape and no answer can hold."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _check_date(value: Any) -> float:
    try:
        found = date.fromisoformat(value)
    except (TypeError, ValueError):
        found = None
    if found is None or found.isoformat() != value:  # Python also takes 20200531 and 2020-W22-7
        raise ValueError("should be a date such as 2020-05-31")
    return float((found - EPOCH).days)


def _check_number(feature: Feature, value: Any) -> float:
    """The number as a float; beyond what a float holds it is infinite, and so beyond any limit."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise ValueError(f"should be a {_number_name(feature)}")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _check_limits(feature: Feature, value: float) -> float:
    if (feature.min is not None and value < feature.min) or (feature.max is not None and value > feature.max):
        raise ValueError(f"should be {describe_range(feature)}")
    if math.isinf(value) or (feature.kind == "year" and not value.is_integer()):
        raise ValueError(f"should be a {_number_name(feature)}")
    return value


def _number_name(feature: Feature) -> str:
    return "whole number" if feature.kind == "year" else "number"


def _parse_flag(text: str) -> bool:
    if text.lower() in ("true", "yes", "1"):
        return True
    if text.lower() in ("false", "no", "0"):
        return False
    raise ValueError(text)


def _unknown_field(name: str, names: list[str]) -> str:
    close = get_close_matches(name[:MAX_ECHO].lower(), names, n=1)
    return (
        f"is not a field of this market; did you mean {close[0]!r}?" if close else "is not a field of this market"
    )


def _escape(name: str) -> str:
    """A field name in a JSON pointer (RFC 6901), cut so that no payload is echoed at length."""
    return name[:MAX_ECHO].encode(errors="replace").decode().replace("~", "~0").replace("/", "~1")
