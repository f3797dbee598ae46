"""sonik_get_entity: one entity, whole and sourced."""

from typing import Annotated

from pydantic import BaseModel, Field

from sonik.engine import Engine
from sonik.retrieval.entity import Portrait
from sonik.retrieval.pack import cost
from sonik.types import JsonValue, Scope
from tools.arguments import Listed, Moment, Reading, Words
from tools.rendering import Rendered, dumped
from tools.results import DESCRIPTION_LIMIT, Entry, Named, Result, SourceText, entry

# Room for the text beside the structured result.
SPARE_TOKENS = 120


class EntityArguments(Reading):
    """Arguments of sonik_get_entity."""

    ref: Annotated[
        Words, Field(min_length=1, max_length=300, description="slug, @handle, domain, Places id, URL, id, name")
    ]
    include: Annotated[list[str], Listed, Field(max_length=6)] = Field(
        ["relations", "events"], description="relations, events, sources, claim, history, article_uses"
    )
    as_of: Moment | None = Field(None, description="answer as of this moment (ISO 8601 with offset)")


class Relation(BaseModel):
    """An edge to a neighbour."""

    type: str
    direction: str
    name: str
    ref: str
    kind: str
    weight: float
    sources: list[str]


class EventLine(BaseModel):
    """A coming event of this entity."""

    name: str
    ref: str
    when: str
    status: str | None = None


class FactLine(BaseModel):
    """What a source says; `wins` marks the value that is shown."""

    attribute: str
    value: str
    source: str
    seen: str
    wins: bool
    until: str | None = None


class EntityResult(Result):
    """One entity."""

    entity: Entry
    id: str
    identifiers: dict[str, list[str]]
    relations: list[Relation] | None = None
    events: list[EventLine] | None = None
    facts: list[FactLine] | None = None
    claim_status: str | None = None
    history: list[FactLine] | None = None
    article_uses: list[Named] | None = None
    namesakes: list[Named] | None = None


async def sonik_get_entity(engine: Engine, scope: Scope, arguments: EntityArguments) -> Rendered[EntityResult]:
    """Show one entity: what it is, its neighbours, its coming events, and which source says what, now or as of then.

    Use it with a ref from another result, or with an @handle, domain, Places id or exact name.
    Example: {"ref": "@sondelaquebrada", "include": ["relations", "events", "sources"]}.
    """
    portrait = await engine.entity(arguments.ref, include=arguments.include, scope=scope, as_of=arguments.as_of)
    result = _result(engine, scope, arguments, portrait)
    trimmed = _trimmed(result, budget=arguments.budget_tokens)
    return Rendered(result=trimmed, text=_text(trimmed))


def _result(engine: Engine, scope: Scope, arguments: EntityArguments, portrait: Portrait) -> EntityResult:
    wanted = set(arguments.include)
    card = portrait.card
    identifiers: dict[str, list[str]] = {}
    for identifier in portrait.identifiers:
        identifiers.setdefault(identifier.scheme, []).append(identifier.value)
    return EntityResult(
        trace_id=portrait.trace_id, as_of=engine.as_of(scope, arguments.as_of),
        entity=entry(card, detailed=True), id=str(card.id), identifiers=identifiers,
        relations=_relations(portrait) if "relations" in wanted else None,
        events=_events(portrait) if "events" in wanted else None,
        facts=_facts(portrait) if "sources" in wanted or arguments.as_of else None,
        claim_status=card.claim_status if "claim" in wanted else None,
        history=_history(portrait) if "history" in wanted else None,
        article_uses=[] if "article_uses" in wanted else None,
        namesakes=[Named(name=other.name, ref=other.ref) for other in portrait.namesakes] or None,
    )  # fmt: skip


def _relations(portrait: Portrait) -> list[Relation]:
    return [
        Relation(
            type=near.type, direction="out" if near.outgoing else "in", name=near.name, ref=near.ref, kind=near.kind,
            weight=round(near.base_weight * near.confidence, 2), sources=near.sources,
        )
        for near in portrait.relations
    ]  # fmt: skip


def _events(portrait: Portrait) -> list[EventLine]:
    return [
        EventLine(name=e.name, ref=e.ref, when=f"{e.local_start:%Y-%m-%d %H:%M}",
                  status=e.status if e.status != "scheduled" else None)
        for e in portrait.events
    ]  # fmt: skip


def _facts(portrait: Portrait) -> list[FactLine]:
    lines: list[FactLine] = []
    seen: set[str] = set()
    for fact in portrait.facts:
        lines.append(
            FactLine(
                attribute=fact.attribute, value=_shown(fact.value), source=fact.source,
                seen=f"{fact.observed_at:%Y-%m-%d}", wins=fact.attribute not in seen,
            )
        )  # fmt: skip
        seen.add(fact.attribute)
    return lines


def _history(portrait: Portrait) -> list[FactLine]:
    return [
        FactLine(
            attribute=fact.attribute, value=_shown(fact.value), source=fact.source, seen=f"{fact.valid_from:%Y-%m-%d}",
            wins=False, until=f"{fact.valid_to:%Y-%m-%d}",
        )
        for fact in portrait.history
    ]  # fmt: skip


def _shown(value: JsonValue) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 160 else text[:159] + "…"


def _trimmed(result: EntityResult, *, budget: int) -> EntityResult:
    """Shorten the longest sections until the result fits, and say which were cut."""
    sections = ("history", "facts", "relations", "events")
    cut: list[str] = []
    while cost(dumped(result)) + SPARE_TOKENS > budget:
        lengths = {name: len(getattr(result, name) or ()) for name in sections}
        longest = max(sections, key=lambda name: lengths[name])
        if lengths[longest] <= 1:
            return _without_text(result, cut)
        kept = getattr(result, longest)[: max(1, lengths[longest] * 2 // 3)]
        cut.append(longest)
        note = [f"Cut to fit: {', '.join(dict.fromkeys(cut))}. Raise max_tokens or include one section at a time."]
        result = result.model_copy(update={longest: kept, "truncated": True, "notes": note})
    return result


def _without_text(result: EntityResult, cut: list[str]) -> EntityResult:
    about = result.entity.about
    if about is None or len(about.source_text) <= DESCRIPTION_LIMIT // 6:
        return result
    short = result.entity.model_copy(
        update={"about": SourceText(source_text=about.source_text[: DESCRIPTION_LIMIT // 6])}
    )
    note = [f"Cut to fit: {', '.join(dict.fromkeys([*cut, 'about']))}."]
    return result.model_copy(update={"entity": short, "truncated": True, "notes": note})


def _text(result: EntityResult) -> str:
    shown = result.entity
    detail = ", ".join(part for part in (shown.kind, shown.when, shown.venue, shown.address) if part)
    return f"{shown.name} ({shown.ref}): {detail}"
