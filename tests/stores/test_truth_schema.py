"""The schema: migrated once, its legends complete, its statuses from one registry."""

import asyncio
import re
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest

from sonik import ontology
from sonik.ingest.records import EventRecord
from sonik.sql import migrations, seeds
from sonik.truth.migrate import migrate
from tests.fix_truth import Database, Truth, event, venue

pytestmark = pytest.mark.anyio

LEGENDS = ("legend_entity_types", "legend_genres", "legend_channels", "status_registry")
# The columns Debezium's outbox event router reads, and their types.
ROUTED = {"id": "uuid", "aggregatetype": "text", "aggregateid": "text", "type": "text", "payload": "jsonb"}


async def test_a_second_migration_changes_nothing(truth: Truth) -> None:
    before = await truth.everything()
    assert await migrate(truth.owner) == []
    assert await truth.everything() == before


async def test_two_that_start_at_once_migrate_an_empty_database_once(unmigrated: Database) -> None:
    done = await asyncio.gather(migrate(unmigrated.owner), migrate(unmigrated.owner))
    assert sorted(len(applied) for applied in done) == [0, len(migrations()) + 1]


async def test_edges_from_before_they_knew_who_told_them_keep_their_ends_and_stay_closed(unmigrated: Database) -> None:
    await migrate(unmigrated.owner)
    back = """
        drop table unified.source_cursors;
        drop index unified.relationships_told_at_dst, unified.relationships_current;
        alter table unified.relationships drop observed_at, drop retracted_at, drop told_at_src, drop told_at_dst;
        create unique index relationships_current on unified.relationships (src, type, dst) where valid_to is null;
        delete from unified.migrations where name like '0004%';
        with ends as (select array_agg(id order by slug) as ids from unified.entities)
        insert into unified.relationships
            (src, dst, type, base_weight, source, sources, timestamp, valid_from, valid_to, properties)
        select ids[n], ids[n + 1], type, 0.5, 'sonik', '{sonik}', '2026-11-01Z', '2026-11-01Z', ended, properties
        from ends, (values (1, 'HOSTED_BY', null::timestamptz, '{}'::jsonb), (2, 'HOSTED_BY', '2026-11-02Z', '{}'),
                           (3, 'PERFORMS_AT', null, '{"position": 1}'), (4, 'PERFORMS_AT', null, '{}'))
             as told (n, type, ended, properties)
    """
    async with await psycopg.AsyncConnection.connect(unmigrated.owner) as connection:
        await connection.execute(back)
    assert await migrate(unmigrated.owner) == ["0004_told_edges.sql"]
    async with await psycopg.AsyncConnection.connect(unmigrated.owner) as connection:
        found = await connection.execute(
            "select type, told_at_src, told_at_dst, retracted_at = valid_to, observed_at = timestamp "
            "from unified.relationships order by eid"
        )
        assert await found.fetchall() == [
            ("HOSTED_BY", ["sonik"], [], None, True), ("HOSTED_BY", ["sonik"], [], True, True),
            ("PERFORMS_AT", [], ["sonik"], None, True), ("PERFORMS_AT", ["sonik"], [], None, True),
        ]  # fmt: skip


async def test_seeds_of_another_version_are_written_again_when_it_is_rolled_back(truth: Truth) -> None:
    other = "insert into unified.migrations (name) values ('legends-0123456789abcdef')"
    broken = "update unified.legend_genres set label_es = 'x' where code = 'salsa'"
    own = "delete from unified.migrations where name like 'legends-%'"
    async with await psycopg.AsyncConnection.connect(truth.owner) as connection:
        for statement in (own, other, broken):
            await connection.execute(statement)
    applied = await migrate(truth.owner)
    assert [name for name in applied if name.startswith("legends-")] == applied != []
    assert await truth.column("select label_es from unified.legend_genres where code = 'salsa'") == ["salsa"]
    ledger = await truth.column("select name from unified.migrations where name like 'legends-%%'")
    assert ledger == applied


