"""Tool errors: one short line each, whatever the caller wrote into them."""

import json

import pytest
from mcp_types import TextContent

from server.border import LONGEST_ERROR, failure


@pytest.mark.parametrize("text", ['"' * 5_000, "\\" * 5_000, "a" * 5_000, "\n" * 5_000 + "x", "\x00\u202e" * 50 + "x"])
def test_an_error_stays_within_its_length_and_its_line(text: str) -> None:
    (content,) = failure("invalid_input", text, text, field=text, retryable=True).content
    assert isinstance(content, TextContent)
    told = json.loads(content.text)
    assert len(content.text) <= LONGEST_ERROR
    assert all(told[name] and told[name].isprintable() for name in ("message", "fix", "field"))
