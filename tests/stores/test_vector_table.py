"""The table of texts over its life: shared by processes, kept in order, damaged, rebuilt."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pytest

from sonik.errors import EmbeddingMismatch, Misconfigured, OutOfTime, StoreUnavailable
from sonik.stores.text_columns import layout
from sonik.stores.text_filter import permitted
from sonik.stores.text_table import INDEX_ABOVE_ROWS, MOST_UNINDEXED_ROWS, PACK_ABOVE_ROWS, neighbours
from sonik.stores.vectors import TextFilter, Vectors
from sonik.types import Scope
from tests.fix_vectors import DIMENSION, EAST, EVERYTHING, MODEL, a_row, ids, opened

pytestmark = pytest.mark.anyio

FOREVER = 3600.0
# Where most rows are, where fewer are, and so few that a scan is faster than the index.
MARKETS = ("lima", "quito", "cali")


@pytest.fixture
async def vectors(tmp_path: Path) -> AsyncIterator[Vectors]:
    async with await opened(tmp_path) as store:
        yield store


async def test_what_one_process_writes_the_next_one_finds(tmp_path: Path) -> None:
    async with await opened(tmp_path) as first:
        await first.upsert([a_row("a")])
    async with await opened(tmp_path) as second:
        assert await ids(second) == {"a"}


async def test_an_open_handle_sees_what_another_writes(tmp_path: Path, vectors: Vectors) -> None:
    async with await opened(tmp_path, refresh_seconds=0) as reader:
        assert await ids(reader) == set()
        await vectors.upsert([a_row("a")])
        assert await ids(reader) == {"a"}
        await vectors.delete(["a"])
        assert await ids(reader) == set()


async def test_of_many_who_open_a_new_store_at_once_none_empties_it_for_another(tmp_path: Path) -> None:
    async def open_and_write(number: int) -> None:
        async with await opened(tmp_path) as store:
            await store.upsert([a_row(f"{number}")])

    await asyncio.gather(*(open_and_write(n) for n in range(8)))
    async with await opened(tmp_path) as late:
        assert await ids(late) == {f"{n}" for n in range(8)}


async def test_a_relative_path_is_a_path_and_no_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with await opened("db_of_texts") as store:
        await store.upsert([a_row("a")])
    assert (tmp_path / "db_of_texts" / "texts.lance").is_dir()


async def test_the_driver_says_nothing_on_the_console(vectors: Vectors, capfd: pytest.CaptureFixture[str]) -> None:
    await vectors.upsert([a_row("a")])
    assert await ids(vectors) == {"a"}
    await vectors.maintain(force=True)
    assert capfd.readouterr() == ("", "")


def test_a_log_level_the_user_has_set_stays() -> None:
    tell = "import os, sonik.stores.lance; print(os.environ['LANCEDB_LOG'])"
    levels = []
    for given in ({}, {"LANCEDB_LOG": "info"}):
        clean = {name: value for name, value in os.environ.items() if name != "LANCEDB_LOG"}
        told = subprocess.run([sys.executable, "-c", tell], env=clean | given, capture_output=True, check=True)
        levels.append(told.stdout.split())
    assert levels == [[b"error"], [b"info"]]


async def test_a_search_that_takes_too_long_is_given_up(tmp_path: Path, vectors: Vectors) -> None:
    await vectors.upsert([a_row(f"{n}") for n in range(500)])
    async with await opened(tmp_path, timeout_seconds=1e-6) as hasty:
        with pytest.raises(OutOfTime):
            await hasty.nearest(EAST, where=EVERYTHING, limit=5)


async def test_vectors_of_another_model_are_not_opened(tmp_path: Path, vectors: Vectors) -> None:
    await vectors.upsert([a_row("a")])
    for other in ({"model": "other"}, {"dimension": 4}):
        with pytest.raises(EmbeddingMismatch, match=f"SONIK_EMBEDDER back to '{MODEL}' or .*rebuild --sink vectors"):
            await opened(tmp_path, **other)
    assert await vectors.count() == 1


async def test_a_rebuild_replaces_another_model_and_stops_who_still_uses_it(tmp_path: Path) -> None:
    async with await opened(tmp_path, refresh_seconds=0) as old:
        await old.upsert([a_row("a")])
        async with await opened(tmp_path, model="other", replace=True) as new:
            await new.upsert([a_row("b")])
            assert await ids(new) == {"b"}
            with pytest.raises(EmbeddingMismatch):
                await old.nearest(EAST, where=EVERYTHING, limit=5)
            with pytest.raises(EmbeddingMismatch):
                await old.upsert([a_row("c")])
            assert await new.versions() == {"b": 1}


async def test_a_recreated_table_is_empty_and_open_handles_follow(tmp_path: Path, vectors: Vectors) -> None:
    await vectors.upsert([a_row("a")])
    async with await opened(tmp_path, refresh_seconds=0) as reader:
        assert await ids(reader) == {"a"}
        await vectors.recreate()
        assert await ids(vectors) == set()
        await vectors.upsert([a_row("b")])
        assert await ids(reader) == {"b"}


async def test_a_write_on_its_way_while_the_table_is_recreated_goes_into_the_new_one(
    tmp_path: Path, vectors: Vectors
) -> None:
    async with await opened(tmp_path, refresh_seconds=FOREVER) as writer:
        await writer.upsert([a_row("a")])
        await vectors.recreate()
        await writer.upsert([a_row("b")])
        assert await ids(writer) == {"b"}
    async with await opened(tmp_path) as late:
        assert await ids(late) == {"b"}


async def test_a_table_of_another_layout_asks_for_a_rebuild(tmp_path: Path) -> None:
    narrow = layout(model=MODEL, dimension=DIMENSION).remove(1)
    connection = await lancedb.connect_async(str(tmp_path))
    await connection.create_table("texts", schema=narrow)
    with pytest.raises(Misconfigured, match="rebuild --sink vectors"):
        await opened(tmp_path)
    async with await opened(tmp_path, replace=True) as store:
        await store.upsert([a_row("a")])
        assert await ids(store) == {"a"}


@pytest.mark.filterwarnings("ignore:optimize")
async def test_handles_survive_another_process_cleaning_up_behind_them(tmp_path: Path, vectors: Vectors) -> None:
    await vectors.upsert([a_row("a"), a_row("b")])
    handles = [await opened(tmp_path, refresh_seconds=FOREVER) for _ in range(4)]
    await vectors.upsert([a_row("c")])
    table = await _beside(tmp_path)
    await table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)
    searching, listing, writing, checking = handles
    assert await ids(searching) == {"a", "b", "c"}
    assert (await listing.versions()).keys() == {"a", "b", "c"}
    await writing.upsert([a_row("d")])
    await checking.check()
    assert await vectors.count() == 4
    for handle in handles:
        await handle.close()


async def test_own_maintenance_leaves_the_files_of_a_slow_reader(tmp_path: Path, vectors: Vectors) -> None:
    await vectors.upsert([a_row("a")])
    async with await opened(tmp_path, refresh_seconds=FOREVER) as reader:
        await vectors.upsert([a_row("b")])
        await vectors.maintain(force=True)
        assert await ids(reader) == {"a"}


async def test_the_table_is_compacted_after_twenty_writes(tmp_path: Path, vectors: Vectors) -> None:
    table = await _beside(tmp_path)
    fragments = []
    for n in range(20):
        await vectors.upsert([a_row(f"{n}")])
        await vectors.maintain()
        stats: Any = await table.stats()
        fragments.append(stats["fragment_stats"]["num_fragments"])
    assert fragments == [*range(1, 20), 1]
    assert len(await ids(vectors)) == 20


async def test_what_would_slow_searches_is_indexed_however_few_writes_brought_it(
    tmp_path: Path, vectors: Vectors
) -> None:
    await vectors.upsert([a_row(f"{n}") for n in range(MOST_UNINDEXED_ROWS)])
    await vectors.maintain()
    assert await _unindexed(tmp_path) == MOST_UNINDEXED_ROWS
    await vectors.upsert([a_row("one-more")])
    async with await opened(tmp_path) as next_process:
        await next_process.maintain()
    assert await _unindexed(tmp_path) == 0


async def test_maintenance_builds_an_index_that_was_lost(tmp_path: Path, vectors: Vectors) -> None:
    await vectors.upsert([a_row("a")])
    table = await _beside(tmp_path)
    await table.drop_index("name_idx")
    async with await opened(tmp_path) as healed:
        assert await ids(healed) == {"a"}
    await table.drop_index("text_es_idx")
    await vectors.maintain(force=True)
    assert await ids(vectors) == {"a"}


async def test_a_damaged_data_file_shows_in_the_check(tmp_path: Path, vectors: Vectors) -> None:
    await vectors.upsert([a_row(f"{n}") for n in range(50)])
    for file in (tmp_path / "texts.lance" / "data").iterdir():
        file.write_bytes(file.read_bytes()[:-200])
    async with await opened(tmp_path) as damaged:
        assert await damaged.count() == 50
        with pytest.raises(StoreUnavailable):
            await damaged.check()


async def test_a_damaged_manifest_is_reported_and_a_rebuild_heals_it(tmp_path: Path, vectors: Vectors) -> None:
    await vectors.upsert([a_row("a")])
    min((tmp_path / "texts.lance" / "_versions").glob("*.manifest")).write_bytes(b"torn")
    with pytest.raises(StoreUnavailable, match="rebuild --sink vectors"):
        await opened(tmp_path)
    async with await opened(tmp_path, replace=True) as healed:
        await healed.upsert([a_row("b")])
        assert await ids(healed) == {"b"}


async def test_a_place_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        await opened(tmp_path / "file" / "below")


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.count()


@pytest.mark.parametrize("dimension", [DIMENSION, 12], ids=["whole bytes", "not whole bytes"])
async def test_a_large_table_finds_the_true_neighbours_under_any_filter(tmp_path: Path, dimension: int) -> None:
    many = PACK_ABOVE_ROWS + 1
    drawn = np.random.default_rng(5).normal(size=(many, dimension)).astype(np.float32)
    target = np.ones(dimension, dtype=np.float32)
    markets = [MARKETS[0] if n % 5 else MARKETS[1] if n % 200 else MARKETS[2] for n in range(many)]
    async with await opened(tmp_path, dimension=dimension) as store:
        await store.upsert([a_row(f"{n}", market=markets[n], vector=drawn[n]) for n in range(many)])
        await store.maintain(force=True)
        cosines = drawn @ target / np.linalg.norm(drawn, axis=1)
        for market in MARKETS:
            nearest = sorted((n for n in range(many) if markets[n] == market), key=lambda n: -cosines[n])[:20]
            found = await store.nearest(target, where=_in(market), limit=20)
            assert [match.id for match in found] == [f"{n}" for n in nearest]
    plans = [await _plan(tmp_path, target, market) for market in MARKETS]
    # With so few partitions the default probes would do too: only the plan can show that all are taken.
    assert ["minimum_nprobes=1000" in plan for plan in plans] == [True, True, False]
    assert all("[market = " in plan and "@market_idx(Bitmap)" in plan for plan in plans)


async def test_an_index_of_whole_vectors_is_exact_through_changes_until_it_is_packed(tmp_path: Path) -> None:
    drawn = np.random.default_rng(5).normal(size=(PACK_ABOVE_ROWS + 20, DIMENSION)).astype(np.float32)
    target = np.ones(DIMENSION, dtype=np.float32)
    kept = INDEX_ABOVE_ROWS + 100
    async with await opened(tmp_path) as store:
        await store.upsert([a_row(f"{n}", vector=drawn[n]) for n in range(kept)])
        await store.maintain(force=True)
        assert await _vector_index(tmp_path) == "IvfFlat"
        # What is written since stands beside the index: new rows, other vectors, and rows that are gone.
        drawn[:50] = -drawn[:50]
        await store.upsert([a_row(f"{n}", vector=drawn[n], seq=2) for n in (*range(50), *range(kept, kept + 100))])
        await store.delete([f"{n}" for n in range(50, 60)])
        held = [n for n in range(kept + 100) if n not in range(50, 60)]
        nearest = sorted(held, key=lambda n: -(drawn[n] @ target) / np.linalg.norm(drawn[n]))[:20]
        for _ in range(2):
            found = await store.nearest(target, where=_in(MARKETS[0]), limit=20)
            assert [match.id for match in found] == [f"{n}" for n in nearest]
            await store.maintain(force=True)
        await store.upsert([a_row(f"{n}", vector=drawn[n]) for n in range(kept + 100, len(drawn))])
        await store.maintain(force=True)
        assert await _vector_index(tmp_path) == "IvfRq"


def _in(market: str) -> TextFilter:
    return TextFilter(scope=Scope(), market=market)


async def _vector_index(path: Path) -> str:
    table = await _beside(path)
    return next(index.index_type for index in await table.list_indices() if index.columns == ["vector"])


async def _plan(path: Path, target: np.ndarray, market: str) -> str:
    table = await _beside(path)
    query = await neighbours(table, target, allowed=permitted(_in(market)), timeout=timedelta(seconds=5))
    return str(await query.explain_plan())


async def _unindexed(folder: Path) -> int:
    table = await _beside(folder)
    return max(index.num_unindexed_rows or 0 for index in await table.list_indices())


async def _beside(path: Path) -> lancedb.AsyncTable:
    """Open the table as another process would, always on its latest version."""
    connection = await lancedb.connect_async(str(path), read_consistency_interval=timedelta(0))
    return await connection.open_table("texts")
