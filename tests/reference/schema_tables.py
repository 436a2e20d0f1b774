"""JSON schemas of the OpenAPI document as Markdown tables."""

from typing import Any

Schema = dict[str, Any]


def write_table(schema: Schema) -> list[str]:
    """One row for each property: name, type, and whether it may be absent."""
    if "properties" not in schema:
        return [f"An {describe_type(schema)}."]
    required = schema.get("required", [])
    rows = ["| member | type | |", "|---|---|---|"]
    for name, item in schema["properties"].items():
        notes = [] if name in required else ["may be absent"]
        notes += [item["description"].rstrip(".")] if "description" in item else []
        rows.append(f"| `{name}` | {describe_type(item)} | {'; '.join(notes)} |")
    return rows


def describe_type(schema: Schema) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return link_schema(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(describe_type(item) for item in schema["anyOf"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(_describe_kind(kind, schema) for kind in kinds)


def link_schema(name: str) -> str:
    """A link to the schema's section."""
    return f"[{name}](#{name.lower()})"


def _describe_kind(kind: str, schema: Schema) -> str:
    if kind == "array":
        return f"list of {describe_type(schema['items'])}"
    if kind == "object":
        return _describe_object(schema)
    names = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    suffix = f" ({schema['format']})" if "format" in schema and kind == "string" else ""
    return names.get(kind, kind) + suffix


def _describe_object(schema: Schema) -> str:
    if "properties" in schema and "additionalProperties" not in schema:
        return "object of " + ", ".join(f"`{name}`" for name in schema["properties"])
    inner = schema.get("additionalProperties")
    if isinstance(inner, dict):
        return "object of objects" if "object" in inner.get("type", ()) else f"object of {describe_type(inner)}"
    return "object"
