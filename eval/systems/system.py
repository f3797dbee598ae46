"""What every system can do, and where it may keep its files."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from eval.dataset import Corpus
from sonik.stores.embedding import Embedder
from sonik.types import JsonObject


class System(Protocol):
    """A way from a question to ranked passage ids."""

    @property
    def settings(self) -> JsonObject:
        """What its results depend on, for the record; known before anything is indexed."""

    async def index(self, corpus: Corpus) -> float:
        """Make a corpus searchable and return the seconds it takes from nothing, whatever was kept from before."""

    async def search(self, question: str, k: int) -> list[str]:
        """Return the ids of the k best passages, best first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop:
    """What systems share: a folder for what may be used again, and the product's embedder."""

    folder: Path
    embedder: Embedder


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A system under its name; `open` yields it, and closes it at the end of the run."""

    name: str
    about: str
    open: Callable[[Workshop], AbstractAsyncContextManager[System]]
