"""The linker: which phrases passages name, found without a model and without looking at old passages again.

A phrase is a title found in other passages, or a capitalised span that two passages share. New passages are joined to
the phrases that are known, and old passages to titles that are new; nothing else of what is there has to change.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from sonik import ontology
from sonik.retrieval.phrases import capitalised, content_words, grams, title_keys, tokens
from sonik.sql import queries
from sonik.stores.postgres import Session, jsonb
from sonik.truth.rows import Changes, Record, RelationshipRow, Tenancy, TenantRow

SQL = queries("knowledge")
NAMES, PART_OF = "NAMES", "PART_OF"
MENTIONED = ontology.BY_EDGE[NAMES].base_weight
CONTAINED = ontology.BY_EDGE[PART_OF].base_weight
# The page about a phrase is joined to it twice as strongly as a page that only mentions it.
ABOUT = 2 * MENTIONED

Ends = tuple[UUID, str, UUID]


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A passage as it is now written, with the title of its document; the first one is the page about its title."""

    id: UUID
    document: UUID
    title: str
    text: str
    position: int


@dataclass(kw_only=True, slots=True)
class PhraseRow(TenantRow):
    """A phrase that is known: a vertex, or so far used by one passage only."""

    folded: str
    name: str
    entity_id: UUID | None
    first_passage: UUID | None
    titles: int


@dataclass(kw_only=True, slots=True)
class NamedBy(TenantRow):
    """A passage that names a phrase."""

    folded: str
    id: UUID


@dataclass(kw_only=True, slots=True)
class _Phrase:
    """A phrase of this batch: what is known of it, and what the batch adds."""

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


@dataclass(kw_only=True, slots=True)
class _Reading:
    """What the words of a passage offer to be linked."""

    written: Written
    titles: dict[str, str]
    spans: dict[str, str]
    grams: set[str]


