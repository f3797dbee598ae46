"""The linker: which phrases passages name, found without a model and without looking at old passages again.

A phrase is a title found in other passages, or a capitalised span that two passages share. New passages are joined to
the phrases that are known, and old passages to titles that are new; nothing else of what is there has to change.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sonik import ontology
from sonik.knowledge.phrase_book import Phrase, PhraseBook, losses, phrases_of, tenant
from sonik.knowledge.relations import Statement, restate
from sonik.retrieval.phrases import capitalised, content_words, grams, key_of, title_keys, tokens
from sonik.sql import queries
from sonik.stores.postgres import Session, jsonb
from sonik.truth.rows import Changes, NewEdges, Record, RelationshipRow, Tenancy, TenantRow

SQL = queries("knowledge")
NAMES, PART_OF = "NAMES", "PART_OF"
MENTIONED = ontology.BY_EDGE[NAMES].base_weight
CONTAINED = ontology.BY_EDGE[PART_OF].base_weight
# The page about a phrase is joined to it twice as strongly as a page that only mentions it.
ABOUT = 2 * MENTIONED
# What somebody extracted is believed half as much as what stands in the text.
EXTRACTED = 0.5
MOST_STATED_WORDS = 12
# Part of what a document is known by: when linking changes, the next delivery links it anew.
VERSION = "1"

Ends = tuple[UUID, str, UUID]


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A passage as it is now written, with the title of its document; the first one is the page about its title.

    `stated` are phrases that somebody extracted from it, `relations` what these are said to be to each other.
    """

    id: UUID
    document: UUID
    title: str
    text: str
    position: int
    stated: tuple[str, ...] = ()
    relations: tuple[tuple[str, str, str], ...] = ()


@dataclass(kw_only=True, slots=True)
class NamedBy(TenantRow):
    """A passage that names a phrase."""

    folded: str
    id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mention:
    """How strongly a passage is to name a phrase, how surely, and for whom."""

    tenancy: Tenancy
    weight: float = MENTIONED
    confidence: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """What the words of a passage offer to be linked: keys, and where it matters how they are written."""

    written: Written
    titles: Mapping[str, str]
    spans: Mapping[str, str]
    stated: Mapping[str, str]
    grams: frozenset[str]


Wanted = dict[tuple[UUID, str], _Mention]


