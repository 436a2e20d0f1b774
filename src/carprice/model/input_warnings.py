"""Warnings: values that were priced although training never saw them, or that can hardly be meant."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated

import msgspec
from msgspec.structs import replace

from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import Feature
from carprice.model.listing import Pointer, describe_range
from carprice.model.names.category_codes import MAKE, MODEL
from carprice.model.names.suggestions import MAX_SUGGESTIONS, Speller
from carprice.model.plausibility import Span, UsualDistance

UNKNOWN_CATEGORY = "unknown_category"
UNKNOWN_COMBINATION = "unknown_combination"
OUTSIDE_TRAINING = "outside_training_range"
TAKEN_AS_MISSING = "taken_as_missing"
UNLIKELY = "unlikely_value"
UNSEEN = "unseen_value"
FEW_LIKE = "few_like"
OLD_MODEL = "old_model"
WARNINGS = (
    UNKNOWN_CATEGORY,
    UNKNOWN_COMBINATION,
    OUTSIDE_TRAINING,
    TAKEN_AS_MISSING,
    UNLIKELY,
    UNSEEN,
    FEW_LIKE,
    OLD_MODEL,
)

_PRICED_AS = "; priced as "
MAX_LISTED = 6
"""Values of a category that a warning names where none is like the unknown one."""


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


def warn_unknown(feature: Feature, value: str, speller: Speller, known: Sequence[str]) -> InputWarning:
    """That a category has no such value. known: those that it has."""
    suggestions = speller.suggest(value)
    is_listed = feature.name not in (MAKE, MODEL) and 0 < len(known) <= MAX_LISTED
    more = f", which have {', '.join(known)}" if is_listed else ""
    if suggestions:
        more = f"; did you mean {suggestions[0]!r}?"
    detail = f"was not among the training listings{more}"
    return InputWarning(f"#/{feature.name}", UNKNOWN_CATEGORY, detail, suggestions)


def warn_meant(warning: InputWarning, known: str, trim: str) -> InputWarning:
    """That another model counts, which the unknown one has in its name, begins, or is a trim of."""
    more = f" with {trim!r}" if trim else ""
    detail = f"was not among the training listings{_PRICED_AS}{known!r}{more}"
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
    detail = f"{value!r} is not among the training listings of {whole}{question}"
    return InputWarning(f"#/{feature.name}", UNKNOWN_COMBINATION, detail, tuple(others[:MAX_SUGGESTIONS]))


def warn_few(feature: Feature, rows: int) -> InputWarning:
    """That the model has learnt from few cars of that make and model."""
    detail = f"was in only {rows} of the training listings: its price is less sure than most"
    return InputWarning(f"#/{feature.name}", FEW_LIKE, detail, ())


def ask_instead(warning: InputWarning) -> str:
    """What a warning says where the car is not priced as another: a question in place of that."""
    detail, is_priced, _ = warning.detail.partition(_PRICED_AS)
    return f"{detail}; did you mean {warning.suggestions[0]!r}?" if is_priced else detail


def warn_other(feature: Feature, value: str, whole: str, known: str) -> InputWarning:
    """That a model is not of its make, and that another one of the make counts."""
    detail = f"{value!r} is not among the training listings of {whole}{_PRICED_AS}{known!r}"
    return InputWarning(f"#/{feature.name}", UNKNOWN_CATEGORY, detail, (known,))


def warn_zero(feature: Feature) -> InputWarning:
    """That a mileage so small counts as none."""
    detail = "is too small for a car of that year, so it was taken as not given"
    return InputWarning(f"#/{feature.name}", TAKEN_AS_MISSING, detail, ())


def warn_unlikely(feature: Feature, usual: UsualDistance, values: Sequence[Value]) -> InputWarning:
    """That a distance does not go with the car's age. values: in feature order."""
    distance, year = float(values[usual.mileage]), float(values[usual.year])  # type: ignore[arg-type]
    unit = f" {feature.unit}" if feature.unit else ""
    word = "little" if distance < usual.usual(year) else "far"
    meant = usual.suggest(distance, year)
    about = float(f"{usual.usual(year):.2g}")
    detail = (
        f"of {distance:,.0f}{unit} is {word} for a car of {year:.0f}: such cars have gone about {about:,.0f}{unit}"
    )
    warning = InputWarning(f"#/{feature.name}", UNLIKELY, detail, ())
    return warning if meant is None else suggest(warning, (f"{meant:.0f}",))


def warn_unusual(feature: Feature, span: Span, value: float) -> InputWarning:
    """That a number is far from those of its make and model."""
    usual = describe_range(replace(feature, min=span.low, max=span.high))
    if span.low == span.high:
        usual = f"at {KINDS[feature.kind].write(span.low)}"
    detail = f"is far from the training listings of such cars, which go {usual}"
    meant = span.suggest(value)
    return suggest(
        InputWarning(f"#/{feature.name}", UNLIKELY, detail, ()), () if meant is None else (f"{meant:g}",)
    )


def suggest(warning: InputWarning, suggestions: tuple[str, ...]) -> InputWarning:
    """The warning with the question whether the first of these was meant."""
    question = f"; did you mean {suggestions[0]}?" if suggestions else ""
    return replace(warning, detail=f"{warning.detail}{question}", suggestions=suggestions)


def warn_outside(feature: Feature, value: float, low: float, high: float) -> InputWarning:
    """That a value lies outside the training listings, which go from low to high."""
    kind = KINDS[feature.kind]
    if kind.has_range:
        seen = describe_range(replace(feature, min=low, max=high))
        detail = f"is outside the training listings, which go {seen}"
    else:
        detail = f"was {json.dumps(kind.write(value))} in none of the training listings"
    return InputWarning(f"#/{feature.name}", OUTSIDE_TRAINING, detail, ())
