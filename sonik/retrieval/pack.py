"""Fit results into a token budget, and say what was left out.

Tokens are counted without a vocabulary file: a run of letters is one token per four characters begun, a run of digits
one per three, every other visible character one. On Spanish and English JSON this stays above what byte-pair
encodings of large models count, so a budget kept here is kept there.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from sonik.types import JsonValue

T = TypeVar("T")
_PIECE = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
LETTERS_PER_TOKEN = 4
DIGITS_PER_TOKEN = 3


def count_tokens(text: str) -> int:
    """Return the number of tokens of a text by the stated offline count."""
    total = 0
    for piece in _PIECE.findall(text):
        size = DIGITS_PER_TOKEN if piece[0].isdigit() else LETTERS_PER_TOKEN
        total += -(-len(piece) // size) if piece[0].isalnum() else 1
    return total


def cost(value: JsonValue) -> int:
    """Return the tokens of a value written as compact JSON."""
    return count_tokens(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def fit(items: Sequence[T], *, budget: int, price: Callable[[T], int]) -> tuple[list[T], int]:
    """Return the leading items that fit and how many were left out; the first one always fits."""
    kept: list[T] = []
    spent = 0
    for item in items:
        spent += price(item)
        if kept and spent > budget:
            break
        kept.append(item)
    return kept, len(items) - len(kept)
