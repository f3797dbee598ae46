"""What was found a moment ago, held for a few seconds and in bounded number."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Holds a value for at most `seconds` since it was read, and of more than `most` the latest."""

    def __init__(self, *, seconds: float, most: int, monotonic: Callable[[], float]) -> None:
        self._seconds = seconds
        self._most = most
        self._monotonic = monotonic
        self._entries: OrderedDict[K, tuple[V, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Return what is held under a key, if it still counts."""
        entry = self._entries.get(key)
        return entry[0] if entry is not None and self._monotonic() < entry[1] else None

    def put(self, key: K, value: V, *, read_at: float) -> None:
        """Hold a value that was read at a moment."""
        self._entries.pop(key, None)
        self._entries[key] = value, read_at + self._seconds
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Hold nothing any more."""
        self._entries.clear()
