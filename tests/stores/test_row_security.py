"""Row security: the reader reads what its scope may see, whatever it asks, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from sonik.errors import InvalidInput
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.receipts import Intake
from sonik.jobs.job import Order
from sonik.jobs.queue import enqueue
from sonik.knowledge.delivery import ingest_documents
from sonik.learning.log import TraversalLog
from sonik.learning.verdicts import judge
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import JsonObject, Scope, Trace
from tests.fix_truth import INGEST, PLACE_IDS, Database, Truth, artist, event, venue

pytestmark = pytest.mark.anyio

ANYONE = Scope()
ACME = Scope(role="organizer", organisation="acme")
RIVAL = Scope(role="organizer", organisation="rival")
STAFF = Scope(role="staff")
BENCH = Scope(collection="bench")
SCOPES = {"anyone": ANYONE, "acme": ACME, "rival": RIVAL, "staff": STAFF, "bench": BENCH}
# Whose word stands in every text that was written: a row that shows another's is a leak.
SEES = {
    "anyone": {"publico"}, "acme": {"publico", "acme"}, "rival": {"publico", "rival"},
    "staff": {"publico", "acme", "rival", "interno"}, "bench": {"banco"},
}  # fmt: skip
WORDS = ("publico", "acme", "rival", "interno", "banco")
SECURED = (
    "entities", "identifiers", "aliases", "facts", "relationships", "venues", "artists", "organizations", "people",
    "brands", "events", "documents", "passages", "phrases", "statements",
)  # fmt: skip
# Seen by the organisation that asked, the platform being one, and by staff.
ASKED_FOR = ("jobs", "traversal_log", "verdicts")
# Numbers of a collection, and no word of anybody's.
COUNTED = ("generations",)
# Seen by those who run Sonik, without the hashes: test_keys_granting.py and test_people.py prove it.
MANAGED = ("api_keys", "accounts")
LEGENDS = ("entity_types", "relationship_types", "genres", "markets", "channels")
OPEN = (*(f"legend_{name}" for name in LEGENDS), "status_registry")


@pytest.fixture
async def tenants(truth: Truth) -> Truth:
    """Five tenants, each with a whole evening whose every text holds the tenant's word."""
    tenancies: dict[str, JsonObject] = {
        "publico": {}, "acme": {"visibility": "org", "owner_org": "acme"}, "interno": {"visibility": "staff"},
        "rival": {"visibility": "org", "owner_org": "rival"}, "banco": {},
    }  # fmt: skip
    for word, who in tenancies.items():
        scope = BENCH if word == "banco" else INGEST
        intake = await truth.deliver(*evening(word, who), source=word, scope=scope)
        assert intake.counts["created"] == 6
        assert (await shelve(truth, word, who, scope)).counts["created"] == 2
    return truth


async def shelve(truth: Truth, word: str, who: JsonObject, scope: Scope) -> Intake:
    """Take two documents in that name each other, and what was extracted from one of them."""
    documents: list[JsonObject] = [
        {"id": f"manual-{word}", "title": f"Manual {word}", "text": f"Véase la Guía {word} de la casa.", **who},
        {"id": f"guia-{word}", "title": f"Guía {word}", "text": f"Completa el Manual {word} de la casa.", **who},
    ]
    triples: JsonObject = {"passage_id": f"guia-{word}", "triples": [[f"Guía {word}", f"{word} de", f"Manual {word}"]]}
    rows, told = rows_of(documents), Delivery(source=Source(code=word), scope=scope)
    return await ingest_documents(truth.postgres, rows, delivery=told, clock=truth.clock, triples=rows_of([triples]))


def evening(word: str, who: JsonObject) -> list[JsonObject]:
    place: JsonObject = {"name": f"Teatro {word}", "city": f"Ciudad {word}", "address": f"Calle {word}"}
    person: JsonObject = {
        "kind": "person", "name": f"Persona {word}", "emails": [f"{word}@club.example"], "person_type": word,
        "instagram": f"{word}.persona", "visibility": "public",
        "relations": [{"type": "OWNS", "target_kind": "venue", "target": place}],
    }  # fmt: skip
    return [
        venue("v", **place, instagram=f"{word}.teatro", **who),
        artist("a", name=f"Artista {word}", city=f"Ciudad {word}", **who),
        {"kind": "organization", "name": f"Promotora {word}", "org_type": word, **who},
        {"kind": "brand", "name": f"Marca {word}", "description": word, **who},
        person | who,
        event(
            "e", name=f"Noche {word}", venue=place, lineup=[{"name": f"Artista {word}"}], market="medellin",
            promoters=[{"name": f"Promotora {word}"}], ticket_url=f"https://{word}.example/boletas", **who,
        ),
    ]  # fmt: skip


