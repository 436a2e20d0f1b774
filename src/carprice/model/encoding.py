"""The values of a listing to the row of numbers that the trees see, computed exactly as in training."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from carprice.errors import BundleError
from carprice.market.kinds import Value
from carprice.market.market_file import Market
from carprice.model.bundle.manifest import RETRAIN
from carprice.model.input_warnings import (
    InputWarning,
    suggest,
    warn_meant,
    warn_other,
    warn_outside,
    warn_unknown,
    warn_unlikely,
    warn_zero,
)
from carprice.model.names.category_codes import MAKE, MISSING, MODEL, category_codes, find_code
from carprice.model.names.meant_names import MeantCar, MeantNames
from carprice.model.names.suggestions import Speller
from carprice.model.names.trim_names import TrimNames
from carprice.model.plausibility import UsualDistance
from carprice.model.text import WordAmount, add_words, list_words

Encoders = dict[str, list[str]]
Scaler = dict[str, dict[str, float]]
"""The figures of each number; of each text what each of its words adds to the log price."""


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
        self._codes_of = dict(codes)
        self._numbers = tuple(numbers)
        self._texts = tuple(texts)
        self.zero = UnknownZero.read(unknown_zero, [feature.name for feature in market.features])
        self.distance: UsualDistance | None = None
        names = [feature.name for feature in market.features]
        self.make, self.model = (names.index(name) if name in names else 0 for name in (MAKE, MODEL))
        self.names: MeantNames | None = None

    def learn_names(self, rows: Mapping[tuple[float, ...], int], trims: TrimNames) -> None:
        """Know other names of makes and models. rows: listings of each two that were seen together, by codes."""
        codes = self._codes_of[self.make], self._codes_of[self.model]
        self.names = MeantNames(self._spellers[self.make], self._encoders[MODEL], codes, rows, trims)

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
        if (
            self.names
            and (row[self.make], row[self.model]) not in self.names.rows
            and (meant := self._find_meant(values))
        ):
            in_range = False
            row[self.make], row[self.model] = meant.make, meant.model
            if (trim := self.names.trims.column) is not None and values[trim] is None:
                row[trim] = meant.trim
        if self.zero and self.zero.applies(values):
            row[self.zero.mileage] = MISSING
            in_range = False
        elif self.distance and self.distance.applies(values):
            in_range = False
        return row, in_range

    def is_guessed(self, values: Sequence[Value], model: float) -> bool:
        """Whether the model that counts is another one than the given one. model: its code."""
        text = values[self.model]
        if not isinstance(text, str) or find_code(self._codes_of[self.model], text) == model:
            return False
        meant = self._find_meant(values)
        return meant is not None and not meant.is_sure

    def _find_meant(self, values: Sequence[Value]) -> MeantCar | None:
        """What make and model mean that were not seen together; None where no more is known of them."""
        if not self.names:
            return None
        make, model = values[self.make], values[self.model]
        return self.names.find(*(text if isinstance(text, str) else None for text in (make, model)))

    def spell(self, index: int, text: str) -> str:
        """A category's text as training has it, where it is known; another text as it is."""
        codes = self._codes_of.get(index)
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
        self._replace_meant(rows, matrix, out_of_range)
        for row in self._find_zeros(rows):
            matrix[self.zero.mileage][row] = MISSING  # type: ignore[union-attr]
            out_of_range.add(row)
        if self.distance:
            applies = self.distance.applies
            out_of_range.update(row for row, values in enumerate(rows) if applies(values))
        return matrix, out_of_range

    def _replace_meant(self, rows: Sequence[Sequence[Value]], matrix: list[Any], out_of_range: set[int]) -> None:
        """Give the rows whose make and model were not seen together the codes of what they mean."""
        if not self.names:
            return
        seen, trim = self.names.rows, self.names.trims.column
        strange = [
            row
            for row, key in enumerate(zip(matrix[self.make], matrix[self.model], strict=True))
            if key not in seen
        ]
        for row in strange:
            if meant := self._find_meant(rows[row]):
                out_of_range.add(row)
                matrix[self.make][row], matrix[self.model][row] = meant.make, meant.model
                if trim is not None and rows[row][trim] is None:
                    matrix[trim][row] = meant.trim

    def _find_speller(self, index: int, values: Sequence[Value]) -> Speller:
        """Of the values of a category; of models, those of the listing's make, or of the one that it may mean."""
        make = values[self.make]
        if index != self.model or not self.names or not isinstance(make, str):
            return self._spellers[index]
        codes = self._codes_of[self.make]
        meant = [make, *self._spellers[self.make].suggest(make)]
        code = next((code for code in (find_code(codes, name) for name in meant) if code == code), MISSING)
        return self.names.speller_of(code)

    def _find_zeros(self, rows: Sequence[Sequence[Value]]) -> list[int]:
        zero = self.zero
        return [row for row, values in enumerate(rows) if zero.applies(values)] if zero else []

    def find_warnings(self, values: Sequence[Value]) -> tuple[InputWarning, ...]:
        """A warning for each value that is out of range, in feature order."""
        warnings = self._warn_of_categories(values)
        for index, _, _, low, high in self._numbers:
            value = values[index]
            if isinstance(value, float) and not low <= value <= high:
                warnings.append((index, warn_outside(self._features[index], value, low, high)))
        if self.zero and self.zero.applies(values):
            warnings = [(index, warning) for index, warning in warnings if index != self.zero.mileage]
            warnings.append((self.zero.mileage, warn_zero(self._features[self.zero.mileage])))
        elif (usual := self.distance) and usual.applies(values):
            question = warn_unlikely(self._features[usual.mileage], usual, values)
            outside = dict(warnings).get(usual.mileage)
            if outside is not None:  # which says more, but not what may have been meant
                warnings.remove((usual.mileage, outside))
                question = suggest(outside, question.suggestions)
            warnings.append((usual.mileage, question))
        return tuple(warning for _, warning in sorted(warnings, key=itemgetter(0)))

    def _warn_of_categories(self, values: Sequence[Value]) -> list[tuple[int, InputWarning]]:
        """The warnings of unknown values, and of a model that counts as another one, with their indexes."""
        row, _ = self.encode(values)
        warnings = []
        for index, codes in self._codes:
            value, code = values[index], row[index]
            if not isinstance(value, str) or (known_code := find_code(codes, value)) == code:
                continue
            if index == self.model and code == code and not self.is_guessed(values, code):
                continue  # as in Toyota Aqua
            known = self._encoders[self._features[index].name]
            meant = "" if code != code else known[int(code)]
            if known_code == known_code:
                make = self._encoders[MAKE][int(row[self.make])]
                warnings.append((index, warn_other(self._features[index], value, make, meant)))
                continue
            warning = warn_unknown(self._features[index], value, self._find_speller(index, values), known)
            if meant:
                trim = self._name_trim(values, row) if index == self.model else ""
                warning = warn_meant(warning, meant, trim)
            warnings.append((index, warning))
        return warnings

    def _name_trim(self, values: Sequence[Value], row: Sequence[float]) -> str:
        """The trim that a model was named by; empty where it was not."""
        trim = self.names.trims.column if self.names else None
        if trim is None or values[trim] is not None or row[trim] != row[trim]:
            return ""
        return self._encoders[self._features[trim].name][int(row[trim])]
