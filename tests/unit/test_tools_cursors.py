"""Cursors: they come back as the offset they were made for, and serve nobody and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.types import JsonObject, Scope
from tools.cursors import decode, encode

KEY = b"key"
BINDING: JsonObject = {"query": "salsa", "limit": 8}
SCOPE = Scope()


@given(st.integers(0, 2**32 - 1))
def test_an_offset_comes_back(offset: int) -> None:
    assert (
        decode(encode(offset, binding=BINDING, scope=SCOPE, key=KEY), binding=BINDING, scope=SCOPE, key=KEY) == offset
    )


def test_no_cursor_is_the_first_page() -> None:
    assert decode(None, binding=BINDING, scope=SCOPE, key=KEY) == 0


@given(st.text(max_size=40))
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="does not belong"):
        decode(text, binding=BINDING, scope=SCOPE, key=KEY)


@pytest.mark.parametrize(
    ("binding", "scope", "key"),
    [
        ({**BINDING, "limit": 9}, SCOPE, KEY),
        (BINDING, Scope(role="staff"), KEY),
        (BINDING, Scope(organisation="one"), KEY),
        (BINDING, Scope(user="ana"), KEY),
        (BINDING, Scope(collection="bench"), KEY),
        (BINDING, SCOPE, b"another key"),
    ],
)
def test_another_query_caller_or_server_is_refused(binding: JsonObject, scope: Scope, key: bytes) -> None:
    cursor = encode(8, binding=BINDING, scope=SCOPE, key=KEY)
    with pytest.raises(InvalidInput, match="does not belong"):
        decode(cursor, binding=binding, scope=scope, key=key)


def test_the_order_of_arguments_does_not_matter() -> None:
    cursor = encode(8, binding={"a": 1, "b": 2}, scope=SCOPE, key=KEY)
    assert decode(cursor, binding={"b": 2, "a": 1}, scope=SCOPE, key=KEY) == 8
