"""What if: the price of one car along one of its numbers, or in the years to come, all else as it is."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from carprice.market.kinds import KINDS, Value
from carprice.model.evidence.curve_plan import YEARS, CurveOrder, Stop, plan_curve
from carprice.model.input_warnings import OUTSIDE_TRAINING
from carprice.model.pricer import Pricer
from carprice.model.refusal import find_refusal
from carprice.model.valuation import Coverage, Money, Valuation

Amount = Annotated[
    int | None, msgspec.Meta(description="In whole units of the currency; null where the car would not be valued.")
]


class CurvePoint(msgspec.Struct, frozen=True):
    """One car of a curve."""

    value: Annotated[
        float | str, msgspec.Meta(description="Of the field as JSON has it, or how many years from now.")
    ]
    price: Amount
    low: Amount
    high: Amount
    coverage: Coverage
    seen: Annotated[bool, msgspec.Meta(description="False where no training listing went so far.")]
    fields: Annotated[dict[str, Any], msgspec.Meta(description="Of years: what is moved on.")] | UnsetType = UNSET


class Curve(msgspec.Struct, frozen=True):
    """The price of a car as it is, and along one number."""

    along: Annotated[str, msgspec.Meta(description="The field, or `years`.")]
    unit: str | None
    price: Money
    low: Money
    high: Money
    points: tuple[CurvePoint, ...]
    notes: tuple[str, ...]


def draw_curve(pricer: Pricer, values: Sequence[Value], order: CurveOrder) -> Curve:
    """The curve of a listing's checked values. Raises CurveError naming the member of the order that is wrong."""
    plan = plan_curve(pricer, values, order)
    rows = [[stop.moved.get(index, value) for index, value in enumerate(values)] for stop in plan.stops]
    own, *priced = pricer.price_rows([values, *rows])
    points = [
        _describe_point(pricer, stop, row, valuation, plan.along == YEARS)
        for stop, row, valuation in zip(plan.stops, rows, priced, strict=True)
    ]
    return Curve(plan.along, plan.unit or None, own.price, own.low, own.high, tuple(points), plan.notes)


def _describe_point(
    pricer: Pricer, stop: Stop, row: Sequence[Value], valuation: Valuation, with_fields: bool
) -> CurvePoint:
    features = {index: pricer.market.features[index] for index in stop.moved}
    names = {feature.name for feature in features.values()}
    seen = not any(item.code == OUTSIDE_TRAINING and item.field in names for item in valuation.warnings)
    amounts: tuple[int | None, int | None, int | None] = (valuation.price, valuation.low, valuation.high)
    if find_refusal(pricer, row, valuation):
        amounts = (None, None, None)
    fields: dict[str, Any] | UnsetType = UNSET
    if with_fields:
        fields = {
            feature.name: KINDS[feature.kind].write(stop.moved[index]) for index, feature in features.items()
        }
    return CurvePoint(stop.value, *amounts, valuation.coverage, seen, fields)
