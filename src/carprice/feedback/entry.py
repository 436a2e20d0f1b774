"""One piece of feedback: what a car was sold or listed for, and what the model had said."""

import hashlib
import json
from typing import Any, Literal

import msgspec

FeedbackKind = Literal["sold", "listed"]
KINDS: tuple[str, ...] = ("sold", "listed")
ID_LENGTH = 32


class Answer(msgspec.Struct, frozen=True):
    """What a model said of the car, in whole units of the market's currency."""

    model_version: str
    price: float
    low: float
    high: float


class Feedback(msgspec.Struct, frozen=True, omit_defaults=True):
    """A price that was reached. price: in the market's currency. day: ISO 8601, of the sale or listing.

    request_id or listing is given, or both. received: when it was first sent, UTC. answer: what the model said of
    the car, None where that is not known: a request that is no longer in the sample of requests.
    """

    id: str
    received: str
    kind: FeedbackKind
    price: float
    day: str
    request_id: str | None = None
    listing: dict[str, Any] | None = None
    answer: Answer | None = None


def make_id(
    kind: str, price: float, day: str | None, request_id: str | None, listing: dict[str, Any] | None
) -> str:
    """The id of feedback: the same for the same request, or else listing, with the same kind, price and day.

    day: as it was sent, None where it was not; so what is sent again the next day is the same still.
    """
    car = {"request_id": request_id} if request_id is not None else {"listing": listing}
    text = json.dumps([car, kind, float(price), day], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]
