"""The MCP Inspector's command line: a process, and so a connection, for each thing it is asked."""

import json
from collections.abc import Iterator, Sequence
from subprocess import TimeoutExpired

from eval.clients.plan import SERVE, Plan, Step, Target, Visit
from eval.node import Node

NAME = "MCP Inspector"
SCRIPT = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
RUN_SECONDS = 120


def visit(target: Target, plan: Plan, *, node: Node) -> Visit:
    """Do everything in the plan that it can do: it neither completes nor listens."""
    steps = [_done(kind, name, words, target, node) for kind, name, words in _asked(plan)]
    return Visit(client=NAME, transport=target.transport, era=target.era, steps=steps)


def _asked(plan: Plan) -> Iterator[tuple[str, str, Sequence[str]]]:
    # Strict: it also looks for what other clients could stumble over in schemas.
    yield "lists", "tools", ("tools/list", "--strict")
    yield "lists", "templates", ("resources/templates/list",)
    yield "lists", "prompts", ("prompts/list",)
    for name, given in plan.tools.items():
        yield "tools", name, ("tools/call", "--tool-name", name, "--tool-args-json", json.dumps(given))
    for uri in plan.resources:
        yield "resources", uri, ("resources/read", "--uri", uri)
    for name, told in plan.prompts.items():
        pairs = [f"{key}={value}" for key, value in told.items()]
        yield "prompts", name, ("prompts/get", "--prompt-name", name, "--prompt-args", *pairs)


def _done(kind: str, name: str, words: Sequence[str], target: Target, node: Node) -> Step:
    method, *more = words
    arguments = ["--cli", *_way(target), "--protocol-era", target.era, "--format", "json", "-q", "--method", method]
    try:
        ran = node.run(SCRIPT, [*arguments, *more], seconds=RUN_SECONDS)
    except TimeoutExpired:
        return Step(kind=kind, name=name, ok=False, note="it did not end in time")
    told = (ran.stderr.strip() or ran.stdout.strip())[-200:]
    return Step(
        kind=kind, name=name, ok=ran.returncode == 0, note=f"{ran.returncode}: {told}" if ran.returncode else ""
    )


def _way(target: Target) -> list[str]:
    if target.transport == "http":
        headers = [word for name, value in target.headers.items() for word in ("--header", f"{name}: {value}")]
        return [target.url, "--transport", "http", *headers]
    settings = [word for name, value in target.environment.items() for word in ("-e", f"{name}={value}")]
    return [*SERVE, *settings]
