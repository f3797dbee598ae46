"""What somebody says phrases are to each other: an edge stands as long as a passage states it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sonik import ontology
from sonik.knowledge.phrase_book import tenant
from sonik.sql import queries
from sonik.stores.postgres import Session, jsonb
from sonik.truth.rows import Changes, NewEdges, Record, RelationshipRow, Tenancy

SQL = queries("knowledge")
TRUTH = queries("truth")
RELATED_TO = "RELATED_TO"

Pair = tuple[UUID, UUID]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A passage's word that one phrase stands in a relation to another."""

    passage: UUID
    src: UUID
    dst: UUID
    predicate: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stated:
    """What is said of a pair of phrases now."""

    src: UUID
    dst: UUID
    predicate: str


async def restate(
    session: Session, said: Sequence[Statement], *, former: Sequence[UUID], tenancy: Tenancy, source: str,
    changes: Changes, now: datetime, confidence: float,
) -> None:  # fmt: skip
    """Replace what the `former` passages stated by what is said now, and open and close edges accordingly."""
    unsaid = await session.rows(SQL["withdraw_statements"], {"ids": list(former)}) if former else []
    rows = [
        {"passage_id": it.passage, "src": it.src, "dst": it.dst, "predicate": it.predicate, **tenant(tenancy)}
        for it in said
    ]  # fmt: skip
    await session.execute(SQL["insert_statements"], {"rows": jsonb(rows)})
    pairs = {(UUID(str(row["src"])), UUID(str(row["dst"]))) for row in unsaid} | {(it.src, it.dst) for it in said}
    standing = await _standing(session, pairs)
    rows_now = await session.fetch(_Stated, SQL["stated"], _ends(pairs))
    stated = {(row.src, row.dst): row for row in rows_now}
    changes.closed_relationships += [row for pair, row in standing.items() if pair not in stated]
    for pair in stated.keys() - standing.keys():
        told: Record = {
            "base_weight": ontology.BY_EDGE[RELATED_TO].base_weight, "confidence": confidence, "source": source,
            "timestamp": now, **tenant(tenancy),
        }  # fmt: skip
        edge: Record = {"src": pair[0], "dst": pair[1], "properties": {"type": stated[pair].predicate}}
        kinds = ("phrase", "phrase")
        changes.new_relationships.append(NewEdges(type=RELATED_TO, kinds=kinds, told=told, edges=[edge]))


async def _standing(session: Session, pairs: set[Pair]) -> dict[Pair, RelationshipRow]:
    params = {**_ends(pairs), "types": [RELATED_TO] * len(pairs)}
    found = await session.fetch(RelationshipRow, TRUTH["relationships_between"], params)
    return {(row.src, row.dst): row for row in found}


def _ends(pairs: set[Pair]) -> dict[str, list[UUID]]:
    return {"sources": [src for src, _ in pairs], "targets": [dst for _, dst in pairs]}
