"""The set `product`: the world at a frozen moment, its questions, and the judgements, the same each time."""

from datetime import UTC, datetime
from functools import cache

from eval.dataset import Corpus, Dataset, Frozen, Qrels
from eval.product.passages import passages
from eval.product.questions import Asked, Split, ask
from sonik.ingest.samples.world import SEED, make_world

NAME = "product"
# A Saturday afternoon in all three cities.
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
SPLITS: dict[str, tuple[Split, ...]] = {
    NAME: ("dev", "heldout"),
    f"{NAME}-dev": ("dev",),
    f"{NAME}-heldout": ("heldout",),
}
"""By name: everything, the part to tune on, and the third that is for reports only."""


def product(name: str) -> Dataset:
    """Return the set or one of its parts by name."""
    corpus, asked = _whole()
    kept = [one for one in asked if one.split in SPLITS[name]]
    return Dataset(
        name=name,
        corpus=corpus,
        queries=tuple(one.query for one in kept),
        qrels=Qrels(grades={one.query.id: dict.fromkeys(one.answers, 1) for one in kept}),
    )


@cache
def _whole() -> tuple[Corpus, tuple[Asked, ...]]:
    world = make_world(NOW, seed=SEED)
    corpus = Corpus(name=NAME, passages=tuple(passages(world)), world=Frozen(now=NOW, seed=SEED))
    return corpus, tuple(ask(world))
