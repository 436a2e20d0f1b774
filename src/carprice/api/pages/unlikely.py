"""Values that are allowed and can hardly be meant: a distance that does not go with the car's age."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from carprice.api.pages.wording import show_value
from carprice.model.pricer import Pricer

FEW, MANY = 1 / 8, 5.0
"""Of the distance that such cars go: below and above these a distance is questioned."""
NEW_YEARS = 2.0
"""A car up to this age may have gone nearly nothing."""
SLIPS = (1000.0, 100.0, 10.0, 0.1, 0.01, 0.001)
"""What a mistyped number is wrong by."""
NEAR = (0.3, 3.0)
"""A corrected distance is suggested where it is within these shares of the usual one."""


class Question(NamedTuple):
    """What is unlikely with a field, and what may have been meant, as text to be typed; empty where nothing is."""

    field: str
    text: str
    instead: str


def question_distance(pricer: Pricer, values: Mapping[str, Any]) -> Question | None:
    """A question where the distance is far from what cars of that year have gone; None where it is not.

    values: of a listing, as JSON has them.
    """
    market, yearly = pricer.market, pricer.distance_per_year
    year, feature = market.year, market.mileage
    if year is None or feature is None or yearly is None:
        return None
    distance, built = values.get(feature.name), values.get(year.name)
    if distance is None or built is None:
        return None
    age = max((pricer.as_of.year if pricer.as_of else pricer.scaler[year.name]["max"]) - built, 0.5)
    usual = yearly * age
    is_little = age > NEW_YEARS and distance < usual * FEW
    if not is_little and distance <= max(usual, yearly * NEW_YEARS) * MANY:
        return None
    near = [distance * slip for slip in SLIPS if NEAR[0] <= distance * slip / usual <= NEAR[1]]
    shown = show_value(feature, distance, with_unit=True)
    about = show_value(feature, float(f"{usual:.2g}"), with_unit=True)
    word = "little" if is_little else "far"
    text = f"{shown} is {word} for a car of {built:.0f}: such cars have gone about {about}"
    return Question(feature.name, text, f"{near[0]:.0f}" if near else "")