@pytest.mark.parametrize("legend", LEGENDS)
async def test_every_entry_of_a_legend_has_a_label_in_each_language(truth: Truth, legend: str) -> None:
    rows = await truth.rows(f"select label_es, label_pt, label_en from unified.{legend}")
    assert rows
    assert [row for row in rows if not all(row.values())] == []


async def test_the_legends_hold_every_kind_and_every_edge_of_the_ontology(truth: Truth) -> None:
    kinds = await truth.column("select code from unified.legend_entity_types")
    edges = await truth.rows("select code, graph, is_single from unified.legend_relationship_types")
    assert set(kinds) == set(ontology.KINDS)
    assert {(row["code"], row["graph"], row["is_single"]) for row in edges} == {
        (edge.name, edge.graph, edge.single) for edge in ontology.EDGES
    }


async def test_every_market_is_an_entity_with_a_known_time_zone(truth: Truth) -> None:
    markets = await truth.column("select slug from unified.legend_markets order by slug")
    vertices = await truth.column("select slug from unified.entities where entity_type = 'market' order by slug")
    strangers = await truth.column(
        "select slug from unified.legend_markets where timezone not in (select name from pg_timezone_names)"
    )
    assert vertices == markets
    assert strangers == []


async def test_every_status_column_is_bound_to_the_registry(truth: Truth) -> None:
    bound = await truth.column("""
        select c.conrelid::regclass::text || '.' || a.attname
        from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey)
        where c.contype = 'f' and c.confrelid = 'unified.status_registry'::regclass and a.attname like '%%status'
    """)
    columns = await truth.column("""
        select format('unified.%%s.%%s', table_name, column_name) from information_schema.columns
        where table_schema = 'unified' and column_name like '%%status' and table_name <> 'status_registry'
    """)
    assert sorted(map(str, bound)) == sorted(map(str, columns)) != []


async def test_the_statuses_of_events_are_those_a_record_can_have(truth: Truth) -> None:
    registered = await truth.column("select status from unified.status_registry where domain = 'event'")
    annotation = EventRecord.model_fields["status"].annotation
    assert sorted(map(str, registered)) == sorted(annotation.__args__)  # type: ignore[union-attr]


async def test_an_unregistered_status_is_refused_by_the_database(truth: Truth) -> None:
    async with await psycopg.AsyncConnection.connect(truth.owner) as connection:
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            await connection.execute("update unified.entities set claim_status = 'owned'")


def test_no_script_lists_statuses_in_a_check() -> None:
    checks = [name for name, text in (*migrations(), *seeds()) if re.search(r"status\s+in\s*\(", text)]
    assert checks == []


async def test_the_outbox_has_the_columns_of_debeziums_event_router(truth: Truth) -> None:
    columns = await truth.rows("""
        select column_name, data_type from information_schema.columns
        where table_schema = 'unified' and table_name = 'outbox'
    """)
    held = {str(row["column_name"]): row["data_type"] for row in columns}
    assert {name: held[name] for name in ROUTED} == ROUTED
    assert held.keys() - ROUTED.keys() == {"seq", "txid", "created_at"}


async def test_strong_identifiers_are_unique_only_while_current(truth: Truth) -> None:
    same = """
        insert into unified.identifiers (scheme, value, entity_type, entity_id, is_strong, source, current_to)
        select 'instagram', 'salonamador', 'market', id, true, 'sonik', {until} from unified.entities limit 1
    """
    async with await psycopg.AsyncConnection.connect(truth.owner) as connection:
        for until in ("now()", "now()", "null"):
            await connection.execute(same.format(until=until))
        with pytest.raises(psycopg.errors.UniqueViolation):
            await connection.execute(same.format(until="null"))


