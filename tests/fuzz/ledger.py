"""How truth stands: the number and the hash of the rows of every table, but of those that only keep a log."""

from collections.abc import Mapping
from types import TracebackType
from typing import LiteralString

import psycopg
from psycopg import sql

# What grows by asking, and what the projector keeps of its own work.
LOGS = frozenset(
    {"traversal_log", "audit_log", "audit_seals", "sync_state", "embeddings_cache", "dead_letters", "outbox"}
)
# What a delivery leaves of itself even where every record of it was refused.
OF_DELIVERIES = frozenset({"idempotency_keys", "source_cursors", "sources"})
TABLES: LiteralString = "select tablename from pg_tables where schemaname = 'unified' order by tablename"
STAND: LiteralString = (
    "select {name}, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text from unified.{table} t"
)
Stand = Mapping[str, tuple[int, str]]


class Ledger:
    """A connection that looks at truth between calls."""

    def __init__(self, dsn: str) -> None:
        self._connection = psycopg.connect(dsn, autocommit=True)
        tables = [str(row[0]) for row in self._connection.execute(TABLES)]
        parts = (
            sql.SQL(STAND).format(name=sql.Literal(table), table=sql.Identifier(table))
            for table in tables
            if table not in LOGS
        )
        self._query = sql.SQL(" union all ").join(parts)

    def stand(self) -> Stand:
        """Return the number and the hash of the rows of each table."""
        return {str(name): (int(count), str(sum_)) for name, count, sum_ in self._connection.execute(self._query)}

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()


def changed(before: Stand, after: Stand) -> list[str]:
    """Return the tables that stand otherwise than before."""
    return [table for table in after if before[table] != after[table]]
