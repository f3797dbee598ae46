"""The engine over the sample market with one part taken away: what that part does is not done."""

from pathlib import Path

import pytest

from sonik.engine import Engine
from sonik.retrieval.ablation import Part
from sonik.retrieval.answer import Answer
from sonik.retrieval.question import Question
from sonik.settings import Settings
from tests.fix_engine import NOW, READER

pytestmark = pytest.mark.anyio


async def answer(home: Path, query: str, *without: Part) -> Answer:
    """Return what an engine without some parts answers."""
    settings = Settings(home=home, now=NOW, market="medellin")
    async with Engine.open(settings, project=False, without=without) as engine:
        return await engine.search(Question(query=query), scope=READER)


async def test_without_its_graph_nobody_is_found_beside_somebody(medellin_home: Path) -> None:
    query = "¿Quién toca junto a Nébula?"
    mates = {hit.card.ref for hit in (await answer(medellin_home, query)).hits}
    assert mates == {"dulce-modular", "casa-indigo", "circuito-orquidea"}
    bare = await answer(medellin_home, query, "graph")
    assert not any(hit.reason.edges for hit in bare.hits)
    assert bare.hits[0].card.ref == "nebula"


async def test_without_weights_every_edge_counts_the_same(medellin_home: Path) -> None:
    query = "¿Qué artistas tocan en Sótano Turquesa?"
    weighed, even = [await answer(medellin_home, query, *parts) for parts in ((), ("weights",))]
    assert {edge.weight for hit in even.hits for edge in hit.reason.edges} == {1.0}
    assert {edge.weight for hit in weighed.hits for edge in hit.reason.edges} != {1.0}


async def test_without_texts_words_alone_find_nothing(medellin_home: Path) -> None:
    assert (await answer(medellin_home, "talleres de cerámica")).hits
    assert not (await answer(medellin_home, "talleres de cerámica", "text")).hits


async def test_without_understanding_all_words_are_only_words(medellin_home: Path) -> None:
    found = await answer(medellin_home, "salsa esta noche en Medellín", "understanding")
    assert found.hits
    read = found.understood
    assert (read.market, read.window, read.kinds, read.genres, read.names) == (None, None, (), (), ())


async def test_what_is_answered_without_a_part_is_not_kept(medellin_home: Path) -> None:
    settings = Settings(home=medellin_home, now=NOW, market="medellin")
    parts: tuple[Part, ...] = ("graph",)
    async with Engine.open(settings, project=False, without=parts) as engine:
        assert engine.kept is None
