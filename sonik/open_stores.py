"""The stores an engine works over, opened one after another and closed the other way round."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sonik.errors import StoreUnavailable
from sonik.ingest.legends import Legends, load_legends
from sonik.retrieval.kept import installation
from sonik.settings import Settings
from sonik.stores.addresses import Addresses, attached
from sonik.stores.cache import AnswerCache, answer_cache
from sonik.stores.disk import Room
from sonik.stores.embedding import Embedder
from sonik.stores.graph import Graphs
from sonik.stores.guarded import GuardedEmbedder, GuardedGraphs, GuardedTexts
from sonik.stores.postgres import Postgres
from sonik.stores.shared_buckets import SharedBuckets, shared_buckets
from sonik.stores.signals import Signals, signals
from sonik.stores.vectors import Vectors
from sonik.truth.migrate import migrate

logger = logging.getLogger(__name__)

# An object store that cannot be reached is tried for minutes.
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenStores:
    """Every store, ready to be asked, and the legends that truth was opened with.

    Answers ask the graphs that are `walked` and the texts that are `searched`, each behind a breaker.
    """

    postgres: Postgres
    graphs: Graphs
    vectors: Vectors
    walked: GuardedGraphs
    searched: GuardedTexts
    embedder: Embedder
    legends: Legends
    cache: AnswerCache | None
    buckets: SharedBuckets
    signals: Signals


@asynccontextmanager
async def open_stores(settings: Settings, *, embedder: Embedder, replace_vectors: bool) -> AsyncIterator[OpenStores]:
    """Yield all stores of the present schema; embedded servers are started where no address is set."""
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(attached(settings))
        await migrate(addresses.owner)
        postgres = await stack.enter_async_context(_postgres(settings, addresses))
        graphs = Graphs(addresses.graph, timeout_seconds=settings.store_timeout_seconds)
        await stack.enter_async_context(graphs)
        await _prepared(graphs)
        vectors = await Vectors.open(
            settings.lance_path, model=embedder.model, dimension=embedder.dimension, replace=replace_vectors,
            patience_seconds=PATIENCE_SECONDS,
        )  # fmt: skip
        await stack.enter_async_context(vectors)
        async with postgres.writing() as session:
            legends, name = await load_legends(session), await installation(session)
        kept_in = answer_cache(settings, addresses.cache, name=name, embedder=embedder)
        cache = await stack.enter_async_context(kept_in)
        buckets = await stack.enter_async_context(shared_buckets(addresses.cache, name=name))
        line = await stack.enter_async_context(signals(addresses.cache, name=name))
        yield OpenStores(
            postgres=postgres, graphs=graphs, vectors=vectors, walked=GuardedGraphs(graphs),
            searched=GuardedTexts(vectors), embedder=GuardedEmbedder(embedder), legends=legends, cache=cache,
            buckets=buckets, signals=line,
        )  # fmt: skip


async def _prepared(graphs: Graphs) -> None:
    """Make the graphs ready, unless FalkorDB is away: the projector does so once it is back."""
    try:
        await graphs.prepare()
    except StoreUnavailable as error:
        logger.warning("FalkorDB is away, answers do without it until it is back", extra={"error": str(error)})


def _postgres(settings: Settings, addresses: Addresses) -> Postgres:
    return Postgres(
        writer=addresses.writer, reader=addresses.reader, pool_size=settings.pool_size,
        timeout_seconds=settings.store_timeout_seconds, room=_room(settings),
    )  # fmt: skip


def _room(settings: Settings) -> Room | None:
    """Return the disk to watch: of servers elsewhere only they know theirs."""
    embedded = settings.postgres_url is None
    return Room(directory=settings.home, reserve_mib=settings.disk_reserve_mib) if embedded else None
