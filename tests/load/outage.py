"""A store that is killed under load: what callers are told meanwhile, and when answers are whole again."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import h11

from sonik.settings import Settings
from sonik.stores import embedded
from sonik.types import JsonObject
from tests.load.calls import Call
from tests.load.wire import Connection

BEFORE_SECONDS = 3.0
WATCHED_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """One answer: when it came, after the kill (s), and what was wrong with it or missing from it."""

    at: float
    failure: str
    missing: tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class Outage:
    """What was heard while a store was away."""

    store: str
    heard: list[Heard] = field(default_factory=list)

    def told(self) -> JsonObject:
        """Return the figures; `whole_after_s` is when the last answer came that failed or said what it lacks."""
        after = [one for one in self.heard if one.at > 0]
        lacking = [one for one in after if one.failure or one.missing]
        failures = Counter(one.failure for one in after if one.failure)
        return {
            "store": self.store, "calls": len(after), "failed": sum(failures.values()), "failures": dict(failures),
            "degraded": sum(bool(one.missing) and not one.failure for one in after),
            "whole_after_s": round(max((one.at for one in lacking), default=0.0), 1),
        }  # fmt: skip


async def outage(
    store: str, settings: Settings, connections: Sequence[Connection], calls: Sequence[Iterator[Call]]
) -> Outage:
    """Kill an embedded server while clients ask, and listen to what they are told."""
    seen = Outage(store=store)
    killed_at = perf_counter() + BEFORE_SECONDS

    async def ask(connection: Connection, asked: Iterator[Call]) -> None:
        while perf_counter() < killed_at + WATCHED_SECONDS:
            seen.heard.append(await _heard(connection, next(asked), since=killed_at))

    async def kill() -> None:
        await asyncio.sleep(killed_at - perf_counter())
        pids = {server.name: server.pid for server in embedded.status(settings).servers}
        if (pid := pids[store]) is not None:
            os.kill(pid, signal.SIGKILL)

    async with asyncio.TaskGroup() as group:
        for connection, asked in zip(connections, calls, strict=True):
            group.create_task(ask(connection, asked))
        group.create_task(kill())
    return seen


async def _heard(connection: Connection, call: Call, *, since: float) -> Heard:
    try:
        reply = await connection.call(call)
    except (OSError, TimeoutError, h11.RemoteProtocolError) as error:
        return Heard(at=perf_counter() - since, failure=type(error).__name__, missing=())
    told = {} if reply.failure else reply.result
    return Heard(at=perf_counter() - since, failure=reply.failure, missing=tuple(told.get("missing") or ()))
