"""Commands that read: search, whats-on, entity, traverse, describe. They call the same tools as agents do."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.cli.running import with_engine
from sonik.retrieval.describe import TOPICS
from sonik.retrieval.patterns import MOST_HOPS, PATTERNS
from sonik.settings import Settings
from tools.catalog import BY_NAME
from tools.rendering import Rendered
from tools.resolve import Resolved
from tools.results import Entry

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, as an agent gets it.")]
Market = Annotated[str | None, typer.Option(help="Slug or name of a market.")]
Limit = Annotated[int, typer.Option(min=1, max=50, help="Most results to show.")]


def search(
    query: Annotated[str, typer.Argument(help="The question in Spanish, Portuguese or English.")],
    market: Market = None,
    when: Annotated[str | None, typer.Option(help="tonight, this_weekend, a date, or FIRST/LAST.")] = None,
    limit: Limit = 8,
    explain: Annotated[bool, typer.Option(help="Show the trace.")] = False, as_json: Json = False,
) -> None:  # fmt: skip
    """Answer a question: sonik search "quién toca salsa este finde"."""
    given = {"query": query, "market": market, "when": when, "limit": limit, "explain": explain}
    rendered = call("sonik_search", given)
    if as_json:
        return print_json(rendered)
    _print_entries(rendered.result.hits, title=query)
    print_notes(rendered)
    if rendered.result.trace is not None:
        _print_trace(rendered)
    return None


def whats_on(
    when: Annotated[str, typer.Argument(help="tonight, this_weekend, a date, or FIRST/LAST.")] = "tonight",
    market: Market = None,
    genre: Annotated[list[str] | None, typer.Option(help="Only this genre; give it again for another.")] = None,
    price_max: Annotated[
        float | None, typer.Option(help="Most that a ticket may cost, in the market's currency.")
    ] = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:  # fmt: skip
    """List what is on: sonik whats-on this_weekend --market medellin --genre salsa."""
    given = {"when": when, "market": market, "genres": genre or [], "price_max": price_max, "limit": limit}
    rendered = call("sonik_whats_on", given)
    if as_json:
        return print_json(rendered)
    result = rendered.result
    _print_entries(
        result.events, title=f"{result.market or 'near'}: {result.from_} to {result.to}, {result.total} in all"
    )
    return print_notes(rendered)


def entity(
    ref: Annotated[str, typer.Argument(help="Slug, @handle, domain, place id or address of an entity.")],
    include: Annotated[
        list[str] | None, typer.Option(help="A section: relations, events, sources; give it again for another.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="As known then: ISO 8601 with offset.")] = None,
    as_json: Json = False,
) -> None:
    """Show one entity: sonik entity @handle --include sources."""
    sections = include or ["relations", "events", "sources"]
    given = {"ref": ref, "include": sections, "as_of": as_of, "response_format": "detailed"}
    rendered = call("sonik_get_entity", given)
    if as_json:
        return print_json(rendered)
    console = Console()
    console.print_json(data=rendered.structured())
    return None


def traverse(
    start: Annotated[str, typer.Argument(help="Where to start: a ref, @handle, domain or name.")],
    pattern: Annotated[str, typer.Argument(help=f"One of {', '.join(PATTERNS)}.")],
    lens: Annotated[str | None, typer.Option(help="What edges are worth: operations, fan, artist and others.")] = None,
    graph: Annotated[list[str] | None, typer.Option(help="Graph to walk; repeatable.")] = None,
    max_hops: Annotated[int | None, typer.Option(min=1, max=MOST_HOPS, help="How far to walk.")] = None,
    min_confidence: Annotated[float, typer.Option(min=0, max=1, help="Leave out edges less sure than this.")] = 0.0,
    as_of: Annotated[str | None, typer.Option(help="Edges as known then: ISO 8601 with offset.")] = None,
    limit: Limit = 20, as_json: Json = False,
) -> None:  # fmt: skip
    """Walk a pattern from one entity: sonik traverse @guayacanytimbal artists_at_venue."""
    given = {
        "start": start, "pattern": pattern, "lens": lens, "graphs": graph or [], "max_hops": max_hops,
        "min_confidence": min_confidence, "as_of": as_of, "limit": limit,
    }  # fmt: skip
    rendered = call("sonik_traverse", given)
    if as_json:
        return print_json(rendered)
    result = rendered.result
    table = Table(title=Text(f"{pattern} of {result.start.name}, {result.total} in all"), title_justify="left")
    for column in ("score", "kind", "name", "path", "ref"):
        table.add_column(column, overflow="fold")
    for hit in result.hits:
        table.add_row(*(Text(cell) for cell in (f"{hit.score:.2f}", hit.kind, hit.name, hit.path or "", hit.ref)))
    Console().print(table)
    return print_notes(rendered)


def describe(
    topic: Annotated[str, typer.Argument(help=f"One of {', '.join(TOPICS)}.")],
    name: Annotated[str | None, typer.Argument(help="Only this one, in full.")] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Explain graph types, tables, who writes them, statuses, lenses and markets: sonik describe lenses fan."""
    rendered = call("sonik_describe", {"topic": topic, "name": name})
    if as_json:
        return print_json(rendered)
    table = Table("name", "about", "details")
    for item in rendered.result.items:
        details = json.dumps(item.details, ensure_ascii=False, indent=1) if item.details else ""
        table.add_row(Text(item.name), Text(item.about), Text(details))
    Console().print(table)
    return print_notes(rendered)


