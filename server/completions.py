"""Completions: what may stand for an argument of a prompt or a resource template, as it is being typed."""

from mcp_types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from prompts.catalog import LANGUAGES
from server.callers import reading_scope
from server.deadline import in_time
from server.observing.audited import audited
from server.observing.watching import UNKNOWN
from server.opening import Opening
from sonik import ontology
from sonik.errors import SonikError
from sonik.identity.names import fold
from sonik.retrieval.vocabulary import Vocabulary

MOST = 20
# Arguments whose name says what they are, wherever they stand.
FIXED = {"language": LANGUAGES, "graph": ontology.GRAPHS}
ARGUMENTS = frozenset((*FIXED, "market", "slug", "ref"))


async def complete(
    opening: Opening, of: PromptReference | ResourceTemplateReference, argument: CompletionArgument,
    context: CompletionContext | None,
) -> Completion | None:  # fmt: skip
    """Return what the argument can become; nothing where a store does not answer, for a hint is not worth an error."""
    del context
    asked = {"of": of.model_dump(mode="json"), "argument": argument.name, "value": argument.value}
    target = argument.name if argument.name in ARGUMENTS else UNKNOWN
    with audited(opening, "completion/complete", target, asked) as note:
        try:
            return await _complete(opening, argument)
        except SonikError as error:
            note.outcome = error.code
            return _completion([])


async def _complete(opening: Opening, argument: CompletionArgument) -> Completion | None:
    typed = argument.value
    if argument.name in FIXED:
        return _completion([value for value in FIXED[argument.name] if value.startswith(typed.strip().lower())])
    engine = await opening.engine()
    if argument.name in {"market", "slug"}:
        return _completion(_markets(engine.vocabulary, typed))
    if argument.name == "ref":
        scope, seconds = reading_scope(opening.settings), opening.settings.read_seconds
        async with in_time("The completion", seconds=seconds, narrow="Type a few letters more."):
            return _completion(await engine.refs_starting(typed, scope=scope, limit=MOST + 1))
    return None


def _markets(vocabulary: Vocabulary, typed: str) -> list[str]:
    start = fold(typed)
    return [
        market.slug
        for market in vocabulary.markets
        if any(fold(name).startswith(start) for name in (market.slug, market.name, *market.aliases))
    ]


def _completion(values: list[str]) -> Completion:
    return Completion(
        values=values[:MOST], total=None if len(values) > MOST else len(values), has_more=len(values) > MOST
    )
