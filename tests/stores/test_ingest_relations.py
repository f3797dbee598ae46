"""Edges that records state: every pair of kinds from either end, their properties and times, who takes them back."""

from datetime import timedelta

import pytest

from sonik import ontology
from sonik.ingest.receipts import Receipt
from sonik.types import JsonObject, JsonValue
from tests.fix_truth import NIGHT, Found, Truth, artist, event, venue

pytestmark = pytest.mark.anyio

VALUES: dict[ontology.ValueType, JsonValue] = {"text": "una palabra", "number": 0.25, "whole": 3}


def record(kind: str, source_id: str, **fields: JsonValue) -> JsonObject:
    """A record of any kind, public so that everybody sees its edges."""
    told: JsonObject = {"kind": kind, "name": f"{kind} {source_id}", "source_id": source_id, "visibility": "public"}
    when: JsonObject = {"starts_at": "2026-11-28T21:00:00-05:00"} if kind == "event" else {}
    return told | when | fields


def relation(edge_type: str, kind: str, source_id: str, **fields: JsonValue) -> JsonObject:
    """A relation to a record's entity."""
    name = "Medellín" if kind == "market" else f"{kind} {source_id}"
    target: JsonObject = {"name": name} if kind == "market" else {"name": name, "source_id": source_id}
    return {"type": edge_type, "target_kind": kind, "target": target, **fields}


def knows(**fields: JsonValue) -> JsonObject:
    """Somebody who knows somebody."""
    return record("person", "ana", relations=[relation("KNOWS", "person", "beto", **fields)])


async def edges(truth: Truth, edge_type: str) -> list[Found]:
    """Return the edges of a type that sources stand by."""
    return await truth.rows(
        "select s.name as src, d.name as dst, r.confidence, r.properties, r.timestamp, r.valid_from, r.valid_to, "
        "r.sources from unified.relationships r join unified.entities s on s.id = r.src "
        "join unified.entities d on d.id = r.dst where r.type = %(type)s and r.retracted_at is null "
        "order by s.name, d.name",
        type=edge_type,
    )


def pairs(edge: ontology.EdgeType) -> list[tuple[str, str]]:
    return [(ontology.BY_LABEL[src].kind, ontology.BY_LABEL[dst].kind) for src, dst in edge.ends]


@pytest.mark.parametrize("edge", ontology.EDGES, ids=lambda edge: edge.name)
async def test_every_pair_an_edge_may_join_is_taken_from_its_source_and_once(
    truth: Truth, edge: ontology.EdgeType
) -> None:
    own: JsonObject = {name: VALUES[value_type] for name, value_type in edge.described}
    told = [
        record(src, f"s{number}", relations=[relation(edge.name, dst, f"d{number}", properties=own)])
        for number, (src, dst) in enumerate(pairs(edge))
    ]
    ends = [record(dst, f"d{number}") for number, (_, dst) in enumerate(pairs(edge)) if dst != "market"]
    first = await truth.deliver(*ends, *told)
    assert [receipt.problems for receipt in first.receipts] == [()] * len(first.receipts)
    found = await edges(truth, edge.name)
    assert len(found) == len(told)
    assert all(row["properties"] == own for row in found)
    before = await truth.everything()
    again = await truth.deliver(*ends, *told)
    assert again.counts["unchanged"] == len(first.receipts)
    assert await truth.everything() == before


@pytest.mark.parametrize("edge", ontology.EDGES, ids=lambda edge: edge.name)
async def test_every_pair_an_edge_may_join_is_taken_from_its_target_and_taken_back_there(
    truth: Truth, edge: ontology.EdgeType
) -> None:
    ends = [(number, src, dst) for number, (src, dst) in enumerate(pairs(edge)) if dst != "market"]
    sources = [record(src, f"s{number}") for number, src, _ in ends]
    told = [
        record(dst, f"d{number}", relations=[relation(edge.name, src, f"s{number}", direction="in")])
        for number, src, dst in ends
    ]
    await truth.deliver(*sources, *told)
    assert [(row["src"], row["dst"]) for row in await edges(truth, edge.name)] == sorted(
        (f"{src} s{number}", f"{dst} d{number}") for number, src, dst in ends
    )
    again = await truth.deliver(*told, *sources)
    assert again.counts["unchanged"] == 2 * len(ends)
    await truth.deliver(*(record(dst, f"d{number}") for number, _, dst in ends))
    assert await edges(truth, edge.name) == []