def resolve(
    kind: Annotated[str, typer.Argument(help="What it is: venue, artist, event and so on.")],
    name: Annotated[str, typer.Argument(help="Its name.")],
    google_place_id: Annotated[str | None, typer.Option(help="Its Google place id.")] = None,
    instagram: Annotated[str | None, typer.Option(help="Handle or link.")] = None,
    website: Annotated[str | None, typer.Option(help="Its domain or web address.")] = None,
    source: Annotated[str | None, typer.Option(help="System that numbers or names it.")] = None,
    source_id: Annotated[str | None, typer.Option(help="Its id in that system.")] = None,
    when: Annotated[str | None, typer.Option(help="Start of an event, ISO 8601 with offset.")] = None,
    venue: Annotated[str | None, typer.Option(help="Name of an event's venue.")] = None,
    venue_place_id: Annotated[str | None, typer.Option(help="Google place id of that venue.")] = None,
    city: Annotated[str | None, typer.Option(help="City of a venue, or of an event's venue.")] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Say who somebody is by exact identifiers, and what decided: sonik resolve venue Nébula --instagram @nebula."""
    identifiers = {
        "google_place_id": google_place_id, "instagram": instagram, "website": website, "source": source,
        "source_id": source_id,
    }  # fmt: skip
    where = {"name": venue, "google_place_id": venue_place_id, "city": city} if venue else None
    candidate = {
        "kind": kind, "name": name, "identifiers": identifiers, "when": when, "venue": where,
        "city": None if venue else city,
    }  # fmt: skip
    rendered = call("sonik_resolve", {"candidates": [candidate]})
    if as_json:
        return print_json(rendered)
    return _print_resolved(rendered.result.resolved[0])


def call(name: str, given: dict[str, Any]) -> Rendered[Any]:
    """Call a tool as the local caller; what is None is not given."""
    tool = BY_NAME[name]
    settings = Settings()
    wide = {key: value for key, value in given.items() if value is not None}
    if "max_tokens" in tool.arguments.model_fields:
        wide.setdefault("max_tokens", 20_000)
    arguments = tool.arguments.model_validate(wide)
    return with_engine(lambda engine: tool.run(engine, settings.scope(), arguments), settings=settings)


def print_json(rendered: Rendered[Any]) -> None:
    """Print a result as an agent gets it."""
    typer.echo(json.dumps(rendered.structured(), ensure_ascii=False, indent=2))


def _print_entries(entries: list[Entry], *, title: str) -> None:
    table = Table(title=Text(title), title_justify="left")
    for column in ("when", "name", "venue", "price", "why", "ref"):
        table.add_column(column, overflow="fold")
    for shown in entries:
        cells = (
            shown.when or shown.kind, shown.name, shown.venue, shown.price or shown.status, shown.why, shown.ref
        )  # fmt: skip
        table.add_row(*(Text(cell or "") for cell in cells))
    Console().print(table)


def _print_resolved(resolved: Resolved) -> None:
    for problem in resolved.problems or []:
        typer.echo(f"{problem.field}: {problem.reason}")
    if resolved.entity is not None:
        sources = ", ".join(resolved.entity.sources)
        typer.echo(f"{resolved.entity.name} ({resolved.entity.ref}) by {resolved.decided_by}; known to {sources}")
    elif not resolved.problems:
        typer.echo("nobody known")
    if resolved.runner_up is not None:
        typer.echo(f"not {resolved.runner_up.name} ({resolved.runner_up.ref}): {resolved.runner_up.why}")


def print_notes(rendered: Rendered[Any]) -> None:
    """Print what a result says beside its hits."""
    for note in rendered.result.notes or []:
        typer.echo(note)


def _print_trace(rendered: Rendered[Any]) -> None:
    table = Table(title=f"trace {rendered.result.trace_id}", title_justify="left")
    for column in ("step", "ms", "rows", "note"):
        table.add_column(column, justify="right" if column in {"ms", "rows"} else "left")
    for step in rendered.result.trace.steps:
        table.add_row(step.step, f"{step.ms:.2f}", str(step.rows), step.note or "")
    Console().print(table)
