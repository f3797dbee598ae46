"""Verdicts: whether what a question walked was of use, said once by those who asked it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sonik.clock import Clock
from sonik.errors import InvalidInput, NotFound, did_you_mean
from sonik.sql import queries
from sonik.stores.postgres import Session
from sonik.types import JsonObject, Scope

SQL = queries("learning")
Verdict = Literal["useful", "partial", "wrong", "dead_end"]
# What each says for the edges that led there.
REWARDS: Mapping[str, float] = {"useful": 1.0, "partial": 0.4, "wrong": -1.0, "dead_end": -1.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A trace as its verdict finds it; `carried` are its hits with the edges that led to each."""

    trace_id: str
    query: str
    carried: list[JsonObject]
    verdict: str | None
    refs: list[UUID] | None

    @property
    def hits(self) -> frozenset[UUID]:
        """The ids of its hits."""
        return frozenset(UUID(str(hit["id"])) for hit in self.carried)


async def judge(
    session: Session, trace_id: str, verdict: str, *, refs: Sequence[UUID], scope: Scope, clock: Clock
) -> Judged:
    """Put a verdict on a trace, in the caller's transaction; return the trace as it was before.

    Saying the same again changes nothing.

    Raises:
        NotFound: there is no such trace, or it is another organisation's.
        InvalidInput: the verdict is unknown, a ref was no hit of the trace, or the trace was judged otherwise before.
    """
    if verdict not in REWARDS:
        raise InvalidInput(
            f"No verdict '{verdict[:40]}'.", next_step=did_you_mean(verdict, list(REWARDS)), field="verdict"
        )
    trace = await _trace(session, trace_id, scope=scope)
    meant = sorted(set(refs))
    _check(trace, verdict, meant)
    if trace.verdict is None:
        row = {
            "trace_id": trace_id, "verdict": verdict, "refs": meant, "now": clock.now(), "actor": scope.actor,
            "owner_org": scope.organisation, "collection": scope.collection,
        }  # fmt: skip
        await session.execute(SQL["put_verdict"], row)
    return trace


async def _trace(session: Session, trace_id: str, *, scope: Scope) -> Judged:
    params = {"trace_id": trace_id, "collection": scope.collection, "owner_org": scope.organisation}
    found = await session.fetch(Judged, SQL["judged_trace"], params)
    if not found:
        raise NotFound(
            f"No trace '{trace_id[:40]}' of yours.",
            next_step="Pass the trace_id of a search or traversal; one just made elsewhere is known within seconds.",
            field="trace_id",
        )
    return found[0]


def _check(trace: Judged, verdict: str, meant: Sequence[UUID]) -> None:
    strangers = [ref for ref in meant if ref not in trace.hits]
    if strangers:
        step = "Pass refs of hits of that very answer, or none to judge it as a whole."
        raise InvalidInput(f"{len(strangers)} refs were no hits of this trace.", next_step=step, field="refs")
    if trace.verdict is not None and (trace.verdict, trace.refs) != (verdict, list(meant)):
        told = f"This trace was judged already: {trace.verdict}."
        raise InvalidInput(told, next_step="A trace is judged once; tell what you found as a note.", field="trace_id")
