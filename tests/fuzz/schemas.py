"""Values that a JSON schema allows, as hypothesis draws them."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.values import Values, moments, sentences, texts

Schema = Mapping[str, Any]
Known = Mapping[str, Values]
LONGEST_DRAWN = 200
MOST_DRAWN = 3


class Drawn:
    """Draws what one schema allows; a property of which values are known, such as a ref, takes one of those."""

    def __init__(self, schema: Schema, known: Known) -> None:
        self._definitions: Schema = schema.get("$defs", {})
        self._known = known
        self._schema = schema

    def values(self) -> Values:
        """Return what the whole schema allows."""
        return self._of(self._schema, "")

    def _of(self, schema: Schema, name: str) -> Values:
        if "$ref" in schema:
            return self._of(self._definitions[schema["$ref"].rpartition("/")[2]], name)
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return st.one_of(*(self._of(choice, name) for choice in choices))
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if name in self._known and schema.get("type") != "array" and "format" not in schema:
            return self._known[name]
        return self._of_type(schema, name)

    def _of_type(self, schema: Schema, name: str) -> Values:
        match schema.get("type"):
            case "string":
                return _string(schema)
            case "integer":
                return st.integers(schema.get("minimum", -100), schema.get("maximum", 1_000))
            case "number":
                return _number(schema)
            case "boolean":
                return st.booleans()
            case "null":
                return st.none()
            case "array":
                least, most = schema.get("minItems", 0), min(schema.get("maxItems", MOST_DRAWN), MOST_DRAWN)
                return st.lists(self._of(schema.get("items", {}), name), min_size=least, max_size=most)
            case "object":
                return self._object(schema)
            case _:
                return st.one_of(st.booleans(), st.integers(0, 9), sentences)

    def _object(self, schema: Schema) -> Values:
        properties: Schema = schema.get("properties", {})
        # A constant tells records of one kind from those of another, also where it is the default.
        required = {*schema.get("required", ()), *(name for name, inner in properties.items() if "const" in inner)}
        drawn = {name: self._of(inner, name) for name, inner in properties.items()}
        return st.fixed_dictionaries(
            {name: values for name, values in drawn.items() if name in required},
            optional={name: values for name, values in drawn.items() if name not in required},
        )


def _string(schema: Schema) -> Values:
    if schema.get("format") == "date-time":
        return moments
    if schema.get("pattern") == "^[A-Z]{3}$":
        return st.sampled_from(["COP", "USD", "MXN"])
    least, most = schema.get("minLength", 1), min(schema.get("maxLength", LONGEST_DRAWN), LONGEST_DRAWN)
    return st.one_of(sentences, texts).map(lambda text: text[:most].ljust(least, "x"))


def _number(schema: Schema) -> Values:
    least, most = schema.get("minimum", schema.get("exclusiveMinimum", -1e6)), schema.get("maximum", 1e6)
    return st.floats(least, most, exclude_min="exclusiveMinimum" in schema, allow_nan=False)
