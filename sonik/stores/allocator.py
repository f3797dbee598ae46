"""What the C allocator keeps for itself: memory that libraries have freed, a share for each of their threads."""

import ctypes
from collections.abc import Callable

ARENAS = 2
_M_ARENA_MAX = -8  # glibc's malloc.h


def share_arenas() -> None:
    """Let all threads of this process share two arenas; to be called before there are many.

    LanceDB and onnxruntime run dozens, and an arena never gives back what its largest burst took: a fifth of a server.
    """
    _glibc("mallopt", lambda mallopt: mallopt(_M_ARENA_MAX, ARENAS))


def give_back() -> None:
    """Return freed memory to the system, after something large was done with."""
    _glibc("malloc_trim", lambda malloc_trim: malloc_trim(0))


def _glibc(name: str, call: Callable[[Callable[..., int]], int]) -> None:
    # Other C libraries have neither, and need neither.
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        call(function)
