"""How the OpenAPI document describes feedback."""

from collections.abc import Mapping
from typing import Any

from carprice.feedback.entry import KINDS
from carprice.feedback.reading import REQUEST_ID
from carprice.market.market_file import Market

FEEDBACK_SUMMARY = "Keep what a car was sold or listed for"
FEEDBACK_DESCRIPTION = (
    "The car is named by the `X-Request-ID` of the answer that priced it, or given as a listing, or both. The "
    "service keeps a sample of requests: of one that is not in it only the price is kept, and `answer` is null. "
    "An answer of 200 says that the feedback is on disk. What is sent again (the same request id, or else "
    "listing, with kind, price and day) is kept once."
)


def describe_feedback(market: Market | None) -> dict[str, Any]:
    """The schema of what is sent."""
    return {
        "type": "object",
        "description": "With `request_id`, `listing`, or both.",
        "properties": {
            "request_id": {
                "type": ["string", "null"],
                "pattern": f"^{REQUEST_ID.pattern}$",
                "description": "The `X-Request-ID` of the answer that priced the car.",
            },
            "listing": {"anyOf": [{"$ref": "#/components/schemas/Listing"}, {"type": "null"}]},
            "price": _describe_price(market),
            "kind": {
                "type": "string",
                "enum": list(KINDS),
                "description": "Whether somebody paid it, or it was only asked.",
            },
            "day": {
                "type": ["string", "null"],
                "format": "date",
                "description": "Of the sale or listing; today where it is left out.",
            },
        },
        "required": ["price", "kind"],
        "additionalProperties": False,
    }


def _describe_price(market: Market | None) -> dict[str, Any]:
    if market is None:
        return {"type": "number"}
    limits = {"minimum": market.price.min, "maximum": market.price.max}
    return {"type": "number", **limits, "description": f"In {market.currency}."}


def give_feedback(golden: Mapping[str, Any], version: str) -> dict[str, Any]:
    """An example: a car that the model can price, sold for what it says."""
    return {
        "listing": golden["listing"],
        "price": round(golden["price"]),
        "kind": "sold",
        "day": f"{version[:4]}-{version[4:6]}-{version[6:8]}",
    }
