"""Agents that write: rehearsed, then written, then found; and what was true before they did."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from server.app import build
from sonik.engine import Engine
from sonik.settings import Settings
from tests.fix_engine import NOW
from tests.fix_mcp import Json, Standing, data_of, error_of, tokens_of

pytestmark = pytest.mark.anyio

LIDO: Json = {"name": "Teatro Lido", "google_place_id": "ChIJl4sSfAYrH5wRQ-Bi-ZKqQYU", "city": "Medellín"}
NIGHT: Json = {
    "kind": "event", "name": "Noche de Salsa Brava", "source_id": "e-1", "starts_at": "2026-11-28T21:00:00-05:00",
    "status": "scheduled", "venue": LIDO, "lineup": [{"name": "Los Titiribí"}],
}  # fmt: skip
FEATURE: Json = {"kind": "feature", "name": "Alertas", "attributes": {"suite": "Grow", "status": "live"}}
CODE: Json = {
    "kind": "code", "name": "alerts.py", "attributes": {"path": "app/alerts.py"},
    "relations": [{"type": "IMPLEMENTS", "target_kind": "feature", "target": {"name": "Alertas"}, "confidence": 0.9}],
}  # fmt: skip


async def upsert(client: Client, *records: Json, **told: Any) -> Json:
    """Upsert records of one source."""
    return data_of(await client.call_tool("sonik_upsert", {"records": records, "source": "agenda", **told}))


async def test_records_are_rehearsed_then_written_then_found_resolved_and_shown(writing_client: Client) -> None:
    broken: Json = {"kind": "feature", "name": "x", "attributes": {"suiet": "Grow"}}
    rehearsed = await upsert(writing_client, NIGHT, FEATURE, broken, CODE)
    assert rehearsed["counts"] == {"created": 3, "updated": 0, "unchanged": 0, "refused": 1}
    assert rehearsed["notes"] == ["Nothing was written: dry_run."]
    told = {"dry_run": False, "wait_for": "projected", "source_cursor": "p-1", "idempotency_key": "k"}
    written = await upsert(writing_client, NIGHT, FEATURE, broken, CODE, **told)
    assert written["receipts"] == [
        {"index": 0, "outcome": "created", "ref": "noche-de-salsa-brava-2026-11-28"},
        {"index": 1, "outcome": "created", "ref": "alertas"},
        {"index": 2, "outcome": "refused", "name": "x", "problems": [{
            "field": "attributes.suiet", "reason": "Unknown property of the kind feature. Did you mean 'suite'?"}]},
        {"index": 3, "outcome": "created", "ref": "alerts-py"},
    ]  # fmt: skip
    again = await upsert(writing_client, NIGHT, FEATURE, broken, CODE, **told)
    assert again["receipts"] == written["receipts"]
    asked = {"query": "what implements Alertas", "lens": "knowledge"}
    found = data_of(await writing_client.call_tool("sonik_search", asked))["hits"]
    assert {"alertas", "alerts-py"} <= {hit["ref"] for hit in found}
    shown = data_of(await writing_client.call_tool("sonik_get_entity", {"ref": "alertas"}))
    assert shown["attributes"] == {"suite": "Grow", "status": "live"}
    assert [(near["type"], near["direction"], near["ref"]) for near in shown["relations"]] == [
        ("IMPLEMENTS", "in", "alerts-py")
    ]
    candidates = [{"kind": "event", "name": "noche de salsa brava", "when": "2026-11-29T02:00:00Z", "venue": LIDO}]
    settled = data_of(await writing_client.call_tool("sonik_resolve", {"candidates": candidates}))["resolved"]
    assert settled[0]["entity"]["ref"] == "noche-de-salsa-brava-2026-11-28"
    assert settled[0]["decided_by"].startswith("event_key:")
    assert (await upsert(writing_client))["last_cursor"] == "p-1"


async def test_of_those_who_share_a_name_the_best_known_is_shown_and_the_others_are_told_apart(
    writing_client: Client,
) -> None:
    names = ("Vereda Doble", "La Tía Candela", "Sin Casco", "Andén Norte")

    def acts(city: str) -> list[Json]:
        return [
            {"kind": "artist", "name": name, "instagram": f"@act{number}.{city}", "city": city}
            for number, name in enumerate(names)
        ]

    await upsert(writing_client, *acts("medellin"), dry_run=False)
    for source in ("agenda", "tickets"):
        await upsert(writing_client, *acts("quito"), dry_run=False, source=source)
    for name in names:
        shown = data_of(await writing_client.call_tool("sonik_get_entity", {"ref": name}))
        assert shown["entity"]["market"] == "quito"
        (other,) = shown["namesakes"]
        assert (other["name"], other["kind"], other["market"]) == (name, "artist", "medellin")


async def test_a_key_used_for_another_request_is_told_so(writing_client: Client) -> None:
    told = {"source": "agenda", "dry_run": False, "idempotency_key": "k"}
    await writing_client.call_tool("sonik_upsert", {**told, "records": [FEATURE]})
    answer = await writing_client.call_tool("sonik_upsert", {**told, "records": [CODE]})
    assert error_of(answer) == {
        "code": "idempotency_conflict", "message": "Idempotency key 'k' was used for another request.",
        "fix": "Use a new key for a new request.", "field": "idempotency_key",
    }  # fmt: skip


async def test_a_hundred_long_changes_stay_within_their_tokens_and_every_refusal_is_told(
    writing_client: Client,
) -> None:
    def artists(text: str) -> list[Json]:
        return [
            {"kind": "artist", "name": f"Artista {n} " + "x" * 200, "source_id": f"a-{n}", "description": text * 50}
            for n in range(90)
        ]

    bad: list[Json] = [{"kind": "artist", "nam": "y" * 5_000} for _ in range(10)]
    await upsert(writing_client, *artists("uno "), dry_run=False)
    answer = await writing_client.call_tool(
        "sonik_upsert", {"records": [*artists("dos "), *bad], "source": "agenda", "dry_run": False}
    )
    assert tokens_of(answer) <= 6_000
    result = data_of(answer)
    assert result["counts"] == {"created": 0, "updated": 90, "unchanged": 0, "refused": 10}
    assert [line["index"] for line in result["receipts"] if line["outcome"] == "refused"] == list(range(90, 100))
    assert result["truncated"] is True


async def test_more_than_a_hundred_records_or_a_million_characters_are_refused(writing_client: Client) -> None:
    many = await writing_client.call_tool("sonik_upsert", {"records": [FEATURE] * 101, "source": "agenda"})
    assert "records: Value should have at most 100 items" in error_of(many)["message"]
    long = [{**FEATURE, "description": "x" * 20_000}] * 60
    answer = await writing_client.call_tool("sonik_upsert", {"records": long, "source": "agenda"})
    assert error_of(answer)["field"] == "records"


async def test_a_reader_may_not_write_and_is_told_what_to_do(memory_client: Client) -> None:
    answer = await memory_client.call_tool("sonik_upsert", {"records": [FEATURE], "source": "agenda"})
    assert error_of(answer) == {
        "code": "not_allowed", "message": "The role 'reader' may not write.",
        "fix": "Start the server with SONIK_ROLE=ingest, or ask whoever runs it.",
    }  # fmt: skip


async def on_a_day(home: Path, day: int, call: str, arguments: Json) -> Json:
    """Call a tool of a server that was started on a day."""
    settings = Settings(home=home, now=NOW + timedelta(days=day), market="medellin", role="ingest")
    async with Engine.open(settings) as engine, Client(build(Standing(engine)), raise_exceptions=True) as client:
        answer = data_of(await client.call_tool(call, arguments))
        if "confirm_token" not in answer:
            return answer
        return data_of(await client.call_tool(call, {**arguments, "confirm_token": answer["confirm_token"]}))


async def test_a_cancelled_and_moved_event_is_answered_as_of_yesterday(home: Path) -> None:
    pablo = {"name": "Teatro Pablo", "google_place_id": "ChIJF4IQZM0Xn7MRfG2TY3dIKvo", "city": "Medellín"}
    changed = {
        **NIGHT, "name": "Noche cancelada", "status": "cancelled", "venue": pablo, "lineup": [{"name": "Otra Banda"}]
    }  # fmt: skip
    for day, record in enumerate((NIGHT, changed)):
        await on_a_day(home, day, "sonik_upsert", {"records": [record], "source": "agenda", "dry_run": False})
    asked = {"ref": "noche-de-salsa-brava-2026-11-28", "include": ["relations"], "response_format": "detailed"}
    now = await on_a_day(home, 1, "sonik_get_entity", asked)
    then = await on_a_day(home, 1, "sonik_get_entity", {**asked, "as_of": NOW.isoformat()})
    shown = [
        (
            answer["entity"]["name"], answer["entity"].get("status"), answer["entity"]["venue"],
            [artist["name"] for artist in answer["entity"]["lineup"]],
            sorted(near["name"] for near in answer["relations"]),
        )
        for answer in (then, now)
    ]  # fmt: skip
    assert shown == [
        ("Noche de Salsa Brava", None, "Teatro Lido", ["Los Titiribí"], ["Los Titiribí", "Medellín", "Teatro Lido"]),
        ("Noche cancelada", "cancelled", "Teatro Pablo", ["Otra Banda"], ["Medellín", "Otra Banda", "Teatro Pablo"]),
    ]
