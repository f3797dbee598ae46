"""How Sonik grows: the same measurements over worlds of 1,000, 10,000 and 100,000 entities, ten edges each.

`python -m tests.bench.scale` fills one home a size, measures each in a process of its own, and writes build/scale.json
after every size: begun again, it goes on with the sizes that are missing.
"""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from random import Random
from time import perf_counter

import numpy as np
from rich.console import Console
from rich.table import Table

from sonik.engine import Engine
from sonik.retrieval.question import Question
from sonik.settings import Settings
from sonik.stores.allocator import share_arenas
from sonik.stores.embedding import Vectors, open_embedder
from sonik.types import JsonObject
from tests.bench import report
from tests.bench.homes import NOW, READER, ROOT, Homes, deliver
from tests.bench.probe import probe
from tests.bench.proofs import FOLDER, write_proof
from tests.bench.serving import resident_mib
from tests.bench.spread import spread, without_gc
from tests.bench.synthetic import world
from tests.bench.walking import walks

SEED = 7
SIZES = (1_000, 10_000, 100_000)
RESULT = ROOT / "build" / "scale.json"
PATIENCE_SECONDS = 3_600
WARM_UP = 20
TOLD = """\
![Median latency against the number of entities](scale.png)

The world has ten edges an entity, about twelve acts an event; it is filled with vectors drawn by hash, for embedding a
hundred thousand texts would take hours and changes nothing here. Searches are asked of a process of their own with the
default model and without the answer cache, 200 from 80 questions: `named` are those that names, times and genres
explain (who somebody is, what is on), `described` those with other words, `search` all of them; `traverse` are walks of
every pattern that fits.

Why it grows as it does:

- A programme (`qué hay hoy`) reads the events of its window by index. What grows is the window: in a market of ten
  times as many events ten times as many are on, and each is checked against row security before the first page is cut.
- A named question costs what is around the name, which a larger world does not change: the walk takes 400 edges on its
  first step and 200 on the next, however many there are.
- A described question embeds its words, which takes as long in any world, and searches vectors and texts. Up to 25,000
  rows the vectors are scanned, which grows with them; above that an index answers, and the scan of the filter grows.
- Ingest is one delivery; the next batch is worked out while one is written. It keeps its pace as long as the indexes it
  touches fit the memory of PostgreSQL (64 MB of buffers in the embedded set): ids begin with the time and edges are
  kept by their target, so new rows of a table lie together and old pages stay cold.
- A walk costs the same in a world of any size: it follows at most so many edges from each vertex, and finds where it
  starts by index.
- The graph is rebuilt in pages, one being read and written down while FalkorDB takes the other in. FalkorDB merges its
  matrices every 10,000 changes, which takes longer the more edges they hold.
"""
SEARCHES = 200


