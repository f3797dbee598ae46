"""JSON schemas as agents read them: without the titles and nulls that pydantic adds and nobody needs."""

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


def input_schema(model: type[BaseModel]) -> Schema:
    """Return the schema of a tool's arguments."""
    schema: Schema = _slim(model.model_json_schema(by_alias=True))
    return schema


def output_schema(model: type[BaseModel]) -> Schema:
    """Return the schema of a tool's result; empty fields are left out of results, so only the rest is required."""
    schema: Schema = _slim(model.model_json_schema(by_alias=True, mode="serialization"))
    _only_always_present(schema, model)
    return schema


def _slim(node: Any) -> Any:
    if isinstance(node, list):
        return [_slim(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _slim(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str)) and not (key == "default" and value is None)
    }
    choices = kept.get("anyOf")
    if isinstance(choices, list):
        real = [choice for choice in choices if choice != {"type": "null"}]
        if len(real) == 1 and len(choices) == 2:
            del kept["anyOf"]
            kept = {**real[0], **kept}
    return kept


def _only_always_present(schema: Schema, model: type[BaseModel]) -> None:
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    aliases = {name: field.serialization_alias or name for name, field in model.model_fields.items()}
    schema["required"] = [aliases[name] for name in required]
