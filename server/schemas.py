"""JSON schemas as agents read them: short, because every tool's are read before the first question is asked.

Left out are titles, nulls, and the bounds of values, which the error that refuses a value tells better. Of a result
only what is always there is described: what goes out is built by the whole model, and shows the rest by itself.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel

from tools.results import Result

Schema = dict[str, Any]  # as pydantic types it

IDLE = frozenset(
    """title additionalProperties format minLength maxLength minItems maxItems minimum maximum
    exclusiveMinimum exclusiveMaximum""".split()
)


def input_schema(model: type[BaseModel]) -> Schema:
    """Return the schema of a tool's arguments: its own first, then those that tools share."""
    schema = _schema(model, mode="validation")
    own = {name: schema["properties"][name] for name in model.__annotations__ if name in schema["properties"]}
    return {**schema, "properties": {**own, **schema["properties"]}, "additionalProperties": False}


def output_schema(model: type[BaseModel]) -> Schema:
    """Return the schema of a tool's result: the fields that are always there, for empty ones are left out.

    What every result has is required too, and described nowhere: nobody learns more from its type.
    """
    schema = _schema(model, mode="serialization")
    common = Result.model_fields
    always = {name: schema["properties"][name] for name in schema["required"] if name not in common}
    fields = {name: {"type": field["type"]} if "type" in field else {} for name, field in always.items()}
    return {"type": "object", "properties": fields, "required": schema["required"]}


def _schema(model: type[BaseModel], *, mode: Literal["validation", "serialization"]) -> Schema:
    full = model.model_json_schema(by_alias=True, mode=mode)
    slim: Schema = _slim(full, full.get("$defs", {}))
    return slim


def _slim(node: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a schema with its references resolved, without what its reader can do without."""
    if isinstance(node, list):
        return [_slim(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _slim(definitions[node["$ref"].rpartition("/")[2]], definitions)
    kept = {key: _slim(value, definitions) for key, value in node.items() if not _is_idle(key, value, node)}
    choices = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept = {**choices[0], **kept}
    return kept


def _is_idle(key: str, value: object, node: Mapping[str, object]) -> bool:
    if isinstance(value, dict):
        return key == "$defs"  # anything else may be an argument of that name
    if key == "description":
        return "properties" in node  # the docstring of a class
    if key == "type":
        return "enum" in node
    if key == "default":
        return not value or "enum" in node  # the first choice is the default
    return key in IDLE
