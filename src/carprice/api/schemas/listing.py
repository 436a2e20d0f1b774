"""A listing in the OpenAPI document: the fields of its market, and nothing of what a model knows of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from carprice.api.decoding import field_type
from carprice.market.kinds import KINDS
from carprice.market.market_file import ASKING, Feature, Market

Schema = dict[str, Any]
_DESCRIPTION = "One car. `GET /info/features` has the values of each field that the model has seen."
_VALUES = ["string", "number", "boolean", "null"]


def describe_listing(market: Market | None, golden: Sequence[Mapping[str, Any]]) -> Schema:
    """The schema of a listing with the first golden one as its example; without a market any fields."""
    if market is None:
        return {"type": "object", "description": _DESCRIPTION, "additionalProperties": {"type": _VALUES}}
    fields = {feature.name: _describe_field(feature) for feature in market.features}
    return {
        "type": "object",
        "description": _DESCRIPTION,
        "properties": {**fields, ASKING: _describe_asking(market.currency)},
        "required": [feature.name for feature in market.features if not feature.optional],
        "additionalProperties": False,
        "examples": [golden[0]["listing"]],
    }


def _describe_asking(currency: str) -> Schema:
    return {
        "type": ["number", "null"],
        "exclusiveMinimum": 0,
        "title": "Asking price",
        "description": f"In {currency}. It moves no price; the answer says where it lies.",
    }


def _describe_field(feature: Feature) -> Schema:
    """The schema of one field. Categories are open: an unknown value is priced, with a warning."""
    schema = {**msgspec.json.schema(field_type(feature)), **KINDS[feature.kind].schema, "title": feature.label}
    if feature.unit:
        schema["description"] = f"In {feature.unit}."
    if feature.optional:
        schema["type"] = [schema["type"], "null"]
    return schema