@pytest.fixture
async def reader(database: Database) -> AsyncIterator[psycopg.AsyncConnection]:
    """A bare connection of the reader's login."""
    async with await psycopg.AsyncConnection.connect(database.reader, autocommit=True) as connection:
        yield connection


def words_in(rows: object) -> set[str]:
    text = str(rows)
    return {word for word in WORDS if word in text}


@pytest.mark.parametrize("who", SCOPES)
async def test_every_table_shows_a_scope_its_own_rows_only(tenants: Truth, who: str) -> None:
    names = {str(row["id"]): row["name"] for row in await tenants.rows("select id, name from unified.entities")}
    seen: dict[str, set[str]] = {}
    async with tenants.postgres.reading(SCOPES[who]) as session:
        for table in SECURED:
            rows = await session.rows(f"select to_jsonb(t) as row from unified.{table} t")
            # Some rows hold no text of their own: the entities they point to say whose they are.
            text = str(rows)
            seen[table] = words_in(rows) | words_in([name for key, name in names.items() if key in text])
    assert seen == dict.fromkeys(SECURED, SEES[who])


@pytest.mark.parametrize(
    ("who", "sees"),
    [("anyone", {"publico"}), ("acme", {"acme"}), ("rival", {"rival"}), ("staff", {"publico", "acme", "rival"}),
     ("bench", {"banco"})],
)  # fmt: skip
async def test_a_job_is_seen_by_the_organisation_that_asked_and_by_staff(
    truth: Truth, who: str, sees: set[str]
) -> None:  # fmt: skip
    asked_by = {"publico": ANYONE, "acme": ACME, "rival": RIVAL, "banco": BENCH}
    async with truth.postgres.writing() as session:
        for word, scope in asked_by.items():
            await enqueue(session, Order(name=word, scope=scope), clock=truth.clock)
    async with truth.postgres.reading(SCOPES[who]) as session:
        assert words_in(await session.rows("select name from unified.jobs")) == sees


@pytest.mark.parametrize(
    ("who", "sees"),
    [(ANYONE, {"publico"}), (ACME, {"acme"}), (RIVAL, {"rival"}), (STAFF, {"publico", "acme", "rival"}),
     (Scope(role="ops"), {"publico", "acme", "rival"}), (BENCH, {"banco"})],
)  # fmt: skip
async def test_what_was_asked_and_judged_is_seen_by_those_who_asked_and_by_those_who_run_sonik(
    truth: Truth, who: Scope, sees: set[str]
) -> None:
    log = TraversalLog(postgres=truth.postgres, clock=truth.clock)
    for word, scope in {"publico": ANYONE, "acme": ACME, "rival": RIVAL, "banco": BENCH}.items():
        log.add(Trace(trace_id=word, query=word), scope=scope, lens="fan", hits=0)
        await log.flush()
        async with truth.postgres.writing() as session:
            await judge(session, word, "dead_end", refs=(), scope=scope, clock=truth.clock)
    async with truth.postgres.reading(who) as session:
        for table in ("traversal_log", "verdicts"):
            assert words_in(await session.rows(f"select trace_id from unified.{table}")) == sees


async def test_no_table_is_readable_that_this_file_does_not_prove(truth: Truth) -> None:
    readable = await truth.column("""
        select distinct table_name::text from information_schema.table_privileges
        where table_schema = 'unified' and grantee in ('sonik_reader', 'PUBLIC')
    """)
    assert set(readable) == {*SECURED, *ASKED_FOR, *COUNTED, *OPEN}


async def test_row_security_is_on_for_every_table_that_is_not_a_legend(truth: Truth) -> None:
    secured = await truth.column("select relname::text from pg_class where relrowsecurity and relkind = 'r'")
    assert set(secured) == {*SECURED, *ASKED_FOR, *COUNTED, *MANAGED}


