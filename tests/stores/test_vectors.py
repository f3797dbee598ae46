"""What is written to LanceDB is found, whatever the driver would rather do."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from sonik.errors import InvalidInput
from sonik.stores.vectors import TextFilter, Vectors
from sonik.types import Language, Scope
from tests.fix_vectors import DIMENSION, EAST, EVERYTHING, NORTH, a_row, ids, opened

pytestmark = pytest.mark.anyio


@pytest.fixture
async def vectors(tmp_path: Path) -> AsyncIterator[Vectors]:
    async with await opened(tmp_path) as store:
        yield store


async def names_found(vectors: Vectors, text: str, language: Language = "es") -> list[str]:
    return [match.id for match in await vectors.matching(text, language=language, where=EVERYTHING, limit=10)]


async def test_the_score_is_the_cosine_whatever_the_length_of_a_vector(vectors: Vectors) -> None:
    await vectors.upsert([a_row("long", vector=(30.0, 40.0, 0, 0, 0, 0, 0, 0)), a_row("short", vector=EAST)])
    found = await vectors.nearest(np.array([0.5, 0, 0, 0, 0, 0, 0, 0]), where=EVERYTHING, limit=5)
    assert [(match.id, match.kind, round(match.score, 5)) for match in found] == [
        ("short", "artist", 1.0),
        ("long", "artist", 0.6),
    ]


async def test_equal_scores_come_in_the_order_of_ids(vectors: Vectors) -> None:
    await vectors.upsert([a_row(id_) for id_ in ("c", "a", "b")])
    assert [match.id for match in await vectors.nearest(EAST, where=EVERYTHING, limit=5)] == ["a", "b", "c"]
    assert await names_found(vectors, "noche") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("es", "Los niños bailan música electrónica", "nino bailando"),
        ("es", "dos canciones", "CANCIÓN"),
        ("es", "De la nada", "de la"),
        ("pt", "Festas de São João", "festa sao joao"),
        ("en", "Dancing nights", "dance night"),
    ],
)
@pytest.mark.parametrize("tidy", [False, True], ids=["fresh", "indexed"])
async def test_words_are_found_stemmed_and_without_accents(
    vectors: Vectors, language: Language, text: str, query: str, tidy: bool
) -> None:
    blank = {"text_es": "", "text_pt": "", "text_en": ""}
    await vectors.upsert([a_row("it", **{**blank, f"text_{language}": text}), a_row("other", **blank)])
    if tidy:
        await vectors.maintain(force=True)
    assert await names_found(vectors, query, language) == ["it"]


async def test_a_name_made_of_stop_words_is_found_as_it_is_written_and_first(vectors: Vectors) -> None:
    await vectors.upsert(
        [
            a_row("band", name="La Ley", text_es="rock de Chile"),
            a_row("mention", name="Otro", text_es="como la ley manda"),
            a_row("unstemmed", name="Las Leyes", text_es=""),
        ]
    )
    assert await names_found(vectors, "la ley") == ["band", "mention"]


@pytest.mark.parametrize("text", ["", "   ", "¿¡!? -- …", "'\"\\", "\x00"])
async def test_a_text_without_words_matches_nothing(vectors: Vectors, text: str) -> None:
    await vectors.upsert([a_row("a")])
    assert await names_found(vectors, text) == []


@pytest.mark.parametrize("text", ['"noche', "+noche -x", "noche~2 *", "noche AND (", "text_es:noche", "' OR noche"])
async def test_the_signs_of_a_query_language_are_only_signs(vectors: Vectors, text: str) -> None:
    await vectors.upsert([a_row("a")])
    assert await names_found(vectors, text) == ["a"]


async def test_a_narrow_filter_loses_no_match_at_any_limit(vectors: Vectors) -> None:
    rows = [a_row(f"{n:04}", market="quito" if n % 50 == 0 else "lima", text_es=f"noche {n % 7}") for n in range(1000)]
    await vectors.upsert(rows)
    await vectors.maintain(force=True)
    narrow = TextFilter(scope=Scope(), market="quito")
    for limit in (1, 5, 19, 20, 21, 300):
        found = await vectors.matching("noche", language="es", where=narrow, limit=limit)
        assert len(found) == min(limit, 20)
    assert await ids(vectors, narrow) == {f"{n:04}" for n in range(0, 1000, 50)}


async def test_of_two_rows_with_one_id_in_a_batch_the_last_is_kept(vectors: Vectors) -> None:
    await vectors.upsert([a_row("a", version=1), a_row("b"), a_row("a", version=2)])
    assert await vectors.versions() == {"a": 2, "b": 1}


async def test_a_late_writer_does_not_undo_a_newer_row(vectors: Vectors) -> None:
    await vectors.upsert([a_row("a", seq=5, version=5)])
    await vectors.upsert([a_row("a", seq=4, version=4), a_row("b", seq=4), a_row("b", seq=3, version=9)])
    assert await vectors.versions() == {"a": 5, "b": 1}
    await vectors.upsert([a_row("a", seq=5, version=6)])
    assert await vectors.versions() == {"a": 6, "b": 1}


async def test_two_writers_of_the_same_new_ids_store_each_once(tmp_path: Path, vectors: Vectors) -> None:
    async with await opened(tmp_path) as other:
        rows = [a_row(f"{n}") for n in range(60)]
        await asyncio.gather(vectors.upsert(rows), other.upsert(rows), vectors.upsert(rows), other.upsert(rows))
        await vectors.maintain(force=True)
        assert await vectors.count() == 60


async def test_more_rows_than_a_batch_are_written_read_and_deleted(vectors: Vectors) -> None:
    rows = [a_row(f"{n}' --", version=n) for n in range(1201)]
    await vectors.upsert(rows)
    expected = {row.id: row.version for row in rows}
    assert await vectors.versions() == expected
    assert (await vectors.vectors_of(list(expected))).keys() == expected.keys()
    await vectors.delete([*list(expected)[1:], "unknown"])
    assert await vectors.versions() == {"0' --": 0}


async def test_versions_are_told_by_collection(vectors: Vectors) -> None:
    await vectors.upsert([a_row("a"), a_row("b", collection="it's", version=7)])
    assert await vectors.versions(collection="it's") == {"b": 7}
    assert await vectors.versions(collection="nowhere") == {}


async def test_a_vector_comes_back_as_it_was_given(vectors: Vectors) -> None:
    given = np.linspace(-3, 3, DIMENSION).astype(np.float32)
    await vectors.upsert([a_row("a", vector=given), a_row("b", vector=NORTH)])
    stored = await vectors.vectors_of(["a", "missing"])
    assert stored.keys() == {"a"}
    assert np.array_equal(stored["a"], given)


BAD_VECTORS = {
    "zero": (0.0,) * 8,
    "nan": (math.nan, *EAST[1:]),
    "infinite": (math.inf, *EAST[1:]),
    "too large for float32": (1e300, *EAST[1:]),
    "too small for float32": (1e-300, *EAST[1:]),
    "short": (1.0, 0.0),
    "nested": (EAST,),
}


@pytest.mark.parametrize("bad", BAD_VECTORS.values(), ids=BAD_VECTORS.keys())
async def test_a_vector_that_could_never_be_found_is_refused(vectors: Vectors, bad: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInput):
        await vectors.upsert([a_row("good"), a_row("bad", vector=bad)])
    with pytest.raises(InvalidInput):
        await vectors.nearest(bad, where=EVERYTHING, limit=5)
    assert await vectors.count() == 0


async def test_one_bad_row_keeps_all_others_out(vectors: Vectors) -> None:
    with pytest.raises(InvalidInput):
        await vectors.upsert([*(a_row(f"{n}") for n in range(700)), a_row("bad", name="\ud800")])
    assert await vectors.count() == 0


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_of_nothing_is_refused(vectors: Vectors, limit: int) -> None:
    with pytest.raises(InvalidInput):
        await vectors.nearest(EAST, where=EVERYTHING, limit=limit)
    with pytest.raises(InvalidInput):
        await vectors.matching("noche", language="es", where=EVERYTHING, limit=limit)


async def test_an_empty_store_answers_with_nothing(vectors: Vectors) -> None:
    assert await ids(vectors) == set()
    assert await vectors.versions() == {}
    assert await vectors.vectors_of(["a"]) == {}
    await vectors.upsert([])
    await vectors.delete(["a"])
    await vectors.maintain(force=True)
    await vectors.check()
    assert await vectors.count() == 0
