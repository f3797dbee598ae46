"""Link a question to the phrases of the knowledge graph: the longest it names, the rarer the weightier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sonik.retrieval.phrases import content_words, grams, longest_first, tokens
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import Scope

SQL = queries("passages")
# A question longer than this is a pasted text.
MOST_WORDS = 128
# There is a page about a title, so naming one says more than naming what passages merely share.
TITLE = 2.0


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
        rows = await session.fetch(
            KnownPhrase, SQL["phrases_named"], {"collection": scope.collection, "keys": keys}
        )  # fmt: skip
    return linked(words, rows)


def linked(words: Sequence[str], known: Sequence[KnownPhrase]) -> Link:
    """Return what the words of a question name of the known phrases."""
    named = list(dict.fromkeys(longest_first(words, {phrase.folded for phrase in known})))
    phrases = {str(phrase.id): phrase for phrase in known if phrase.folded in named}
    rarity = {
        key: (TITLE if phrase.titles else 1.0) / max(phrase.document_frequency, 1) for key, phrase in phrases.items()
    }
    total = sum(rarity.values())
    explained = {word for key in named for word in key.split()}
    return Link(
        phrases=phrases, weights={key: weight / total for key, weight in rarity.items()},
        unexplained=tuple(word for word in content_words(words) if word not in explained),
    )  # fmt: skip
