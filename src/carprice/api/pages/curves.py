"""How this car's price moves with its distance and its year, as charts."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from carprice.api.pages.charts import Point, draw_curve
from carprice.api.pages.wording import write_unit
from carprice.api.state import LoadedModel
from carprice.market.kinds import Value
from carprice.market.market_file import Feature
from carprice.model.evidence import curve, curve_plan
from carprice.model.valuation import Valuation

YEARS_BACK = 10
FARTHER, LEAST_YEARS = 2.0, 12
"""A curve goes to so many times the car's distance, and to what cars go in so many years at least."""
MIN_SHOWN = 3


class Curve(NamedTuple):
    """A chart and what it is called."""

    title: str
    chart: Markup


def draw_curves(model: LoadedModel, values: Sequence[Value], valuation: Valuation) -> list[Curve]:
    """The charts that this market and this car allow, the distance first."""
    market = model.pricer.market
    found = [
        _draw(model, values, valuation, feature)
        for feature in (market.mileage, market.year)
        if feature is not None and isinstance(values[market.features.index(feature)], float)
    ]
    return [each for each in found if each is not None]


def _draw(model: LoadedModel, values: Sequence[Value], valuation: Valuation, feature: Feature) -> Curve | None:
    pricer = model.pricer
    own = values[pricer.market.features.index(feature)]
    if not isinstance(own, float):
        return None
    low, high = _find_ends(model, feature, own)
    if low >= high:
        return None
    order = curve_plan.CurveOrder(along=feature.name, start=low, end=high)
    points = [
        Point(float(each.value), each.price, each.low, each.high)
        for each in curve.draw_curve(pricer, values, order).points
        if each.price is not None and each.low is not None and each.high is not None
    ]
    if len(points) < MIN_SHOWN:
        return None
    is_year = feature == pricer.market.year
    title = f"By {feature.label.lower()}, all else the same"
    if feature.unit:
        title += f" ({write_unit(feature.unit)})"
    mark = Point(own, valuation.price, valuation.low, valuation.high)
    label = (
        f"Price {title[0].lower()}{title[1:]}: from {points[0].price:,} to {points[-1].price:,} {model.currency}"
    )
    return Curve(title, draw_curve(points, mark, model.currency, label, is_year))


def _find_ends(model: LoadedModel, feature: Feature, own: float) -> tuple[float, float]:
    """Around the car, within what training saw; where the car is beyond that, as far as the car."""
    pricer = model.pricer
    seen = pricer.scaler[feature.name]
    if feature == pricer.market.year:
        low, high = max(seen["min"], min(own, seen["max"]) - YEARS_BACK), seen["max"]
    else:
        yearly = pricer.distance_per_year or 0.0
        farthest = max(own * FARTHER, yearly * LEAST_YEARS) or seen["max"]
        # A distance near none is taken as missing, of all but new cars.
        low, high = max(yearly / 2, seen["min"]), min(seen["max"], float(f"{farthest:.2g}"))
    return min(low, own), max(high, own)
