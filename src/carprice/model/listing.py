"""One listing as its values in feature order: checked against the market, every wrong field named at once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from carprice.errors import ListingsError
from carprice.market.market import Feature, Market

MAX_TEXT = 100
EPOCH = date(1970, 1, 1)

Value = str | float | None


@dataclass(frozen=True)
class Problem:
    """One wrong field: which, as a JSON pointer, and what is wrong with it. Never the value itself."""

    pointer: str
    detail: str


def check_listing(market: Market, fields: Mapping[str, Any]) -> tuple[list[Value], list[Problem]]:
    """Turn the fields of a decoded JSON object into values in feature order, and name every problem.

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
            problems.append(Problem(f"#/{_escape(name)}", _unknown_field(name, names)))
    return values, problems


def parse_fields(market: Market, pairs: Mapping[str, str]) -> dict[str, Any]:
    """Fields typed as text, `mileage=15944`, as the JSON values they stand for.

    Raises ListingsError naming the field, the expectation and the text.
    """
    fields: dict[str, Any] = dict(pairs)
    for feature in market.features:
        text = pairs.get(feature.name)
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
    unit = f" {feature.unit}" if feature.unit else ""
    if feature.min is not None and feature.max is not None:
        return f"from {feature.min:.12g} to {feature.max:.12g}{unit}"
    if feature.min is not None:
        return f"at least {feature.min:.12g}{unit}"
    return f"at most {feature.max:.12g}{unit}" if feature.max is not None else ""


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
    if feature.kind == "date":
        return _check_date(value)
    return _check_number(feature, value)


def _check_text(feature: Feature, value: Any) -> str:
    longest = int(feature.max or MAX_TEXT)
    if not isinstance(value, str) or not value.strip():
        raise ValueError("should be a text")
    if len(value) > longest:
        raise ValueError(f"should have at most {longest} characters")
    return value.strip()


def _check_date(value: Any) -> float:
    try:
        return float((date.fromisoformat(value) - EPOCH).days)
    except (TypeError, ValueError):
        raise ValueError("should be a date such as 2020-05-31") from None


def _check_number(feature: Feature, value: Any) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    whole = feature.kind == "year"
    if not is_number or not math.isfinite(value) or (whole and value != int(value)):
        raise ValueError(f"should be a {'whole number' if whole else 'number'}")
    if (feature.min is not None and value < feature.min) or (feature.max is not None and value > feature.max):
        raise ValueError(f"should be {describe_range(feature)}")
    return float(value)


def _parse_flag(text: str) -> bool:
    if text.lower() in ("true", "yes", "1"):
        return True
    if text.lower() in ("false", "no", "0"):
        return False
    raise ValueError(text)


def _unknown_field(name: str, names: list[str]) -> str:
    close = get_close_matches(name.lower(), names, n=1)
    return (
        f"is not a field of this market; did you mean {close[0]!r}?" if close else "is not a field of this market"
    )


def _escape(name: str) -> str:
    """A field name in a JSON pointer (RFC 6901), cut so that no payload is echoed at length."""
    return name[:40].replace("~", "~0").replace("/", "~1")
