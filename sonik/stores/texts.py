"""What the text store holds and how it is asked: values only, so that asking does not load the driver."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from sonik.types import Language, Near, Scope, Window

Vector = Sequence[float] | npt.NDArray[np.float32] | npt.NDArray[np.float64]

EVENT = "event"
# What takes place somewhere: without a market or coordinates it cannot answer a question about a place.
PLACED_KINDS = (EVENT, "venue")


@dataclass(frozen=True, kw_only=True, slots=True)
class TextRow:
    """The searchable text and vector of one vertex. Times are aware; `seq` is the truth's order of changes."""

    id: str
    graph: str
    kind: str
    collection: str
    owner_org: str | None
    visibility: str
    market: str | None
    name: str
    text_es: str
    text_pt: str
    text_en: str
    genres: tuple[str, ...]
    starts_at: datetime | None
    ends_at: datetime | None
    price_min: float | None
    lat: float | None
    lng: float | None
    version: int
    seq: int
    vector: Vector


@dataclass(frozen=True, kw_only=True, slots=True)
class TextFilter:
    """What may be found: the scope always, the rest where given. Empty tuples and None do not filter.

    A window keeps rows without times, and a price limit touches events only. A market or a circle keeps rows
    that have no place, unless they are events or venues.
    """

    scope: Scope
    kinds: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()
    market: str | None = None
    window: Window | None = None
    genres: tuple[str, ...] = ()
    price_max: float | None = None
    near: Near | None = None


class Match(NamedTuple):
    """One row found, and how well it fits: cosine similarity or BM25, as the search says."""

    id: str
    kind: str
    score: float


class TextReader(Protocol):
    """Texts and vectors as answers ask for them."""

    async def nearest(self, vector: Vector, *, where: TextFilter, limit: int) -> list[Match]:
        """Return the permitted rows closest to a vector, best first; the score is the cosine similarity."""

    async def matching(self, text: str, *, language: Language, where: TextFilter, limit: int) -> list[Match]:
        """Return the permitted rows that share words with a text, best first; the score is BM25."""

    async def vectors_of(self, ids: Sequence[str]) -> dict[str, npt.NDArray[np.float32]]:
        """Return the stored vectors of the ids that are there. Callers have checked that these may be seen."""

    async def check(self) -> None:
        """Read one row with its vector."""
