"""Bring the schema up to date: numbered migrations once, seeds and legends of the ontology each time."""

import hashlib

from sonik import ontology
from sonik.sql import migrations, seeds
from sonik.stores.postgres import Session, jsonb, owner_session

_LEDGER = (
    "create schema if not exists unified; "
    "create table if not exists unified.migrations (name text primary key, applied_at timestamptz default now())"
)
_LOCK = "select pg_advisory_xact_lock(hashtextextended('sonik.migrate', 0))"
_ENTITY_TYPES = """
insert into unified.legend_entity_types (code, label, graph, label_es, label_pt, label_en)
select * from jsonb_to_recordset(%(rows)s)
    as x (code text, label text, graph text, label_es text, label_pt text, label_en text)
on conflict (code) do update set label = excluded.label, graph = excluded.graph, label_es = excluded.label_es,
    label_pt = excluded.label_pt, label_en = excluded.label_en
"""
_EDGE_TYPES = """
insert into unified.legend_relationship_types (code, graph, base_weight, is_single)
select * from jsonb_to_recordset(%(rows)s) as x (code text, graph text, base_weight real, is_single boolean)
on conflict (code) do update set graph = excluded.graph, base_weight = excluded.base_weight,
    is_single = excluded.is_single
"""
# Markets are vertices too: an entity each, made once and projected like any other.
_MARKETS = """
with added as (
    insert into unified.entities (entity_type, name, slug, canonical_id, market, metadata)
    select 'market', name, slug, 'market:' || slug, slug, jsonb_build_object('country', country, 'status', 'active')
    from unified.legend_markets
    on conflict (collection, slug) do nothing
    returning id, name, slug
), held as (
    insert into unified.identifiers (scheme, value, entity_type, entity_id, is_strong, source)
    select 'market', slug, 'market', id, true, 'sonik' from added
), named as (
    insert into unified.aliases (entity_id, alias, folded, source)
    select id, name, replace(slug, '-', ' '), 'sonik' from added
)
insert into unified.outbox (aggregatetype, aggregateid, type)
select 'entity', id::text, 'upsert' from added
"""


async def migrate(dsn: str) -> list[str]:
    """Apply what is missing, as the owner named by `dsn`; return the names of the migrations applied now."""
    async with owner_session(dsn) as session:
        await session.execute(_LOCK)
        await session.execute(_LEDGER)
        known = {row["name"] for row in await session.rows("select name from unified.migrations")}
        applied = []
        for name, text in migrations():
            if name not in known:
                await session.execute(text)
                applied.append(name)
        if _legends_digest() not in known:
            await _legends(session)
            # Only the present one is remembered, so that a version that is rolled back writes its own again.
            await session.execute("delete from unified.migrations where name like 'legends-%'")
            applied.append(_legends_digest())
        for name in applied:
            await session.execute("insert into unified.migrations (name) values (%(name)s)", {"name": name})
        return applied


def _legends_digest() -> str:
    """Name the present seeds and ontology, so that they are written again only when they changed."""
    content = repr((seeds(), ontology.VERTICES, ontology.EDGES, _MARKETS))
    return "legends-" + hashlib.sha256(content.encode()).hexdigest()[:16]


async def _legends(session: Session) -> None:
    for _, text in seeds():
        await session.execute(text)
    entity_types = [
        {"code": v.kind, "label": v.label, "graph": v.graph, "label_es": v.es, "label_pt": v.pt, "label_en": v.en}
        for v in ontology.VERTICES
    ]
    edge_types = [
        {"code": e.name, "graph": e.graph, "base_weight": e.base_weight, "is_single": e.single} for e in ontology.EDGES
    ]
    await session.execute(_ENTITY_TYPES, {"rows": jsonb(entity_types)})
    await session.execute(_EDGE_TYPES, {"rows": jsonb(edge_types)})
    await session.execute("insert into unified.sources (code, trust) values ('sonik', 100) on conflict do nothing")
    await session.execute(_MARKETS)
