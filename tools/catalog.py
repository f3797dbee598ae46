"""The one list of tools: name, title, arguments, result, and what each does to the world."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sonik.types import Role, Scope
from tools.arguments import Arguments
from tools.describe import DescribeArguments, sonik_describe
from tools.entity import EntityArguments, EntityResult, sonik_get_entity
from tools.insights import InsightsArguments, InsightsResult, sonik_insights
from tools.job import JobArguments, JobResult, sonik_job
from tools.recall import RecallArguments, RecallResult, sonik_recall
from tools.remember import RememberArguments, RememberResult, sonik_remember
from tools.rendering import Rendered
from tools.resolve import ResolveArguments, ResolveResult, sonik_resolve
from tools.results import DescribeResult, Result, SearchResult, TraverseResult, WhatsOnResult
from tools.search import SearchArguments, sonik_search
from tools.traverse import TraverseArguments, sonik_traverse
from tools.upsert import UpsertArguments, UpsertResult, sonik_upsert
from tools.whats_on import WhatsOnArguments, sonik_whats_on

if TYPE_CHECKING:
    from sonik.engine import Engine

A = TypeVar("A", bound=Arguments)
R = TypeVar("R", bound=Result)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool(Generic[A, R]):
    """A tool: its docstring is what agents read; the four hints are stated, never left to a default.

    `narrow` says how to ask for less, where a call took too long.
    """

    title: str
    arguments: type[A]
    result: type[R]
    run: "Callable[[Engine, Scope, A], Awaitable[Rendered[R]]]"
    scope: Role = "reader"
    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    open_world: bool = False
    narrow: str = "Try again."

    @property
    def name(self) -> str:
        """The name agents call it by."""
        return self.run.__name__

    @property
    def description(self) -> str:
        """The docstring, one paragraph a line."""
        paragraphs = (self.run.__doc__ or "").split("\n\n")
        return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)

    async def call(self, engine: "Engine", scope: Scope, given: Mapping[str, object]) -> Rendered[R]:
        """Validate the arguments whole, then run.

        Raises:
            pydantic.ValidationError: an argument is missing, unknown or wrong.
        """
        return await self.run(engine, scope, self.arguments.model_validate(given))


AnyTool = Tool[Any, Any]

# Whose scope reaches further than a reader's.
_REACH: Mapping[Role, frozenset[Role]] = {"ingest": frozenset(("ingest", "staff"))}


def scopes_of(role: Role) -> tuple[Role, ...]:
    """Return the scopes that a role holds: every tool of one of them is for it."""
    return ("reader", *(scope for scope, roles in _REACH.items() if role in roles))


TOOLS: tuple[AnyTool, ...] = (
    Tool(
        title="Search",
        arguments=SearchArguments,
        result=SearchResult,
        run=sonik_search,
        narrow="Name a market, a date or kinds.",
    ),
    Tool(
        title="What's on",
        arguments=WhatsOnArguments,
        result=WhatsOnResult,
        run=sonik_whats_on,
        narrow="Ask for a shorter `when`, or one market.",
    ),
    Tool(
        title="Get entity",
        arguments=EntityArguments,
        result=EntityResult,
        run=sonik_get_entity,
        narrow="Include fewer sections.",
    ),
    Tool(
        title="Traverse",
        arguments=TraverseArguments,
        result=TraverseResult,
        run=sonik_traverse,
        narrow="Walk fewer max_hops, or with a higher min_confidence.",
    ),
    Tool(title="Describe", arguments=DescribeArguments, result=DescribeResult, run=sonik_describe),
    Tool(
        title="Resolve",
        arguments=ResolveArguments,
        result=ResolveResult,
        run=sonik_resolve,
        narrow="Send fewer candidates.",
    ),
    Tool(
        title="Upsert",
        arguments=UpsertArguments,
        result=UpsertResult,
        run=sonik_upsert,
        scope="ingest",
        read_only=False,
        destructive=True,
        narrow="Send fewer records, with the same idempotency_key: what was written is not written again.",
    ),
    Tool(title="Remember", arguments=RememberArguments, result=RememberResult, run=sonik_remember, read_only=False),
    Tool(
        title="Recall",
        arguments=RecallArguments,
        result=RecallResult,
        run=sonik_recall,
        narrow="Name a session or kinds.",
    ),
    Tool(
        title="Insights",
        arguments=InsightsArguments,
        result=InsightsResult,
        run=sonik_insights,
        narrow="Ask for fewer days.",
    ),
    Tool(title="Job", arguments=JobArguments, result=JobResult, run=sonik_job),
)
BY_NAME = {tool.name: tool for tool in TOOLS}
