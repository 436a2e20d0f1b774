"""The kinds of features, one entry each: what values are, how they come in and how they are shown.

A value is what the model learns from: a text or a number. It comes from the text of a listings file, which
listings/parsing.py reads; from JSON; or from a text on the command line, which is turned into a JSON value first.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

EPOCH = date(1970, 1, 1)
"""The value of a date is the number of days since."""

TEXT = "text"
"""The kind whose words the model learns, not the text as a whole."""

Value = str | float | None

LARGE = 1_000
"""From where on people read a number without what is behind its point."""

_EPOCH_ORDINAL = EPOCH.toordinal()


@dataclass(frozen=True)
class Kind:
    """One kind of feature.

    name: in the market file. noun: in "unreadable number". expected: in "should be a number".
    schema: of its JSON value.
    read: JSON value to value; raises TypeError or ValueError for anything else.
    write: value to JSON value; raises OverflowError for a date whose year does not have four digits.
    parse: typed text to JSON value; raises ValueError.
    show: JSON value to what people read.
    input: how a form asks for it: an input type of HTML, `choice` or `yes-no`.
    is_category: the trees see a category, not a number.
    max_length: of a text's characters, where the market file does not say; 0: values are no texts.
    has_range: limits, and the range of the training listings, apply to it.
    is_whole: only whole numbers are values.
    needs_limits: the market file must give min and max. has_scale: it may give a scale.
    """

    name: str
    noun: str
    expected: str
    schema: Mapping[str, str]
    read: Callable[[Any], str | float]
    write: Callable[[Any], Any]
    parse: Callable[[str], Any]
    show: Callable[[Any], str]
    input: str
    is_category: bool = False
    max_length: int = 0
    has_range: bool = False
    is_whole: bool = False
    needs_limits: bool = False
    has_scale: bool = False


def _read_text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not _is_unicode(value):
        raise TypeError
    return value.strip()


def _is_unicode(text: str) -> bool:
    """False for half a surrogate pair, which JSON can escape and no answer can hold."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _read_number(value: Any) -> float:
    """The number as a float; beyond what a float holds it is infinite, and so beyond any limit."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise TypeError
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _write_number(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _show_number(value: float) -> str:
    """Of a large number only what is whole, since nobody reads the rest: 72,000 km are 44,739 mi."""
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:,.6g}"


def _read_flag(value: Any) -> float:
    if not isinstance(value, bool):
        raise TypeError
    return float(value)


def _parse_flag(text: str) -> bool:
    if text.lower() in ("true", "yes", "1"):
        return True
    if text.lower() in ("false", "no", "0"):
        return False
    raise ValueError(text)


def _read_date(value: Any) -> float:
    found = date.fromisoformat(value)
    if value[4:8:3] != "--":  # Python also takes 20200531 and 2020-W22-7
        raise ValueError
    return float(found.toordinal() - _EPOCH_ORDINAL)


def _write_date(value: float) -> str:
    return (EPOCH + timedelta(days=value)).isoformat()


def _show_text(value: Any) -> str:
    return " ".join(str(value).split())


_KINDS = (
    Kind(
        "category",
        noun="text",
        expected="a text",
        schema={"type": "string"},
        read=_read_text,
        write=str,
        parse=str,
        show=_show_text,
        input="choice",
        is_category=True,
        max_length=100,
    ),
    Kind(
        "number",
        noun="number",
        expected="a number",
        schema={"type": "number"},
        read=_read_number,
        write=_write_number,
        parse=float,
        show=_show_number,
        input="number",
        has_range=True,
        has_scale=True,
    ),
    Kind(
        "flag",
        noun="flag",
        expected="true or false",
        schema={"type": "boolean"},
        read=_read_flag,
        write=bool,
        parse=_parse_flag,
        show=lambda value: "yes" if value else "no",
        input="yes-no",
    ),
    Kind(
        "year",
        noun="number",
        expected="a whole number",
        schema={"type": "integer"},
        read=_read_number,
        write=_write_number,
        parse=float,
        show="{:.0f}".format,
        input="number",
        has_range=True,
        is_whole=True,
        needs_limits=True,
    ),
    Kind(
        "date",
        noun="date",
        expected="a date such as 2020-05-31",
        schema={"type": "string", "format": "date"},
        read=_read_date,
        write=_write_date,
        parse=str,
        show=_show_text,
        input="date",
        has_range=True,
    ),
    Kind(
        TEXT,
        noun="text",
        expected="a text",
        schema={"type": "string"},
        read=_read_text,
        write=str,
        parse=str,
        show=_show_text,
        input="text",
        max_length=5000,
    ),
)
KINDS = {kind.name: kind for kind in _KINDS}
"""Every kind by its name."""