async def test_what_organisations_told_before_they_had_sources_of_their_own_becomes_theirs(
    unmigrated: Database,
) -> None:
    await migrate(unmigrated.owner)
    back = """
        drop table unified.tellings;
        alter table unified.identifiers drop observed_at;
        drop index unified.jobs_key, unified.idempotency_keys_key;
        alter table unified.jobs add unique (key);
        alter table unified.idempotency_keys drop owner_org, add primary key (collection, actor, key);
        delete from unified.migrations where name like '0005%';
        insert into unified.sources (code, trust) values ('crm', 70);
        insert into unified.identifiers (scheme, value, entity_type, entity_id, is_strong, source, owner_org)
        select scheme, value, 'market', id, true, 'crm', owner
        from (select id from unified.entities limit 1) e,
             (values ('source:crm', '1', 'a@b'), ('instagram', 'x', 'acme'), ('source:crm', '2', null))
                 as told (scheme, value, owner);
        insert into unified.facts (entity_id, attribute, value, source, trust, observed_at, valid_from, owner_org)
        select id, 'name', '"x"', 'crm', 70, '2026-11-01Z', '2026-11-01Z', 'acme' from unified.entities limit 1
    """
    async with await psycopg.AsyncConnection.connect(unmigrated.owner) as connection:
        await connection.execute(back)
    assert await migrate(unmigrated.owner) == ["0005_tellings_and_tenants.sql"]
    async with await psycopg.AsyncConnection.connect(unmigrated.owner) as connection:
        found = await connection.execute(
            "select scheme, source from unified.identifiers where source like 'crm%' order by value"
        )
        assert await found.fetchall() == [
            ("source:crm@a%40b", "crm@a%40b"), ("source:crm", "crm"), ("instagram", "crm@acme"),
        ]  # fmt: skip
        told = await connection.execute("select source, partial, observed_at::date::text from unified.tellings")
        assert await told.fetchall() == [("crm@acme", False, "2026-11-01")]
        trusts = await connection.execute("select code, trust from unified.sources where code like 'crm%' order by 1")
        assert await trusts.fetchall() == [("crm", 70), ("crm@a%40b", 70), ("crm@acme", 70)]


FACT: LiteralString = """
    insert into unified.facts (entity_id, attribute, value, source, trust, observed_at, valid_from)
    values (%(id)s, 'name', '"x"', 'sonik', 50, now(), now())
"""


async def test_nothing_can_be_told_of_an_entity_there_is_not(truth: Truth) -> None:
    edge: LiteralString = """
        insert into unified.relationships
            (src, dst, type, base_weight, source, sources, timestamp, observed_at, valid_from)
        select id, %(id)s, 'HOSTED_BY', 0.5, 'sonik', '{sonik}', now(), now(), now() from unified.entities limit 1
    """
    async with await psycopg.AsyncConnection.connect(truth.owner) as connection:
        for statement in (FACT, edge):
            with pytest.raises(psycopg.errors.ForeignKeyViolation, match="which there is not"):
                await connection.execute(statement, {"id": uuid4()})
            await connection.rollback()


async def test_an_entity_that_is_deleted_takes_along_what_is_told_of_it(truth: Truth) -> None:
    await truth.deliver(event("e-1"), venue("v-1"))
    await truth.rows("delete from unified.entities where entity_type = 'venue' returning 1")
    left = "where entity_id not in (select id from unified.entities)"
    for table in ("facts", "identifiers", "aliases", "tellings"):
        assert await truth.column(f"select count(*) from unified.{table} {left}") == [0]
    assert await truth.column("select type from unified.relationships order by 1") == ["IN_LOCATION"]


async def test_who_tells_of_an_entity_while_it_is_deleted_is_refused(truth: Truth) -> None:
    await truth.deliver(venue("v-1"))
    (gone,) = await truth.column("select id from unified.entities where entity_type = 'venue'")
    async with (
        await psycopg.AsyncConnection.connect(truth.owner) as deleting,
        await psycopg.AsyncConnection.connect(truth.owner) as telling,
    ):
        await deleting.execute("delete from unified.entities where id = %(id)s", {"id": gone})
        waiting = asyncio.create_task(telling.execute(FACT, {"id": gone}))
        await deleting.commit()
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="which there is not"):
            await waiting
