"""Plain data (of TOML, JSON, pickles) into msgspec's Structs; an error names path, expectation and value."""

import math
import re
import reprlib
import sys
from collections.abc import Callable
from itertools import islice
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import msgspec

from carprice.errors import CarPriceError

MAX_SHOWN = 60
"""Characters of a wrong value in a message."""
MAX_SHOWN_BITS = 10_000
"""Of a whole number: Python writes out no number of 4,300 digits."""
MAX_FLOAT = sys.float_info.max

Text = Annotated[str, msgspec.Meta(min_length=1)]
"""Not empty."""
Number = Annotated[float, msgspec.Meta(ge=-MAX_FLOAT, le=MAX_FLOAT)]
"""Finite."""
Positive = Annotated[float, msgspec.Meta(gt=0, le=MAX_FLOAT)]
NotNegative = Annotated[float, msgspec.Meta(ge=0, le=MAX_FLOAT)]

T = TypeVar("T")

_NAMES = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "array": "a list",
}
_TYPES = {"bool": bool, "int": int, "float": float, "str": str, "array": list, "object": dict, "null": type(None)}
_BOUNDS = {">=": "at least", ">": "above", "<=": "at most", "<": "below"}


class _Brief(reprlib.Repr):
    """Values as repr writes them, but never at length: a value may be huge, or hold itself many times over."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxdict, self.maxlist = 3, 10, 10

    def repr_str(self, value: str, _: int) -> str:
        return repr(value[: MAX_SHOWN + 1])

    def repr_int(self, value: int, _: int) -> str:
        return repr(value) if value.bit_length() < MAX_SHOWN_BITS else f"a number of {value.bit_length():,} bits"

    def repr_dict(self, value: dict[Any, Any], level: int) -> str:
        """In its own order."""
        if value and level <= 0:
            return "{...}"
        items = list(islice(value.items(), self.maxdict))
        shown = [f"{self.repr1(key, level - 1)}: {self.repr1(item, level - 1)}" for key, item in items]
        return f"{{{', '.join([*shown, *(['...'] if len(value) > len(items) else [])])}}}"


_BRIEF = _Brief()


def convert(data: Any, kind: type[T], where: str, error: Callable[[str, str], CarPriceError], hint: str = "") -> T:
    """The data as a Struct of that kind. where: what the data is, `uk.toml`, or `uk.toml: price` of a table in it.

    Raises error(what, hint), such as `uk.toml: price.max: should be a number (got 'ten')`. Structs in a dict
    should be converted one by one: msgspec does not say which of them is wrong.
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as found:
        problem, _, path = str(found).partition(" - at `$")
        steps, value = _find_value(problem, path, data)
        inside = "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps)
        place = f"{where}{inside}" if ": " in where or not inside else f"{where}: {inside.lstrip('.')}"
        if "unknown field" in problem:
            keys = ", ".join(sorted(_find_type(kind, steps).__struct_encode_fields__))
            raise error(f"{place}: {_quoted(problem)!r} is not a key here", f"Known keys: {keys}") from None
        if "missing required field" in problem:
            raise error(f"{place}: {_quoted(problem)} is missing", hint) from None
        choices = get_args(_find_type(kind, steps)) if "enum" in problem else ()
        expected = _describe(problem, value, "a table" if ".toml" in where else "an object", choices)
        raise error(f"{place}: should be {expected} (got {_shorten(_BRIEF.repr(value))})", hint) from None


def _find_value(problem: str, path: str, data: Any) -> tuple[list[str], Any]:
    """The steps of msgspec's path and the value there; of a dict's key it says [...], so that is looked for."""
    steps = re.findall(r"\.{3}|[^.\[\]`]+", path)
    for number, step in enumerate(steps):
        if step == "...":
            got = _TYPES[problem.split("`")[-2]]
            step = steps[number] = next(key for key, item in data.items() if type(item) is got)
        data = data[int(step) if isinstance(data, list) else step]
    return steps, data


def _find_type(kind: Any, steps: list[str]) -> Any:
    """What the value at those steps should be, through Structs and lists of them."""
    for step in steps:
        kind = get_args(kind)[0] if step.isdigit() else get_type_hints(kind)[step]
    return kind


def _describe(problem: str, value: Any, table: str, choices: tuple[Any, ...]) -> str:
    if choices:
        return f"one of {', '.join(choices)}" if len(choices) > 1 else repr(choices[0])
    if "out of range" in problem or (isinstance(value, float) and not math.isfinite(value)):
        return "a finite number"
    if bound := re.search("` ([<>]=?) (.*)", problem):
        return f"{_BOUNDS[bound[1]]} {float(bound[2]):g}"
    name = {**_NAMES, "array": "a list", "object": table}[_quoted(problem).split()[0]]
    return f"{name} that is not empty" if "of length" in problem else name


def _quoted(problem: str) -> str:
    """The first name between `` of msgspec's message."""
    return problem.split("`")[1]


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