class Linker:
    """Links the passages of one batch and one tenancy; edges and what is to be projected go into `changes`."""

    def __init__(
        self, session: Session, *, tenancy: Tenancy, source: str, changes: Changes, now: datetime
    ) -> None:  # fmt: skip
        self._session = session
        self._tenancy = tenancy
        self._source = source
        self._changes = changes
        self._now = now
        self._book = PhraseBook(session, tenancy=tenancy)
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
        await self._recall(readings, [key for key, _ in titles])
        fresh = self._book.entitle(titles)
        wanted = self._wanted(readings)
        self._add_stated(readings, wanted)
        self._add_first_users(wanted)
        await self._add_old_passages(fresh, readings, wanted)
        self._connect(passages, wanted)
        gone = phrases_of_all(old_titles)
        lost = losses(self._withdrawn(), gone)
        self._changes.touched |= await self._book.save(lost, now=self._now)
        await self._relate(passages, former)

    async def _forget(self, former: Sequence[UUID]) -> None:
        """Look up how the passages were linked, and forget phrases only they used."""
        if former:
            await self._session.execute(SQL["forget_candidates"], {"ids": list(former)})
            rows = await self._session.fetch(RelationshipRow, SQL["edges_of"], {"ids": list(former)})
            self._standing = {(row.src, row.type, row.dst): row for row in rows}

    async def _recall(self, readings: Sequence[_Reading], titles: Iterable[str]) -> None:
        """Look up every phrase the batch may name."""
        keys = set(titles)
        for reading in readings:
            keys |= reading.grams | reading.spans.keys() | reading.titles.keys() | reading.stated.keys()
        await self._book.recall(keys)

    def _wanted(self, readings: Sequence[_Reading]) -> Wanted:
        """Return what each passage is to name by its own words."""
        shared = self._shared(readings)
        wanted: Wanted = {}
        for reading in readings:
            here = reading.written
            named = {key for key in reading.grams if self._book.is_title(key)}
            named |= reading.titles.keys() | (reading.spans.keys() & shared)
            for key in named:
                is_about = key in reading.titles and here.position == 0
                wanted[here.id, key] = _Mention(weight=ABOUT if is_about else MENTIONED, tenancy=self._tenancy)
        return wanted

    def _shared(self, readings: Sequence[_Reading]) -> set[str]:
        """Return the spans that another passage uses too, and note those that none does so far."""
        users: dict[str, list[_Reading]] = defaultdict(list)
        for reading in readings:
            for key in reading.spans:
                users[key].append(reading)
        shared = set()
        for key, using in users.items():
            phrase = self._book.phrase(key, using[0].spans[key])
            here = using[0].written.id
            if phrase.id or phrase.is_title or len(using) > 1 or phrase.first not in (None, here):
                shared.add(key)
            else:
                phrase.is_noted = phrase.first is None
                phrase.first = here
        return shared

    def _add_stated(self, readings: Sequence[_Reading], wanted: Wanted) -> None:
        """Add what somebody found in the passages where it was not found here: less sure, and for their readers."""
        for reading in readings:
            for key, written in reading.stated.items():
                self._book.own(key, written)
                wanted.setdefault(
                    (reading.written.id, key), _Mention(confidence=EXTRACTED, tenancy=self._tenancy)
                )  # fmt: skip

    def _add_first_users(self, wanted: Wanted) -> None:
        """Add the passages that used a phrase alone until now."""
        for key in {key for _, key in wanted}:
            phrase = self._book[key]
            if phrase.id is None and phrase.first is not None:
                wanted.setdefault((phrase.first, key), _Mention(tenancy=phrase.tenancy))

    async def _add_old_passages(
        self, fresh: Sequence[Phrase], readings: Sequence[_Reading], wanted: Wanted
    ) -> None:  # fmt: skip
        """Add the passages outside the batch that name a new title."""
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
            wanted.setdefault((found.id, found.folded), _Mention(tenancy=narrower))

    def _connect(self, passages: Sequence[Written], wanted: Wanted) -> None:
        """Join passages to their documents and to what they name; what stood before and is not wanted is closed."""
        for passage in passages:
            self._join((passage.id, PART_OF, passage.document), _Mention(weight=CONTAINED, tenancy=self._tenancy))
        for (passage_id, key), mention in wanted.items():
            phrase = self._book[key]
            is_added = self._join((passage_id, NAMES, phrase.vertex), mention)
            phrase.mentions += is_added and mention.tenancy == phrase.tenancy
        self._changes.closed_relationships += [
            row for ends, row in self._standing.items() if ends not in self._retained
        ]  # fmt: skip

    def _join(self, ends: Ends, mention: _Mention) -> bool:
        """Open an edge unless it stands as it is to be; say whether it was opened."""
        standing = self._standing.get(ends)
        said = (mention.weight, mention.confidence, mention.tenancy)
        if standing is not None and (standing.base_weight, standing.confidence, standing.tenancy) == said:
            self._retained.add(ends)
            return False
        src, edge_type, dst = ends
        told: Record = {
            "base_weight": mention.weight, "confidence": mention.confidence, "source": self._source,
            "timestamp": self._now, **tenant(mention.tenancy),
        }  # fmt: skip
        kinds = ("passage", "phrase" if edge_type == NAMES else "document")
        opened: Record = {"src": src, "dst": dst, "properties": {}}
        self._changes.new_relationships.append(NewEdges(type=edge_type, kinds=kinds, told=told, edges=[opened]))
        return True

    def _withdrawn(self) -> Counter[tuple[UUID, Tenancy]]:
        """Return how many mentions each phrase loses."""
        closed = (row for ends, row in self._standing.items() if ends not in self._retained)
        return Counter((row.dst, row.tenancy) for row in closed if row.type == NAMES)

    async def _relate(self, passages: Sequence[Written], former: Sequence[UUID]) -> None:
        """Join the phrases that somebody says are related, and take back what is said no longer."""
        said = []
        for passage in passages:
            for subject, predicate, object_ in passage.relations:
                ends = [stated_key(name) for name in (subject, object_)]
                if all(ends) and ends[0] != ends[1]:
                    src, dst = (self._book[key].vertex for key in ends)
                    said.append(Statement(passage=passage.id, src=src, dst=dst, predicate=predicate))
        if said or former:
            await restate(
                self._session, said, former=former, tenancy=self._tenancy, source=self._source, changes=self._changes,
                now=self._now, confidence=EXTRACTED,
            )  # fmt: skip


def stated_key(name: str) -> str:
    """Return the key of a phrase somebody extracted; empty if it is none or far too long."""
    key = key_of([token.text for token in tokens(name)])
    return key if len(key.split()) <= MOST_STATED_WORDS else ""


def phrases_of_all(titles: Iterable[tuple[str, Tenancy]]) -> Counter[tuple[UUID, Tenancy]]:
    """Return how often each phrase stands among some titles."""
    return Counter(phrase for title, tenancy in titles for phrase in phrases_of(title, tenancy))


def _read(written: Written) -> _Reading:
    stated = {stated_key(name): name for name in written.stated}
    return _Reading(
        written=written, titles=title_keys(written.title), spans=capitalised(written.text),
        grams=frozenset(grams(tokens(written.text))), stated={key: name for key, name in stated.items() if key},
    )  # fmt: skip
