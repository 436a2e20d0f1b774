"""The values of a listing to the row of numbers that the trees see, computed exactly as in training."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from math import isnan
from operator import itemgetter
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from carprice.errors import BundleError
from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import Feature, Market
from carprice.model.bundle.manifest import RETRAIN
from carprice.model.category_codes import MAKE, MISSING, MODEL, category_codes, find_code
from carprice.model.listing import Pointer, describe_range
from carprice.model.plausibility import Span, UsualDistance
from carprice.model.suggestions import MAX_SUGGESTIONS, Speller
from carprice.model.text import WordAmount, add_words, list_words
from carprice.model.trim_names import NOTHING, Meant, TrimNames

UNKNOWN_CATEGORY = "unknown_category"
UNKNOWN_COMBINATION = "unknown_combination"
OUTSIDE_TRAINING = "outside_training_range"
TAKEN_AS_MISSING = "taken_as_missing"
UNLIKELY = "unlikely_value"
UNSEEN = "unseen_value"
OLD_MODEL = "old_model"
WARNINGS = (UNKNOWN_CATEGORY, UNKNOWN_COMBINATION, OUTSIDE_TRAINING, TAKEN_AS_MISSING, UNLIKELY, UNSEEN, OLD_MODEL)
MAX_MODEL_WORDS = 12
MAX_LISTED = 6
"""Values of a category that a warning names where none is like the unknown one."""

Encoders = dict[str, list[str]]
Scaler = dict[str, dict[str, float]]
"""The figures of each number; of each text what each of its words adds to the log price."""


class InputWarning(msgspec.Struct, frozen=True):
    """A value that was priced although training never saw it, or that cannot be meant."""

    pointer: Pointer
    code: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(WARNINGS)})]
    detail: str
    suggestions: Annotated[tuple[str, ...], msgspec.Meta(description="What may have been meant.")]

    @property
    def field(self) -> str:
        """The name of the field; empty where the warning is about the model."""
        return self.pointer.removeprefix("#").removeprefix("/")


class UnknownZero(NamedTuple):
    """A mileage below a limit is none where the car is of that year or older. mileage, year: their indexes."""

    mileage: int
    below: float
    year: int
    newest: float

    @classmethod
    def read(cls, table: Mapping[str, Any] | None, names: Sequence[str]) -> "UnknownZero | None":
        """The rule as model.pkl has it, with fields by name."""
        if table is None:
            return None
        return cls(names.index(table["field"]), table["below"], names.index(table["year"]), table["newest"])

    def applies(self, values: Sequence[Any]) -> bool:
        """Whether the mileage among these values is none."""
        mileage, year = values[self.mileage], values[self.year]
        return mileage is not None and mileage < self.below and year is not None and year <= self.newest


class Encoder:
    """Encodes listings with the fitted encoders and scaler of one bundle."""

    def __init__(
        self, market: Market, encoders: Encoders, scaler: Scaler, unknown_zero: Mapping[str, Any] | None = None
    ) -> None:
        """unknown_zero: as model.pkl has it. Raises BundleError where a feature of the market was not fitted."""
        self._features = market.features
        self._encoders = encoders
        codes, numbers, texts = [], [], []
        for index, feature in enumerate(market.features):
            fitted, name = (encoders, "encoders.pkl") if feature.is_category else (scaler, "scaler.pkl")
            if feature.name not in fitted:
                raise BundleError(f"{name}: has nothing for feature {feature.name!r}", RETRAIN)
            if feature.is_category:
                codes.append((index, category_codes(encoders[feature.name], feature.name)))
            elif feature.has_words:
                texts.append((index, scaler[feature.name]))
            else:
                figures = scaler[feature.name]
                numbers.append((index, figures["mean"], figures["scale"], figures["min"], figures["max"]))
        self._spellers = {index: Speller(encoders[market.features[index].name]) for index, _ in codes}
        self._codes = tuple(codes)
        self._numbers = tuple(numbers)
        self._texts = tuple(texts)
        self.zero = UnknownZero.read(unknown_zero, [feature.name for feature in market.features])
        self.distance: UsualDistance | None = None
        names = [feature.name for feature in market.features]
        self.make, self.model = (names.index(name) if name in names else 0 for name in (MAKE, MODEL))
        self.together: frozenset[tuple[float, ...]] = frozenset()
        """Codes of make and model that were seen together; empty where a market lacks one of them."""
        self._models: dict[float, Speller] = {}
        self.trims = TrimNames(None, names, encoders)

    def encode(self, values: Sequence[Value]) -> tuple[list[float], bool]:
        """The row of one listing, and whether it is in range: no value needs a warning."""
        row: list[Any] = list(values)
        in_range = True
        for index, codes in self._codes:
            code = codes.get(row[index])
            if code is None:
                code = find_code(codes, row[index])
                in_range = in_range and code == code
            row[index] = code
        for index, mean, scale, low, high in self._numbers:
            value = row[index]
            if value is None:
                row[index] = MISSING
            else:
                if not low <= value <= high:
                    in_range = False
                row[index] = (value - mean) / scale
        for index, amounts in self._texts:
            row[index] = add_words(row[index], amounts)
        if not in_range and self._lacks_model(values, row):
            meant = self.find_meant(str(values[self.model]), row[self.make])
            row[self.model] = meant.model
            if self.trims.column is not None and values[self.trims.column] is None:
                row[self.trims.column] = meant.trim
        if self.zero and self.zero.applies(values):
            row[self.zero.mileage] = MISSING
            in_range = False
        elif self.distance and self.distance.applies(values):
            in_range = False
        return row, in_range

    def _lacks_model(self, values: Sequence[Value], row: Sequence[float]) -> bool:
        return bool(self.together) and values[self.model] is not None and row[self.model] != row[self.model]

    def find_meant(self, text: str, make: float) -> Meant:
        """The longest model of a make that an unknown one begins with: `Corolla XLI` is a `Corolla`.

        Else a trim of the make, and its model: `320i` is a `3 Series`. make: its code.
        """
        words = text.split()[:MAX_MODEL_WORDS]
        codes = next(codes for index, codes in self._codes if index == self.model)
        found = (find_code(codes, " ".join(words[:end])) for end in range(len(words) - 1, 0, -1))
        begun = next((code for code in found if (make, code) in self.together), MISSING)
        return self.trims.find(words, make) if isnan(begun) else Meant(begun, MISSING)

    def spell(self, index: int, text: str) -> str:
        """A category's text as training has it, where it is known; another text as it is."""
        codes = next((codes for place, codes in self._codes if place == index), None)
        if codes is None:
            return text
        code = find_code(codes, text)
        return text if code != code else self._encoders[self._features[index].name][int(code)]

    def list_words(self, values: Sequence[Value]) -> dict[str, list[WordAmount]]:
        """The known words of each text of a listing, by the feature's name."""
        return {
            self._features[index].name: list_words(text, amounts)
            for index, amounts in self._texts
            if isinstance(text := values[index], str)
        }

    def encode_columns(self, rows: Sequence[Sequence[Value]]) -> tuple[list[list[float]], set[int]]:
        """The columns of at least one listing, and the indexes of rows out of range."""
        matrix: list[Any] = list(zip(*rows, strict=True))
        out_of_range: set[int] = set()
        for index, codes in self._codes:
            matrix[index] = found = [codes.get(value) for value in matrix[index]]
            for row in [row for row, code in enumerate(found) if code is None] if None in found else ():
                found[row] = find_code(codes, str(rows[row][index]))
                if found[row] != found[row]:
                    out_of_range.add(row)
        for index, mean, scale, low, high in self._numbers:
            column = matrix[index]
            known = [value for value in column if value is not None] if None in column else column
            if known and not (low <= min(known) and max(known) <= high):
                out_of_range |= {
                    row for row, value in enumerate(column) if value is not None and not low <= value <= high
                }
            matrix[index] = [MISSING if value is None else (value - mean) / scale for value in column]
        for index, amounts in self._texts:
            matrix[index] = [add_words(text, amounts) for text in matrix[index]]
        for row in out_of_range if self.together else ():
            text, code = rows[row][self.model], matrix[self.model][row]
            if text is not None and code != code:
                meant = self.find_meant(str(text), matrix[self.make][row])
                matrix[self.model][row] = meant.model
                if self.trims.column is not None and rows[row][self.trims.column] is None:
                    matrix[self.trims.column][row] = meant.trim
        for row in self._find_zeros(rows):
            matrix[self.zero.mileage][row] = MISSING  # type: ignore[union-attr]
            out_of_range.add(row)
        if self.distance:
            applies = self.distance.applies
            out_of_range.update(row for row, values in enumerate(rows) if applies(values))
        return matrix, out_of_range

    def _name_meant(self, values: Sequence[Value]) -> tuple[str, str] | None:
        """The names of the model and trim that an unknown model was taken for; None where there is none."""
        code = self.encode(values)[0][self.model]
        if isnan(code):
            return None
        make = self.encode(values)[0][self.make]
        meant = self.find_meant(str(values[self.model]), make) if self.together else NOTHING
        trim = (
            ""
            if isnan(meant.trim)
            else self._encoders[self._features[self.trims.column or 0].name][int(meant.trim)]
        )
        return self._encoders[self._features[self.model].name][int(code)], trim

    def _find_speller(self, index: int, values: Sequence[Value]) -> Speller:
        """Of the values of a category; of models, those of the listing's make, or of the one that it may mean."""
        make = values[self.make]
        if index != self.model or not self.together or not isinstance(make, str):
            return self._spellers[index]
        codes = dict(self._codes)[self.make]
        meant = [make, *self._spellers[self.make].suggest(make)]
        code = next((code for code in (find_code(codes, name) for name in meant) if code == code), MISSING)
        return self._speller_of(code)

    def _speller_of(self, make: float) -> Speller:
        """Of the models of a make, by its code."""
        if make not in self._models:
            names = self._encoders[self._features[self.model].name]
            self._models[make] = Speller(names[int(key[1])] for key in sorted(self.together) if key[0] == make)
        return self._models[make]

    def _find_zeros(self, rows: Sequence[Sequence[Value]]) -> list[int]:
        zero = self.zero
        return [row for row, values in enumerate(rows) if zero.applies(values)] if zero else []

    def find_warnings(self, values: Sequence[Value]) -> tuple[InputWarning, ...]:
        """A warning for each value that is out of range, in feature order."""
        warnings = []
        for index, codes in self._codes:
            value = values[index]
            if isinstance(value, str) and isnan(find_code(codes, value)):
                known = self._encoders[self._features[index].name]
                warning = _warn_unknown(self._features[index], value, self._find_speller(index, values), known)
                if index == self.model and (meant := self._name_meant(values)):
                    warning = _warn_meant(warning, *meant)
                warnings.append((index, warning))
        for index, _, _, low, high in self._numbers:
            value = values[index]
            if isinstance(value, float) and not low <= value <= high:
                warnings.append((index, _warn_outside(self._features[index], value, low, high)))
        if self.zero and self.zero.applies(values):
            warnings = [(index, warning) for index, warning in warnings if index != self.zero.mileage]
            warnings.append((self.zero.mileage, _warn_zero(self._features[self.zero.mileage])))
        elif (usual := self.distance) and usual.applies(values):
            question = _warn_unlikely(self._features[usual.mileage], usual, values)
            outside = dict(warnings).get(usual.mileage)
            if outside is not None:  # which says more, but not what may have been meant
                warnings.remove((usual.mileage, outside))
                question = _suggest(outside, question.suggestions)
            warnings.append((usual.mileage, question))
        return tuple(warning for _, warning in sorted(warnings, key=itemgetter(0)))


