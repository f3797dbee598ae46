"""Writes down what one search asks of the stores, in order, so that it can be asked again without Sonik."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import LiteralString
from unittest.mock import patch

from sonik.engine import Engine
from sonik.ontology import Graph
from sonik.retrieval.question import Question
from sonik.stores.embedding import MiniLm
from sonik.stores.graph import Graphs
from sonik.stores.lance import Expr
from sonik.stores.postgres import Params, Session
from sonik.stores.text_filter import permitted
from sonik.stores.texts import TextFilter, Vector
from sonik.stores.vectors import Vectors
from sonik.types import Language
from tests.bench.homes import READER


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """A query to PostgreSQL."""

    query: LiteralString
    params: Params | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """A read-only query to a graph."""

    graph: Graph
    query: str
    params: Params | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """The rows nearest to the question's vector."""

    where: Expr
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The rows that share words with the question."""

    text: str
    language: Language
    where: Expr
    limit: int


Call = Rows | Walk | Near | Words


@dataclass(kw_only=True, slots=True)
class Recording:
    """One search: the text that was embedded, if any; each call, and how many rows it brought."""

    embedded: str | None = None
    calls: list[Call] = field(default_factory=list)
    found: list[int] = field(default_factory=list)


# Tasks of the search inherit it; those of the engine's background were begun before and do not.
_current: ContextVar[Recording | None] = ContextVar("recording", default=None)


async def record(engine: Engine, query: str) -> Recording:
    """Search once and return what was asked of the stores."""
    recording = Recording()
    with _listening():
        token = _current.set(recording)
        try:
            await engine.search(Question(query=query), scope=READER)
        finally:
            _current.reset(token)
    return recording


@contextmanager
def _listening() -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, as_call in (
            (Session, "fetch", _fetched),
            (Session, "rows", _read),
            (Graphs, "read", _walked),
            (Vectors, "nearest", _nearest),
            (Vectors, "matching", _matched),
        ):
            stack.enter_context(patch.object(owner, name, _noting(getattr(owner, name), as_call)))
        stack.enter_context(patch.object(MiniLm, "question", _embedding(MiniLm.question)))
        yield


def _noting(original: Callable[..., object], as_call: Callable[..., Call]) -> Callable[..., object]:
    async def noted(*args: object, **kwargs: object) -> object:
        recording = _current.get()
        if recording is None:
            return await original(*args, **kwargs)  # type: ignore[misc]
        place = len(recording.calls)
        recording.calls.append(as_call(*args[1:], **kwargs))
        recording.found.append(0)
        result = await original(*args, **kwargs)  # type: ignore[misc]
        recording.found[place] = len(result)
        return result

    return noted


def _embedding(original: Callable[..., object]) -> Callable[..., object]:
    async def noted(embedder: MiniLm, text: str) -> object:
        recording = _current.get()
        if recording is not None:
            recording.embedded = text
        return await original(embedder, text)  # type: ignore[misc]

    return noted


def _fetched(_: type, query: LiteralString, params: Params | None = None) -> Rows:
    return Rows(query=query, params=params)


def _read(query: LiteralString, params: Params | None = None) -> Rows:
    return Rows(query=query, params=params)


def _walked(graph: Graph, query: str, params: Params | None = None) -> Walk:
    return Walk(graph=graph, query=query, params=params)


def _nearest(_: Vector, *, where: TextFilter, limit: int) -> Near:
    return Near(where=permitted(where), limit=limit)


def _matched(text: str, *, language: Language, where: TextFilter, limit: int) -> Words:
    return Words(text=text, language=language, where=permitted(where), limit=limit)
