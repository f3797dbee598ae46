"""sonik_insights: what use tells about the platform."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sonik.errors import InvalidInput, did_you_mean
from sonik.learning.blockers import Blocker
from sonik.learning.demand import Taught, TopQuery
from sonik.learning.heat import HotPath
from sonik.retrieval.trace import new_trace_id
from sonik.sync.weights import effective_weight
from sonik.types import Scope
from tools.arguments import Name, Reading, one_of
from tools.organiser import campaign_of, event_of
from tools.rendering import Rendered, fitted
from tools.results import Figure, Insight, Result, SourceText, quoted, shortened

if TYPE_CHECKING:
    from sonik.engine import Engine
    from sonik.retrieval.kept import CacheReport
    from sonik.retrieval.quality import Identities
    from sonik.sync.sources import SourceState
    from sonik.sync.state import SinkState
    from sonik.truth.rows import Position

MOST = 50
# Who runs Sonik sees what concerns all organisations.
OPERATORS = ("ops", "staff")
VENUE = "venue"
LONGEST = 160
CAUSES = {
    "loop": "one caller asks again and again",
    "burst": "few callers, or many that never say what came of it",
    "trend": "many callers who judge what they get",
}
# What an organisation is told of its own; names there come from outside.
OWN = ("campaigns", "events")
IDLE = "Nothing to tell. Learning looks once an hour, or at `sonik learn run`."
NONE_OWN = "None in these days. What an organisation's ingest key delivers is its own."
ROUNDED = "Counted in fives, rounded down; a cost is the most it can be."


class InsightsArguments(Reading):
    """Arguments of sonik_insights."""

    topic: Annotated[
        Name,
        one_of(
            "hot_paths", "blockers", "top_queries", "weights", "cache", "sync", "quality", "campaigns", "events",
        ),
    ]  # fmt: skip
    days: int = Field(30, ge=1, le=365)
    limit: int = Field(10, ge=1, le=MOST)
    organisation: Name | None = Field(None, description="staff only: whose")


class InsightsResult(Result):
    """Findings, the weightiest first."""

    topic: str
    items: list[Insight]


async def sonik_insights(engine: "Engine", scope: Scope, arguments: InsightsArguments) -> Rendered[InsightsResult]:
    """Show paths too hot (loop, burst, trend), blockers (wanted, not found), top queries, learned weights, how much
    is asked again, how far stores and sources lag, what is missing or old; to organizers their campaigns and events.

    Example: {"topic": "blockers", "days": 7}.
    """
    if arguments.topic not in TOPICS:
        hint = did_you_mean(arguments.topic, list(TOPICS))
        raise InvalidInput(f"No topic '{arguments.topic[:40]}'.", next_step=hint, field="topic")
    if arguments.organisation is not None and arguments.topic not in OWN:
        step = f"Leave it out, or ask for {' or '.join(OWN)}."
        raise InvalidInput(f"'{arguments.topic}' is of no organisation.", next_step=step, field="organisation")
    items = await TOPICS[arguments.topic](engine, scope, arguments)
    result = InsightsResult(
        trace_id=new_trace_id(), as_of=engine.as_of(scope), topic=arguments.topic, items=items,
        notes=_notes(items, arguments.topic, scope),
    )  # fmt: skip
    return fitted(result, _fewer, budget=arguments.budget_tokens, text=_text)


async def _hot_paths(engine: "Engine", scope: Scope, arguments: InsightsArguments) -> list[Insight]:
    return [_hot(path) for path in await engine.insights.hot_paths(scope=scope, limit=arguments.limit)]


async def _blockers(engine: "Engine", scope: Scope, arguments: InsightsArguments) -> list[Insight]:
    found = await engine.insights.blockers(scope=scope, days=arguments.days, limit=arguments.limit)
    return [_blocker(one) for one in found]


async def _top_queries(engine: "Engine", scope: Scope, arguments: InsightsArguments) -> list[Insight]:
    found = await engine.insights.top_queries(scope=scope, days=arguments.days, limit=arguments.limit)
    return [_query(one) for one in found]


async def _weights(engine: "Engine", scope: Scope, arguments: InsightsArguments) -> list[Insight]:
    return [_taught(one) for one in await engine.insights.weights(scope=scope, limit=arguments.limit)]


async def _cache(engine: "Engine", scope: Scope, arguments: InsightsArguments) -> list[Insight]:
    found = await engine.insights.repetition(scope=scope, days=arguments.days)
    figures: dict[str, Figure] = {"asks": found.asks, "distinct": found.distinct, "share": round(found.share, 3)}
    items = [Insight(name="asked before in the same words", figures=figures)] if found.asks else []
    return items if engine.kept is None else [*items, _kept(await engine.kept.report())]


async def _sync(engine: "Engine", scope: Scope, arguments: InsightsArguments) -> list[Insight]:
    report = await engine.sync_report()
    runs_it = scope.role in OPERATORS
    sinks = [_sink(sink, told=runs_it) for sink in report.sinks]
    dead = Insight(name="dead letters", figures={"count": len(report.dead_letters)})
    sources = await engine.source_states(scope=scope) if runs_it else []
    return [*sinks, dead, *(_source(one, now=engine.clock.now()) for one in sources[: arguments.limit])]


async def _quality(engine: "Engine", scope: Scope, arguments: InsightsArguments) -> list[Insight]:
    del arguments
    found = await engine.quality(scope=scope)
    coming, facts = found.coming, found.facts
    return [
        *map(_identities, found.identities),
        Insight(name="coming events", figures=asdict(coming)),
        Insight(
            name="what is told",
            figures={
                "facts": facts.facts, "older_than_30_days": facts.month_old, "older_than_180_days": facts.half_year_old,
                "entities": facts.entities, "of_one_source": facts.of_one_source,
            },
        ),
    ]  # fmt: skip


async def _campaigns(engine: "Engine", scope: Scope, arguments: InsightsArguments) -> list[Insight]:
    found = await engine.organiser.campaigns(
        arguments.organisation, scope=scope, days=arguments.days, limit=arguments.limit
    )
    return [campaign_of(one) for one in found]


async def _events(engine: "Engine", scope: Scope, arguments: InsightsArguments) -> list[Insight]:
    found = await engine.organiser.events(
        arguments.organisation, scope=scope, days=arguments.days, limit=arguments.limit
    )
    return [event_of(one) for one in found]


Look = Callable[["Engine", Scope, InsightsArguments], Awaitable[list[Insight]]]
TOPICS: Mapping[str, Look] = {
    "hot_paths": _hot_paths, "blockers": _blockers, "top_queries": _top_queries, "weights": _weights,
    "cache": _cache, "sync": _sync, "quality": _quality, "campaigns": _campaigns, "events": _events,
}  # fmt: skip


def _sink(sink: "SinkState", *, told: bool) -> Insight:
    """Return a sink; to those who run Sonik also where it is, and what keeps it."""
    figures: dict[str, Figure] = {
        "status": sink.status, "behind": sink.behind, "oldest_seconds": round(sink.age_seconds, 1)
    }  # fmt: skip
    if told:
        figures |= {"cursor": _place(sink.cursor), "safe_from_crash": _place(sink.covered)}
        figures |= {"error": shortened(sink.error, limit=LONGEST)} if sink.error else {}
    return Insight(name=sink.sink, figures=figures)


def _place(position: "Position | None") -> str:
    return f"{position.txid}/{position.seq}" if position else "none"


def _source(one: "SourceState", *, now: datetime) -> Insight:
    figures: dict[str, Figure] = {"entities": one.entities}
    if one.told_at is not None:
        figures["told_seconds_ago"] = round((now - one.told_at).total_seconds())
    figures |= {"cursor": shortened(one.cursor)} if one.cursor else {}
    figures |= {"last_job": one.error} if one.error else {}
    return Insight(name=f"source {shortened(one.source)}", figures=figures)


def _identities(one: "Identities") -> Insight:
    share = round(one.weakly_known / one.entities, 3)
    figures: dict[str, Figure] = {
        "entities": one.entities, "weakly_known": one.weakly_known, "weakly_known_share": share
    }  # fmt: skip
    if one.kind == VENUE:
        figures["without_place"] = one.without_place
    return Insight(name=one.kind, figures=figures)


def _kept(report: "CacheReport") -> Insight:
    figures: dict[str, Figure] = {
        "exact": report.exact, "semantic": report.semantic, "missed": report.missed, "stale": report.stale
    }  # fmt: skip
    if report.kept is not None:
        figures["kept"] = report.kept
    return Insight(name="answers given again since this server started", figures=figures)


def _hot(path: HotPath) -> Insight:
    figures: dict[str, Figure] = {
        "cause": path.cause, "means": CAUSES[path.cause], "walks": path.walks, "usual": path.usual, "z": path.z,
        "actors": path.actors, "organisations": path.organisations, "verdict_rate": path.verdict_rate,
    }  # fmt: skip
    return Insight(name=shortened("; ".join(map(str, path.edges)), limit=LONGEST), figures=figures)


def _blocker(one: Blocker) -> Insight:
    figures: dict[str, Figure] = {
        "asks": one.asks, "askers": one.askers, **one.reasons, "last": f"{one.last_at:%Y-%m-%d}"
    }  # fmt: skip
    asked = [SourceText(source_text=shortened(query, limit=LONGEST)) for query in one.examples]
    return Insight(name=None if one.in_words else one.wanted, asked=asked, figures=figures)


def _query(one: TopQuery) -> Insight:
    figures: dict[str, Figure] = {
        "asks": one.asks, "askers": one.askers, "empty": one.empty, "useful": one.praised, "useless": one.refused
    }  # fmt: skip
    return Insight(asked=[SourceText(source_text=shortened(one.query, limit=LONGEST))], figures=figures)


def _taught(one: Taught) -> Insight:
    figures: dict[str, Figure] = {
        "lens": one.lens, "evidence": round(one.edge.evidence, 3), "learned": round(one.learned, 3),
        "weight": round(effective_weight(one.edge.evidence, one.learned), 3), "walks": one.traversals,
    }  # fmt: skip
    return Insight(name=shortened(str(one.edge), limit=LONGEST), figures=figures)


def _notes(items: list[Insight], topic: str, scope: Scope) -> list[str] | None:
    if not items:
        return [NONE_OWN if topic in OWN else IDLE]
    return [ROUNDED] if topic in OWN and scope.role != "staff" else None


def _fewer(result: InsightsResult) -> Iterator[InsightsResult]:
    for kept in range(len(result.items) - 1, 0, -1):
        yield result.model_copy(update={"items": result.items[:kept], "truncated": True})


def _text(result: InsightsResult) -> str:
    names = (item.name or f"{item.figures.get('asks', '')} asks" for item in result.items)
    named = (quoted(name) if result.topic in OWN else name for name in names)
    return f"{result.topic}: " + "; ".join(named)
