"""sonik_get_entity: one entity, whole and sourced."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from sonik.ontology import vertex
from sonik.retrieval.cards import Card
from sonik.retrieval.entity import SECTIONS as INCLUDED
from sonik.retrieval.entity import Portrait
from sonik.retrieval.refs import LONGEST_REF
from sonik.types import JsonValue, Scope
from tools.arguments import Listed, Moment, Name, Reading, one_of, text
from tools.rendering import Rendered
from tools.results import NAME_LIMIT, Entry, Named, Result, SourceText, brief, entry, named, quoted, shortened

if TYPE_CHECKING:
    from sonik.engine import Engine

LONGEST_VALUE = 160
SECTIONS = ("history", "facts", "relations", "events", "namesakes")


class EntityArguments(Reading):
    """Arguments of sonik_get_entity."""

    ref: Annotated[str, text(least=1, most=LONGEST_REF)] = Field(
        description="slug, @handle, domain, Places id, URL or name"
    )
    include: Annotated[list[Annotated[Name, one_of(*INCLUDED)]], Listed, Field(max_length=6)] = Field(
        ["relations", "events"]
    )
    as_of: Moment | None = Field(None, description="ISO 8601 with offset")


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


class Namesake(Named):
    """Another that bears the name, and what tells it from this one."""

    kind: str
    market: str | None = None


class EntityResult(Result):
    """One entity."""

    entity: Entry
    id: str
    identifiers: dict[str, list[str]]
    attributes: dict[str, str | float | bool] | None = None
    relations: list[Relation] | None = None
    audience: dict[str, int] | None = None
    events: list[EventLine] | None = None
    facts: list[FactLine] | None = None
    claim_status: str | None = None
    history: list[FactLine] | None = None
    article_uses: list[Named] | None = None
    namesakes: list[Namesake] | None = None


async def sonik_get_entity(engine: "Engine", scope: Scope, arguments: EntityArguments) -> Rendered[EntityResult]:
    """Show one entity: its neighbours, its coming events, and which source says what, now or as of then.

    Example: {"ref": "@sondelaquebrada", "include": ["events", "sources"]}.
    """
    portrait = await engine.entity(arguments.ref, include=arguments.include, scope=scope, as_of=arguments.as_of)
    return _trimmed(_result(engine, scope, arguments, portrait), budget=arguments.budget_tokens)


def _result(engine: "Engine", scope: Scope, arguments: EntityArguments, portrait: Portrait) -> EntityResult:
    wanted = set(arguments.include)
    card = portrait.card
    identifiers: dict[str, list[str]] = {}
    for identifier in portrait.identifiers:
        identifiers.setdefault(identifier.scheme, []).append(named(identifier.value))
    return EntityResult(
        trace_id=portrait.trace_id, as_of=engine.as_of(scope, arguments.as_of),
        entity=entry(card, detailed=True), id=str(card.id), identifiers=identifiers,
        attributes=_attributes(card) or None,
        relations=_relations(portrait) if "relations" in wanted else None,
        audience={row.type: row.people for row in portrait.audience} or None,
        events=_events(portrait) if "events" in wanted else None,
        facts=_facts(portrait) if "sources" in wanted or arguments.as_of else None,
        claim_status=card.claim_status if "claim" in wanted else None,
        history=_history(portrait) if "history" in wanted else None,
        article_uses=[] if "article_uses" in wanted else None,
        namesakes=[_namesake(other) for other in portrait.namesakes] or None,
    )  # fmt: skip


def _namesake(card: Card) -> Namesake:
    return Namesake(name=named(card.name), ref=card.ref, kind=card.kind, market=card.market)


def _attributes(card: Card) -> dict[str, str | float | bool]:
    """Return the properties of a kind that no list shows; texts of sources are cut short."""
    named = ((name, card.metadata.get(name)) for name in vertex(card.kind).properties)
    return {
        name: shortened(value, limit=LONGEST_VALUE) if isinstance(value, str) else value
        for name, value in named
        if isinstance(value, str | float | bool | int)
    }


def _relations(portrait: Portrait) -> list[Relation]:
    return [
        Relation(
            type=near.type, direction="out" if near.outgoing else "in", name=named(near.name), ref=near.ref,
            kind=near.kind, weight=round(near.base_weight * near.confidence, 2), sources=near.sources,
        )
        for near in portrait.relations
    ]  # fmt: skip


def _events(portrait: Portrait) -> list[EventLine]:
    return [
        EventLine(name=named(e.name), ref=e.ref, when=f"{e.local_start:%Y-%m-%d %H:%M}",
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
    return shortened(", ".join(map(str, value)) if isinstance(value, list) else str(value), limit=LONGEST_VALUE)


def _trimmed(result: EntityResult, *, budget: int) -> Rendered[EntityResult]:
    """Cut until the result fits, the least missed first, and say what was cut."""
    rendered = Rendered(result=result, text=_text(result))
    cut: dict[str, None] = {}
    while rendered.tokens > budget:
        section, smaller = _smaller(rendered.result)
        if section is None:
            break
        cut[section] = None
        note = f"Cut to fit: {', '.join(cut)}. Raise max_tokens or include one section at a time."
        shorter = smaller.model_copy(update={"truncated": True, "notes": [note]})
        rendered = Rendered(result=shorter, text=_text(shorter))
    return rendered


def _smaller(result: EntityResult) -> tuple[str | None, EntityResult]:
    """Return what is cut next and the result after it: long sections, the text, what is left of all sections."""
    lengths = {name: len(getattr(result, name) or ()) for name in SECTIONS}
    longest = max(SECTIONS, key=lambda name: lengths[name])
    shown = result.entity
    if lengths[longest] > 1:
        return longest, result.model_copy(update={longest: getattr(result, longest)[: lengths[longest] * 2 // 3]})
    if shown.about is not None:
        text = shortened(shown.about.source_text) if len(shown.about.source_text) > NAME_LIMIT else None
        about = SourceText(source_text=text) if text else None
        return "about", result.model_copy(update={"entity": shown.model_copy(update={"about": about})})
    if lengths[longest] == 1:
        return longest, result.model_copy(update={longest: []})
    if shown != brief(shown) or result.attributes:
        return "entity", result.model_copy(update={"entity": brief(shown), "identifiers": {}, "attributes": None})
    return None, result


def _text(result: EntityResult) -> str:
    shown = result.entity
    outside = [quoted(part) for part in (shown.venue, shown.address) if part]
    detail = ", ".join(part for part in (shown.kind, shown.when, *outside) if part)
    return f"{quoted(shown.name)} ({shown.ref}): {detail}"
