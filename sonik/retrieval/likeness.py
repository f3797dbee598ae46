"""Whether two wordings ask for the same thing: word for word equal, but for small words, number, and a few synonyms.

Strict on purpose. A pair that is told apart costs a search; a pair that is not costs a wrong answer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from sonik.retrieval.wording import FUNCTION, words_of

SHORTEST_PLURAL = 5
VOWELS = frozenset("aeiou")
# A name, marked by the capital it is written with, is never taken for another word.
PROPER = "="
# Each line is one meaning; adjectives are listed with their genders, for "puerta" is no "puerto".
SAME = """
    lugar sitio
    bonito bonita lindo linda hermoso hermosa bello bella
    tranquilo tranquila relajado relajada calmado calmada
    romantico romantica
    divertido divertida entretenido entretenida
    nuevo nueva
    elegante fino fina
    belo bela bonita bonito lindo linda
    calmo calma tranquilo tranquila sossegado sossegada
    place spot
    nice pretty lovely beautiful
    quiet calm peaceful
    kid child children
    outdoor outdoors
    romantic
    fun entertaining
    """


def _meanings() -> Mapping[str, str]:
    """Return one word for each that has synonyms; lines that share a word are one meaning."""
    meaning: dict[str, str] = {}
    for line in SAME.strip().splitlines():
        words = line.split()
        shared = next((meaning[word] for word in words if word in meaning), words[0])
        meaning |= dict.fromkeys(words, shared)
    return meaning


MEANINGS = _meanings()


def beside(text: str, *, content: str, names: Iterable[str]) -> str:
    """Return the content words of a question that no name explains, those written like a name marked as such."""
    left = Counter(content.split())
    left -= Counter(word for name in names for word in name.split())
    proper = {word.text for word in words_of(text)[1:] if word.is_capitalised and not text.isupper()}
    return " ".join(f"{PROPER}{word}" if word in proper else word for word in sorted(left.elements()))


def alike(one: str, other: str) -> bool:
    """Say whether the words that two questions of equal slots have beside the names mean the same."""
    return _meant(one) == _meant(other)


def _meant(words: str) -> Counter[str]:
    return Counter(_meaning(word) for word in words.split() if word not in FUNCTION)


def _meaning(word: str) -> str:
    singular = _singular(word)
    return MEANINGS.get(word) or MEANINGS.get(singular) or singular


def _singular(word: str) -> str:
    """Return a word without its plural ending, as Spanish, Portuguese and English form it after a vowel or not."""
    if len(word) < SHORTEST_PLURAL or not word.isalpha() or not word.endswith("s") or word.endswith(("ss", "is", "us")):
        return word
    if word.endswith("es") and word[-3] not in VOWELS:
        return word[:-2]
    return word[:-1]
