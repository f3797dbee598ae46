"""A text as passages: one where it is short, else paragraphs joined up to what the embedding model reads well."""

import re
from collections.abc import Iterator

# A record is one passage as it was delivered, unless it is far too long for one.
WHOLE_UP_TO = 8_000
# The embedding model reads little more of a passage.
PIECE = 1_000
_PARAGRAPH = re.compile(r"\n{2,}")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


def split(text: str, *, whole_up_to: int = WHOLE_UP_TO) -> list[str]:
    """Return the passages of a text, in order: paragraphs are kept together, long ones cut between sentences."""
    if len(text) <= whole_up_to:
        return [text]
    passages: list[str] = []
    for piece in _pieces(text):
        if passages and len(passages[-1]) + len(piece) < PIECE:
            passages[-1] = f"{passages[-1]}\n\n{piece}"
        else:
            passages.append(piece)
    return passages


def _pieces(text: str) -> Iterator[str]:
    for paragraph in _PARAGRAPH.split(text):
        if len(paragraph) <= PIECE:
            yield paragraph
        else:
            yield from _gathered(_SENTENCE.split(paragraph))


def _gathered(sentences: list[str]) -> Iterator[str]:
    """Join sentences up to the length of a piece; one that is longer by itself is cut between words."""
    held = ""
    for sentence in (part for whole in sentences for part in _bounded(whole)):
        if held and len(held) + len(sentence) + 1 > PIECE:
            yield held
            held = ""
        held = f"{held} {sentence}".strip()
    if held:
        yield held


def _bounded(sentence: str) -> Iterator[str]:
    while len(sentence) > PIECE:
        cut = sentence.rfind(" ", 0, PIECE)
        cut = cut if cut > 0 else PIECE
        yield sentence[:cut].rstrip()
        sentence = sentence[cut:].strip()
    if sentence:
        yield sentence
