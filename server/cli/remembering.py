"""Commands that learn from people as from agents: remember, recall, insights. They call the same tools."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.cli.reading import Json, call, print_json, print_notes

Session = Annotated[str | None, typer.Option("--session", help="Name of the session it belongs to.")]


def remember(
    kind: Annotated[str, typer.Argument(help="outcome, note, blocker or decision.")],
    text: Annotated[str, typer.Argument(help="What to keep; an outcome may do without.")] = "",
    trace: Annotated[str | None, typer.Option(help="The trace_id of the answer that is judged.")] = None,
    verdict: Annotated[str | None, typer.Option(help="useful, partial, wrong or dead_end.")] = None,
    ref: Annotated[list[str] | None, typer.Option(help="A hit that is meant; give it again for another.")] = None,
    session: Session = None,
    as_json: Json = False,
) -> None:
    """Judge an answer or keep a note: sonik remember outcome --trace ID --verdict useful."""
    given = {
        "kind": kind, "text": text, "trace_id": trace, "verdict": verdict, "refs": ref or [], "session_id": session
    }  # fmt: skip
    rendered = call("sonik_remember", given)
    if as_json:
        return print_json(rendered)
    typer.echo(rendered.text)
    return print_notes(rendered)


def recall(
    query: Annotated[str, typer.Argument(help="What it was about; without it the newest are shown.")] = "",
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; give it again for another.")] = None,
    session: Session = None,
    limit: Annotated[int, typer.Option(min=1, max=50, help="Most notes to show.")] = 8,
    as_json: Json = False,
) -> None:
    """Find notes of earlier sessions: sonik recall "salsa en Quito"."""
    given = {"query": query, "kinds": kind or [], "session_id": session, "limit": limit}
    rendered = call("sonik_recall", given)
    if as_json:
        return print_json(rendered)
    table = Table("kind", "text", "at", "ref")
    for memory in rendered.result.memories:
        table.add_row(*map(Text, (memory.kind, memory.text.source_text, memory.at, memory.ref)))
    Console().print(table)
    return print_notes(rendered)


def insights(
    topic: Annotated[
        str,
        typer.Argument(help="hot_paths, blockers, top_queries, weights, cache, sync, quality, campaigns or events."),
    ],
    days: Annotated[int, typer.Option(min=1, max=365, help="How far to look back.")] = 30,
    limit: Annotated[int, typer.Option(min=1, max=50, help="Most findings to show.")] = 10,
    organisation: Annotated[str | None, typer.Option(help="Whose campaigns or events; for staff.")] = None,
    as_json: Json = False,
) -> None:
    """Show what use tells: sonik insights blockers --days 7."""
    given = {"topic": topic, "days": days, "limit": limit, "organisation": organisation}
    rendered = call("sonik_insights", given)
    if as_json:
        return print_json(rendered)
    table = Table("what", "figures")
    for item in rendered.result.items:
        asked = "; ".join(text.source_text for text in item.asked or ())
        figures = ", ".join(f"{name} {value}" for name, value in item.figures.items())
        table.add_row(Text(item.name or asked), Text(figures))
    Console().print(table)
    return print_notes(rendered)
