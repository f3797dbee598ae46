"""The one list of systems."""

from functools import partial

from eval.systems.bm25 import open_bm25
from eval.systems.dense import open_dense
from eval.systems.rrf import open_rrf
from eval.systems.sonik import open_sonik
from eval.systems.system import Entry
from eval.systems.understood import open_understood
from sonik.errors import NotFound, did_you_mean
from sonik.retrieval.ablation import PARTS

SYSTEMS = (
    Entry(name="sonik", about="the engine as it is shipped, over its own stores", open=open_sonik),
    Entry(
        name="sonik-triples", about="the same, with the triples a set brings", open=partial(open_sonik, triples=True)
    ),
    *(
        Entry(name=f"sonik-no-{part}", about=f"the same without its {part}", open=partial(open_sonik, without=(part,)))
        for part in PARTS
    ),
    Entry(name="bm25", about="words: bm25s with stemmer and stop words", open=open_bm25),
    Entry(name="dense", about="vectors: exact search with the product's embedder", open=open_dense),
    Entry(name="rrf", about="both lists, fused by rank", open=open_rrf),
    Entry(name="rrf-understood", about="the same, given Sonik's reading of the question", open=open_understood),
)


def find(name: str) -> Entry:
    """Return a system by its name.

    Raises:
        NotFound: there is no such system.
    """
    for entry in SYSTEMS:
        if entry.name == name:
            return entry
    step = did_you_mean(name, [entry.name for entry in SYSTEMS])
    raise NotFound(f"There is no system '{name[:80]}'.", next_step=step, field="system")