@pytest.mark.parametrize("edge", ontology.EDGES, ids=lambda edge: edge.name)
async def test_no_edge_joins_what_the_ontology_keeps_apart(truth: Truth, edge: ontology.EdgeType) -> None:
    others = [kind for kind in ontology.KINDS if kind != "market"]
    told = [
        record(src, f"{src} {dst} {way}", relations=[relation(edge.name, dst, "x", direction=way)])
        for src in others
        for dst in others
        for way in ("out", "in")
        if ((src, dst) if way == "out" else (dst, src)) not in pairs(edge)
    ]
    before = await truth.everything()
    intake = await truth.deliver(*told)
    assert {receipt.outcome for receipt in intake.receipts} == {"refused"}
    assert all("may not join" in receipt.problems[0].reason for receipt in intake.receipts)
    assert await truth.everything() == {**before, "sources": before["sources"] + 1}


WRONG: list[tuple[JsonObject, str, str]] = [
    (knows(properties={"strenght": 1}), "relations.0.properties.strenght", "Did you mean 'strength'?"),
    (knows(properties={"strength": "x"}), "relations.0.properties.strength", "valid number"),
    (knows(direction="up"), "relations.0.direction", "'out' or 'in'"),
    (knows(confidence=float("nan")), "relations.0.confidence", "finite number"),
    (knows(timestamp="2026-11-22T20:00:00Z"), "relations.0.timestamp", "lies in the future"),
    (knows(valid_from="2026-11-22T20:00:00Z"), "relations.0.valid_from", "lies in the future"),
    (knows(valid_from="2026-11-20T20:00:00Z", valid_to="2026-11-19T20:00:00Z"), "relations.0", "before valid_from"),
    (knows(weight=1), "relations.0.weight", "Unknown field."),
    (
        record("venue", "v", relations=[relation("OWNS", "person", "ana", direction="in", properties={"x": 1})]),
        "relations.0.properties.x", "Unknown property of OWNS. It has none.",
    ),
    (
        record("artist", "a", relations=[relation("PERFORMS_AT", "event", "e", valid_to="2027-01-01T00:00:00Z")]),
        "relations.0.valid_to", "holds as long as its event",
    ),
    (record("person", "ana", relations=[relation("KNOWS", "person", "ana")]), "relations.0.target", "own entity"),
    (
        record("person", "ana", relations=[
            relation("KNOWS", "person", "beto"), relation("KNOWS", "person", "beto", confidence=0.5)]),
        "relations.1", "says otherwise of the edge of relations.0",
    ),
    (
        record("passage", "p", relations=[relation("PART_OF", "document", "a"), relation("PART_OF", "document", "b")]),
        "relations.1", "PART_OF has one target",
    ),
    (
        event("e-1", venue={"name": "Uno"}, relations=[relation("HOSTED_BY", "venue", "v")]),
        "relations.0", "HOSTED_BY has one target",
    ),
    (
        record("code", "c", relations=[
            {"type": "IMPLEMENTS", "target_kind": "feature", "target": {"name": "x", "city": "Cali"}}]),
        "relations.0.target.city", "says nothing of a feature",
    ),
    (
        record("content", "c", relations=[
            {"type": "INFLUENCED", "target_kind": "purchase", "target": {"name": "Dos boletas"}}]),
        "relations.0.target.source_id", "A purchase is not known by its name.",
    ),
    (
        record("content", "c", relations=[relation("INFLUENCED", "purchase", "p-1")]),
        "relations", "No purchase with the source_id 'p-1' is known.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("told", "field", "reason"), WRONG)
async def test_a_wrong_relation_refuses_its_record_by_field_and_reason(
    truth: Truth, told: JsonObject, field: str, reason: str
) -> None:
    receipt = await truth.tell(told)
    assert [(problem.field, reason in problem.reason) for problem in receipt.problems] == [(field, True)]
    assert await truth.names(str(told["kind"])) == []


async def test_a_relation_that_is_merely_repeated_is_one(truth: Truth) -> None:
    told = record("person", "ana", relations=[relation("KNOWS", "person", "beto", confidence=0.5)] * 3)
    assert [(await truth.tell(told)).outcome for _ in range(2)] == ["created", "unchanged"]
    assert len(await edges(truth, "KNOWS")) == 1


async def test_what_no_record_told_of_is_made_only_where_a_name_is_enough(truth: Truth) -> None:
    told = record("code", "c", relations=[relation("IMPLEMENTS", "feature", "f-1")])
    assert (await truth.tell(told)).outcome == "created"
    assert await truth.names("feature") == ["feature f-1"]
    later = await truth.tell(record("feature", "f-1", name="Alertas", attributes={"suite": "Grow"}))
    assert (later.outcome, later.decided_by) == ("updated", "source:agenda:f-1")
    assert await truth.names("feature") == ["Alertas"]


async def test_a_chain_of_records_falls_with_the_one_that_points_to_nothing(truth: Truth) -> None:
    chain = [
        record("note", "n-1", relations=[relation("FOLLOWS", "note", "n-0")]),
        record("note", "n-2", relations=[relation("FOLLOWS", "note", "n-1")]),
        record("note", "n-3", relations=[relation("FOLLOWS", "note", "n-2")]),
        record("note", "n-4"),
    ]
    intake = await truth.deliver(*chain)
    assert [receipt.outcome for receipt in intake.receipts] == ["refused", "refused", "refused", "created"]
    whole = await truth.deliver(record("note", "n-0"), *chain)
    assert [receipt.outcome for receipt in whole.receipts] == ["created"] * 4 + ["unchanged"]


async def test_an_edge_keeps_its_own_time_confidence_and_span(truth: Truth) -> None:
    since, until, met = "2019-03-01T00:00:00+00:00", "2027-03-01T00:00:00+00:00", "2026-10-01T22:00:00+00:00"
    told = knows(
        confidence=0.123456789, properties={"strength": 0.7}, timestamp=met, valid_from=since, valid_to=until
    )  # fmt: skip
    await truth.tell(told)
    (edge,) = await edges(truth, "KNOWS")
    assert edge["confidence"] == 0.123457
    assert [str(edge[name]) for name in ("timestamp", "valid_from", "valid_to")] == [
        "2026-10-01 22:00:00+00:00", "2019-03-01 00:00:00+00:00", "2027-03-01 00:00:00+00:00",
    ]  # fmt: skip
    truth.later(days=1)
    assert (await truth.tell(told)).outcome == "unchanged"
    changed = await truth.tell(knows(confidence=0.9, timestamp=met, valid_from=since))
    assert (changed.outcome, changed.changes) == ("updated", {"relations": ["KNOWS"]})
    (edge,) = await edges(truth, "KNOWS")
    assert (edge["confidence"], edge["properties"], edge["valid_to"]) == (0.9, {}, None)


async def test_what_has_ended_and_is_no_longer_said_stays_ended_when_it_was(truth: Truth) -> None:
    ended = "2021-03-01T00:00:00+00:00"
    await truth.tell(knows(valid_from="2019-03-01T00:00:00Z", valid_to=ended))
    await truth.tell(record("person", "ana"))
    assert await edges(truth, "KNOWS") == []
    (closed,) = await truth.rows("select valid_to, retracted_at from unified.relationships where type = 'KNOWS'")
    assert closed == {"valid_to": NIGHT.replace(2021, 3, 1, 0), "retracted_at": NIGHT}
    again = await truth.tell(knows())
    assert again.outcome == "updated"
    assert len(await edges(truth, "KNOWS")) == 1


async def test_an_edge_told_at_one_end_is_not_taken_back_at_the_other(truth: Truth) -> None:
    bar = record("venue", "v", relations=[relation("OWNS", "person", "ana", direction="in")])
    await truth.deliver(record("person", "ana"), bar)
    truth.later(days=1)
    silent = await truth.tell(record("person", "ana"))
    assert silent.outcome == "unchanged"
    assert [row["src"] for row in await edges(truth, "OWNS")] == ["person ana"]
    await truth.tell(record("venue", "v"))
    assert await edges(truth, "OWNS") == []


async def test_an_edge_told_at_both_ends_stands_until_neither_tells_it(truth: Truth) -> None:
    bar = record("venue", "v", relations=[relation("OWNS", "person", "ana", direction="in")])
    owner = record("person", "ana", relations=[relation("OWNS", "venue", "v", confidence=0.8)])
    first = await truth.deliver(owner, bar)
    again = await truth.deliver(owner, bar)
    assert (first.counts["created"], again.counts["unchanged"]) == (2, 2)
    await truth.tell(record("venue", "v"))
    assert [row["confidence"] for row in await edges(truth, "OWNS")] == [0.8]
    await truth.tell(record("person", "ana"))
    assert await edges(truth, "OWNS") == []


async def test_a_source_takes_back_its_own_word_and_leaves_anothers(truth: Truth) -> None:
    handle: JsonObject = {"instagram": "@ana.lopez"}
    target: JsonValue = [{"type": "OWNS", "target_kind": "venue", "target": {"name": "Lido", "instagram": "@lido"}}]
    told = [record("person", source, **handle, relations=target) for source in ("crm", "agenda")]
    for source, one in zip(("crm", "agenda"), told, strict=True):
        await truth.tell(one, source=source)
    assert [row["sources"] for row in await edges(truth, "OWNS")] == [["crm", "agenda"]]
    await truth.tell(record("person", "crm", **handle), source="crm")
    assert [row["sources"] for row in await edges(truth, "OWNS")] == [["agenda"]]


async def test_a_venue_told_by_the_venue_moves_the_event_as_one_told_by_the_event_does(truth: Truth) -> None:
    there = await truth.tell(event("e-1", venue={"name": "Teatro Lido", "source_id": "v-1"}))
    truth.later(days=1)
    here = venue("v-2", name="Teatro Pablo", relations=[relation("HOSTED_BY", "event", "e-1", direction="in")])
    assert (await truth.tell(here)).outcome == "created"
    assert [row["dst"] for row in await edges(truth, "HOSTED_BY")] == ["Teatro Pablo"]
    projected = await truth.column("select aggregateid from unified.outbox order by seq desc limit 20")
    assert there.entity_id in projected


async def test_what_joins_an_entity_to_itself_under_two_names_is_left_out_with_a_note(truth: Truth) -> None:
    await truth.tell(record("person", "ana", instagram="@ana.lopez"))
    told = [{"type": "KNOWS", "target_kind": "person", "target": {"name": "Anita", "instagram": "@ana.lopez"}}]
    receipt: Receipt = await truth.tell(record("person", "ana", instagram="@ana.lopez", relations=told))  # type: ignore[arg-type]
    assert receipt.notes == ("KNOWS joins it to itself and was left out.",)
    assert await edges(truth, "KNOWS") == []


async def test_a_mention_does_not_make_a_purchase_or_its_buyer_public(truth: Truth) -> None:
    told = [
        record("purchase", "p", visibility="staff"), record("ticket", "t"),
        record("content", "c", relations=[relation("INFLUENCED", "purchase", "p"),
                                          relation("AUTHORED_BY", "person", "ana")]),
    ]  # fmt: skip
    await truth.deliver(*told)
    hidden = "select entity_type from unified.entities where visibility = 'staff' order by 1"
    assert await truth.column(hidden) == ["person", "purchase"]


async def test_an_old_record_does_not_overrule_what_was_said_of_an_edge_later(truth: Truth) -> None:
    await truth.tell(knows(confidence=0.9))
    old = knows(confidence=0.2) | {"observed_at": (NIGHT - timedelta(days=3)).isoformat()}
    assert (await truth.tell(old)).outcome == "unchanged"
    assert [row["confidence"] for row in await edges(truth, "KNOWS")] == [0.9]


async def test_an_artists_own_word_keeps_its_place_in_the_line_up(truth: Truth) -> None:
    bill = event("e-1", lineup=[{"name": "Uno"}, {"name": "Los Titiribí", "source_id": "a-1"}])
    band = artist("a-1", relations=[relation("PERFORMS_AT", "event", "e-1")])
    await truth.deliver(bill, band)
    again = await truth.deliver(bill, band)
    assert again.counts["unchanged"] == 2
    assert [row["properties"] for row in await edges(truth, "PERFORMS_AT")] == [{"position": 2}, {"position": 1}]