def _warn_unknown(feature: Feature, value: str, speller: Speller, known: Sequence[str]) -> InputWarning:
    suggestions = speller.suggest(value)
    is_listed = feature.name not in (MAKE, MODEL) and 0 < len(known) <= MAX_LISTED
    more = f", which have {', '.join(known)}" if is_listed else ""
    if suggestions:
        more = f"; did you mean {suggestions[0]!r}?"
    detail = f"was not among the training listings{more}"
    return InputWarning(f"#/{feature.name}", UNKNOWN_CATEGORY, detail, suggestions)


def _warn_meant(warning: InputWarning, known: str, trim: str) -> InputWarning:
    """That a model counts which the unknown one begins with, or which it is a trim of."""
    more = f" with {trim!r}" if trim else ""
    detail = f"was not among the training listings; priced as {known!r}{more}"
    others = tuple(name for name in warning.suggestions if name != known)
    return replace(warning, detail=detail, suggestions=(known, *others)[:MAX_SUGGESTIONS])


def warn_of_age(as_of: date, today: date, max_days: int) -> tuple[InputWarning, ...]:
    """That the model has learnt nothing since as_of, where that is more than max_days ago."""
    days = (today - as_of).days
    if days <= max_days:
        return ()
    detail = f"the model learnt from listings up to {as_of}, {days} days ago; prices may have moved since"
    return (InputWarning("#", OLD_MODEL, detail, ()),)


