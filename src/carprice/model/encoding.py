"""Values of one listing to the row of numbers that the trees see, with the same figures as in training."""

import json
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

from msgspec.structs import replace

from carprice.errors import BundleError
from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import Feature, Market
from carprice.model.listing import describe_range
from carprice.model.manifest import RETRAIN
from carprice.model.suggestions import Speller, fold

UNKNOWN = "unknown_category"
OUTSIDE = "outside_training_range"
MISSING = math.nan

Codes = dict[str | None, float]
Encoders = dict[str, list[str]]
Scaler = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Warned:
    """A value that was priced all the same, but that training never saw: why, and what may have been meant."""

    field: str
    code: str
    detail: str
    suggestions: tuple[str, ...] = ()


class Encoder:
    """Encodes listings with the fitted encoders and scaler of one bundle."""

    def __init__(self, market: Market, encoders: Encoders, scaler: Scaler) -> None:
        """Raises BundleError where a feature of the market was not fitted."""
        self._features = market.features
        codes, numbers = [], []
        for place, feature in enumerate(market.features):
            fitted, name = (encoders, "encoders.pkl") if feature.is_category else (scaler, "scaler.pkl")
            if feature.name not in fitted:
                raise BundleError(f"{name}: has nothing for feature {feature.name!r}", RETRAIN)
            if feature.is_category:
                codes.append((place, category_codes(encoders[feature.name])))
            else:
                figures = scaler[feature.name]
                numbers.append((place, figures["mean"], figures["scale"], figures["min"], figures["max"]))
        self._spellers = {place: Speller(filter(None, known)) for place, known in codes}
        self._codes = tuple(codes)
        self._numbers = tuple(numbers)

    def encode(self, values: Sequence[Value]) -> tuple[list[float], bool]:
        """The row of one listing, and whether training saw the like of every value."""
        row: list[Any] = list(values)
        usual = True
        for place, codes in self._codes:
            code = codes.get(row[place])
            if code is None:
                code = codes.get(fold(row[place]), MISSING)
                usual = usual and code == code
            row[place] = code
        for place, mean, scale, low, high in self._numbers:
            value = row[place]
            if value is None:
                row[place] = MISSING
            else:
                if not low <= value <= high:
                    usual = False
                row[place] = (value - mean) / scale
        return row, usual

    def encode_columns(self, rows: Sequence[Sequence[Value]]) -> tuple["array[float]", set[int]]:
        """The matrix of listings, column after column, and the rows with a value unlike all in training.

        At least one listing.
        """
        matrix: list[Any] = list(zip(*rows, strict=True))
        unusual: set[int] = set()
        for place, codes in self._codes:
            matrix[place] = found = [codes.get(value) for value in matrix[place]]
            for row in [row for row, code in enumerate(found) if code is None] if None in found else ():
                found[row] = codes.get(fold(str(rows[row][place])), MISSING)
                if found[row] != found[row]:
                    unusual.add(row)
        for place, mean, scale, low, high in self._numbers:
            column = matrix[place]
            known = [value for value in column if value is not None] if None in column else column
            if known and not (low <= min(known) and max(known) <= high):
                unusual |= {
                    row for row, value in enumerate(column) if value is not None and not low <= value <= high
                }
            matrix[place] = [MISSING if value is None else (value - mean) / scale for value in column]
        return array("d", list(chain.from_iterable(matrix))), unusual

    def warn(self, values: Sequence[Value]) -> list[Warned]:
        """What training never saw among the values, in feature order."""
        warnings = []
        for place, codes in self._codes:
            value = values[place]
            if isinstance(value, str) and value not in codes and fold(value) not in codes:
                warnings.append((place, _warn_unknown(self._features[place], value, self._spellers[place])))
        for place, _, _, low, high in self._numbers:
            value = values[place]
            if isinstance(value, float) and not low <= value <= high:
                warnings.append((place, _warn_outside(self._features[place], value, low, high)))
        return [warned for _, warned in sorted(warnings, key=itemgetter(0))]


def category_codes(values: Sequence[str]) -> Codes:
    """Each value's code, and under its folded text the first value's that folds to it; exact text wins.

    No value is NaN, as training has it.
    """
    codes: Codes = {value: float(code) for code, value in enumerate(values)}
    codes[None] = MISSING
    for code, value in enumerate(values):
        codes.setdefault(fold(value), float(code))
    return codes


def _warn_unknown(feature: Feature, value: str, speller: Speller) -> Warned:
    suggestions = speller.suggest(value)
    question = f"; did you mean {suggestions[0]!r}?" if suggestions else ""
    return Warned(feature.name, UNKNOWN, f"was not among the training listings{question}", suggestions)


def _warn_outside(feature: Feature, value: float, low: float, high: float) -> Warned:
    kind = KINDS[feature.kind]
    if kind.has_range:
        seen = describe_range(replace(feature, min=low, max=high))
        detail = f"is outside the training listings, which go {seen}"
    else:
        detail = f"was {json.dumps(kind.write(value))} in none of the training listings"
    return Warned(feature.name, OUTSIDE, detail)
