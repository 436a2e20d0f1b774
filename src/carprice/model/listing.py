"""A listing as its values in feature order, checked against the market; every wrong field is named at once."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from functools import lru_cache, partial
from typing import Annotated, Any

import msgspec

from carprice.errors import ListingsError
from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import ASKING, Feature, Market
from carprice.market.typed import MAX_ECHO, advise_number, is_within, read_money, read_number, read_typed
from carprice.market.units import convert_unit, list_units
from carprice.model.names.suggestions import squash

MAX_PROBLEMS = 50
MAX_ROW_PROBLEMS = 5
"""Of one row among many."""
MAX_REMEMBERED = 1000
"""Wrong names whose search for a similar one is not made again."""

Pointer = Annotated[str, msgspec.Meta(description="The field, as a JSON pointer.")]


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one field. Never the value itself, but for a short text that reads as a number."""

    detail: str
    pointer: Pointer


def check_listing(
    market: Market, fields: Mapping[str, Any], most: int = MAX_PROBLEMS
) -> tuple[list[Value], list[FieldProblem]]:
    """Turn the fields of a decoded JSON object into values in feature order; `most`: unknown fields to name.

    A category becomes a str, anything else a float (flag 0 or 1, date days since 1970-01-01), a missing
    optional value None. The values are usable only when there is no problem; then read_asking raises nothing.
    """
    values: list[Value] = []
    problems = []
    for feature in market.features:
        try:
            values.append(_check_value(market, feature, fields.get(feature.name)))
        except ValueError as error:
            problems.append(FieldProblem(str(error), f"#/{feature.name}"))
    try:
        read_asking(fields)
    except ValueError as error:
        problems.append(FieldProblem(_describe_asking(market, fields[ASKING], error), f"#/{ASKING}"))
    names = tuple([feature.name for feature in market.features])
    for name in fields:
        if name not in names and name != ASKING:
            if len(problems) >= most:
                break
            called = tuple([(item.name, item.label, item.column) for item in market.features])
            problems.append(FieldProblem(_unknown_field(name[:MAX_ECHO], called), f"#/{_escape(name)}"))
    return values, problems


def read_known(market: Market, fields: Mapping[str, Any]) -> list[Value]:
    """The values of a listing in feature order, None for those that are missing or wrong."""
    values: list[Value] = []
    for feature in market.features:
        try:
            values.append(_check_value(market, feature, fields.get(feature.name)))
        except ValueError:
            values.append(None)
    return values


def read_asking(fields: Mapping[str, Any]) -> float | None:
    """What is asked for a listing, or None where that is not given. Raises ValueError saying what it should be."""
    value = fields.get(ASKING)
    if value is None:
        return None
    try:
        asking = KINDS["number"].read(value)
    except (TypeError, ValueError):
        asking = math.inf
    if not isinstance(asking, float) or not 0 < asking < math.inf:
        raise ValueError("should be a number above 0")
    return asking


def parse_fields(market: Market, pairs: Mapping[str, str]) -> dict[str, Any]:
    """Fields as people write them, such as `mileage=45k`, as JSON values; an empty text is no value.

    A field may be called by its label, or by the column of the files, in whatever case. Raises ListingsError
    naming each wrong field, the expectation and the text.
    """
    pairs = _name_fields(market, pairs)
    typed = read_typed(market, pairs)
    if typed.problems:
        raise ListingsError(
            "; ".join(f"{name}: {text} (got {pairs[name]!r})" for name, text in typed.problems.items())
        )
    known = {ASKING, *(feature.name for feature in market.features)}
    return {**typed.values, **{name: text for name, text in pairs.items() if text and name not in known}}


def write_fields(market: Market, values: Sequence[Value]) -> dict[str, Any]:
    """The known values of a listing as the API takes them."""
    pairs = zip(market.features, values, strict=True)
    return {feature.name: KINDS[feature.kind].write(value) for feature, value in pairs if value is not None}


def describe_range(feature: Feature) -> str:
    """The limits of a feature in words: `from 0 to 500000 mi`; empty where there are none."""
    low, high = feature.min, feature.max
    unit = f" {feature.unit}" if feature.unit else ""
    if low is not None and high is not None:
        return f"from {_write_limit(feature, low)} to {_write_limit(feature, high)}{unit}"
    if low is not None:
        return f"at least {_write_limit(feature, low)}{unit}"
    return f"at most {_write_limit(feature, high)}{unit}" if high is not None else ""