class Linker:
    """Links the passages of one batch and one tenancy; afterwards `changes` holds the edges, `touched` the phrases."""

    def __init__(self, session: Session, *, tenancy: Tenancy, source: str, changes: Changes, now: datetime) -> None:
        self._session = session
        self._tenancy = tenancy
        self._source = source
        self._changes = changes
        self._now = now
        self._phrases: dict[str, _Phrase] = {}
        self._standing: dict[Ends, RelationshipRow] = {}
        self._retained: set[Ends] = set()

    async def link(
        self, passages: Sequence[Written], *, former: Sequence[UUID], new_titles: Sequence[str],
        old_titles: Sequence[tuple[str, Tenancy]] = (),
    ) -> None:  # fmt: skip
        """Link passages that are new or changed.

        Args:
            passages: what is to be linked.
            former: passages that were linked as they were before; of those that are not among `passages` all goes.
            new_titles: titles documents have only now, as often as they do.
            old_titles: titles documents have no longer, and who could read them.
        """
        await self._forget(former)
        readings = [_read(written) for written in passages]
        titles = [item for title in new_titles for item in title_keys(title).items()]
        await self._recall(readings, dict(titles))
        fresh = self._entitle(titles)
        wanted = self._wanted(readings)
        await self._find_in_old(fresh, readings, wanted)
        self._contain(passages)
        self._connect(wanted)
        await self._save([phrase for title, tenancy in old_titles for phrase in _phrases_of(title, tenancy)])

    async def _forget(self, former: Sequence[UUID]) -> None:
        """Look up how the passages were linked, and forget phrases only they used."""
        if former:
            await self._session.execute(SQL["forget_candidates"], {"ids": list(former)})
            rows = await self._session.fetch(RelationshipRow, SQL["edges_of"], {"ids": list(former)})
            self._standing = {(row.src, row.type, row.dst): row for row in rows}

    async def _recall(self, readings: Sequence[_Reading], titles: Mapping[str, str]) -> None:
        """Look up every phrase the batch may name; of two tenancies the own one counts."""
        keys = set(titles)
        for reading in readings:
            keys |= reading.grams | reading.spans.keys() | reading.titles.keys()
        tenancy = self._tenancy
        params = {
            "collection": tenancy.collection, "keys": sorted(keys), "visibility": tenancy.visibility,
            "owner_org": tenancy.owner_org,
        }  # fmt: skip
        for row in await self._session.fetch(PhraseRow, SQL["known_phrases"], params):
            known = _Phrase(
                key=row.folded, name=row.name, tenancy=row.tenancy, id=row.entity_id, had_title=row.titles > 0,
                first=row.first_passage,
            )  # fmt: skip
            if row.tenancy == tenancy or row.folded not in self._phrases:
                self._phrases[row.folded] = known

    def _entitle(self, titles: Iterable[tuple[str, str]]) -> list[_Phrase]:
        """Count the titles; return the phrases that were none before."""
        fresh = {}
        for key, written in titles:
            phrase = self._own(key, written)
            if not phrase.had_title:
                fresh[key] = phrase
                phrase.name = written
            phrase.titles += 1
        return list(fresh.values())

    def _wanted(self, readings: Sequence[_Reading]) -> dict[tuple[UUID, str], tuple[float, Tenancy]]:
        """Return what each passage is to name, with which weight."""
        shared = self._shared(readings)
        wanted: dict[tuple[UUID, str], tuple[float, Tenancy]] = {}
        for reading in readings:
            here = reading.written.id
            named = {key for key in reading.grams if self._is_title(key)}
            named |= {key for key in reading.spans if key in shared}
            named |= set(reading.titles)
            for key in named:
                is_about = key in reading.titles and reading.written.position == 0
                wanted[here, key] = (ABOUT if is_about else MENTIONED, self._tenancy)
        return wanted

    def _shared(self, readings: Sequence[_Reading]) -> set[str]:
        """Return the spans that another passage uses too, and note those that none does so far."""
        used: dict[str, list[_Reading]] = defaultdict(list)
        for reading in readings:
            for key in reading.spans:
                used[key].append(reading)
        shared = set()
        for key, users in used.items():
            phrase = self._phrase(key, users[0].spans[key])
            here = users[0].written.id
            if phrase.id or phrase.titles or phrase.had_title or len(users) > 1 or phrase.first not in (None, here):
                shared.add(key)
            else:
                phrase.is_noted = phrase.first is None
                phrase.first = here
        return shared

    async def _find_in_old(
        self, fresh: Sequence[_Phrase], readings: Sequence[_Reading],
        wanted: dict[tuple[UUID, str], tuple[float, Tenancy]],
    ) -> None:  # fmt: skip
        """Add the passages outside the batch that name a new title, or used a phrase alone until now."""
        for key in {key for _, key in wanted}:
            phrase = self._phrases[key]
            if phrase.id is None and phrase.first is not None:
                wanted.setdefault((phrase.first, key), (MENTIONED, phrase.tenancy))
        rows = [
            {"folded": phrase.key, "words": words, "phrase": phrase.id}
            for phrase in fresh if (words := content_words(phrase.key.split()))
        ]  # fmt: skip
        if not rows:
            return
        tenancy = self._tenancy
        params = {
            "rows": jsonb(rows), "collection": tenancy.collection, "visibility": tenancy.visibility,
            "owner_org": tenancy.owner_org, "but": [reading.written.id for reading in readings],
        }  # fmt: skip
        for found in await self._session.fetch(NamedBy, SQL["passages_naming"], params):
            narrower = found.tenancy if tenancy.visibility == "public" else tenancy
            wanted.setdefault((found.id, found.folded), (MENTIONED, narrower))

    def _contain(self, passages: Iterable[Written]) -> None:
        """Join passages to their documents."""
        for passage in passages:
            self._join(passage.id, PART_OF, passage.document, weight=CONTAINED, tenancy=self._tenancy)

    def _connect(self, wanted: Mapping[tuple[UUID, str], tuple[float, Tenancy]]) -> None:
        """Join passages to the phrases they name; what stood before and is not wanted is closed."""
        for (passage, key), (weight, tenancy) in wanted.items():
            phrase = self._phrases[key]
            if phrase.id is None:
                phrase.id, phrase.is_new = phrase_id(phrase.key, phrase.tenancy), True
            is_added = self._join(passage, NAMES, phrase.id, weight=weight, tenancy=tenancy)
            phrase.mentions += is_added and tenancy == phrase.tenancy
        for ends, row in self._standing.items():
            if ends not in self._retained:
                self._changes.closed_relationships.append(row)

    def _join(self, src: UUID, edge_type: str, dst: UUID, *, weight: float, tenancy: Tenancy) -> bool:
        """Open an edge unless it stands as it is to be; say whether it was opened."""
        ends = (src, edge_type, dst)
        standing = self._standing.get(ends)
        if standing is not None and standing.base_weight == weight and standing.tenancy == tenancy:
            self._retained.add(ends)
            return False
        opened: Record = {
            "eid": uuid4(), "src": src, "type": edge_type, "dst": dst, "src_kind": "passage",
            "dst_kind": "phrase" if edge_type == NAMES else "document", "base_weight": weight, "confidence": 1.0,
            "source": self._source, "timestamp": self._now, "properties": {}, **tenant(tenancy),
        }  # fmt: skip
        self._changes.new_relationships.append(opened)
        return True

    async def _save(self, old_titles: Sequence[tuple[UUID, Tenancy]]) -> None:
        """Write phrases and their counts; edges are left to the unit of work."""
        new = [phrase for phrase in self._phrases.values() if phrase.is_new]
        await self._session.execute(
            SQL["upsert_vertices"], {"rows": jsonb([_vertex(p) for p in new]), "now": self._now}
        )
        counted = [p for p in self._phrases.values() if p.is_new or p.mentions or p.titles or p.is_noted]
        await self._session.execute(SQL["count_phrases"], {"rows": jsonb([_count(p) for p in counted])})
        touched = {p.id for p in counted if p.id and not p.is_new}
        fewer = self._fewer(old_titles)
        touched |= set(fewer) - {p.id for p in new}
        gone = await self._session.rows(SQL["uncount_phrases"], {"rows": jsonb(list(fewer.values()))}) if fewer else []
        ids = [UUID(str(row["id"])) for row in gone]
        await self._session.execute(SQL["touch_vertices"], {"ids": sorted(touched - set(ids)), "now": self._now})
        if ids:
            await self._session.execute(SQL["remove_phrases"], {"ids": ids})
            await self._session.execute(SQL["remove_vertices"], {"ids": ids, "now": self._now})
        self._changes.touched |= {i for i in (*touched, *ids, *(p.id for p in new)) if i is not None}

    def _fewer(self, old_titles: Iterable[tuple[UUID, Tenancy]]) -> dict[UUID, Record]:
        """Return what is to be taken off the counts of phrases that lost a mention or a title."""
        mentions: Counter[tuple[UUID, Tenancy]] = Counter()
        for (_, edge_type, phrase), row in self._standing.items():
            if edge_type == NAMES and (row.src, NAMES, phrase) not in self._retained:
                mentions[phrase, row.tenancy] += 1
        titles = Counter(old_titles)
        return {
            phrase: {
                "entity_id": phrase, "titles": titles[phrase, tenancy],
                "document_frequency": mentions[phrase, tenancy], **tenant(tenancy),
            }
            for phrase, tenancy in mentions.keys() | titles.keys()
        }  # fmt: skip

    def _own(self, key: str, written: str) -> _Phrase:
        """Return the phrase of this tenancy: a title must not show in what others may read."""
        phrase = self._phrase(key, written)
        if phrase.tenancy != self._tenancy:
            phrase = self._phrases[key] = _Phrase(key=key, name=written, tenancy=self._tenancy)
        return phrase

    def _phrase(self, key: str, written: str) -> _Phrase:
        return self._phrases.setdefault(key, _Phrase(key=key, name=written, tenancy=self._tenancy))

    def _is_title(self, key: str) -> bool:
        phrase = self._phrases.get(key)
        return phrase is not None and (phrase.had_title or phrase.titles > 0)


