"""Services mode: the same code against servers that are named by address."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from sonik.engine import Engine
from sonik.errors import Misconfigured
from sonik.retrieval.question import Question
from sonik.settings import Settings
from sonik.stores import embedded
from tests.fix_engine import NOW, READER, deliver_projected

pytestmark = pytest.mark.anyio

VENUE = {"kind": "venue", "name": "La Ceiba Sonora", "market": "medellin", "source_id": "v1"}


@pytest.fixture
async def named(new_settings: Settings) -> AsyncIterator[Settings]:
    """Settings that name the addresses of servers which somebody else keeps running."""
    share = await embedded.attach(new_settings)
    host = str(share.postgres_socket.parent).replace("/", "%2F")
    yield Settings(
        home=new_settings.home / "elsewhere",
        postgres_url=SecretStr(f"postgresql://sonik@{host}/sonik"),
        falkordb_url=SecretStr(f"unix://{share.redis_socket}"),
        lancedb_uri=str(new_settings.home / "lance"),
        now=NOW,
        market="medellin",
    )
    await embedded.close(share)


async def test_named_servers_answer_like_embedded_ones(named: Settings) -> None:
    async with Engine.open(named) as engine:
        await deliver_projected(engine, dict(VENUE))
        answer = await engine.search(Question(query="La Ceiba Sonora"), scope=READER)
        agreement = [comparison.agrees for comparison in await engine.compare()]
    assert [hit.card.ref for hit in answer.hits] == ["la-ceiba-sonora"]
    assert agreement == [True, True, True]


async def test_named_servers_start_nothing_of_their_own(named: Settings) -> None:
    async with Engine.open(named):
        pass
    assert not (named.home / "postgres").exists()


async def test_one_address_without_the_other_is_refused(home: Path) -> None:
    settings = Settings(home=home, postgres_url=SecretStr("postgresql://localhost/sonik"))
    with pytest.raises(Misconfigured, match="SONIK_FALKORDB_URL"):
        async with Engine.open(settings):
            pass
