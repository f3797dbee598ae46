"""Where a batch of documents is put: the rows of documents and passages, what changed in them, and a receipt each."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from sonik.identity.names import slugify
from sonik.identity.sighting import Source
from sonik.ingest.receipts import MAX_SHOWN, Receipt
from sonik.knowledge.linker import Linker, Written
from sonik.knowledge.phrase_book import tenant
from sonik.knowledge.records import DocumentRecord, Extracted, TriplesRecord
from sonik.retrieval.phrases import content_words, tokens
from sonik.sql import queries
from sonik.stores.postgres import Session, jsonb
from sonik.truth.rows import Changes, Record, Tenancy, TenantRow
from sonik.types import JsonObject

SQL = queries("knowledge")
TRUTH = queries("truth")
SLUG_LENGTH = 60

Numbered = tuple[int, DocumentRecord]


@dataclass(kw_only=True, slots=True)
class StoredDocument(TenantRow):
    """A document that is there."""

    id: UUID
    title: str
    content_hash: bytes


@dataclass(kw_only=True, slots=True)
class StoredPassage(TenantRow):
    """A passage that is there."""

    id: UUID
    document_id: UUID
    position: int
    text: str


@dataclass(kw_only=True, slots=True)
class _Volume:
    """A document of the batch beside what is there of it."""

    line: int
    record: DocumentRecord
    id: UUID
    tenancy: Tenancy
    texts: list[str]
    extracted: list[TriplesRecord | None]
    known: StoredDocument | None = None
    passages: dict[int, StoredPassage] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """Its slug: readable, and told from others of the same look by its id."""
        return f"{slugify(self.record.id, max_length=SLUG_LENGTH)}-{self.id.hex[:8]}"

    @property
    def content_hash(self) -> bytes:
        """SHA-256 of all that was delivered."""
        parts = [self.record, *(record for record in self.extracted if record)]
        return hashlib.sha256("\n".join(part.model_dump_json() for part in parts).encode()).digest()

    @property
    def has_changed(self) -> bool:
        """Whether it is new or says something else than what is there."""
        return self.known is None or self.known.content_hash != self.content_hash

    @property
    def is_retitled(self) -> bool:
        """Whether its title is not the one that is linked, or is linked for others."""
        known = self.known
        return known is None or known.title != self.record.title or known.tenancy != self.tenancy

    @property
    def rewritten(self) -> list[int]:
        """The positions of passages that are new, say something else or stand under another title."""
        # A document's only passage is called like the document; what was extracted before is not known here.
        renamed = (len(self.texts) == 1) != (len(self.passages) == 1)
        all_anew = self.is_retitled or renamed or self.is_same_text or any(self.extracted)
        return [place for place, text in enumerate(self.texts) if all_anew or self._was(place) != text]

    @property
    def is_same_text(self) -> bool:
        """Whether what has changed is no text: then it is what was extracted from it."""
        return [row.text for _, row in sorted(self.passages.items())] == self.texts

    @property
    def gone(self) -> list[UUID]:
        """The passages it has no longer."""
        return [row.id for place, row in self.passages.items() if place >= len(self.texts)]

    @property
    def former(self) -> list[UUID]:
        """The passages whose former links no longer count."""
        return [self.passages[place].id for place in self.rewritten if place in self.passages] + self.gone

    def _was(self, place: int) -> str | None:
        return self.passages[place].text if place in self.passages else None


class Shelf:
    """Puts documents in their place; what it writes outside `changes` is in the same transaction."""

    def __init__(
        self, session: Session, *, source: Source, collection: str, extracted: Extracted, now: datetime
    ) -> None:  # fmt: skip
        self.changes = Changes()
        self._extracted = extracted
        self._session = session
        self._source = source
        self._collection = collection
        self._now = now

    async def put(self, batch: Sequence[Numbered]) -> list[Receipt]:
        """Write what is new or changed and link it; return a receipt for each, in order."""
        volumes = [self._volume(line, record) for line, record in batch]
        await self._look_up(volumes)
        changed = [volume for volume in volumes if volume.has_changed]
        if changed:
            source: Record = {"code": self._source.code, "trust": self._source.trust}
            await self._session.execute(TRUTH["upsert_sources"], {"rows": jsonb([source])})
            await self._write(changed)
            await self._link(changed)
        return [_receipt(volume) for volume in volumes]

    def _volume(self, line: int, record: DocumentRecord) -> _Volume:
        tenancy = Tenancy(collection=self._collection, owner_org=record.owner_org, visibility=record.visibility)
        texts = record.texts
        extracted = [self._extracted.take(_external_id(record.id, place, texts)) for place in range(len(texts))]
        return _Volume(
            line=line, record=record, id=document_id(record.id, tenancy), tenancy=tenancy, texts=texts,
            extracted=extracted,
        )  # fmt: skip

    async def _look_up(self, volumes: Sequence[_Volume]) -> None:
        ids = {"ids": [volume.id for volume in volumes]}
        known = {row.id: row for row in await self._session.fetch(StoredDocument, SQL["documents"], ids)}
        passages: dict[UUID, dict[int, StoredPassage]] = defaultdict(dict)
        for row in await self._session.fetch(StoredPassage, SQL["passages"], ids) if known else ():
            passages[row.document_id][row.position] = row
        for volume in volumes:
            volume.known, volume.passages = known.get(volume.id), passages[volume.id]

    async def _write(self, changed: Sequence[_Volume]) -> None:
        """Write documents and passages; a passage that is no more is marked so, and taken away when it is unlinked."""
        written = [(volume, place) for volume in changed for place in volume.rewritten]
        gone = [key for volume in changed for key in volume.gone]
        vertices = [_document_vertex(volume) for volume in changed] + [_passage_vertex(*each) for each in written]
        now = self._now
        await self._session.execute_all(
            [
                (SQL["upsert_vertices"], {"rows": jsonb(vertices), "now": now}),
                (SQL["upsert_documents"], {"rows": jsonb([_document_row(volume) for volume in changed])}),
                (SQL["upsert_passages"], {"rows": jsonb([_passage_row(*each) for each in written])}),
                (SQL["remove_vertices"], {"ids": gone, "now": now}),
            ]
        )
        self.changes.touched |= {UUID(str(row["id"])) for row in vertices} | set(gone)

    async def _link(self, changed: Sequence[_Volume]) -> None:
        """Link the documents of each tenancy apart: what they name is for their readers only."""
        by_tenancy: dict[Tenancy, list[_Volume]] = defaultdict(list)
        for volume in changed:
            by_tenancy[volume.tenancy].append(volume)
        for tenancy, volumes in by_tenancy.items():
            linker = Linker(
                self._session, tenancy=tenancy, source=self._source.code, changes=self.changes, now=self._now
            )  # fmt: skip
            retitled = [volume for volume in volumes if volume.is_retitled]
            await linker.link(
                [_written(volume, place) for volume in volumes for place in volume.rewritten],
                former=[key for volume in volumes for key in volume.former],
                new_titles=[volume.record.title for volume in retitled],
                old_titles=[(volume.known.title, volume.known.tenancy) for volume in retitled if volume.known],
            )
        gone = [key for volume in changed for key in volume.gone]
        await self._session.execute(SQL["remove_passages"], {"ids": gone})
        await self._session.execute(SQL["forget_edges"], {"ids": gone})


def document_id(external_id: str, tenancy: Tenancy) -> UUID:
    """Return the id of a document: what its owner calls by the same id in a collection is the same document."""
    parts = ("sonik:document", tenancy.collection, tenancy.owner_org or "", external_id)
    return uuid5(NAMESPACE_URL, "\x1f".join(parts))


def passage_id(document: UUID, position: int) -> UUID:
    """Return the id of a passage: its place in its document."""
    return uuid5(document, str(position))


def _external_id(document: str, place: int, texts: Sequence[str]) -> str:
    """Return what a passage is called outside: like its document if it is all of it."""
    return document if len(texts) == 1 else f"{document}#{place + 1}"


def _document_vertex(volume: _Volume) -> Record:
    record = volume.record
    about: JsonObject = {"title": record.title, "external_id": record.id}
    about |= {name: value for name, value in (("url", record.url), ("lang", record.lang)) if value}
    return {
        "id": volume.id, "entity_type": "document", "name": record.title, "slug": f"document-{volume.ref}",
        "metadata": about, **tenant(volume.tenancy),
    }  # fmt: skip


def _passage_vertex(volume: _Volume, place: int) -> Record:
    about: JsonObject = {"external_id": _external_id(volume.record.id, place, volume.texts), "position": place}
    return {
        "id": passage_id(volume.id, place), "entity_type": "passage", "name": volume.record.title,
        "slug": f"passage-{volume.ref}-{place + 1}", "metadata": about, **tenant(volume.tenancy),
    }  # fmt: skip


def _document_row(volume: _Volume) -> Record:
    record = volume.record
    return {
        "entity_id": volume.id, "external_id": record.id, "url": record.url, "lang": record.lang,
        "content_hash": volume.content_hash.hex(),
    }  # fmt: skip


def _passage_row(volume: _Volume, place: int) -> Record:
    words = [token.text for token in tokens(volume.texts[place])]
    title = [token.text for token in tokens(volume.record.title)]
    return {
        "entity_id": passage_id(volume.id, place), "document_id": volume.id, "position": place,
        "external_id": _external_id(volume.record.id, place, volume.texts), "text": volume.texts[place],
        "folded": " ".join(words), "words": content_words(title + words), **tenant(volume.tenancy),
    }  # fmt: skip


def _written(volume: _Volume, place: int) -> Written:
    extracted = volume.extracted[place]
    relations = tuple(extracted.triples) if extracted else ()
    ends = (end for subject, _, object_ in relations for end in (subject, object_))
    return Written(
        id=passage_id(volume.id, place), document=volume.id, title=volume.record.title, text=volume.texts[place],
        position=place, stated=tuple(dict.fromkeys((*(extracted.entities if extracted else ()), *ends))),
        relations=relations,
    )  # fmt: skip


def _receipt(volume: _Volume) -> Receipt:
    known, record = volume.known, volume.record
    changes: JsonObject = {}
    if known is not None and known.title != record.title:
        changes["title"] = [known.title, record.title]
    if known is not None and volume.rewritten:
        changes["passages"] = [len(volume.passages), len(volume.texts)]
    count = len(volume.texts)
    return Receipt(
        line=volume.line, outcome="unchanged" if not volume.has_changed else "updated" if known else "created",
        ref=f"document-{volume.ref}", entity_id=str(volume.id), name=record.title[:MAX_SHOWN], changes=changes,
        notes=(f"{count} passage{'s' * (count > 1)}",) if volume.has_changed else (),
    )  # fmt: skip
