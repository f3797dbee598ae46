"""Questions asked twice: what the trace says of the cache, and what came back."""

from dataclasses import dataclass

from sonik.engine import Engine
from sonik.retrieval.answer import Answer
from sonik.retrieval.question import Question
from sonik.types import JsonObject, JsonValue, Scope
from tests.fix_engine import READER

VENUE: JsonObject = {"kind": "venue", "name": "Teatro Lido", "city": "Medellín", "market": "medellin", "source_id": "v"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """What a question brought: its refs, and whether they were kept ("exact", "semantic") or found anew ("")."""

    refs: tuple[str, ...]
    way: str
    answer: Answer


async def ask(engine: Engine, query: str, *, scope: Scope = READER, **more: object) -> Asking:
    """Ask a question."""
    answer = await engine.search(Question(query=query, **more), scope=scope)  # type: ignore[arg-type]
    notes = [step.note for step in answer.trace.steps if step.name == "cache"]
    way = next((note for note in notes if note != "miss"), "")
    return Asking(refs=tuple(hit.card.ref for hit in answer.hits), way=way, answer=answer)


def night(source_id: str, name: str, /, **fields: JsonValue) -> JsonObject:
    """A record of an event: tonight at 21:00 at the Teatro Lido in Medellín, unless said otherwise."""
    base: JsonObject = {
        "kind": "event", "source_id": source_id, "name": name, "starts_at": "2026-11-21T21:00:00-05:00",
        "market": "medellin", "venue": {"name": "Teatro Lido", "city": "Medellín"}, "genres": ["salsa"],
    }  # fmt: skip
    return {key: value for key, value in (base | fields).items() if value is not None}
