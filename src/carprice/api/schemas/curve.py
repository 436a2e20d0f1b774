"""The body of POST /predict/curve in the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from carprice.market.kinds import KINDS
from carprice.market.market_file import Market
from carprice.model.evidence.curve_plan import MAX_POINTS, MAX_YEARS, MIN_POINTS, USUAL_POINTS

CURVE_SUMMARY = "What if: one car along a number of its own, or in the years to come"
CURVE_DESCRIPTION = (
    "All else stays as it is. With `years` the car gets a year older at each point and goes as far as such cars "
    "usually go, at today's price level. Points beyond what training saw have `seen` false."
)


def describe_order(market: Market | None) -> dict[str, Any]:
    """The schema of the body; the fields that a curve can follow are the numbers of GET /info/features."""
    unit = market.distance_unit if market else "the market's unit"
    end = {
        "type": ["number", "string", "null"],
        "description": "As the field's value; left out, where the training listings end.",
    }
    return {
        "type": "object",
        "properties": {
            "listing": {"$ref": "#/components/schemas/Listing"},
            "along": {"type": ["string", "null"], "description": "A field that is a number, a year or a date."},
            "from": end,
            "to": end,
            "points": {
                "type": ["integer", "null"],
                "minimum": MIN_POINTS,
                "maximum": MAX_POINTS,
                "default": USUAL_POINTS,
            },
            "years": {
                "type": ["integer", "null"],
                "minimum": 1,
                "maximum": MAX_YEARS,
                "description": "Instead of `along`.",
            },
            "distance_per_year": {
                "type": ["number", "null"],
                "minimum": 0,
                "description": f"With `years`, in {unit}; left out, what such listings show.",
            },
        },
        "required": ["listing"],
        # One of the two is given; said so, and not by anyOf, which generators of clients read as two types.
        "not": {"properties": {"along": {"type": "null"}, "years": {"type": "null"}}},
        "additionalProperties": False,
    }


def give_example(market: Market, listing: Mapping[str, Any]) -> dict[str, Any]:
    """A body that the model can answer."""
    names = _name_numbers(market)
    return {"listing": dict(listing), **({"along": names[-1]} if names else {"years": 1})}


def _name_numbers(market: Market) -> list[str]:
    return [feature.name for feature in market.features if KINDS[feature.kind].has_range]
