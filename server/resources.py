"""Resources: an entity as a page, a market's evening, and the schema of each graph."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from pydantic import ValidationError

from server.callers import reading_scope
from server.opening import Opening
from sonik import ontology
from sonik.errors import InvalidInput, NotFound, SonikError, did_you_mean
from sonik.retrieval.listing import EVENING
from tools.arguments import problems
from tools.entity import EntityArguments, sonik_get_entity
from tools.whats_on import WhatsOnArguments, sonik_whats_on

if TYPE_CHECKING:
    from server.app import SonikServer


def add_resources(server: "SonikServer") -> None:
    """Register the resource templates."""

    @server.resource("sonik://entity/{ref}", title="Entity", mime_type="application/json")
    async def entity(ref: str, ctx: Context[Opening]) -> str:
        """One entity with its neighbours, coming events and sources."""
        opening = ctx.request_context.lifespan_context
        with _told():
            engine = await opening.engine()
            asked = EntityArguments(ref=ref, include=["relations", "events", "sources"], response_format="detailed")
            rendered = await sonik_get_entity(engine, reading_scope(opening.settings), asked)
        return json.dumps(rendered.structured(), ensure_ascii=False)

    @server.resource("sonik://market/{slug}/tonight", title="Tonight in a market", mime_type="application/json")
    async def tonight(slug: str, ctx: Context[Opening]) -> str:
        """What is on tonight in a market, in order of time."""
        opening = ctx.request_context.lifespan_context
        with _told():
            engine = await opening.engine()
            asked = WhatsOnArguments(when="tonight", market=slug, limit=EVENING, response_format="detailed")
            rendered = await sonik_whats_on(engine, reading_scope(opening.settings), asked)
        return json.dumps(rendered.structured(), ensure_ascii=False)

    @server.resource("sonik://schema/{graph}", title="Graph schema", mime_type="application/json")
    async def schema(graph: str) -> str:
        """The vertex and edge types of one graph: operations, knowledge or agent_memory."""
        if graph not in ontology.GRAPHS:
            hint = did_you_mean(graph, list(ontology.GRAPHS))
            raise ResourceNotFoundError(f"There is no graph '{graph[:40]}'. {hint}")
        return json.dumps(describe_graph(graph), ensure_ascii=False)


@contextmanager
def _told() -> Iterator[None]:
    """Turn our errors into those of resources."""
    try:
        yield
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
