"""Properties that the ontology describes: unknown ones and values of another type are refused, each by its name."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.names import clean_line, clean_text
from sonik.ingest.records import Moment
from sonik.ingest.statement import Findings
from sonik.ingest.web_address import web_address
from sonik.ontology import Property, ValueType
from sonik.types import JsonObject, JsonValue

MAX_NAME = 80
MAX_TEXT = 500
# Up to here every whole number has a double of its own, which is what the graph keeps.
_MOST = 1e15
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ADDRESS = "url"
_READERS: Mapping[ValueType, TypeAdapter[object]] = {
    "text": TypeAdapter(Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT)]),
    "number": TypeAdapter(Annotated[float, Field(ge=-_MOST, le=_MOST, allow_inf_nan=False)]),
    "whole": TypeAdapter(Annotated[int, Field(ge=-_MOST, le=_MOST)]),
    "truth": TypeAdapter(bool),
    "moment": TypeAdapter(Moment),
}


def described(
    given: Mapping[str, object], known: Sequence[Property], findings: Findings, *, at: str, of: str
) -> JsonObject:
    """Return the given properties as facts, moments as ISO 8601 in UTC; a null or an empty text says nothing.

    Args:
        given: what the source says, by name.
        known: the properties the ontology describes.
        findings: takes what is wrong.
        at: the path of the properties within the record, for problems.
        of: what they are properties of, for problems.
    """
    types = {described.name: described.type for described in known}
    facts: JsonObject = {}
    for name, value in given.items():
        field = f"{at}.{clean_line(name, max_length=MAX_NAME)}"
        if name not in types:
            hint = did_you_mean(name[:MAX_NAME], list(types)) if types else "It has none."
            findings.refuse(field, f"Unknown property of {of}. {hint}")
            continue
        try:
            facts[name] = _read(name, value, types[name])
        except (ValidationError, InvalidInput) as error:
            findings.refuse(field, _reason(error))
    return {name: value for name, value in facts.items() if value is not None and value != ""}


def _read(name: str, value: object, value_type: ValueType) -> JsonValue:
    if value is None:
        return None
    if value_type in {"number", "whole"} and isinstance(value, bool):
        raise InvalidInput("A number is wanted, this is a truth value.")
    if value_type == "moment":
        return _moment(value)
    read = _READERS[value_type].validate_python(value)
    if isinstance(read, str):
        return _address(read) if name == _ADDRESS else clean_text(read, max_length=MAX_TEXT)
    return read if isinstance(read, bool | int | float) else None


def _moment(value: object) -> str:
    """Read a moment with its offset; a bare date is the start of that day in UTC."""
    if not isinstance(value, str):
        raise InvalidInput("A moment is text.", next_step="Write it as 2026-12-05T21:00:00-05:00 or 2026-12-05.")
    text = value.strip()
    read = _READERS["moment"].validate_python(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text)
    assert isinstance(read, datetime)  # noqa: S101 - its reader makes nothing else
    return read.astimezone(UTC).isoformat()


def _address(text: str) -> str:
    address = web_address(text) if text else ""
    if address is None:
        raise InvalidInput("This is no web address.", next_step="Give one that starts with https://.")
    return address


def _reason(error: ValidationError | InvalidInput) -> str:
    if isinstance(error, InvalidInput):
        return str(error)
    return error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
