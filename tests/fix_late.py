"""A truth whose first answer is long on its way, for what happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sonik.stores.postgres import Postgres, Session
from tests.fix_truth import Database


class Late(Postgres):
    """A truth that has `read` at once and answers its first transaction when it may `go`."""

    def __init__(self, database: Database) -> None:
        super().__init__(writer=database.writer, reader=database.reader, pool_size=4, timeout_seconds=5)
        self.read = asyncio.Event()
        self.go = asyncio.Event()

    @asynccontextmanager
    async def writing(self, *, durable: bool = True) -> AsyncIterator[Session]:
        late = not self.read.is_set()
        async with super().writing(durable=durable) as session:
            yield session
        if late:
            self.read.set()
            await self.go.wait()
