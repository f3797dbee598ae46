"""Answers: ranked cards, and the reason each one is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sonik.retrieval.cards import Card
from sonik.retrieval.seeds import Seeds
from sonik.retrieval.understand import Understood
from sonik.types import Trace, WalkedEdge


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why an entity is a hit: the way that led to it, by name and by edge; `via` is the event on that way."""

    path: tuple[str, ...] = ()
    edges: tuple[WalkedEdge, ...] = ()
    named: bool = False
    via: Card | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A card, its score in [0, 1] within this question, and why it is here."""

    card: Card
    score: float
    reason: Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a search returns. `more` says that further hits follow, `dropped` what was asked for but not held to."""

    hits: tuple[Hit, ...]
    understood: Understood
    trace: Trace
    more: bool
    dropped: tuple[str, ...] = ()


def reason(key: str, *, seeds: Seeds, path: Sequence[WalkedEdge], cards: Mapping[str, Card]) -> Reason:
    """Name the way to a hit; a way that crosses something the caller may not see is not told."""
    named = key in seeds.named
    vertices = _vertices(path, key)
    if not path or any(vertex not in cards for vertex in vertices):
        return Reason(named=named)
    names = [cards[vertices[0]].name]
    for edge, vertex in zip(path, vertices[1:], strict=True):
        names += [edge.type, cards[vertex].name]
    between = [cards[vertex] for vertex in vertices[:-1] if cards[vertex].kind == "event"]
    return Reason(path=tuple(names), edges=tuple(path), named=named, via=between[-1] if between else None)


def _vertices(path: Sequence[WalkedEdge], target: str) -> list[str]:
    """Return the vertices of a path from its start to its target."""
    vertices = [target]
    for edge in reversed(path):
        vertices.append(edge.src if edge.dst == vertices[-1] else edge.dst)
    return vertices[::-1]
