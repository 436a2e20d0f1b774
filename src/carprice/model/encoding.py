"""Values of one listing to the row of numbers that the trees see, with the same figures as in training."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from carprice.errors import BundleError
from carprice.market.market import Feature, Market
from carprice.model.listing import Value, describe_range

UNKNOWN = "unknown_category"
OUTSIDE = "outside_training_range"
MISSING = math.nan

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
        self._codes: list[dict[str, float] | None] = []
        self._numbers: list[tuple[float, float, float, float]] = []
        for feature in market.features:
            fitted = encoders if feature.is_text else scaler
            if feature.name not in fitted:
                name = "encoders.pkl" if feature.is_text else "scaler.pkl"
                raise BundleError(f"{name}: has nothing for feature {feature.name!r}")
            if feature.is_text:
                self._codes.append(category_codes(encoders[feature.name]))
                self._numbers.append((0.0, 1.0, 0.0, 0.0))
            else:
                scale = scaler[feature.name]
                self._codes.append(None)
                self._numbers.append((scale["mean"], scale["scale"], scale["min"], scale["max"]))
        self._plan: Any = tuple(zip(self._codes, *zip(*self._numbers, strict=True), strict=True))

    def encode(self, values: Sequence[Value]) -> tuple[list[float], bool]:
        """The row of one listing, and whether training saw the like of every value."""
        row = []
        usual = True
        for value, (codes, mean, scale, low, high) in zip(values, self._plan, strict=True):
            if value is None:
                row.append(MISSING)
            elif codes is None:
                usual = usual and low <= value <= high
                row.append((value - mean) / scale)
            else:
                code = codes.get(value)
                if code is None:
                    code = codes.get(fold(value), MISSING)  # type: ignore[arg-type]
                    usual = usual and code == code
                row.append(code)
        return row, usual

    def warn(self, values: Sequence[Value]) -> list[Warned]:
        """What training never saw among the values, in feature order."""
        warnings = []
        for feature, value, codes, (_, _, low, high) in zip(
            self._features, values, self._codes, self._numbers, strict=True
        ):
            if isinstance(value, str) and codes is not None and value not in codes and fold(value) not in codes:
                warnings.append(_warn_unknown(feature, value, codes))
            elif isinstance(value, float) and not low <= value <= high:
                warnings.append(_warn_outside(feature, low, high))
        return warnings


def category_codes(values: Sequence[str]) -> dict[str, float]:
    """Each value's code, and under its folded text the first value's that folds to it; exact text wins."""
    codes = {value: float(code) for code, value in enumerate(values)}
    for code, value in enumerate(values):
        codes.setdefault(fold(value), float(code))
    return codes


def fold(text: str) -> str:
    """The text as spelled by somebody in a hurry: case and outer or doubled spaces do not matter."""
    return " ".join(text.casefold().split())


def _warn_unknown(feature: Feature, value: str, codes: dict[str, float]) -> Warned:
    close = get_close_matches(fold(value), [fold(text) for text in codes], n=3)
    named: dict[str, str] = {}
    for text in codes:
        named.setdefault(fold(text), text)
    suggestions = tuple(dict.fromkeys(named[text] for text in close))
    question = f"; did you mean {suggestions[0]!r}?" if suggestions else ""
    return Warned(feature.name, UNKNOWN, f"was not among the training listings{question}", suggestions)


def _warn_outside(feature: Feature, low: float, high: float) -> Warned:
    seen = describe_range(
        Feature(feature.name, feature.column, feature.kind, unit=feature.unit, min=low, max=high)
    )
    return Warned(feature.name, OUTSIDE, f"is outside the training listings, which go {seen}")