@pytest.mark.parametrize("who", SCOPES)
async def test_no_retrieval_query_joins_its_way_to_anothers_row(tenants: Truth, who: str) -> None:
    everyone = await tenants.rows("select id, slug from unified.entities where entity_type <> 'market'")
    hidden = {str(entity["id"]) for entity in everyone if not words_in(entity["slug"]) <= SEES[who]}
    assert hidden
    asked = {**queries("retrieval"), **queries("passages")}
    async with tenants.postgres.reading(SCOPES[who]) as session:
        for name, text in asked.items():
            of_each = "%(id)s" in text or name == "by_ref"
            for entity in everyone if of_each else everyone[:1]:
                params = asked_of(entity["id"], str(entity["slug"]), everyone, SCOPES[who])
                found = await session.rows(text, params)
                ids = {str(value) for row in found for value in row.values() if isinstance(value, UUID)}
                assert (words_in(found) - SEES[who], ids & hidden) == (set(), set()), name


class Asked(dict[str, object]):
    """Parameters for any query; a filter that is not set lets everything through."""

    def __missing__(self, name: str) -> None:
        return None


def asked_of(entity_id: object, slug: str, everyone: list[dict[str, object]], scope: Scope) -> Asked:
    """Ask any retrieval query for as much as can be asked."""
    return Asked(
        collection=scope.collection, id=entity_id, uuid=entity_id, slug=slug, ids=[row["id"] for row in everyone],
        folded=slug.replace("-", " "), phrases=[f"{what} {word}" for word in WORDS for what in ("teatro", "noche")],
        schemes=["instagram"] * len(WORDS), values=[f"{word}.teatro" for word in WORDS], at="2026-12-01T00:00:00Z",
        now="2026-11-01T00:00:00Z", start="2026-11-01T00:00:00Z", end="2026-12-31T00:00:00Z", limit=100, offset=0,
        with_cancelled=True, sort="time", keys=[f"{what} {word}" for word in WORDS for what in ("manual", "guia")],
        kinds=["phrase"], words=list(WORDS), names=["manual publico"], beginnings=["manual"],
        endings=["manuam"],
        ones=[row["id"] for row in everyone for _ in everyone], others=[row["id"] for row in everyone] * len(everyone),
    )  # fmt: skip


async def test_what_belongs_to_a_hidden_entity_is_hidden_with_it(tenants: Truth) -> None:
    await tenants.rows("update unified.aliases set visibility = 'public' returning 1")
    await tenants.rows("update unified.facts set visibility = 'public' returning 1")
    await tenants.rows("update unified.identifiers set visibility = 'public' returning 1")
    await tenants.rows("update unified.relationships set visibility = 'public' returning 1")
    found = []
    async with tenants.postgres.reading(ANYONE) as session:
        for table in ("aliases", "facts", "identifiers", "relationships"):
            found += await session.rows(f"select to_jsonb(t) as row from unified.{table} t")
    assert words_in(found) == {"publico"}


async def test_without_a_scope_nothing_is_seen(tenants: Truth, reader: psycopg.AsyncConnection) -> None:
    assert await tenants.names("brand")
    for table in SECURED:
        cursor = await reader.execute(sql.SQL("select count(*) from unified.{}").format(sql.Identifier(table)))
        assert await cursor.fetchone() == (0,), table


async def test_an_empty_organisation_is_nobodys(truth: Truth) -> None:
    await truth.deliver(venue("v", visibility="org", owner_org="acme"))
    await truth.rows("update unified.entities set owner_org = '' where entity_type = 'venue' returning 1")
    async with truth.postgres.reading(Scope(organisation="")) as session:
        assert await session.rows("select name from unified.entities where entity_type = 'venue'") == []


