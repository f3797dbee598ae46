"""Phrases: runs of words by which passages and questions name the same thing, compared without a model.

A phrase is compared by its key: its words folded, without function words at its ends: "The Beatles" and "beatles",
"La Habana" and "Habana" are one, and accents never matter.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from sonik.identity.names import fold, strip_invisible
from sonik.retrieval.wording import FUNCTION

LONGEST = 8
MOST_KEYS = 3
_WORD = re.compile(r"[^\W_]+")
_BRACKETED = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
# What may stand between two words of one name: a space, an apostrophe, a hyphen, the point of an initial.
_JOINT = re.compile(r"[\s'’‘\-–.&]{1,3}")
_LONGEST_ABBREVIATION = 3
_LINKING = frozenset(
    "of the de da do dos das del la las el los y e von van der den and for in du le al bin ibn".split()
)


class Token(NamedTuple):
    """A word of a text as written, folded, and where it stands."""

    raw: str
    text: str
    start: int
    end: int


# A passage is cut into words for its row, for its spans and for its runs of words: once for a batch of them.
@lru_cache(maxsize=1024)
def tokens(text: str) -> tuple[Token, ...]:
    """Return the words of a text in order."""
    found = ((match, _folded(match.group())) for match in _WORD.finditer(strip_invisible(text)))
    return tuple(Token(match.group(), folded, *match.span()) for match, folded in found if folded)


def key_of(words: Sequence[str]) -> str:
    """Return the key of a run of folded words; one of function words only is its own key."""
    start, stop = 0, len(words)
    while start < stop and words[start] in FUNCTION:
        start += 1
    while stop > start and words[stop - 1] in FUNCTION:
        stop -= 1
    return " ".join(words[start:stop] if start < stop else words)


def title_keys(title: str) -> dict[str, str]:
    """Return the keys of a title, with and without its bracketed part, and how each is written."""
    found: dict[str, str] = {}
    for written in (title, _BRACKETED.sub("", title)):
        words = [token.text for token in tokens(written)]
        key = key_of(words)
        if key and len(key.split()) <= LONGEST:
            found.setdefault(key, written.strip())
    return found


def content_words(words: Collection[str]) -> list[str]:
    """Return the different words that carry meaning, in order."""
    return sorted(set(words) - FUNCTION)


def grams(words: Sequence[str]) -> set[str]:
    """Return every run of up to eight words that could be a key."""
    return {
        " ".join(words[start:stop])
        for start in range(len(words))
        if words[start] not in FUNCTION
        for stop in range(start + 1, min(start + LONGEST, len(words)) + 1)
        if words[stop - 1] not in FUNCTION
    }


def capitalised(text: str) -> dict[str, str]:
    """Return the keys of a text's capitalised spans ("Banda El Recodo", "Río de la Plata"), each as first written."""
    found: dict[str, str] = {}
    words = tokens(text)
    visible = strip_invisible(text)
    for start, stop in _spans(visible, words):
        key = key_of([word.text for word in words[start:stop]])
        if _tells(key):
            found.setdefault(key, visible[words[start].start : words[stop - 1].end])
    return found


def longest_first(words: Sequence[str], known: Collection[str]) -> Iterator[str]:
    """Yield the known keys of a question from left to right, the longest at each place; they do not overlap."""
    start = 0
    while start < len(words):
        stops = range(min(start + LONGEST, len(words)), start, -1)
        stop = next((stop for stop in stops if " ".join(words[start:stop]) in known), None)
        if stop is None:
            start += 1
        else:
            yield " ".join(words[start:stop])
            start = stop


def _tells(key: str) -> bool:
    """Whether a span can be told from others: no lone number or letter, no lone function word, not a sentence."""
    words = key.split()
    if len(words) == 1 and (words[0] in FUNCTION or words[0].isdigit() or len(words[0]) < 2):
        return False
    return 0 < len(words) <= LONGEST


def _spans(text: str, words: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield the runs of capitalised words, with what may link them inside, as start and stop."""
    start = 0
    while start < len(words):
        if not words[start].raw[0].isupper():
            start += 1
            continue
        stop = _span_end(text, words, start)
        yield _led_by_meaning(words, start, stop), stop
        start = stop


def _span_end(text: str, words: Sequence[Token], start: int) -> int:
    """Return where a span ends: behind its last capitalised word or number."""
    stop = start + 1
    for place in range(start + 1, len(words)):
        before, word = words[place - 1], words[place]
        gap = text[before.end : word.start]
        if not _JOINT.fullmatch(gap) or ("." in gap and len(before.raw) > _LONGEST_ABBREVIATION):
            break
        if word.raw[0].isupper() or word.raw.isdigit():
            stop = place + 1
        elif (word.text not in _LINKING and word.text != "s") or place - stop >= _LONGEST_ABBREVIATION - 1:
            break
    return stop


def _led_by_meaning(words: Sequence[Token], start: int, stop: int) -> int:
    while start < stop - 1 and words[start].text in FUNCTION:
        start += 1
    return start


@lru_cache(maxsize=65_536)
def _folded(word: str) -> str:
    # A letter may fold to two words ("½"): then the first one names it.
    return fold(word).replace(" ", "")
