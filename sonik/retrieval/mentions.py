"""Link a question to the phrases of the knowledge graph: the longest it names, the rarer the weightier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from uuid import UUID

from sonik.retrieval.phrases import capitalised, content_words, grams, longest_first, tokens
from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session
from sonik.types import Scope

SQL = queries("passages")
# A question longer than this is a pasted text.
MOST_WORDS = 128
# There is a page about a title, so naming one says more than naming what passages merely share.
TITLE = 2.0
# A name that is not known may be misspelt: titles with the same beginning are compared, and must be this much alike.
BEGINNING = 3
SHORTEST_MISSPELT = 5
ALIKE = 0.88
LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownPhrase:
    """A phrase of the graph."""

    id: UUID
    folded: str
    name: str
    titles: int
    document_frequency: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """What a question names: phrases with weights that sum to 1, and its content words that none of them explains."""

    phrases: Mapping[str, KnownPhrase] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    unexplained: tuple[str, ...] = ()


async def find_phrases(postgres: Postgres, question: str, *, scope: Scope) -> Link:
    """Return the phrases a question names."""
    words = [token.text for token in tokens(question)][:MOST_WORDS]
    keys = sorted(grams(words))
    if not keys:
        return Link(unexplained=tuple(content_words(words)))
    async with postgres.reading(scope) as session:
        params = {"collection": scope.collection, "keys": keys}
        known = await session.fetch(KnownPhrase, SQL["phrases_named"], params)
        named = list(dict.fromkeys(longest_first(words, {phrase.folded for phrase in known})))
        meant = await _meant(session, _unknown(question, named), scope=scope)
    return linked(words, [phrase for phrase in known if phrase.folded in named], meant)


def linked(words: Sequence[str], named: Sequence[KnownPhrase], meant: Mapping[str, Sequence[KnownPhrase]]) -> Link:
    """Return the link of a question's words to the phrases named outright, and to those misspelt ones may mean."""
    explained = {word for key in (*meant, *(phrase.folded for phrase in named)) for word in key.split()}
    phrases = {str(phrase.id): phrase for phrase in (*named, *(one for several in meant.values() for one in several))}
    rarity = {
        key: (TITLE if phrase.titles else 1.0) / max(phrase.document_frequency, 1) for key, phrase in phrases.items()
    }
    total = sum(rarity.values())
    return Link(
        phrases=phrases, weights={key: weight / total for key, weight in rarity.items()},
        unexplained=tuple(word for word in content_words(words) if word not in explained),
    )  # fmt: skip


def _unknown(question: str, named: Sequence[str]) -> list[str]:
    """Return the names of a question that are not known; where nothing is, every longer word may be one."""
    known = {word for key in named for word in key.split()}
    names = capitalised(question) if named else [*capitalised(question), *question.split()]
    keys = dict.fromkeys(" ".join(token.text for token in tokens(name)) for name in names)
    return [key for key in keys if len(key) >= SHORTEST_MISSPELT and known.isdisjoint(key.split())]


async def _meant(session: Session, names: Sequence[str], *, scope: Scope) -> dict[str, list[KnownPhrase]]:
    """Return the titles that misspelt names may mean: of those that begin like one, the most alike."""
    if not names:
        return {}
    params = {
        "collection": scope.collection, "names": list(names), "beginnings": [name[:BEGINNING] for name in names],
        "endings": [name[:BEGINNING] + LAST_CHARACTER for name in names],
    }  # fmt: skip
    found = await session.fetch(KnownPhrase, SQL["titles_like"], params)
    meant = {}
    for name in names:
        likeness = {phrase.folded: SequenceMatcher(None, name, phrase.folded).ratio() for phrase in found}
        best = max(likeness, key=lambda folded: likeness[folded], default="")
        if best and likeness[best] >= ALIKE:
            meant[name] = [phrase for phrase in found if phrase.folded == best]
    return meant
