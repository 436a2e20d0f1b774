"""JSON schemas of what the API takes and answers, with the enums and ranges of the loaded model."""

from typing import Any

from carprice.api.responses import problem_body
from carprice.api.state import ARTIFACTS, LoadedModel
from carprice.market.kinds import KINDS
from carprice.market.market_file import Feature
from carprice.model.encoding import OUTSIDE, UNKNOWN
from carprice.model.listing import Problem
from carprice.model.manifest import FILES
from carprice.names import FALLBACK

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_FIGURES: Schema = {"type": "object", "additionalProperties": {"type": ["number", "null"]}}


def build_schemas(model: LoadedModel) -> dict[str, Schema]:
    """The components of the document: requests, answers, problems."""
    return {
        "Listing": _listing(model),
        **_valuations(model),
        "Problem": _problem(),
        **_information(),
    }


def describe_field(feature: Feature, values: list[str] | None) -> Schema:
    """The schema of one field. Categories are open: an unknown value is priced, with a warning."""
    kind = KINDS[feature.kind]
    schema: Schema = {**kind.schema, "title": feature.label}
    if values is not None:
        schema |= {"minLength": 1, "maxLength": feature.max_length}
        schema["anyOf"] = [{"enum": values}, {"description": "Any other value is priced with a warning."}]
    elif kind.has_range and kind.schema["type"] != "string":
        limits = {"minimum": feature.min, "maximum": feature.max}
        schema |= {key: limit for key, limit in limits.items() if limit is not None}
    if feature.unit:
        schema["description"] = f"In {feature.unit}."
    if feature.optional:
        schema["type"] = [schema["type"], "null"]
    return schema


def ref(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(schema: Schema) -> Schema:
    """A list of what the schema describes."""
    return {"type": "array", "items": schema}


def _listing(model: LoadedModel) -> Schema:
    pricer = model.pricer
    fields = {
        feature.name: describe_field(feature, pricer.encoders[feature.name] if feature.is_category else None)
        for feature in pricer.market.features
    }
    return {
        **_object(fields, required=[feature.name for feature in pricer.market.features if not feature.optional]),
        "additionalProperties": False,
        "examples": [pricer.manifest["golden"][0]["listing"]],
    }


def _valuations(model: LoadedModel) -> dict[str, Schema]:
    money: Schema = {"type": "integer", "description": f"In {model.currency}."}
    amounts = {"price": money, "low": money, "high": money, "warnings": list_of(ref("Warning"))}
    named: Schema = {"currency": {"const": model.currency}, "model_version": _TEXT}
    parts = list_of(_object({"feature": _TEXT, "amount": money}))
    warning: Schema = {
        "pointer": {**_TEXT, "description": "The field, as a JSON pointer."},
        "code": {"enum": [UNKNOWN, OUTSIDE]},
        "detail": _TEXT,
        "suggestions": list_of({**_TEXT, "description": "What may have been meant."}),
    }
    row: Schema = {"anyOf": [ref("RowValuation"), ref("Problem")]}
    return {
        "Valuation": _object({**amounts, **named, "breakdown": ref("Breakdown")}, required=[*amounts, *named]),
        "Breakdown": {
            **_object({"base": money, "parts": parts}),
            "description": "The average car's price and what each field adds; they sum to the price.",
        },
        "Warning": _object(warning),
        "RowValuation": _object(amounts),
        "BatchAnswer": _object({**named, "results": list_of(row)}),
    }


def _problem() -> Schema:
    error = _object({"detail": _TEXT, "pointer": {**_TEXT, "description": "The field, as a JSON pointer."}})
    members: Schema = {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "instance": {
            "type": "string",
            "format": "uri-reference",
            "description": "Names the request, as its log line.",
        },
        "errors": list_of(error),
    }
    return {
        **_object(members, required=["type", "title", "status", "detail"]),
        "description": "RFC 9457. A row of a batch has no instance.",
        "examples": [
            {
                **problem_body(422, "1 field is wrong", [Problem("#/year", "should be a whole number")]),
                "instance": "urn:x-request-id:4f1c2a",
            }
        ],
    }


def _information() -> dict[str, Schema]:
    errors: Schema = {
        **_FIGURES,
        "description": "On the test listings: mae, median_ape and so on; null where not known.",
    }
    return {
        "Alive": _object({"status": {"const": "alive"}}),
        "Status": _status(),
        "Features": _object({"model_version": _TEXT, "market": _TEXT, "fields": list_of(ref("Field"))}),
        "Field": _field(),
        "Model": _model(),
        "Errors": errors,
    }


def _status() -> Schema:
    return _object(
        {
            "status": {"const": "ready"},
            "model_version": _TEXT,
            "release": _TEXT,
            "market": _TEXT,
            "source": {"enum": [ARTIFACTS, FALLBACK]},
            "waiting_for": _or_null({**_TEXT, "description": "Why the fallback serves and not the champion."}),
            "demo": _FLAG,
            "artifacts": _object({name.removesuffix(".pkl"): {"const": "loaded"} for name in FILES}),
            "uptime_seconds": _NUMBER,
        }
    )


def _model() -> Schema:
    anything: Schema = {"type": "object"}
    slices: Schema = {"type": "object", "additionalProperties": ref("Errors")}
    metrics: Schema = {"type": "object", "properties": {"overall": ref("Errors")}, "additionalProperties": slices}
    members: Schema = {
        "format": _COUNT,
        "version": _TEXT,
        "created": _or_null({"type": "string", "format": "date-time"}),
        "demo": _or_null(_FLAG),
        "market": _object(dict.fromkeys(("name", "title", "currency", "distance_unit"), _TEXT)),
        "data": _or_null(anything),
        "metrics": _or_null(metrics),
        "baselines": _or_null(slices),
        "coverage": _or_null(_FIGURES),
        "importance": _or_null(_FIGURES),
        "params": _or_null(anything),
        "libraries": _or_null({"type": "object", "additionalProperties": _TEXT}),
        "files": {"type": "object", "additionalProperties": _object({"bytes": _COUNT, "sha256": _TEXT})},
        "mlflow": _or_null(_object({"run_id": _TEXT, "url": {"type": "string", "format": "uri"}})),
    }
    return {**_object(members), "description": "The manifest's public part; docs/bundle.md has every figure."}


def _field() -> Schema:
    limit: Schema = {"type": ["number", "string", "null"]}
    always: Schema = {
        "name": _TEXT,
        "label": _TEXT,
        "kind": {"enum": list(KINDS)},
        "unit": _or_null(_TEXT),
        "required": _FLAG,
        "importance": _or_null({**_NUMBER, "description": "Share of the trees' gain."}),
    }
    by_kind: Schema = {
        "values": {**list_of(_TEXT), "description": "Of a category: what training saw."},
        "min": {**limit, "description": "Below it a listing is refused."},
        "max": {**limit, "description": "Above it a listing is refused."},
        "typical": {**limit, "description": "The median of the training listings."},
        "training_range": {
            **list_of(limit),
            "minItems": 2,
            "maxItems": 2,
            "description": "Outside it a price comes with a warning.",
        },
    }
    return _object({**always, **by_kind}, required=list(always))


def _object(properties: Schema, required: list[str] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
    }


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}
