"""Subscriptions to a market's evening, in both protocol eras: what changes is told to whom it shows, and not lost."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import anyio
import pytest
from mcp import Client, MCPError
from mcp_types import INVALID_PARAMS, METHOD_NOT_FOUND, ResourceUpdatedNotification, SubscriptionFilter
from pydantic import SecretStr

from server.app import build
from server.subscriptions import EVENING
from sonik.audit.auditor import Sought
from sonik.clock import Clock
from sonik.engine import Engine
from sonik.settings import Settings
from sonik.stores.signals import EVERYTHING
from sonik.types import Scope
from tests.fix_engine import NOW, deliver
from tests.fix_mcp import ANSWER_SECONDS, ERAS, Standing
from tests.fix_redis import RedisServer
from tests.fix_truth import event

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")]

TONIGHT = "2026-11-21T21:00:00-05:00"
MEDELLIN, QUITO = (f"sonik://market/{slug}/tonight" for slug in ("medellin", "quito"))
Next = Callable[[], Awaitable[str]]


@dataclass
class Hand:
    """Moves a clock."""

    now: datetime = NOW

    @property
    def clock(self) -> Clock:
        """The clock it moves."""
        return Clock(read=lambda: self.now)


@asynccontextmanager
async def subscribed(engine: Engine, era: str, *uris: str) -> AsyncIterator[Next]:
    """Yield what waits for the next update, after the first of each resource has come."""
    async with _told(engine, era, *uris) as following:
        with anyio.fail_after(ANSWER_SECONDS):
            assert {await following() for _ in uris} == set(uris)
            yield following


@asynccontextmanager
async def _told(engine: Engine, era: str, *uris: str) -> AsyncIterator[Next]:
    sent, received = anyio.create_memory_object_stream[str](100)

    async def heard(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            await sent.send(message.params.uri)

    server = build(Standing(engine))
    async with sent, received, Client(server, mode=era, message_handler=heard, raise_exceptions=True) as client:
        if era == "legacy":
            for uri in uris:
                await client.subscribe_resource(uri)
            yield received.receive
        else:
            async with client.listen(resource_subscriptions=uris) as stream:
                yield lambda: _uri(anext(stream))


async def _listen(client: Client, uri: str) -> None:
    async with client.listen(resource_subscriptions=(uri,)):
        pass


async def _uri(event: Awaitable[object]) -> str:
    return str(getattr(await event, "uri", ""))


@pytest.mark.parametrize("era", ERAS)
async def test_each_change_is_told_under_the_uri_that_was_subscribed(engine: Engine, era: str) -> None:
    spelt = "sonik://market/Medell%C3%ADn/tonight"
    async with subscribed(engine, era, spelt, QUITO) as following:
        await deliver(engine, event("e", starts_at=TONIGHT))
        assert await following() == spelt
        await deliver(engine, event("e", starts_at=TONIGHT, status="cancelled"))
        assert await following() == spelt
        await deliver(engine, event("q", starts_at=TONIGHT, market="quito"))
        assert await following() == QUITO


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("sonik://market/medelin/tonight", "Did you mean 'medellin'"),
        ("sonik://market/medellin", "Subscribe to sonik://market"),
        ("sonik://entity/nebula", "Subscribe to sonik://market"),
    ],
)
async def test_only_an_evening_that_is_there_can_be_subscribed(market: Engine, era: str, uri: str, said: str) -> None:
    async with Client(build(Standing(market)), mode=era) as client:
        with pytest.raises(MCPError, match=said) as refused:
            await (client.subscribe_resource(uri) if era == "legacy" else _listen(client, uri))
    assert refused.value.error.code == INVALID_PARAMS


async def test_a_burst_is_told_in_a_few_words_and_its_last_change_is_not_lost(engine: Engine) -> None:
    async with subscribed(engine, "auto", MEDELLIN) as following:
        for number in range(30):
            await deliver(engine, event("e", name=f"Noche {number}", starts_at=TONIGHT))
        last = await engine.evening("medellin", scope=engine.settings.scope())
        told = 0
        known = ""
        while known != last:
            await following()
            told += 1
            known = await engine.evening("medellin", scope=engine.settings.scope())
    assert told < 30


async def test_another_process_over_the_same_stores_is_told_too(engine: Engine, settings: Settings) -> None:
    async with Engine.open(settings, project=False) as beside, subscribed(beside, "auto", MEDELLIN) as following:
        await deliver(engine, event("e", starts_at=TONIGHT))
        assert await following() == MEDELLIN


async def test_the_turn_of_the_night_is_told(settings: Settings) -> None:
    hand = Hand()
    async with Engine.open(settings, clock=hand.clock) as engine, subscribed(engine, "auto", MEDELLIN) as following:
        hand.now += timedelta(hours=16)
        await engine.signals.send(("nowhere",))
        assert await following() == MEDELLIN


async def test_whoever_may_have_missed_something_while_redis_was_away_reads_again(settings: Settings) -> None:
    with RedisServer() as redis:
        beside = settings.model_copy(update={"redis_url": SecretStr(redis.socket)})
        async with Engine.open(beside) as engine, subscribed(engine, "auto", MEDELLIN, QUITO) as following:
            redis.kill()
            assert not await engine.signals.send(EVERYTHING)
            await deliver(engine, event("e", starts_at=TONIGHT))
            redis.start()
            # Where nothing changed it is told too: nobody knows what was missed.
            while await following() != QUITO:
                pass
            await deliver(engine, event("q", starts_at=TONIGHT, market="quito"))
            while await following() != QUITO:
                pass


async def test_unsubscribing_ends_the_telling(engine: Engine) -> None:
    async with Client(build(Standing(engine)), mode="legacy", raise_exceptions=True) as client:
        await client.subscribe_resource(MEDELLIN)
        await client.unsubscribe_resource(MEDELLIN)
        await client.unsubscribe_resource(QUITO)


@pytest.mark.parametrize("era", ERAS)
async def test_a_subscription_leaves_a_row_when_it_is_asked_for_and_one_when_it_ends(engine: Engine, era: str) -> None:
    async with subscribed(engine, era, MEDELLIN):
        pass
    async with Client(build(Standing(engine)), mode=era) as client:
        with pytest.raises(MCPError):
            await (client.subscribe_resource if era == "legacy" else partial(_listen, client))("sonik://entity/nebula")
    await engine.calls.flush(engine._postgres)
    logged = await engine.auditor.entries(Sought(limit=10), scope=Scope(role="staff"))
    asked = "resources/subscribe" if era == "legacy" else "subscriptions/listen"
    assert [(entry.action, entry.target, entry.outcome) for entry in logged][::-1] == [
        (asked, EVENING, "ok"), ("subscriptions/ended", EVENING, "cancelled"), (asked, "unknown", "invalid_input"),
    ]  # fmt: skip


@pytest.mark.parametrize("era", ERAS)
async def test_no_news_is_promised_but_of_evenings(engine: Engine, era: str) -> None:
    async with Client(build(Standing(engine)), mode=era) as client:
        able = client.server_capabilities.model_dump(exclude_none=True)
    assert [able[name]["list_changed"] for name in ("tools", "prompts", "resources")] == [False] * 3
    assert able["resources"]["subscribe"]


async def test_what_never_comes_is_not_acknowledged(engine: Engine) -> None:
    async with (
        Client(build(Standing(engine))) as client,
        client.listen(tools_list_changed=True, resource_subscriptions=(MEDELLIN,)) as stream,
    ):
        assert stream.honored == SubscriptionFilter(resource_subscriptions=[MEDELLIN])


async def test_where_no_connection_stands_the_handshake_era_is_told_that_it_cannot_subscribe(engine: Engine) -> None:
    server = build(Standing(engine), standing=False)
    async with Client(server, mode="legacy") as client:
        resources = client.server_capabilities.resources
        assert resources is not None
        assert not resources.subscribe
        with pytest.raises(MCPError) as refused:
            await client.subscribe_resource(MEDELLIN)
    assert refused.value.error.code == METHOD_NOT_FOUND
