"""Names as people write them, and the forms they are compared by."""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

# Controls, zero-width and bidi signs, fillers, private use, tags and surrogates: text can hide in them, or turn
# around, and PostgreSQL refuses some. White space is not among them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Letters that Unicode does not decompose, and signs with many shapes.
_LETTERS = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ŧ": "t", "þ": "th",
        "’": "'", "‘": "'", "ʼ": "'", "`": "'", "–": "-", "—": "-", "‐": "-", "−": "-", "&": " y ",
    }
)  # fmt: skip
# A dollar sign is an s beside a letter (A$AP, Ke$ha), and money before a number (US$ 20).
_DOLLAR = re.compile(r"\$(?=[^\W\d_])|(?<=[^\W\d_])\$(?!\s*\d)")
_WORD = re.compile(r"[^\W_]+")
_SLUG_WORD = re.compile(r"[a-z0-9]+")
# "a" and "o" are not among them: "Plan A" is not "Plan".
_ARTICLES = frozenset({"el", "la", "los", "las", "os", "the"})


def strip_invisible(text: str) -> str:
    """Return the text without characters that nobody sees; white space stays."""
    return _INVISIBLE.sub("", text)


def clean_text(text: str, *, max_length: int = 20_000) -> str:
    """Return outside text fit to store and show: visible, NFC, single spaces, a blank line between paragraphs.

    What is longer than `max_length` characters is cut; the result can be empty.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())[:max_length].rstrip()
    visible = unicodedata.normalize("NFC", strip_invisible(text))
    lines = [" ".join(line.split()) for line in visible.splitlines()]
    paragraphs = [" ".join(group) for filled, group in groupby(lines, key=bool) if filled]
    return "\n\n".join(paragraphs)[:max_length].rstrip()


def clean_line(text: str, *, max_length: int = 20_000) -> str:
    """Return outside text that stands in a line, such as a name: as `clean_text`, with no line break in it."""
    return " ".join(clean_text(text).split())[:max_length].rstrip()


def plain(text: str) -> str:
    """Return the text in lower case without accents, "$" in a word as s and "&" as y; punctuation stays."""
    text = strip_invisible(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.casefold())
        # Some letters fold only once decomposed, and decompose again once folded.
        text = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(char for char in text if not unicodedata.combining(char))
        text = unicodedata.normalize("NFC", strip_invisible(text))
    return _DOLLAR.sub("s", text.casefold().translate(_LETTERS))


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Return the words of a text as `plain` writes them, one space between: the form aliases are looked up by.

    It is empty when there is no letter and no digit.
    """
    return " ".join(_WORD.findall(plain(text)))


@lru_cache(maxsize=8192)
def name_key(name: str) -> str:
    """Return a name's weak key, without articles and with initials joined: "Los S.O.S." and "SOS" share it.

    It is empty when there is no letter and no digit.
    """
    words = fold(name).split()
    kept = [word for word in words if word not in _ARTICLES]
    return " ".join(_join_initials(kept or words))


def slugify(text: str, *, max_length: int = 80) -> str:
    """Return a slug of a-z, 0-9 and hyphens, cut between words; "x" when nothing can be written so."""
    slug = "-".join(_SLUG_WORD.findall(fold(text)))
    if len(slug) > max_length:
        slug = slug[: max_length + 1].rpartition("-")[0] or slug[:max_length]
    return slug or "x"


def _join_initials(words: list[str]) -> list[str]:
    joined: list[str] = []
    for is_initial, group in groupby(words, key=lambda word: len(word) == 1 and word.isalpha()):
        letters = list(group)
        together = "".join(letters)
        joined += [together] if is_initial and together not in _ARTICLES else letters
    return joined
