"""What a call does inside, told as it happens to whoever watches it; unless somebody does, nothing is kept."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

Kind = Literal["stage", "store"]
Store = Literal["postgres", "graph", "vectors", "embedder"]
STORES: tuple[Store, ...] = get_args(Store)
Event = Literal["cache_exact", "cache_semantic", "cache_stale", "cache_missed", "weights_learned"]


@dataclass(kw_only=True, slots=True)
class Part:
    """A part of a call: a stage of an answer, or a question to a store; `name` and `note` are words of ours."""

    kind: Kind
    name: str
    rows: int = 0
    note: str = ""


class Watch(Protocol):
    """Somebody who watches."""

    def during(self, part: Part) -> AbstractContextManager[Part]:
        """Watch a part from its beginning to its end; its rows and note are known at the end."""
        ...

    def counted(self, event: Event, amount: int) -> None:
        """Take note that something happened."""
        ...

    def stands(self, store: Store, *, away: bool) -> None:
        """Take note that a store went away, or is back."""
        ...


_WATCHING: ContextVar[Watch | None] = ContextVar("sonik_watching", default=None)


@contextmanager
def watched_by(watch: Watch) -> Iterator[None]:
    """Let somebody watch what is done in this context, and in the tasks that begin here."""
    token = _WATCHING.set(watch)
    try:
        yield
    finally:
        _WATCHING.reset(token)


def during(part: Part) -> AbstractContextManager[Part]:
    """Let whoever watches see a part; the block says what came of it."""
    watch = _WATCHING.get()
    return nullcontext(part) if watch is None else watch.during(part)


def counted(event: Event, amount: int = 1) -> None:
    """Let whoever watches know that something happened."""
    watch = _WATCHING.get()
    if watch is not None and amount:
        watch.counted(event, amount)


def stands(store: Store, *, away: bool) -> None:
    """Let whoever watches know that a store went away, or is back."""
    watch = _WATCHING.get()
    if watch is not None:
        watch.stands(store, away=away)