class Hashed:
    """Vectors drawn by the text's hash, under the default model's name: filling by the model would take hours.

    Neighbours mean nothing then; how long it takes to find them is the same.
    """

    def __init__(self, settings: Settings) -> None:
        self._named = open_embedder(settings)

    @property
    def model(self) -> str:
        """The default model's name."""
        return self._named.model

    @property
    def dimension(self) -> int:
        """The default model's."""
        return self._named.dimension

    async def warm(self) -> None:
        """Nothing to load."""

    async def documents(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text."""
        return np.stack([self._drawn(text) for text in texts])

    async def question(self, text: str) -> Vectors:
        """Return the vector of a question."""
        return self._drawn(text)

    def _drawn(self, text: str) -> Vectors:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        vector = np.random.default_rng(seed).standard_normal(self.dimension, dtype=np.float32)
        return vector / np.linalg.norm(vector)


async def fill(settings: Settings, size: int) -> JsonObject:
    """Take a world in, project it, and build the graph once more; return what each took."""
    async with Engine.open(settings, project=False, embedder=Hashed(settings)) as engine:
        started = perf_counter()
        records = len((await deliver(engine, world(SEED, entities=size), source="synthetic")).receipts)
        taken = perf_counter() - started
        started = perf_counter()
        await engine.rebuild("vectors")
        vectors_seconds = perf_counter() - started
        started = perf_counter()
        await engine.rebuild("graph")
        graph_seconds = perf_counter() - started
        compared = {one.store: one.truth_rows for one in await engine.compare()}
        await engine.checkpoint()
    edges = sum(rows for store, rows in compared.items() if "edge" in store)
    return {
        "records": records, "edges": edges, "ingest_records_per_s": round(records / taken),
        "ingest_edges_per_s": round(edges / taken), "rebuild_graph_s": round(graph_seconds, 1),
        "rebuild_edges_per_s": round(edges / graph_seconds), "rebuild_vectors_s": round(vectors_seconds, 1),
    }  # fmt: skip


async def ask(settings: Settings, size: int) -> JsonObject:
    """Search the filled home with the default model, as a server would, and look at this process."""
    share_arenas()
    async with Engine.open(settings, project=False) as engine:
        questions = _questions(size)
        for query in questions[:WARM_UP]:
            await engine.search(Question(query=query), scope=READER)
        taken: dict[str, list[float]] = {"named": [], "described": []}
        with without_gc():
            for turn in range(SEARCHES):
                query = questions[turn % len(questions)]
                started = perf_counter()
                answer = await engine.search(Question(query=query), scope=READER)
                kind = "described" if answer.understood.rest else "named"
                taken[kind].append((perf_counter() - started) * 1000)
        walked = await walks(engine)
        memory = resident_mib(os.getpid())
    everything = [ms for laps in taken.values() for ms in laps]
    return {
        "search_ms": spread(everything), **{f"{kind}_ms": spread(laps) for kind, laps in taken.items()},
        "traverse_ms": spread(walked), "rss_mib": round(memory, 1), "probe_ms": probe().loop_ms,
    }  # fmt: skip


def main() -> None:
    """Measure the sizes that the result does not hold yet."""
    parser = ArgumentParser(prog="python -m tests.bench.scale", description="Measure how Sonik grows.")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="entities")
    parser.add_argument("--out", type=Path, default=RESULT, help="where the result goes, build/scale.json unless said")
    parser.add_argument("--write-docs", action="store_true", help="also write the page of the docs, with its plot")
    parser.add_argument("--ask", type=Path, help="(its own use) measure a filled home and print JSON")
    asked = parser.parse_args()
    if asked.ask:
        sys.stdout.write(json.dumps(asyncio.run(ask(_settings(asked.ask), asked.sizes[0]))))
        return
    measured = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out.is_file() else {}
    for size in asked.sizes:
        if str(size) not in measured.get("sizes", {}):
            measured = {**measured, **report.stamp(), "command": "python -m tests.bench.scale"}
            measured.setdefault("sizes", {})[str(size)] = asyncio.run(_measure(size))
            report.write_json(measured, asked.out)
    shown = _table(measured)
    Console().print(shown)
    if asked.write_docs:
        write_proof("scale", title="How Sonik grows", tables=[shown], told=TOLD)
        _plot(measured, FOLDER / "scale.png")


async def _measure(size: int) -> JsonObject:
    homes = Homes(folder=Path(tempfile.mkdtemp(prefix="sonik-scale-")))
    try:
        settings = homes.new()
        filled = await fill(settings, size)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.bench.scale",
            "--ask",
            str(settings.home),
            "--sizes",
            str(size),
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        told, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"asking {size} entities failed with code {process.returncode}")
        return {**filled, **json.loads(told)}
    finally:
        await homes.clear()


def _settings(home: Path) -> Settings:
    return Settings(home=home, now=NOW, market="medellin", cache="off")


def _questions(size: int) -> list[str]:
    """Return questions over the world of this size: names of its own, and words of its texts."""
    random = Random(11)
    named = takewhile(lambda record: record["kind"] in ("venue", "artist"), world(SEED, entities=size))
    names = [str(record["name"]) for record in random.sample(list(named), 16)]
    asked = [
        "qué hay hoy",
        "salsa este finde",
        "techno gratis",
        "jazz mañana",
        "eventos esta semana por menos de 40 mil",
    ]
    described = ["trompeta y cuerdas bajo la lluvia", "baile de barrio con invitados", "vinilo y luces", "voz y tambor"]
    told = [
        form.format(name=name)
        for name in names
        for form in ("quién es {name}", "{name} esta semana", "próximos eventos de {name}")
    ]
    return random.sample([*asked * 4, *described * 5, *told], 80)


def _table(measured: JsonObject) -> Table:
    sizes = measured["sizes"]
    table = Table(title=f"{measured['commit']}")
    table.add_column("figure")
    if not isinstance(sizes, dict):
        return table
    for size in sizes:
        table.add_column(f"{int(size):,}", justify="right")
    names = list(dict.fromkeys(name for figures in sizes.values() if isinstance(figures, dict) for name in figures))
    for name in names:
        cells = [figures.get(name) if isinstance(figures, dict) else None for figures in sizes.values()]
        table.add_row(name, *(str(cell["p50"]) if isinstance(cell, dict) else str(cell) for cell in cells))
    return table


def _plot(measured: JsonObject, path: Path) -> None:
    # Only who draws needs the library.
    from matplotlib import pyplot

    sizes = measured["sizes"]
    if not isinstance(sizes, dict):
        return
    figure, axes = pyplot.subplots(figsize=(6, 4))
    across = [int(size) for size in sizes]
    for name in ("named_ms", "described_ms", "search_ms", "traverse_ms"):
        spreads = [figures[name] for figures in sizes.values() if isinstance(figures, dict)]
        heights = [float(str(one["p50"])) for one in spreads if isinstance(one, dict)]
        axes.plot(across, heights, marker="o", label=name.removesuffix("_ms"))
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("entities")
    axes.set_ylabel("median, ms")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
