"""What a walk takes: every pattern that fits, from venues and artists of a synthetic world."""

from time import perf_counter

from sonik.engine import Engine
from sonik.retrieval.traversal import Traversal
from tests.bench.homes import READER
from tests.bench.spread import without_gc

# The names of venues and artists of the world begin so.
BEGINNINGS = ("salon", "patio", "bodega", "faro", "nave")
EACH = 6
WARM_UP = 10
WALKS = 200
PATTERNS = {
    "venue": ("artists_at_venue", "similar", "neighbors", "influence"),
    "artist": ("similar", "neighbors", "influence"),
}


async def walks(engine: Engine) -> list[float]:
    """Walk pattern after pattern; return the milliseconds each walk took."""
    asked = [
        Traversal(start=ref, pattern=pattern) for ref, kind in await _starts(engine) for pattern in PATTERNS[kind]
    ]  # fmt: skip
    for one in asked[:WARM_UP]:
        await engine.traverse(one, scope=READER)
    taken = []
    with without_gc():
        for turn in range(WALKS):
            started = perf_counter()
            await engine.traverse(asked[turn % len(asked)], scope=READER)
            taken.append((perf_counter() - started) * 1000)
    return taken


async def _starts(engine: Engine) -> list[tuple[str, str]]:
    """Return refs with their kinds."""
    refs = [ref for word in BEGINNINGS for ref in await engine.refs_starting(word, scope=READER, limit=EACH)]
    cards = [(await engine.entity(ref, include=(), scope=READER)).card for ref in refs]
    return [(card.ref, card.kind) for card in cards if card.kind in PATTERNS]
