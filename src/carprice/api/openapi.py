"""The OpenAPI 3.1 document of the loaded model: its fields, their values and ranges."""

from typing import Any

from carprice import __version__
from carprice.api.service import LoadedModel
from carprice.market.market import Feature
from carprice.model.listing import MAX_TEXT

_TYPES = {"category": "string", "number": "number", "flag": "boolean", "year": "integer", "date": "string"}


def build_openapi(model: LoadedModel) -> dict[str, Any]:
    """The document for one loaded model."""
    market = model.pricer.market
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Car price service",
            "version": __version__,
            "description": f"{market.title}: prices in {market.currency} from model {model.version}.",
        },
        "paths": _paths(model),
        "components": {"schemas": _schemas(model), "responses": _problem_responses()},
    }


def describe_field(feature: Feature, values: list[str] | None) -> dict[str, Any]:
    """The JSON schema of one field. Categories are open: an unknown value is priced, with a warning."""
    schema: dict[str, Any] = {"type": _TYPES[feature.kind], "title": feature.label}
    if values is not None:
        schema |= {"minLength": 1, "maxLength": int(feature.max or MAX_TEXT)}
        schema["anyOf"] = [{"enum": values}, {"description": "Any other value is priced with a warning."}]
    elif feature.kind in ("number", "year"):
        limits = {"minimum": feature.min, "maximum": feature.max}
        schema |= {key: limit for key, limit in limits.items() if limit is not None}
    elif feature.kind == "date":
        schema["format"] = "date"
    if feature.unit:
        schema["description"] = f"In {feature.unit}."
    if feature.optional:
        schema["type"] = [schema["type"], "null"]
        if "anyOf" in schema:
            schema["anyOf"].append({"type": "null"})
    return schema


def _schemas(model: LoadedModel) -> dict[str, Any]:
    pricer = model.pricer
    fields = {
        feature.name: describe_field(feature, pricer.encoders[feature.name] if feature.is_text else None)
        for feature in pricer.market.features
    }
    money = {"type": "integer", "description": f"In {model.currency}."}
    amounts = {"price": money, "low": money, "high": money, "warnings": _list_of("Warning")}
    named = {"currency": {"type": "string", "const": model.currency}, "model_version": {"type": "string"}}
    part = _object({"feature": {"type": "string"}, "amount": money})
    return {
        "Listing": {
            **_object(fields, [feature.name for feature in pricer.market.features if not feature.optional]),
            "additionalProperties": False,
            "examples": [pricer.manifest["golden"][0]["listing"]],
        },
        "Warning": _object(
            {
                "pointer": {"type": "string"},
                "code": {"enum": ["unknown_category", "outside_training_range"]},
                "detail": {"type": "string"},
                "suggestions": {"type": "array", "items": {"type": "string"}},
            }
        ),
        "Breakdown": _object({"base": money, "parts": {"type": "array", "items": part}}),
        "Valuation": _object({**amounts, **named, "breakdown": _schema("Breakdown")}, [*amounts, *named]),
        "RowValuation": _object(amounts),
        "BatchAnswer": _object(
            {
                **named,
                "results": {"type": "array", "items": {"anyOf": [_schema("RowValuation"), _schema("Problem")]}},
            }
        ),
        "Problem": _object(
            {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "errors": {
                    "type": "array",
                    "items": _object({"detail": {"type": "string"}, "pointer": {"type": "string"}}),
                },
            },
            ["type", "title", "status", "detail"],
        ),
    }


def _paths(model: LoadedModel) -> dict[str, Any]:
    explain = {
        "name": "explain",
        "in": "query",
        "description": "1 adds the breakdown that sums to the price.",
        "schema": {"type": "integer", "enum": [0, 1], "default": 0},
    }
    errors = ("400", "413", "415", "422", "503")
    return {
        "/predict/price": {
            "post": {
                **_operation("predict", "Price one car", "Valuation", errors),
                "parameters": [explain],
                "requestBody": _body(_schema("Listing")),
            }
        },
        "/predict/batch": {
            "post": {
                **_operation("predict", "Price many cars, in order", "BatchAnswer", (*errors, "429")),
                "requestBody": _body(_list_of("Listing")),
            }
        },
        "/info/status": {"get": _operation("info", "Whether cars can be priced", None, ("503",))},
        "/info/features": {"get": _operation("info", "The fields of a listing", None, ("503",))},
        "/info/model": {
            "get": _operation("info", "Where the model comes from and how good it is", None, ("503",))
        },
        "/livez": {"get": _operation("probes", "Whether the process is up", None, ())},
        "/readyz": {"get": _operation("probes", "The same as /info/status", None, ("503",))},
    }


def _operation(tag: str, summary: str, answer: str | None, errors: tuple[str, ...]) -> dict[str, Any]:
    schema = _schema(answer) if answer else {"type": "object"}
    responses: dict[str, Any] = {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}
    responses |= {status: {"$ref": f"#/components/responses/{status}"} for status in errors}
    return {"tags": [tag], "summary": summary, "responses": responses}


def _problem_responses() -> dict[str, Any]:
    texts = {
        "400": "The body is not JSON",
        "413": "The body or the batch is too large",
        "415": "The body is not sent as application/json",
        "422": "Fields are wrong; errors names each",
        "429": "Too many batches at once",
        "503": "No model is loaded",
    }
    content = {"application/problem+json": {"schema": _schema("Problem")}}
    return {status: {"description": text, "content": content} for status, text in texts.items()}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _object(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
    }


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _schema(name)}
