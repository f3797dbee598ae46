"""What the audit log costs a call on its way to the answer, and how long checking 100,000 rows takes.

python -m tests.bench.auditing
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from server.observing.audited import audited
from server.opening import Opening
from sonik.audit.log import CallLog
from sonik.engine import Engine
from sonik.settings import Settings
from sonik.types import Scope

CALLS = 20_000
ROWS = 100_000
ASKED = {"query": "quién toca en El Azulejo Jazz esta semana", "market": "medellin", "limit": 8}
STAFF = Scope(role="staff")
FILL = """
    insert into unified.audit_log (correlation_id, actor, organisation, role, action, target, ms, arguments, collection)
    select 'c' || n, 'a', 'o', 'reader', 'tools/call', 'sonik_search', n / 7.0, 'd', 'live'
    from generate_series(1, %(rows)s) n
"""


def cost_microseconds() -> tuple[float, float]:
    """Return the median of a bare block, and of one that is audited, turn by turn."""
    opening = Opening(Settings(user="ana", organisation="acme", secret="a secret of the bench"))
    opening.calls = CallLog(clock=opening.clock, most_waiting=2 * CALLS)

    def bare() -> None:
        """Nothing."""

    def with_audit() -> None:
        with audited(opening, "tools/call", "sonik_search", ASKED):
            pass

    bare_times, audited_times = [], []
    for _ in range(CALLS):
        bare_times.append(_timed(bare))
        audited_times.append(_timed(with_audit))
    return statistics.median(bare_times) * 1e6, statistics.median(audited_times) * 1e6


async def check_seconds(home: Path) -> tuple[float, float]:
    """Return how long it takes to seal so many rows, and to check them."""
    async with Engine.open(Settings(home=home), project=False) as engine:
        async with engine._postgres.writing() as session:
            await session.execute(FILL, {"rows": ROWS})
        started = time.perf_counter()
        assert await engine.auditor.seal(scope=STAFF) == ROWS
        sealed = time.perf_counter()
        assert (await engine.auditor.check(scope=STAFF)).holds
        return sealed - started, time.perf_counter() - sealed


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    bare, with_audit = cost_microseconds()
    print(f"a call, median of {CALLS:,}: {with_audit:.1f} µs audited, {bare:.1f} µs bare")
    with tempfile.TemporaryDirectory(prefix="sonik-bench-") as folder:
        seal, check = asyncio.run(check_seconds(Path(folder)))
    print(f"{ROWS:,} rows: sealed in {seal:.1f} s, checked in {check:.1f} s")


if __name__ == "__main__":
    main()
