"""What-if prices on the command line: the order from typed text, and the curve as lines."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from carprice.errors import ListingsError
from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import Feature, Market
from carprice.market.typed import read_typed
from carprice.model.evidence.curve import Curve, CurvePoint, draw_curve
from carprice.model.evidence.curve_plan import YEARS, CurveError, CurveOrder
from carprice.model.pricer import Pricer
from carprice.system.tables import format_table

UNSEEN = "no training listing went so far"
UNVALUED = "not valued"


def draw_typed_curve(pricer: Pricer, values: Sequence[Value], order: CurveOrder) -> Curve:
    """The curve of an order whose numbers are typed text, such as 45k.

    Raises ListingsError naming the option that is wrong.
    """
    feature = pricer.market.feature(order.along) if order.along else None
    market = pricer.market
    read = replace(
        order,
        start=_read_number(market, feature, "--from", order.start),
        end=_read_number(market, feature, "--to", order.end),
        distance_per_year=_read_number(market, market.mileage, "--distance-per-year", order.distance_per_year),
    )
    try:
        return draw_curve(pricer, values, read)
    except CurveError as error:
        member = error.problem.pointer.removeprefix("#/")
        option = {"along": "curve"}.get(member, member).replace("_", "-")
        name = member.removeprefix("listing/") if "/" in member else f"--{option}"
        raise ListingsError(f"{name}: {error.problem.detail}") from None


def _read_number(market: Market, feature: Feature | None, option: str, text: Any) -> Any:
    if feature is None or text is None:
        return text
    typed = read_typed(market, {feature.name: str(text)})
    if feature.name in typed.values:
        return typed.values[feature.name]
    expected = typed.problems.get(feature.name, f"should be {KINDS[feature.kind].expected}")
    raise ListingsError(f"{option}: {expected} (got {text!r})")


def format_curve(curve: Curve, market: Market) -> str:
    """A table of the points, and the notes below it."""
    feature = market.feature(curve.along)
    head = "Years from now" if curve.along == YEARS or feature is None else feature.label
    fields = [point.fields if isinstance(point.fields, dict) else {} for point in curve.points]
    moved = list(fields[0]) if fields else []
    labels = [found.label if (found := market.feature(name)) else name for name in moved]
    rows = [[head, *labels, "Price", "Range", ""]]
    for point, values in zip(curve.points, fields, strict=True):
        shown = [_show(market, name, values[name]) for name in moved]
        value = str(point.value) if curve.along == YEARS else _show(market, curve.along, point.value)
        rows.append([value, *shown, *_show_amounts(point), "" if point.seen else UNSEEN])
    lines = [line.rstrip() for line in format_table(rows, range(len(rows[0]) - 1)).splitlines()]
    return "\n".join([*lines, *(f"Note: {note}" for note in curve.notes)])


def _show_amounts(point: CurvePoint) -> list[str]:
    if point.price is None:
        return [UNVALUED, ""]
    return [f"{point.price:,}", f"{point.low:,} to {point.high:,}"]


def _show(market: Market, name: str, value: object) -> str:
    feature = market.feature(name)
    return f"{KINDS[feature.kind].show(value)} {feature.unit}".rstrip() if feature else str(value)