def _write_limit(feature: Feature, limit: float) -> str:
    with suppress(OverflowError):
        shown = KINDS[feature.kind].write(limit)
        if isinstance(shown, str):
            return shown
    return f"{limit:.12g}"


def _check_value(market: Market, feature: Feature, value: Any) -> Value:
    if value is None:
        if feature.optional:
            return None
        raise ValueError("is required")
    kind = KINDS[feature.kind]
    try:
        found = kind.read(value)
    except (TypeError, ValueError):
        raise ValueError(describe_wrong(market, feature, value)) from None
    if isinstance(found, str):
        if len(value) > feature.max_length:
            raise ValueError(f"should have at most {feature.max_length} characters")
        return found
    if kind.has_range:
        low = -math.inf if feature.min is None else feature.min
        high = math.inf if feature.max is None else feature.max
        if not low <= found <= high:
            raise ValueError(f"should be {describe_range(feature)}{_advise_unit(feature, found)}")
        if math.isinf(found) or (kind.is_whole and not found.is_integer()):
            raise ValueError(f"should be {kind.expected}")
    return found


def _advise_unit(feature: Feature, value: float) -> str:
    """What a value outside the limits may be in another unit: an engine of 4000 is one of 4 l."""
    for unit in list_units(feature.unit):
        meant = float(f"{value * (convert_unit(unit, feature.unit) or 0.0):.6g}")
        if unit != feature.unit and is_within(meant, feature):
            return f"; {value:.12g} {unit} are {meant:.12g} {feature.unit}"
    return ""


def _name_fields(market: Market, pairs: Mapping[str, str]) -> dict[str, str]:
    """The pairs with the names of the market's fields, where what was given is another name of one alone."""
    named: dict[str, set[str]] = {}
    for feature in market.features:
        for name in (feature.name, feature.label, feature.column):
            named.setdefault(squash(name), set()).add(feature.name)
    names = {feature.name for feature in market.features}
    found: dict[str, str] = {}
    for name, text in pairs.items():
        meant = named.get(squash(name), set())
        own = next(iter(meant)) if len(meant) == 1 and name not in names else name
        found[name if own in pairs and own != name else own] = text
    return found


def describe_wrong(market: Market, feature: Feature, value: Any) -> str:
    """What a value of JSON should be that is none of the feature's kind, and which number a text means."""
    expected = f"should be {KINDS[feature.kind].expected}"
    if KINDS[feature.kind].input != "number":
        return expected
    advice = advise_number(value, partial(_read_number, market, feature))
    return f"{expected} in {feature.unit}{advice}" if advice and feature.unit else expected + advice


def _read_number(market: Market, feature: Feature, text: str) -> float:
    """A text as a value within the limits. Raises ValueError."""
    return float(_check_value(market, feature, read_number(text, feature, market)))  # type: ignore[arg-type]


def _describe_asking(market: Market, value: Any, error: ValueError) -> str:
    """What an asking price should be that is none, and which number its text means."""
    if isinstance(value, str) and len(value) <= MAX_ECHO:
        try:
            read_money(value, market)
        except ValueError as foreign:
            return f"{error} in {market.currency}" if str(foreign) else str(error)
    return f"{error}{advise_number(value, partial(read_money, market=market))}"


@lru_cache(MAX_REMEMBERED)
def _unknown_field(name: str, fields: tuple[tuple[str, str, str], ...]) -> str:
    """That a name is of no field, and which is similar or has it as label or column. fields: all three of each.

    The search takes longer than the rest of a row, and the rows of a batch have the same wrong names.
    """
    meant = {field[0] for field in fields if squash(name) in map(squash, field)}
    close = (
        list(meant) if len(meant) == 1 else get_close_matches(name.lower(), [field[0] for field in fields], n=1)
    )
    question = f"; did you mean {close[0]!r}?" if close else ""
    return f"is not a field of this market{question}"


def _escape(name: str) -> str:
    """A field name in a JSON pointer (RFC 6901), cut so that no payload is echoed at length."""
    return name[:MAX_ECHO].encode(errors="replace").decode().replace("~", "~0").replace("/", "~1")
