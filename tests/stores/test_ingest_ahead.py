"""While a batch is written the next is worked out: what comes of it is what would have come of it in turn."""

import asyncio
import json
import re
from collections.abc import Sequence
from random import Random

import pytest

from sonik.identity.sighting import Source
from sonik.ingest import stream
from sonik.ingest.acquaintance import Acquaintance
from sonik.ingest.intake import Delivery, take_in
from sonik.ingest.legends import load_legends
from sonik.ingest.receipts import Receipt
from sonik.ingest.records import EventRecord
from sonik.types import JsonObject, JsonValue
from tests.fix_truth import INGEST, Found, Truth, artist, event, venue

pytestmark = pytest.mark.anyio

AT_ONCE = 3
STATE = """
    select e.entity_type, regexp_replace(e.slug, '-[0-9a-f]{8}$', '') as slug, e.name, e.market,
           e.metadata::text, e.version, e.visibility,
           array(select format('%%s=%%s (%%s)', f.attribute, f.value, f.confidence) from unified.facts f
                 where f.entity_id = e.id and f.valid_to is null order by 1) as facts,
           array(select a.folded from unified.aliases a where a.entity_id = e.id order by 1) as aliases,
           array(select i.scheme || ':' || i.value from unified.identifiers i
                 where i.entity_id = e.id and i.current_to is null and i.scheme <> 'event_key' order by 1) as known_by,
           array(select format('%%s %%s %%s %%s %%s', r.type, d.name, r.properties, r.told_at_src, r.told_at_dst)
                 from unified.relationships r join unified.entities d on d.id = r.dst
                 where r.src = e.id and r.retracted_at is null order by 1) as edges
    from unified.entities e order by e.entity_type, known_by
"""


def told(seed: int) -> list[JsonObject]:
    """Return records of few entities that are told of again and again, each time a little otherwise."""
    random = Random(seed)

    def act() -> JsonObject:
        number = random.randrange(6)
        own = {"instagram": f"acto{number}"} if random.random() < 0.2 else {}
        return {"name": f"Acto {number}", "source_id": f"a-{number}", **own}

    def one() -> JsonObject:
        kind, number = random.choice(("event", "event", "event", "artist", "venue")), random.randrange(6)
        if kind == "artist":
            city = random.choice(("Cali", "Medellín", None))
            return artist(f"a-{number}", name=f"Acto {number}", city=city, instagram=f"acto{random.randrange(7)}")
        if kind == "venue":
            return venue(f"v-{number}", name=f"Sala {number}", capacity=random.randrange(3) or None)
        place: JsonObject = {"name": f"Sala {number}", "source_id": f"v-{number}", "city": "Medellín"}
        lineup: list[JsonValue] = [act() for _ in range(random.randrange(4))]
        name = f"Noche {random.randrange(2)}"
        return event(f"e-{random.randrange(8)}", name=name, venue=place, lineup=lineup, visibility=visible(random))

    return [one() for _ in range(60)]


def visible(random: Random) -> str:
    return random.choice(("public", "public", "staff"))


def shown(receipts: Sequence[Receipt]) -> list[tuple[object, ...]]:
    """Return what receipts say, but for ids, which differ each time."""
    return [
        (one.outcome, re.sub("-[0-9a-f]{8}$", "", one.ref or ""), one.name, one.changes, len(one.notes))
        for one in receipts
    ]


@pytest.mark.parametrize("seed", range(5))
async def test_batches_worked_out_ahead_come_to_what_they_would_have_in_turn(
    truth: Truth, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(stream, "BATCH", AT_ONCE)
    records = told(seed)
    ahead = await truth.deliver(*records)
    state = await truth.rows(STATE)
    await truth.empty()
    in_turn: list[Receipt] = []
    for first in range(0, len(records), AT_ONCE):
        in_turn += (await truth.deliver(*records[first : first + AT_ONCE])).receipts
    assert shown(ahead.receipts) == shown(in_turn)
    assert [receipt.line for receipt in ahead.receipts] == list(range(1, len(records) + 1))
    assert state == await truth.rows(STATE)


def unordered(row: Found) -> Found:
    """Return an entity without what depends on who came last: its version, and of an edge whose position it has."""
    edges = re.sub(r'"position": \d+', "", json.dumps(row["edges"]).replace('\\"', '"'))
    return {**row, "version": 0, "edges": re.sub(r"\{([^{}]*)\}", lambda m: str(sorted(m[1].split(","))), edges)}


@pytest.mark.parametrize("seed", range(4))
async def test_rivals_that_work_ahead_come_to_what_they_would_have_one_after_the_other(
    truth: Truth, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(stream, "BATCH", AT_ONCE)
    random = Random(seed)

    def told(source: str) -> list[JsonObject]:
        """Return venues and events that both sources know by the same handles, and describe each in its own way."""
        found: list[JsonObject] = []
        for number in range(45):
            place = random.randrange(5)
            handle: JsonObject = {"name": f"Sala {place}", "instagram": f"sala{place}", "city": "Medellín"}
            if random.random() < 0.5:
                found.append(venue(name=f"Sala {place}", instagram=f"sala{place}", description=f"{source} {number}"))
            else:
                acts = random.sample(range(6), 3)
                lineup: list[JsonValue] = [{"name": f"Acto {n}", "instagram": f"acto{n}"} for n in acts]
                found.append(event(f"e-{place}", name=f"Noche {place}", venue=handle, lineup=lineup))
        return found

    sources = {"fine": (80, told("fine")), "rough": (20, told("rough"))}
    rivals = [truth.deliver(*records, source=name, trust=trust) for name, (trust, records) in sources.items()]
    for intake in await asyncio.gather(*rivals):
        assert intake.counts["refused"] == 0
    state = [unordered(row) for row in await truth.rows(STATE)]
    await truth.empty()
    for name, (trust, records) in sources.items():
        await truth.deliver(*records, source=name, trust=trust)
    assert state == [unordered(row) for row in await truth.rows(STATE)]


async def test_a_batch_the_database_refuses_in_part_leaves_the_next_one_right(
    truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    await truth.deliver(event("e-1", price_max=5))
    monkeypatch.setattr(stream, "BATCH", 2)
    intake = await truth.deliver(
        event("e-1", price_min=9), venue("v-1", name="Sala"), venue("v-1", name="Sala", capacity=9),
        event("e-1", price_min=1), partial=True,
    )  # fmt: skip
    assert [receipt.outcome for receipt in intake.receipts] == ["refused", "created", "updated", "updated"]


async def test_a_mention_is_read_anew_once_its_entity_has_changed(truth: Truth) -> None:
    async with truth.postgres.writing() as session:
        legends = await load_legends(session)
    acquaintance, delivery = Acquaintance(), Delivery(source=Source(code="agenda"), scope=INGEST)

    async def play(night: str) -> Receipt:
        told = event(night, name=night, lineup=[{"name": "Los Titiribí", "source_id": "a-1"}])
        intake = await take_in(
            truth.postgres, [(1, EventRecord.model_validate(told))], delivery=delivery, legends=legends,
            clock=truth.clock, acquaintance=acquaintance,
        )  # fmt: skip
        return intake.receipts[0]

    await truth.tell(artist("a-1"))
    assert [(await play(night)).outcome for night in ("uno", "dos", "tres")] == ["created"] * 3
    await truth.tell(artist("a-1", name="Los Titiribíes"))
    await play("cuatro")
    await play("cinco")
    assert await truth.names("artist") == ["Los Titiribíes"]
    assert await truth.column("select count(*) from unified.relationships where type = 'PERFORMS_AT'") == [5]
