"""What takes something away waits for a person's word: asked for in both eras, or given by a token for that call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from server.app import build
from sonik.clock import Clock
from sonik.engine import Engine
from sonik.settings import Settings
from tests.fix_engine import NOW
from tests.fix_mcp import ERAS, Json, Standing, data_of, error_of

pytestmark = pytest.mark.anyio

NIGHT: Json = {
    "kind": "event", "name": "Noche de Salsa Brava", "source_id": "e-1", "starts_at": "2026-11-28T21:00:00-05:00",
    "status": "scheduled", "market": "medellin", "venue": {"name": "Teatro Lido", "city": "Medellín"},
    "lineup": [{"name": "Los Titiribí"}],
}  # fmt: skip
REF = "noche-de-salsa-brava-2026-11-28"
OFF: Json = {**NIGHT, "status": "cancelled"}
ALONE: Json = {**NIGHT, "lineup": []}


class Person:
    """Somebody who is asked, and says the same to every question."""

    def __init__(self, action: str, content: dict[str, Any] | None = None) -> None:
        self.asked: list[str] = []
        self._answer = ElicitResult.model_validate({"action": action, "content": content})

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        self.asked.append(params.message)
        return self._answer


class Hand:
    """Moves a clock."""

    def __init__(self) -> None:
        self.now: datetime = NOW
        self.clock = Clock(read=lambda: self.now)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
async def written(settings: Settings, hand: Hand) -> AsyncIterator[Engine]:
    """An engine of one who may write, whose truth has one event."""
    staff = settings.model_copy(update={"role": "staff", "user": "ana"})
    async with Engine.open(staff, clock=hand.clock) as engine, speaking(engine) as client:
        await upsert(client, NIGHT)
        yield engine


@asynccontextmanager
async def speaking(engine: Engine, *, era: str = "auto", person: "Person | None" = None) -> AsyncIterator[Client]:
    """Yield a client, which can show a question if there is a person."""
    async with Client(build(Standing(engine)), mode=era, elicitation_callback=person) as client:
        yield client


async def tried(client: Client, *records: Json, **told: Any) -> Any:
    """Return the answer to an upsert that writes."""
    told = {"source": "agenda", "dry_run": False, **told}
    return await client.call_tool("sonik_upsert", {"records": list(records), **told})


async def upsert(client: Client, *records: Json, **told: Any) -> Json:
    """Return what came of an upsert that writes."""
    return data_of(await tried(client, *records, **told))


async def status(client: Client) -> str:
    """Return the status of the event."""
    shown = data_of(await client.call_tool("sonik_get_entity", {"ref": REF}))
    return str(shown["entity"].get("status", "scheduled"))


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_is_asked_and_a_yes_writes(written: Engine, era: str) -> None:
    person = Person("accept", {"yes": True})
    async with speaking(written, era=era, person=person) as client:
        done = await upsert(client, OFF, wait_for="projected")
        assert await status(client) == "cancelled"
    assert person.asked == [f"This delivery cancels {REF}. Write it?"]
    assert (done["counts"]["updated"], "confirm_token" in done) == (1, False)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "person", [Person("decline"), Person("cancel"), Person("accept", {"yes": False}), Person("accept")]
)
async def test_without_a_yes_nothing_is_written(written: Engine, era: str, person: Person) -> None:
    async with speaking(written, era=era, person=person) as client:
        assert error_of(await tried(client, OFF))["code"] == "declined"
        assert await status(client) == "scheduled"
    assert person.asked


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_cannot_ask_is_told_what_would_happen_and_confirms_by_token(
    written: Engine, era: str
) -> None:
    async with speaking(written, era=era) as client:
        held = await upsert(client, OFF, ALONE | {"source_id": "e-1"}, idempotency_key="k")
        assert await status(client) == "scheduled"
        assert held["takes_away"] == [f"removes los-titiribi PERFORMS_AT {REF}"]
        held = await upsert(client, OFF, idempotency_key="k")
        assert held["takes_away"] == [f"cancels {REF}"]
        assert held["notes"] == [
            "Nothing was written. Show takes_away to the user; on a yes repeat the call with confirm_token."
        ]
        token = held["confirm_token"]
        done = await upsert(client, OFF, idempotency_key="k", confirm_token=token)
        again = await upsert(client, OFF, idempotency_key="k", confirm_token=token)
        assert done["receipts"] == again["receipts"]
        assert await status(client) == "cancelled"


async def test_what_takes_nothing_away_is_not_asked_about(written: Engine) -> None:
    person = Person("decline")
    moved = {**NIGHT, "starts_at": "2026-11-28T22:00:00-05:00", "venue": {"name": "Otro Lugar", "city": "Medellín"}}
    async with speaking(written, person=person) as client:
        assert (await upsert(client, moved, {**OFF, "source_id": "e-2", "name": "Nunca"}))["counts"]["updated"] == 1
        rehearsed = data_of(
            await client.call_tool("sonik_upsert", {"source": "agenda", "records": [{**moved, "status": "cancelled"}]})
        )
    assert rehearsed["takes_away"] == [f"cancels {REF}"]
    assert "confirm_token" not in rehearsed
    assert person.asked == []


async def test_a_token_is_for_its_arguments_its_caller_and_its_state_alone(written: Engine, hand: Hand) -> None:
    async with speaking(written) as client:
        token = (await upsert(client, OFF))["confirm_token"]
        other = await tried(client, {**OFF, "price_min": 1, "currency": "COP"}, confirm_token=token)
        forged = await tried(client, OFF, confirm_token=token[:-4] + "AAAA")
        nonsense = await tried(client, OFF, confirm_token="ñ")
        moved = {**NIGHT, "price_min": 20_000, "currency": "COP"}
        await upsert(client, moved)
        changed = await tried(client, OFF, confirm_token=token)
        later = (await upsert(client, OFF))["confirm_token"]
        hand.now += timedelta(minutes=11)
        expired = await tried(client, OFF, confirm_token=later)
        assert await status(client) == "scheduled"
    refused = [error_of(one) for one in (other, forged, nonsense, changed, expired)]
    assert {(one["code"], one["field"]) for one in refused} == {("invalid_input", "confirm_token")}
    assert "expired" in refused[-1]["message"]
    assert all("without confirm_token" in one["fix"] for one in refused)


async def test_a_token_counts_once(written: Engine) -> None:
    async with speaking(written) as client:
        token = (await upsert(client, OFF))["confirm_token"]
        await upsert(client, OFF, confirm_token=token)
        again = error_of(await tried(client, OFF, confirm_token=token))
    assert again["message"] == "This consent was used before."


async def test_a_token_of_another_caller_is_refused(written: Engine) -> None:
    async with speaking(written) as client:
        token = (await upsert(client, OFF))["confirm_token"]
    stranger = Standing(written)
    stranger.settings = written.settings.model_copy(update={"user": "bea"})
    async with Client(build(stranger)) as client:
        assert "another caller" in error_of(await tried(client, OFF, confirm_token=token))["message"]
        assert await status(client) == "scheduled"
