"""Resources: an entity as a page, a market's evening, and the schema of each graph."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from pydantic import ValidationError

from server.callers import reading_scope
from server.deadline import in_time
from server.opening import Opening
from sonik import ontology
from sonik.errors import InvalidInput, NotFound, SonikError, did_you_mean
from sonik.retrieval.listing import EVENING
from sonik.types import Scope
from tools.arguments import problems
from tools.entity import EntityArguments, sonik_get_entity
from tools.whats_on import WhatsOnArguments, sonik_whats_on

if TYPE_CHECKING:
    from server.app import SonikServer
    from sonik.engine import Engine


def add_resources(server: "SonikServer") -> None:
    """Register the resource templates."""

    @server.resource("sonik://entity/{ref}", title="Entity", mime_type="application/json")
    async def entity(ref: str, ctx: Context[Opening]) -> str:
        """One entity with its neighbours, coming events and sources."""
        async with _reading(ctx, narrow="Ask sonik_get_entity for fewer sections.") as (engine, scope):
            asked = EntityArguments(ref=ref, include=["relations", "events", "sources"], response_format="detailed")
            rendered = await sonik_get_entity(engine, scope, asked)
        return json.dumps(rendered.structured(), ensure_ascii=False)

    @server.resource("sonik://market/{slug}/tonight", title="Tonight in a market", mime_type="application/json")
    async def tonight(slug: str, ctx: Context[Opening]) -> str:
        """What is on tonight in a market, in order of time."""
        async with _reading(ctx, narrow="Ask sonik_whats_on for fewer events.") as (engine, scope):
            asked = WhatsOnArguments(when="tonight", market=slug, limit=EVENING, response_format="detailed")
            rendered = await sonik_whats_on(engine, scope, asked)
        return json.dumps(rendered.structured(), ensure_ascii=False)

    @server.resource("sonik://schema/{graph}", title="Graph schema", mime_type="application/json")
    async def schema(graph: str) -> str:
        """The vertex and edge types of one graph: operations, knowledge or agent_memory."""
        if graph not in ontology.GRAPHS:
            hint = did_you_mean(graph, list(ontology.GRAPHS))
            raise ResourceNotFoundError(f"There is no graph '{graph[:40]}'. {hint}")
        return json.dumps(describe_graph(graph), ensure_ascii=False)


@asynccontextmanager
async def _reading(ctx: Context[Opening], *, narrow: str) -> AsyncIterator[tuple["Engine", Scope]]:
    """Yield what a resource is read from and for whom, as long as a read may take; our errors become a resource's."""
    opening = ctx.request_context.lifespan_context
    try:
        engine = await opening.engine()
        async with in_time("The resource", seconds=opening.settings.read_seconds, narrow=narrow):
            yield engine, reading_scope(opening.settings)
    except ValidationError as error:
        raise ResourceNotFoundError(problems(error)) from error
    except (NotFound, InvalidInput) as error:
        raise ResourceNotFoundError(str(error)) from error
    except SonikError as error:
        raise ResourceError(str(error)) from error


def describe_graph(graph: str) -> dict[str, object]:
    """Return the types of one graph as plain data."""
    return {
        "graph": graph,
        "vertices": [
            {"label": v.label, "kind": v.kind, "properties": list(v.properties)}
            for v in ontology.VERTICES
            if graph in ontology.graphs_of(v.label)
        ],
        "edges": [
            {"type": e.name, "joins": [f"{a}->{b}" for a, b in e.ends], "base_weight": e.base_weight}
            for e in ontology.EDGES
            if e.graph == graph
        ],
        "every_edge_has": list(ontology.EDGE_COMMON),
    }