def warn_combination(feature: Feature, value: str, whole: str, others: Sequence[str]) -> InputWarning:
    """That a model is not of its make. others: makes that have such a model."""
    question = f"; did you mean {others[0]!r}?" if others else ""
    detail = f"{value!r} is of no {whole} among the training listings{question}"
    return InputWarning(f"#/{feature.name}", UNKNOWN_COMBINATION, detail, tuple(others[:MAX_SUGGESTIONS]))


def _warn_zero(feature: Feature) -> InputWarning:
    detail = "is too small for a car of that year, so it was taken as not given"
    return InputWarning(f"#/{feature.name}", TAKEN_AS_MISSING, detail, ())


def _warn_unlikely(feature: Feature, usual: UsualDistance, values: Sequence[Value]) -> InputWarning:
    distance, year = float(values[usual.mileage]), float(values[usual.year])  # type: ignore[arg-type]
    unit = f" {feature.unit}" if feature.unit else ""
    word = "little" if distance < usual.usual(year) else "far"
    meant = usual.suggest(distance, year)
    about = float(f"{usual.usual(year):.2g}")
    detail = (
        f"of {distance:,.0f}{unit} is {word} for a car of {year:.0f}: such cars have gone about {about:,.0f}{unit}"
    )
    warning = InputWarning(f"#/{feature.name}", UNLIKELY, detail, ())
    return warning if meant is None else _suggest(warning, (f"{meant:.0f}",))


def warn_unusual(feature: Feature, span: Span, value: float) -> InputWarning:
    """That a number is far from those of its make and model."""
    usual = describe_range(replace(feature, min=span.low, max=span.high))
    if span.low == span.high:
        usual = f"at {KINDS[feature.kind].write(span.low)}"
    detail = f"is far from the training listings of such cars, which go {usual}"
    meant = span.suggest(value)
    return _suggest(
        InputWarning(f"#/{feature.name}", UNLIKELY, detail, ()), () if meant is None else (f"{meant:g}",)
    )


def _suggest(warning: InputWarning, suggestions: tuple[str, ...]) -> InputWarning:
    question = f"; did you mean {suggestions[0]}?" if suggestions else ""
    return replace(warning, detail=f"{warning.detail}{question}", suggestions=suggestions)


def _warn_outside(feature: Feature, value: float, low: float, high: float) -> InputWarning:
    kind = KINDS[feature.kind]
    if kind.has_range:
        seen = describe_range(replace(feature, min=low, max=high))
        detail = f"is outside the training listings, which go {seen}"
    else:
        detail = f"was {json.dumps(kind.write(value))} in none of the training listings"
    return InputWarning(f"#/{feature.name}", OUTSIDE_TRAINING, detail, ())
