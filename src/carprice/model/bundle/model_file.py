"""What model.pkl holds: checked key by key, and brought from the format before to this one."""

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from carprice.errors import BundleError
from carprice.model.bundle.manifest import RETRAIN
from carprice.model.evidence.usual_car import check_usual
from carprice.model.forest.depreciation import ANY
from carprice.model.forest.reduced_trees import MAX_REDUCED
from carprice.model.price_range import LEVELS
from carprice.system.structs import Number, Positive, convert

MAX_SPREAD = 20.0
"""Of log price: a factor of 485 million, beyond which no range means anything."""
MAX_YEARS = 200
"""Of a span: a longer one would make a price slow, and no market has it."""
MAX_YEAR = 9999
_Low = Annotated[float, msgspec.Meta(ge=-MAX_SPREAD, le=0)]
_High = Annotated[float, msgspec.Meta(ge=0, le=MAX_SPREAD)]

Fault = tuple[str, str, object]
"""The key, what it should do, and what it holds."""


class _Depreciation(msgspec.Struct):
    keys: list[str]
    numbers: list[str]
    center: list[Number]
    lines: list[list[Number]]
    starts: list[Number | None] = []


class _Range(msgspec.Struct):
    edges: list[Number]
    quantiles: list[list[Number]]
    unseen: Positive
    few: list[Number] = []


class _UnknownZero(msgspec.Struct):
    field: str
    below: Number
    year: str
    newest: Number


class _Years(msgspec.Struct):
    field: str
    spans: list[list[int]]
    since: int | None = None


class _UsualValues(msgspec.Struct):
    fields: list[str]
    rows: list[tuple[list[int], list[tuple[Number, Number] | None]]]
    older: Number | None = None


class _Reduced(msgspec.Struct):
    fields: list[str]
    trees: str
    loose: bool = False


_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _SeenValues(msgspec.Struct):
    fields: list[str]
    rows: list[tuple[list[int], list[tuple[list[_Count], list[_Count]] | None]]]


class _Trims(msgspec.Struct):
    field: str
    rows: list[tuple[int, int, int]]


class _Model(msgspec.Struct):
    """Format 2; the pricer checks the texts of the trees."""

    transform: Literal["log"]
    columns: list[str]
    depreciation: _Depreciation
    years: _Years | None
    wide: dict[str, list[Number]]
    flags: list[str]
    trees: str
    spread: str
    range: _Range
    costs: dict[str, Number]
    level: Annotated[float, msgspec.Meta(ge=-MAX_SPREAD, le=MAX_SPREAD)]
    as_of: int | None
    unknown_zero: _UnknownZero | None
    usual: list[list[str | float | None]] = []
    usual_values: _UsualValues | None = None
    reduced: list[_Reduced] = []
    seen_values: _SeenValues | None = None
    trims: _Trims | None = None


class _Calibration(msgspec.Struct):
    coverage: Annotated[float, msgspec.Meta(gt=0, le=1)]
    low: _Low
    high: _High


class _ModelBefore(msgspec.Struct):
    """Format 1: one range for every car, and trees that give the whole log price."""

    transform: Literal["log"]
    trees: str
    columns: list[str]
    calibration: _Calibration


def check_model(model: Any, path: Path, number: int) -> dict[str, Any]:
    """The value of model.pkl as this format has it. number: the format that the manifest states.

    Raises BundleError naming file, key, expectation and value.
    """
    if number == 1:
        convert(model, _ModelBefore, str(path), BundleError, RETRAIN)
        return _upgrade(model)
    checked = convert(model, _Model, str(path), BundleError, RETRAIN)
    for where, what, found in _list_faults(checked):
        raise BundleError(f"{path}: {where}: should {what} (got {found})", RETRAIN)
    return dict(model)


def _list_faults(model: _Model) -> list[Fault]:
    checks = (
        _check_columns,
        _check_lines,
        _check_years,
        _check_range,
        _check_usual_values,
        _check_seen_values,
        _check_reduced,
    )
    return [fault for check in checks for fault in check(model)]


def _check_lines(model: _Model) -> list[Fault]:
    table = model.depreciation
    keys, numbers = len(table.keys), len(table.numbers)
    if len(table.center) != numbers:
        return [("depreciation.center", f"have {numbers} numbers", len(table.center))]
    if table.starts and len(table.starts) != numbers:
        return [("depreciation.starts", f"have {numbers} numbers", len(table.starts))]
    for number, line in enumerate(table.lines):
        if len(line) != keys + 2 + numbers:
            return [(f"depreciation.lines[{number}]", f"have {keys + 2 + numbers} numbers", len(line))]
    if not any(line[:keys] == [ANY] * keys for line in table.lines):
        return [("depreciation.lines", "have one for every car", "none")]
    return []


def _check_years(model: _Model) -> list[Fault]:
    """Every line has a span of years, and the year is one of the numbers that a line goes along."""
    if model.years is None:
        return []
    keys = len(model.depreciation.keys)
    if model.years.field not in model.depreciation.numbers:
        return [("years.field", "name a number of depreciation.numbers", repr(model.years.field))]
    for number, span in enumerate(model.years.spans):
        if len(span) != keys + 2 or not 0 <= span[-1] - span[-2] < MAX_YEARS or abs(span[-1]) > MAX_YEAR:
            return [(f"years.spans[{number}]", f"have {keys} codes, a first and a last year", span[:10])]
    spans = {tuple(span[:keys]) for span in model.years.spans}
    lacking = [line[:keys] for line in model.depreciation.lines if tuple(map(int, line[:keys])) not in spans]
    return [("years.spans", "have every line", f"none for {lacking[0]}")] if lacking else []


