"""What every client does with our server: each tool by its own example, each resource, prompt and completion."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from eval.serving import Market
from prompts.catalog import PROMPTS
from sonik.types import JsonObject
from tools.catalog import TOOLS

Era = Literal["legacy", "modern"]
Transport = Literal["stdio", "http"]
ERAS: tuple[Era, ...] = get_args(Era)
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)
MODERN = "2026-07-28"
TONIGHT = "sonik://market/medellin/tonight"
SERVE = (sys.executable, "-m", "server.cli", "serve")

_EXAMPLE = re.compile(r"Example: (\{.*\})\.", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is called, read and asked; what is listed must be this and nothing else."""

    tools: Mapping[str, JsonObject]
    resources: Sequence[str]
    templates: Sequence[str]
    prompts: Mapping[str, Mapping[str, str]]
    completions: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A way to the server; `headers` hold the key of a caller over HTTP."""

    transport: Transport
    era: Era
    url: str
    headers: Mapping[str, str]
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing a client did, and whether it got what there is."""

    kind: str
    name: str
    ok: bool
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """What one client did over one transport in one era."""

    client: str
    transport: Transport
    era: Era
    steps: Sequence[Step] = field(default_factory=tuple)

    def of(self, kind: str) -> list[Step]:
        """Return the steps of a kind."""
        return [step for step in self.steps if step.kind == kind]


def plan_for(market: Market) -> Plan:
    """Return the plan over a sample market."""
    # A job and a trace are of one installation, so no example in a docstring can name them.
    own: dict[str, JsonObject] = {
        "sonik_job": {"job_id": _a_job(market)},
        "sonik_remember": {"kind": "note", "text": "A client was here."},
    }
    return Plan(
        tools={tool.name: own.get(tool.name) or example(tool.description) for tool in TOOLS},
        resources=(TONIGHT, "sonik://entity/nebula", "sonik://schema/operations"),
        templates=("sonik://entity/{ref}", "sonik://market/{slug}/tonight", "sonik://schema/{graph}"),
        prompts={prompt.name: {"market": "medellin"} for prompt in PROMPTS},
        completions=(("sonik://entity/{ref}", "ref", "neb"), ("sonik://market/{slug}/tonight", "slug", "med")),
    )


def example(description: str) -> JsonObject:
    """Return the example in a tool's description.

    Raises:
        ValueError: there is none.
    """
    found = _EXAMPLE.search(description)
    if found is None:
        raise ValueError(f"there is no example in: {description[:80]}")
    told: JsonObject = json.loads(" ".join(found[1].split()))
    return told


def _a_job(market: Market) -> str:
    records = market.folder / "one.jsonl"
    records.write_text('{"kind": "venue", "name": "Sala Testigo", "market": "medellin", "source_id": "w1"}\n')
    market.run("ingest", str(records), "--source", "witness", "--background")
    jobs = json.loads(market.run("job", "list", "--limit", "1", "--json"))
    return str(jobs[0]["id"])
