"""The id of the call that is being answered: what it does, writes and returns goes by one id."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from secrets import token_hex

_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def correlation_id() -> str:
    """Return the id of the call that is being answered, or a fresh one where there is none: 16 hex digits."""
    return _current.get() or token_hex(8)


@contextmanager
def correlated() -> Iterator[str]:
    """Yield the fresh id that everything inside goes by."""
    token = _current.set(token_hex(8))
    try:
        yield correlation_id()
    finally:
        _current.reset(token)


def current_id() -> str | None:
    """Return the id of the call that is being answered; None where there is none."""
    return _current.get()
