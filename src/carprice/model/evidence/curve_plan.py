"""Which cars a curve prices: one along a number of its own, or the same car in the years to come."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import Feature, Market
from carprice.market.typed import advise_number, read_number
from carprice.model.listing import FieldProblem, describe_range, describe_wrong
from carprice.model.pricer import Pricer

MIN_POINTS, MAX_POINTS = 2, 50
USUAL_POINTS = 25
MAX_YEARS = 15
"""Ahead: no listings say more of a car's further life."""
YEARS = "years"
FLAT = "prices are at today's level: nobody knows where the market goes, so its index is carried flat"
NOT_MOVED = "the distance stays as it is, because the listing gives none"
_OF_FIELD = ("from", "to", "points")


class CurveOrder(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}, forbid_unknown_fields=True):
    """What is asked for: along a field from one value to another, or so many years; None where it is not given."""

    listing: Any = None
    along: Any = None
    start: Any = None
    end: Any = None
    points: Any = None
    years: Any = None
    distance_per_year: Any = None


class CurveError(Exception):
    """An order that cannot be met; problem names the member that is wrong."""

    def __init__(self, member: str, detail: str) -> None:
        super().__init__(f"{member}: {detail}")
        self.problem = FieldProblem(detail, f"#/{member}")


class Stop(NamedTuple):
    """One car to price: its value as JSON has it, and which fields, by index, have which values there."""

    value: float | str
    moved: Mapping[int, float]


class Plan(NamedTuple):
    """The cars of a curve. along: the field's name, or YEARS."""

    along: str
    unit: str
    stops: Sequence[Stop]
    notes: tuple[str, ...]


def plan_curve(pricer: Pricer, values: Sequence[Value], order: CurveOrder) -> Plan:
    """The cars that an order asks for. values: of the listing. Raises CurveError."""
    if (order.along is None) == (order.years is None):
        raise CurveError("along", "should name a number of the listing, unless years is given instead")
    return _plan_field(pricer, order) if order.years is None else _plan_years(pricer, values, order)


def _plan_field(pricer: Pricer, order: CurveOrder) -> Plan:
    numbers = {feature.name: feature for feature in pricer.market.features if KINDS[feature.kind].has_range}
    if not isinstance(order.along, str) or order.along not in numbers:
        raise CurveError(
            "along", f"should be one of {', '.join(numbers)}" if numbers else "has no number to go along"
        )
    if order.distance_per_year is not None:
        raise CurveError("distance_per_year", "goes with years, not with along")
    feature = numbers[order.along]
    index, write = pricer.market.features.index(feature), KINDS[feature.kind].write
    stops = [Stop(write(value), {index: value}) for value in _spread_values(pricer, feature, order)]
    return Plan(feature.name, feature.unit, stops, ())


def _spread_values(pricer: Pricer, feature: Feature, order: CurveOrder) -> list[float]:
    """Evenly from one end to the other; whole numbers, each once, where the span is wide or nothing else fits."""
    seen = pricer.scaler[feature.name]
    low = _read_end(pricer.market, feature, "from", order.start, seen["min"])
    high = _read_end(pricer.market, feature, "to", order.end, seen["max"])
    if low >= high:
        raise CurveError("to", "should be above from")
    points = _read_whole("points", order.points, MIN_POINTS, MAX_POINTS, USUAL_POINTS)
    values = [low + (high - low) * place / (points - 1) for place in range(points)]
    if KINDS[feature.kind].is_whole or feature.kind == "date" or high - low >= MAX_POINTS:
        return sorted({low, high, *(float(round(value)) for value in values[1:-1])})
    return [*values[:-1], high]


def _read_end(market: Market, feature: Feature, member: str, given: Any, usual: float) -> float:
    """An end of the curve; where it is not given, that of the training listings within the market's limits."""
    kind = KINDS[feature.kind]
    low = -math.inf if feature.min is None else feature.min
    high = math.inf if feature.max is None else feature.max
    if given is None:
        return min(max(usual, low), high)
    try:
        found = kind.read(given)
    except (TypeError, ValueError):
        raise CurveError(member, describe_wrong(market, feature, given)) from None
    if not isinstance(found, float) or math.isinf(found) or (kind.is_whole and not found.is_integer()):
        raise CurveError(member, f"should be {kind.expected}")
    if not low <= found <= high:
        raise CurveError(member, f"should be {describe_range(feature)}")
    return found


def _read_whole(member: str, given: Any, low: int, high: int, usual: int) -> int:
    if given is None:
        return usual
    if isinstance(given, bool) or not isinstance(given, int | float) or given not in range(low, high + 1):
        raise CurveError(member, f"should be a whole number from {low} to {high}")
    return int(given)


def _plan_years(pricer: Pricer, values: Sequence[Value], order: CurveOrder) -> Plan:
    """The car now and in each year to come: so much older, and gone so much farther."""
    for member, given in zip(_OF_FIELD, (order.start, order.end, order.points), strict=True):
        if given is not None:
            raise CurveError(member, "goes with along, not with years")
    ahead = _read_whole(YEARS, order.years, 1, MAX_YEARS, 1)
    steps, notes = _list_steps(pricer, values, order)
    stops = []
    for step in range(ahead + 1):
        moved = {index: start + step * rate for index, (start, rate) in steps.items()}
        beyond = [index for index, value in moved.items() if not _is_within(pricer.market.features[index], value)]
        if beyond:
            name = pricer.market.features[beyond[0]].name
            notes.append(f"the curve ends where {name} leaves the limits of the market")
            break
        stops.append(Stop(step, moved))
    return Plan(YEARS, "", stops, tuple(notes))


def _list_steps(
    pricer: Pricer, values: Sequence[Value], order: CurveOrder
) -> tuple[dict[int, tuple[float, float]], list[str]]:
    """Of year and distance, by index: the listing's value, and what a year adds to it; and what to say of them."""
    market = pricer.market
    if market.year is None:
        raise CurveError(YEARS, "needs a market whose cars have a year")
    index = market.features.index(market.year)
    year = values[index]
    if not isinstance(year, float):
        raise CurveError(f"listing/{market.year.name}", "is needed to move the car on in time")
    steps, notes = {index: (year, -1.0)}, [FLAT]
    if market.mileage is not None:
        index = market.features.index(market.mileage)
        mileage = values[index]
        if isinstance(mileage, float):
            steps[index] = mileage, _read_distance(pricer, order.distance_per_year)
            notes.append(f"the car goes {steps[index][1]:,.0f} {market.mileage.unit} a year".replace("  ", " "))
        else:
            notes.append(NOT_MOVED)
    return steps, notes


def _read_distance(pricer: Pricer, given: Any) -> float:
    if given is None:
        if pricer.distance_per_year is None:
            raise CurveError("distance_per_year", "is needed: the model does not know how far cars go in a year")
        return pricer.distance_per_year
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < math.inf:
        advice = advise_number(given, partial(_read_yearly, pricer.market))
        raise CurveError("distance_per_year", f"should be a number of at least 0{advice}")
    return float(given)


def _read_yearly(market: Market, text: str) -> float:
    """Raises ValueError for what is no distance of at least 0."""
    if market.mileage is None or (distance := read_number(text, market.mileage, market)) < 0:
        raise ValueError(text)
    return distance


def _is_within(feature: Feature, value: float) -> bool:
    return (feature.min is None or value >= feature.min) and (feature.max is None or value <= feature.max)
