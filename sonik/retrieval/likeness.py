"""Whether two wordings ask for the same thing: word for word equal, but for small words, number, and a few synonyms.

Strict on purpose. A pair that is told apart costs a search; a pair that is not costs a wrong answer.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from sonik.retrieval.wording import FUNCTION, listed, words_of

SHORTEST_PLURAL = 5
# After these, "-es" may be the ending: "bares", "ciudades"; after another letter it is "-s" alone: "restaurantes".
TAKES_ES = frozenset("rldzxh")
# "Somewhere": the reader of questions passes over some of its words already. In the plural it asks for houses, a slot.
PLACE = listed("lugar sitio local place spot somewhere")
# A name, marked by the capital it is written with, is never taken for another word.
PROPER = "="
# Each line is one meaning; adjectives are listed with their genders, for "puerta" is no "puerto".
SAME = """
    bonito bonita lindo linda hermoso hermosa bello bella
    tranquilo tranquila relajado relajada calmado calmada
    romantico romantica
    divertido divertida entretenido entretenida
    nuevo nueva
    elegante fino fina
    belo bela bonita bonito lindo linda
    calmo calma tranquilo tranquila sossegado sossegada
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
    ours, theirs = _telling(one), _telling(other)
    for word in ours:
        fellow = next((other for other in theirs if not _meanings_of(word).isdisjoint(_meanings_of(other))), None)
        if fellow is None:
            return False
        theirs.remove(fellow)
    return not theirs


def _telling(words: str) -> list[str]:
    return [word for word in words.split() if word not in FUNCTION and word not in PLACE]


def _meanings_of(word: str) -> set[str]:
    return {MEANINGS.get(form, form) for form in _forms(word)}


def _forms(word: str) -> Iterator[str]:
    """Yield a word, and what it may be the plural of in Spanish, Portuguese and English."""
    yield word
    if len(word) >= SHORTEST_PLURAL and word.isalpha() and word.endswith("s") and not word.endswith(("ss", "is", "us")):
        yield word[:-1]
        if word.endswith("es") and word[-3] in TAKES_ES:
            yield word[:-2]
