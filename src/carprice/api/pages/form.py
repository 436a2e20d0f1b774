"""The form of one car: what it asks for, what was typed, and what is usual for such a car."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from carprice.api.pages.car import Car, list_asked, read_car
from carprice.api.pages.wording import join_names, show_value, write_unit
from carprice.api.state import LoadedModel
from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import ASKING, Feature

FEW_VALUES = 8
"""A category with more values is typed, with suggestions, instead of chosen from a list."""
MAX_OFFERED = 400
"""Suggestions for one field, so that the page stays light."""
YES_NO = (("true", "Yes"), ("false", "No"))


@dataclass(frozen=True)
class Field:
    """One field as the template shows it.

    control: text, choice, yes-no or date. mode: the keyboard of a telephone. usual: what is taken, or usual, where
    it is left empty. offered, others: values to choose from, those seen with this model first.
    """

    name: str
    label: str
    unit: str
    control: str
    mode: str
    text: str
    error: str
    hint: str
    is_needed: bool
    is_optional: bool
    offered: Sequence[str]
    others: Sequence[str]


@dataclass(frozen=True)
class Form:
    """The fields, and the car that was typed. missing: the labels of what is still needed."""

    fields: Sequence[Field]
    car: Car
    missing: Sequence[str]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not self.car.typed.texts

    @property
    def still_needed(self) -> str:
        """What is still needed, as a sentence."""
        return f"Still needed: {join_names(self.missing)}."


def build_form(model: LoadedModel, given: Mapping[str, str]) -> Form:
    """The form of a query."""
    features = model.pricer.market.features
    car, asked = read_car(model, given), list_asked(model)
    build = _FieldBuilder(model, car, asked)
    fields = [build.field(feature) for feature in sorted(features, key=lambda each: each.name not in asked)]
    fields.append(build.asking())
    return Form(fields, car, [feature.label for feature in features if feature.name in car.missing])


@dataclass(frozen=True)
class _FieldBuilder:
    model: LoadedModel
    car: Car
    asked: set[str]

    def field(self, feature: Feature) -> Field:
        kind, name = KINDS[feature.kind], feature.name
        offered, others = self._list_values(feature)
        control = kind.input
        # By all that are known, so that a field does not change its sort while others are typed.
        if control == "choice" and len(self.model.pricer.encoders[name]) > FEW_VALUES:
            control = "text"
        return Field(
            name,
            feature.label,
            write_unit(feature.unit),
            "text" if control == "number" else control,
            {"year": "numeric", "number": "decimal"}.get(feature.kind, ""),
            self._show_typed(feature, control),
            self.car.problems.get(name, ""),
            self._write_hint(feature, control),
            not feature.optional and (name in self.asked or (bool(self.car.names) and name not in self.car.usual)),
            feature.optional,
            offered,
            others,
        )

    def asking(self) -> Field:
        market = self.model.pricer.market
        label = "Price that was bid" if market.listing.price_type == "paid" else "Asking price"
        text, problem = self.car.typed.texts.get(ASKING, ""), self.car.problems.get(ASKING, "")
        hint = "to judge it"
        return Field(ASKING, label, market.currency, "text", "decimal", text, problem, hint, False, True, (), ())

    def _show_typed(self, feature: Feature, control: str) -> str:
        """The text as it was typed; of a choice the value that it means."""
        text = self.car.typed.texts.get(feature.name, "")
        if control == "yes-no" and feature.name in self.car.typed.values:
            return "true" if self.car.typed.values[feature.name] else "false"
        if control == "choice" and text:
            return self.model.pricer.encoder.spell(self.model.pricer.market.features.index(feature), text)
        return text

    def _write_hint(self, feature: Feature, control: str) -> str:
        if feature.name in self.car.usual and feature.name not in self.asked:
            return f"usually {show_value(feature, self.car.usual[feature.name])}"
        if feature == self.model.pricer.market.mileage:
            return "45,000 or 45k"
        return "type or choose" if control == "text" and feature.name in self.model.seen.keys else ""

    def _list_values(self, feature: Feature) -> tuple[list[str], list[str]]:
        """What can be chosen: the values seen with this model, and the others that are known."""
        seen = self.model.seen
        if feature.name in seen.keys:
            place = seen.keys.index(feature.name)
            if place > len(self.car.names):
                return [], []
            return seen.list_next(self.car.names[:place])[:MAX_OFFERED], []
        found = self._list_seen(feature)
        known = self.model.pricer.encoders.get(feature.name, []) if feature.is_category else []
        if not found:
            return list(known)[:MAX_OFFERED], []
        return found, [value for value in known if value not in found][:MAX_OFFERED]

    def _list_seen(self, feature: Feature) -> list[str]:
        found: Sequence[Value] = self.model.seen.list_seen(self.car.names).get(feature.name, ())
        shown = [show_value(feature, KINDS[feature.kind].write(value)) for value in found]
        return shown[::-1] if feature.kind == "year" else shown
