"""Values out of a table of a market file, each checked; an error names file, key, expectation and value."""

import math
import re
from collections.abc import Mapping
from typing import Any

from carprice.errors import MarketError

_MISSING = object()


def check_keys(data: Mapping[str, Any], known: set[str], where: str) -> None:
    """Raise MarketError for a key that is none of those known."""
    for key in data:
        if key not in known:
            raise MarketError(f"{where}: {key!r} is not a key here", f"Known keys: {', '.join(sorted(known))}")


def _value(data: Mapping[str, Any], key: str, where: str, default: Any = _MISSING) -> Any:
    if key in data:
        return data[key]
    if default is _MISSING:
        raise MarketError(f"{where}: {key} is missing")
    return default


def _path(where: str, key: str) -> str:
    return f"{where}: {key}" if where.endswith(".toml") or ": " not in where else f"{where}.{key}"


def _expect(value: Any, kind: type | tuple[type, ...], name: str, key: str, where: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise MarketError(f"{_path(where, key)}: should be {name} (got {value!r})")
    return value


def read_text(data: Mapping[str, Any], key: str, where: str, default: Any = _MISSING) -> str:
    """A text; without a default it must be there, and not empty."""
    text: str = _expect(_value(data, key, where, default), str, "a text", key, where)
    if not text and default is _MISSING:
        raise MarketError(f"{_path(where, key)}: should be a text (got '')")
    return text


def read_choice(
    data: Mapping[str, Any], key: str, choices: tuple[str, ...], where: str, default: Any = _MISSING
) -> str:
    """One of a few texts."""
    value = _value(data, key, where, default)
    if value not in choices:
        raise MarketError(f"{_path(where, key)}: should be one of {', '.join(choices)} (got {value!r})")
    return str(value)


def read_number(data: Mapping[str, Any], key: str, where: str, required: bool = False) -> float | None:
    """A finite number, or None where there is none and none is required."""
    value = _value(data, key, where, _MISSING if required else None)
    if value is None:
        return None
    try:
        number = float(_expect(value, (int, float), "a number", key, where))
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise MarketError(f"{_path(where, key)}: should be a finite number (got {value!s:.20})")
    return number


def read_scale(data: Mapping[str, Any], where: str) -> float:
    """A number above 0; 1 where there is none."""
    scale = read_number(data, "scale", where)
    if scale is not None and scale <= 0:
        raise MarketError(f"{_path(where, 'scale')}: should be above 0 (got {scale:g})")
    return 1.0 if scale is None else scale


def read_flag(data: Mapping[str, Any], key: str, where: str) -> bool:
    """True or false; false where there is none."""
    return bool(_expect(_value(data, key, where, False), bool, "true or false", key, where))


def read_texts(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """A list of texts; empty where there is none."""
    values = _expect(_value(data, key, where, []), list, "a list of texts", key, where)
    return tuple(_expect(value, str, "a list of texts", key, where) for value in values)


def read_mapping(data: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    """Texts by name; empty where there is none."""
    values = _expect(_value(data, key, where, {}), dict, "a table of texts", key, where)
    return {name: _expect(value, str, "a table of texts", key, where) for name, value in values.items()}


def read_table(data: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """A table, which must be there."""
    table: Mapping[str, Any] = _expect(_value(data, key, where), dict, "a table", key, where)
    return table


def read_pattern(data: Mapping[str, Any], where: str) -> str:
    """A regular expression; empty where there is none."""
    pattern = read_text(data, "pattern", where, default="")
    try:
        re.compile(pattern)
    except re.error as error:
        raise MarketError(
            f"{_path(where, 'pattern')}: should be a regular expression (got {pattern!r}: {error})"
        ) from None
    return pattern