def _check_usual_values(model: _Model) -> list[Fault]:
    if model.usual_values is None:
        return []
    keys, fields = len(model.depreciation.keys), len(model.usual_values.fields)
    for number, (codes, limits) in enumerate(model.usual_values.rows):
        if len(codes) != keys or len(limits) != fields:
            return [(f"usual_values.rows[{number}]", f"have {keys} codes and {fields} limits", "others")]
        if any(ends[0] > ends[1] for ends in limits if ends):
            return [(f"usual_values.rows[{number}]", "have each low before its high", limits[:3])]
    return []


def _check_reduced(model: _Model) -> list[Fault]:
    if len(model.reduced) > MAX_REDUCED:
        return [("reduced", f"have at most {MAX_REDUCED} combinations", len(model.reduced))]
    known: list[set[str]] = []
    for number, each in enumerate(model.reduced):
        if not each.fields or set(each.fields) in known or len(set(each.fields)) < len(each.fields):
            return [(f"reduced[{number}].fields", "be a combination of its own", each.fields[:3])]
        known.append(set(each.fields))
    return []


def _check_seen_values(model: _Model) -> list[Fault]:
    if model.seen_values is None:
        return []
    keys, fields = len(model.depreciation.keys), len(model.seen_values.fields)
    for number, (codes, found) in enumerate(model.seen_values.rows):
        if len(codes) != keys or len(found) != fields:
            return [(f"seen_values.rows[{number}]", f"have {keys} codes and {fields} fields", "others")]
        if any(not 0 < len(each[0]) == len(set(each[0])) == len(each[1]) for each in found if each):
            return [(f"seen_values.rows[{number}]", "have each value once with its count", "others")]
    return []


def _check_range(model: _Model) -> list[Fault]:
    table = model.range
    groups = len(table.edges) + 1 + ("model" in model.depreciation.keys)
    if len(table.quantiles) != groups:
        return [("range.quantiles", f"have {groups} tables", len(table.quantiles))]
    if table.edges != sorted(table.edges):
        return [("range.edges", "be in order", table.edges[:10])]
    named = [(f"range.quantiles[{number}]", limits) for number, limits in enumerate(table.quantiles)]
    if table.few:
        named.append(("range.few", table.few))
    return [fault for where, limits in named for fault in _check_quantiles(where, limits)]


def _check_quantiles(where: str, limits: list[float]) -> list[Fault]:
    if len(limits) != LEVELS:
        return [(where, f"have {LEVELS} numbers", len(limits))]
    if limits != sorted(limits):
        place = next(place for place, (low, high) in enumerate(pairwise(limits)) if low > high)
        return [(where, "be in order", f"{limits[place]:g} before {limits[place + 1]:g}")]
    if max(-limits[0], limits[-1]) > math.exp(MAX_SPREAD):
        return [(where, f"be within {math.exp(MAX_SPREAD):.0f}", limits[-1])]
    return []


def _check_columns(model: _Model) -> list[Fault]:
    names = {
        "depreciation.keys": model.depreciation.keys,
        "depreciation.numbers": model.depreciation.numbers,
        "wide": list(model.wide),
        "flags": model.flags,
        "unknown_zero": [model.unknown_zero.field, model.unknown_zero.year] if model.unknown_zero else [],
        "reduced": [name for each in model.reduced for name in each.fields],
        "usual_values.fields": model.usual_values.fields if model.usual_values else [],
        "seen_values.fields": model.seen_values.fields if model.seen_values else [],
        "trims.field": [model.trims.field] if model.trims else [],
    }
    for name, known in model.wide.items():
        if not known or known != sorted(set(known)):
            return [(f"wide.{name}", "have each value once, in order", known[:3])]
    if not check_usual(model.usual, len(model.columns)):
        return [("usual", f"have {len(model.columns)} values in each row", "others")]
    strange = [(key, name) for key, found in names.items() for name in found if name not in model.columns]
    return [(key, "name columns", repr(name)) for key, name in strange[:1]]


def _upgrade(model: Mapping[str, Any]) -> dict[str, Any]:
    """Format 1 in the words of format 2: no lines, no spread, and one table that runs straight to either limit."""
    low, high = model["calibration"]["low"], model["calibration"]["high"]
    edge = model["calibration"]["coverage"] / 2
    levels = [(place + 1) / (LEVELS + 1) for place in range(LEVELS)]
    limits = [low * (0.5 - level) / edge if level < 0.5 else high * (level - 0.5) / edge for level in levels]
    return {
        "transform": "log",
        "columns": model["columns"],
        "depreciation": {"keys": [], "numbers": [], "center": [], "lines": [[0, 0.0]]},
        "years": None,
        "wide": {},
        "flags": [],
        "trees": model["trees"],
        "spread": "",
        "range": {"edges": [], "quantiles": [limits], "unseen": 1.0},
        "costs": {},
        "level": 0.0,
        "as_of": None,
        "unknown_zero": None,
    }
