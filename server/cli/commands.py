"""Every command of `sonik` with its module and its summary, which is what its own help says of it."""

from server.cli.deferred import Deferred


def _of(module: str, *commands: tuple[str, str]) -> tuple[Deferred, ...]:
    """Return the commands of a module; each is a function of its name."""
    return tuple(
        Deferred(name=name, module=f"server.cli.{module}", attribute=name.replace("-", "_"), summary=summary)
        for name, summary in commands
    )


def _group(name: str, module: str, summary: str) -> Deferred:
    return Deferred(name=name, module=f"server.cli.{module}", attribute="app", summary=summary)


COMMANDS = (
    *_of(
        "reading",
        ("search", 'Answer a question: sonik search "quién toca salsa este finde".'),
        ("whats-on", "List what is on: sonik whats-on this_weekend --market medellin --genre salsa."),
        ("entity", "Show one entity: sonik entity @handle --include sources."),
        ("traverse", "Walk a pattern from one entity: sonik traverse @guayacanytimbal artists_at_venue."),
        (
            "describe",
            "Explain graph types, tables, who writes them, statuses, lenses and markets: sonik describe lenses fan.",
        ),
        (
            "resolve",
            "Say who somebody is by exact identifiers, and what decided: "
            "sonik resolve venue Nébula --instagram @nebula.",
        ),
    ),
    *_of(
        "remembering",
        ("remember", "Judge an answer or keep a note: sonik remember outcome --trace ID --verdict useful."),
        ("recall", 'Find notes of earlier sessions: sonik recall "salsa en Quito".'),
        ("insights", "Show what use tells: sonik insights blockers --days 7."),
    ),
    *_of(
        "writing",
        ("ingest", "Take records in: every line gets a receipt (created, updated, unchanged, refused and why)."),
    ),
    *_of(
        "operating",
        ("serve", "Serve MCP over stdio, for Claude Desktop, Claude Code, Cursor and others, or over HTTP."),
        ("up", "Start the embedded servers and leave them running."),
        ("down", "Stop the embedded servers."),
        ("status", "Show which embedded servers run."),
        ("doctor", "Examine this installation and say what to mend."),
        ("demo", "Fill an own home with the sample market and ask Sonik through a real MCP client."),
    ),
    *_of(
        "keeping",
        ("backup", "Write everything that cannot be made again into a new directory, while servers go on."),
        ("restore", "Fill an empty SONIK_HOME (or an empty database) from a backup; graph and vectors are made anew."),
        ("upgrade", "Bring what is stored up to this version: the schema, and the vectors if another model made them."),
    ),
    *_of(
        "about",
        ("version", "Print the version."),
    ),
    _group("job", "jobs", "Show jobs, cancel them, try them again, do them."),
    _group("keys", "access", "Make keys for callers over the network, list them, revoke them."),
    _group("people", "people", "Add people who sign in with a browser, list them, revoke them."),
    _group("audit", "auditing", "Show who called and wrote what, seal the log, check its seals."),
    _group("cache", "caching", "Show what is kept of answers, and forget it."),
    _group("learn", "learning", "Learn from use, show what was learned, take it back."),
    _group("sync", "syncing", "Project truth into graph and vectors."),
)
