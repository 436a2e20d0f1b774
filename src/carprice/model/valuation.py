"""What the pricer answers: a valuation, and its breakdown."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from carprice.model.input_warnings import InputWarning
from carprice.model.position import Position

Money = Annotated[int, msgspec.Meta(description="In whole units of the market's currency.")]
Confidence = Annotated[
    Literal["high", "medium", "low"],
    msgspec.Meta(description="How likely the actual price is within 10 %; docs/bundle.md has the limits."),
]
Coverage = Annotated[
    float | None,
    msgspec.Meta(description="The share of prices that the range holds; null where training saw no such car."),
]


Placed = Annotated[
    Position | UnsetType | None,
    msgspec.Meta(description="Where the asking price lies, if it is given; null where training saw no such car."),
]


class NotGiven(msgspec.Struct, frozen=True):
    """A field that was left out, and what that costs."""

    field: str
    adds: Annotated[
        float | None,
        msgspec.Meta(
            description="What leaving it out adds to the median error, as a share; null where not known."
        ),
    ]


class Valuation(msgspec.Struct, frozen=True):
    """What a car is worth: the price, the range around it, and how sure both are."""

    price: Money
    low: Money
    high: Money
    confidence: Confidence
    coverage: Coverage
    warnings: tuple[InputWarning, ...]
    not_given: tuple[NotGiven, ...]
    position: Placed = UNSET


class WordPart(msgspec.Struct, frozen=True):
    """What one word of a text, or a pair of words, adds to the price."""

    word: Annotated[str, msgspec.Meta(description="As the text has it.")]
    amount: Money


class BreakdownPart(msgspec.Struct, frozen=True):
    """What one field adds to the price."""

    feature: Annotated[str, msgspec.Meta(description="Its name; of a group those of its fields, joined by `+`.")]
    amount: Money
    label: Annotated[
        str, msgspec.Meta(description="What people call it, and that it is not given where it is not.")
    ]
    words: (
        Annotated[tuple[WordPart, ...], msgspec.Meta(description="Of a text what its words add; they sum to it.")]
        | UnsetType
    ) = UNSET


class Breakdown(msgspec.Struct, frozen=True):
    """The price of another car and what each field adds to it; they sum to the price."""

    base: Money
    parts: tuple[BreakdownPart, ...]
    against: Annotated[str, msgspec.Meta(description="Which car has the base for its price.")]
    usual: Annotated[dict[str, Any], msgspec.Meta(description="Of the usual car, its fields.")] | UnsetType = UNSET
