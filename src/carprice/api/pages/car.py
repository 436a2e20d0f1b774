"""One car as it was typed, with what is usual for such a car in place of what was left out."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from carprice.api.pages.wording import show_value
from carprice.api.state import LoadedModel
from carprice.market.typed import Typed, read_typed
from carprice.model.evidence.seen_together import Names
from carprice.model.listing import check_listing, write_fields

REQUIRED = "is required"


class Car(NamedTuple):
    """names: its make and model, as far as they are known. usual: the fields of the usual such car.

    values: as JSON has them, those of `taken` from the usual car. missing: the fields still needed. problems: by
    field, of the others.
    """

    typed: Typed
    names: Names
    usual: Mapping[str, Any]
    values: Mapping[str, Any]
    taken: Sequence[str]
    missing: Sequence[str]
    problems: Mapping[str, str]

    @property
    def is_complete(self) -> bool:
        """Whether it can be priced."""
        return not self.problems and not self.missing


def read_car(model: LoadedModel, given: Mapping[str, str]) -> Car:
    """The car of a form or of a row of a file, given as texts by field."""
    market, seen = model.pricer.market, model.seen
    typed = read_typed(market, given)
    names = seen.spell(typed.values)
    usual_values = seen.find_usual(names)
    usual = write_fields(market, usual_values) if usual_values else {}
    asked = list_asked(model)
    taken = [
        feature.name
        for feature in market.features
        if not feature.optional and feature.name not in {*asked, *typed.texts} and feature.name in usual
    ]
    values = {**typed.values, **{name: usual[name] for name in taken}}
    problems = {problem.pointer[2:]: problem.detail for problem in check_listing(market, values)[1]}
    problems |= typed.problems
    missing = [name for name, problem in problems.items() if problem == REQUIRED]
    wrong = {name: problem for name, problem in problems.items() if problem != REQUIRED}
    return Car(typed, names, usual, values, taken, missing, wrong)


def list_asked(model: LoadedModel) -> set[str]:
    """The fields that say which car it is: what is usual never stands in for these."""
    market = model.pricer.market
    own = [feature.name for feature in (market.year, market.mileage) if feature]
    return {*model.seen.keys, *own}


def name_car(model: LoadedModel, car: Car) -> tuple[str, str]:
    """The car as a heading, such as `Ford Fiesta 2017`, and the rest that was typed, but texts."""
    market = model.pricer.market
    heading = [*model.seen.keys, *([market.year.name] if market.year else [])]
    shown = show_values(model, car)
    given = [shown[name] for name in heading if name in shown]
    texts = {feature.name for feature in market.features if feature.has_words}
    rest = [shown[name] for name in shown if name in car.typed.values and name not in {*heading, *texts}]
    return " ".join(given) or "This car", ", ".join(rest)


def show_values(model: LoadedModel, car: Car) -> dict[str, str]:
    """The values of a car as people read them, by field in the order of the market."""
    shown = {}
    for place, feature in enumerate(model.pricer.market.features):
        if feature.name in car.values:
            value = car.values[feature.name]
            if isinstance(value, str) and feature.is_category:
                value = model.pricer.encoder.spell(place, value)
            shown[feature.name] = show_value(feature, value, with_unit=True)
    return shown
