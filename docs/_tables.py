"""Markdown tables, and JSON schemas said in words."""

from collections.abc import Iterable, Mapping, Sequence

Schema = Mapping[str, object]
SMALL_TYPES = {"integer": "integer", "number": "number", "string": "text", "boolean": "yes or no", "object": "object"}
FORMATS = {"date-time": "moment, ISO 8601 with offset", "path": "path", "password": "secret"}


def cell(text: str) -> str:
    """Return text fit for a table cell."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def in_words(schema: Schema) -> str:
    """Return the type a JSON schema describes, as people say it."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    choices = schema.get("enum")
    if isinstance(choices, list):
        return ", ".join(f"`{choice}`" for choice in choices)
    variants = schema.get("anyOf")
    if isinstance(variants, list):
        return ", ".join(dict.fromkeys(in_words(variant) for variant in variants if variant != {"type": "null"}))
    if schema.get("type") == "array":
        return f"list of {_inner(schema, 'items')}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_inner(schema, 'additionalProperties')}"
    words = FORMATS.get(str(schema.get("format"))) or SMALL_TYPES.get(str(schema.get("type")), "anything")
    return words + _bounds(schema)


def fields(schema: Schema) -> list[tuple[str, Schema, bool]]:
    """Return the properties of an object schema: name, schema, and whether it is always there."""
    properties, required = schema.get("properties"), schema.get("required")
    always = required if isinstance(required, list) else []
    return [(name, inner, name in always) for name, inner in properties.items()] if isinstance(properties, dict) else []


def _inner(schema: Schema, part: str) -> str:
    inner = schema.get(part)
    return in_words(inner) if isinstance(inner, dict) else "anything"


def _bounds(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    longest = schema.get("maxLength")
    parts = [
        f"at least {_number(least)}" if least is not None and most is None else "",
        f"{_number(least)} to {_number(most)}" if least is not None and most is not None else "",
        f"above {_number(above)}" if above is not None else "",
        f"at most {_number(most)}" if most is not None and least is None else "",
        f"at most {longest} characters" if longest is not None else "",
    ]
    shown = ", ".join(part for part in parts if part)
    return f" ({shown})" if shown else ""


def _number(value: object) -> str:
    return f"{value:,.0f}" if isinstance(value, int | float) and value == int(value) else str(value)