async def test_the_reader_writes_no_table(reader: psycopg.AsyncConnection, truth: Truth) -> None:
    tables = await truth.column("select tablename::text from pg_tables where schemaname = 'unified'")
    assert len(tables) > 20
    await reader.execute("set default_transaction_read_only = off")
    for table in map(str, tables):
        for statement in ("insert into unified.{} default values", "delete from unified.{}", "truncate unified.{}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await reader.execute(sql.SQL(statement).format(sql.Identifier(table)))


@pytest.mark.parametrize(
    "statement",
    [
        "set role sonik_writer", "set role sonik", "set session authorization sonik",
        "alter role sonik_reader bypassrls", "alter table unified.entities disable row level security",
        "drop policy read_scope on unified.entities", "grant sonik_writer to sonik_reader",
        "create table unified.mine (x int)", "create table public.mine (x int)",
        "create function public.f() returns int language sql security definer as 'select 1'",
        "select pg_read_file('postgresql.conf')",
        "copy unified.entities to program 'cat'", "select * from unified.audit_log", "select * from unified.sources",
        "select hash from unified.api_keys", "select prefix from unified.api_keys order by hash",
        "select password from unified.accounts", "select * from unified.sessions",
        "select nextval('unified.outbox_seq_seq')", "select usename, passwd from pg_shadow",
    ],
)  # fmt: skip
async def test_the_reader_has_no_way_out_of_its_role(reader: psycopg.AsyncConnection, statement: LiteralString) -> None:
    await reader.execute("set default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await reader.execute(statement)


async def test_switching_row_security_off_is_an_error_and_no_way_around_it(
    tenants: Truth, reader: psycopg.AsyncConnection
) -> None:
    await reader.execute("set row_security = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        await reader.execute("select name from unified.entities")
    assert await tenants.names("brand")


@pytest.mark.parametrize("role", ["sonik_reader", "sonik_writer"])
async def test_the_roles_of_the_application_own_nothing_and_bypass_nothing(truth: Truth, role: str) -> None:
    rights = await truth.rows(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname = %(r)s",
        r=role,
    )
    owned = await truth.column(
        "select relname from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = %(r)s", r=role
    )
    member_of = await truth.column(
        "select roleid::regrole::text from pg_auth_members where member = %(r)s::regrole", r=role
    )
    assert [value for row in rights for value in row.values() if value] == owned == member_of == []


async def test_the_writer_cannot_rewrite_what_was_audited(database: Database, truth: Truth) -> None:
    await truth.deliver(venue("v"))
    async with await psycopg.AsyncConnection.connect(database.writer) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("update unified.audit_log set actor = 'nobody'")


async def test_a_scope_ends_with_its_transaction(database: Database, tenants: Truth) -> None:
    del tenants
    names = "select current_setting('sonik.role', true) as role, current_setting('sonik.org', true) as org"
    async with Postgres(writer=database.writer, reader=database.reader, pool_size=1, timeout_seconds=5) as postgres:
        async with postgres.reading(STAFF) as session:
            first = (await session.rows("select pg_backend_pid() as pid"))[0]["pid"]
        async with postgres._reader.connection() as connection:
            assert connection.info.backend_pid == first
            left = await (await connection.execute(names)).fetchone()
            seen = await (await connection.execute("select count(*) as n from unified.entities")).fetchone()
    assert left == {"role": "", "org": ""}
    assert seen == {"n": 0}


async def test_a_scope_that_failed_leaves_nothing_behind(database: Database, tenants: Truth) -> None:
    del tenants
    async with Postgres(writer=database.writer, reader=database.reader, pool_size=1, timeout_seconds=5) as postgres:
        with pytest.raises(InvalidInput):
            async with postgres.reading(ACME) as session:
                await session.rows("select 'x'::date")
        async with postgres.reading(ANYONE) as session:
            found = await session.rows("select name from unified.entities where entity_type = 'venue'")
    assert words_in(found) == {"publico"}


async def test_readers_at_the_same_time_keep_to_their_own_scope(tenants: Truth) -> None:
    async def look(who: str) -> set[str]:
        async with tenants.postgres.reading(SCOPES[who]) as session:
            before = await session.rows("select name from unified.entities where entity_type <> 'market'")
            await asyncio.sleep(0)
            return words_in(before) | words_in(await session.rows("select alias from unified.aliases"))

    asked = [who for _ in range(6) for who in SCOPES]
    assert await asyncio.gather(*map(look, asked)) == [SEES[who] for who in asked]


async def test_a_reader_in_a_reading_transaction_cannot_write(tenants: Truth) -> None:
    async with tenants.postgres.reading(STAFF) as session:
        with pytest.raises(psycopg.errors.Error):
            await session.connection.execute("create temp table mine (x int)")


async def test_the_same_place_in_two_collections_is_two_entities(truth: Truth) -> None:
    await truth.tell(venue(google_place_id=PLACE_IDS[0]))
    await truth.tell(venue(name="Otro nombre", google_place_id=PLACE_IDS[0]), scope=BENCH)
    seen = []
    for scope in (ANYONE, BENCH):
        async with truth.postgres.reading(scope) as session:
            seen += await session.rows("select name, collection from unified.entities where entity_type = 'venue'")
    assert seen == [
        {"name": "Teatro Lido", "collection": "live"}, {"name": "Otro nombre", "collection": "bench"},
    ]  # fmt: skip