def phrase_id(key: str, tenancy: Tenancy) -> UUID:
    """Return the id of a phrase: the same key in the same tenancy is the same phrase."""
    parts = ("sonik:phrase", tenancy.collection, tenancy.visibility, tenancy.owner_org or "", key)
    return uuid5(NAMESPACE_URL, "\x1f".join(parts))


def tenant(tenancy: Tenancy) -> Record:
    """Return the columns that say who may read a row."""
    return {"owner_org": tenancy.owner_org, "visibility": tenancy.visibility, "collection": tenancy.collection}


def _phrases_of(title: str, tenancy: Tenancy) -> list[tuple[UUID, Tenancy]]:
    return [(phrase_id(key, tenancy), tenancy) for key in title_keys(title)]


def _read(written: Written) -> _Reading:
    words = [token.text for token in tokens(written.text)]
    return _Reading(
        written=written, titles=title_keys(written.title), spans=capitalised(written.text), grams=grams(words)
    )


def _vertex(phrase: _Phrase) -> Record:
    slug = f"phrase-{phrase.id}"
    return {
        "id": phrase.id, "entity_type": "phrase", "name": phrase.name, "slug": slug, "metadata": {},
        **tenant(phrase.tenancy),
    }  # fmt: skip


def _count(phrase: _Phrase) -> Record:
    return {
        "folded": phrase.key, "name": phrase.name, "entity_id": phrase.id,
        "first_passage": None if phrase.id else phrase.first, "titles": phrase.titles,
        "document_frequency": phrase.mentions, **tenant(phrase.tenancy),
    }  # fmt: skip
