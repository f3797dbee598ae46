"""The outbox is kept until every sink has its rows for good."""

from collections.abc import Sequence

from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.sync.source import Sink

SQL = queries("sync")


async def checkpoint(postgres: Postgres, sinks: Sequence[Sink]) -> None:
    """Let every sink secure what it has, then delete the outbox rows that no crash can make one of them need again."""
    places = {}
    for sink in sinks:
        secured = await sink.secure()
        if secured is None:
            return
        places[sink.name] = {"txid": secured.txid, "seq": secured.seq}
    safe = min(places.values(), key=lambda place: (place["txid"], place["seq"]))
    async with postgres.writing() as session:
        for name, place in places.items():
            await session.execute(SQL["record_covered"], {"sink": name, **place})
        await session.execute(SQL["prune"], safe)
        await session.execute(SQL["record_pruned"], safe)
