"""The phrases of one batch: what is known of them, what the batch adds to their counts, and what it takes off."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from sonik.retrieval.phrases import title_keys
from sonik.sql import queries
from sonik.stores.postgres import Session, jsonb
from sonik.truth.rows import Record, Tenancy, TenantRow

SQL = queries("knowledge")
TRUTH = queries("truth")

# A phrase, and for whom it is.
PhraseOf = tuple[UUID, Tenancy]


@dataclass(kw_only=True, slots=True)
class PhraseRow(TenantRow):
    """A phrase that is known: a vertex, or so far used by one passage only."""

    folded: str
    name: str
    entity_id: UUID | None
    first_passage: UUID | None
    titles: int


@dataclass(kw_only=True, slots=True)
class Phrase:
    """A phrase as the batch sees it; `first` is the passage that alone used it so far."""

    key: str
    name: str
    tenancy: Tenancy
    id: UUID | None = None
    is_new: bool = False
    had_title: bool = False
    titles: int = 0
    mentions: int = 0
    first: UUID | None = None
    is_noted: bool = False

    @property
    def is_title(self) -> bool:
        """Whether a document is called so."""
        return self.had_title or self.titles > 0

    @property
    def has_changed(self) -> bool:
        """Whether there is something to write of it."""
        return bool(self.is_new or self.mentions or self.titles or self.is_noted)

    @property
    def vertex(self) -> UUID:
        """Its id, from now on as a vertex of the graph."""
        if self.id is None:
            self.id, self.is_new = phrase_id(self.key, self.tenancy), True
        return self.id


class PhraseBook:
    """Looks phrases up once, hands them out by key, and writes what became of them."""

    def __init__(self, session: Session, *, tenancy: Tenancy) -> None:
        self._session = session
        self._tenancy = tenancy
        self._phrases: dict[str, Phrase] = {}

    def __getitem__(self, key: str) -> Phrase:
        return self._phrases[key]

    async def recall(self, keys: Iterable[str]) -> None:
        """Look up phrases; where others have the same one too, the own one counts."""
        tenancy = self._tenancy
        params = {
            "collection": tenancy.collection, "keys": sorted(keys), "visibility": tenancy.visibility,
            "owner_org": tenancy.owner_org,
        }  # fmt: skip
        for row in await self._session.fetch(PhraseRow, SQL["known_phrases"], params):
            if row.tenancy == tenancy or row.folded not in self._phrases:
                self._phrases[row.folded] = Phrase(
                    key=row.folded, name=row.name, tenancy=row.tenancy, id=row.entity_id, had_title=row.titles > 0,
                    first=row.first_passage,
                )  # fmt: skip

    def is_title(self, key: str) -> bool:
        """Say whether a document is called so."""
        return key in self._phrases and self._phrases[key].is_title

    def phrase(self, key: str, written: str) -> Phrase:
        """Return a phrase, new if it is not known."""
        return self._phrases.setdefault(key, Phrase(key=key, name=written, tenancy=self._tenancy))

    def own(self, key: str, written: str) -> Phrase:
        """Return the phrase of this tenancy: what is said here must not show in what others may read."""
        phrase = self.phrase(key, written)
        if phrase.tenancy != self._tenancy:
            phrase = self._phrases[key] = Phrase(key=key, name=written, tenancy=self._tenancy)
        return phrase

    def entitle(self, titles: Iterable[tuple[str, str]]) -> list[Phrase]:
        """Count the titles of documents; return the phrases that were none before."""
        fresh = {}
        for key, written in titles:
            phrase = self.own(key, written)
            if not phrase.had_title:
                fresh[key] = phrase
                phrase.name = written
            phrase.titles += 1
        return list(fresh.values())

    async def save(self, lost: Mapping[PhraseOf, Record], *, now: datetime) -> set[UUID]:
        """Write phrases and their counts, less what was lost; return the vertices that changed."""
        changed = [phrase for phrase in self._phrases.values() if phrase.has_changed]
        new = {phrase.vertex for phrase in changed if phrase.is_new}
        vertices = [_vertex(phrase) for phrase in changed if phrase.is_new]
        await self._session.execute(TRUTH["upsert_entities"], {"rows": jsonb(vertices), "now": now})
        await self._session.execute(SQL["count_phrases"], {"rows": jsonb([_count(phrase) for phrase in changed])})
        gone = await self._take_off(list(lost.values()), now=now)
        recounted = {phrase.id for phrase in changed if phrase.id} | {phrase for phrase, _ in lost}
        params = {"ids": sorted(recounted - new - gone), "now": now}
        await self._session.execute(TRUTH["touch_entities"], params)
        return recounted | gone

    async def _take_off(self, lost: list[Record], *, now: datetime) -> set[UUID]:
        """Take mentions and titles off the counts; return the phrases that are gone with their last one."""
        if not lost:
            return set()
        rows = await self._session.rows(SQL["uncount_phrases"], {"rows": jsonb(lost)})
        gone = {UUID(str(row["id"])) for row in rows}
        if gone:
            ids = {"ids": list(gone)}
            await self._session.execute_all(
                [
                    (SQL["remove_phrases"], ids), (TRUTH["forget_relationships"], ids),
                    (TRUTH["remove_entities"], {**ids, "now": now}),
                ]
            )  # fmt: skip
        return gone


def losses(mentions: Counter[PhraseOf], titles: Counter[PhraseOf]) -> dict[PhraseOf, Record]:
    """Return what is to be taken off the counts of phrases."""
    return {
        (phrase, tenancy): {
            "entity_id": phrase, "titles": titles[phrase, tenancy], "document_frequency": mentions[phrase, tenancy],
            **tenant(tenancy),
        }
        for phrase, tenancy in mentions.keys() | titles.keys()
    }  # fmt: skip


def phrase_id(key: str, tenancy: Tenancy) -> UUID:
    """Return the id of a phrase: the same key in the same tenancy is the same phrase."""
    parts = ("sonik:phrase", tenancy.collection, tenancy.visibility, tenancy.owner_org or "", key)
    return uuid5(NAMESPACE_URL, "\x1f".join(parts))


def phrases_of(title: str, tenancy: Tenancy) -> list[PhraseOf]:
    """Return the phrases of a title."""
    return [(phrase_id(key, tenancy), tenancy) for key in title_keys(title)]


def tenant(tenancy: Tenancy) -> Record:
    """Return the columns that say who may read a row."""
    return {"owner_org": tenancy.owner_org, "visibility": tenancy.visibility, "collection": tenancy.collection}


def _vertex(phrase: Phrase) -> Record:
    return {
        "id": phrase.id, "entity_type": "phrase", "name": phrase.name, "slug": f"phrase-{phrase.id}", "metadata": {},
        **tenant(phrase.tenancy),
    }  # fmt: skip


def _count(phrase: Phrase) -> Record:
    return {
        "folded": phrase.key, "name": phrase.name, "entity_id": phrase.id,
        "first_passage": None if phrase.id else phrase.first, "titles": phrase.titles,
        "document_frequency": phrase.mentions, **tenant(phrase.tenancy),
    }  # fmt: skip
