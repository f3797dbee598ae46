"""The doctor also looks into the stores."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from sonik.settings import Settings
from sonik.stores.embedded.doctor import Finding
from sonik.stores.vectors import Vectors
from sonik.sync.doctor import NOBODY, examine_stores
from tests.fix_sync import Stores, a_venue

pytestmark = pytest.mark.anyio


@pytest.fixture
def named(stores: Stores, tmp_path: Path) -> Settings:
    """Settings that name the stores of the test."""
    return Settings(
        home=tmp_path / "home", lancedb_uri=str(tmp_path / "lance"), postgres_url=SecretStr(stores.owner),
        falkordb_url=SecretStr("unix:///nowhere"),
    )  # fmt: skip


async def complaints(settings: Settings) -> list[Finding]:
    return [finding for finding in await examine_stores(settings) if not finding.ok]


async def test_stores_that_are_well_bring_no_complaint(stores: Stores, named: Settings) -> None:
    await stores.project(a_venue("Casa Uno"))
    assert await complaints(named) == []


async def test_a_home_where_nothing_was_ever_started_is_well_and_stays_untouched(tmp_path: Path) -> None:
    assert await complaints(Settings(home=tmp_path / "home")) == []
    assert list(tmp_path.iterdir()) == []


async def test_vectors_of_another_model_are_named_with_the_way_out(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    async with await Vectors.open(settings.lance_path, model="another", dimension=8):
        pass
    (found,) = await complaints(settings)
    assert found.name == "stored vectors"
    assert found.what.startswith("The stored vectors come from 'another' (8 dimensions)")
    assert found.remedy.endswith("`sonik upgrade` makes them anew.")


async def test_a_projector_nobody_runs_is_named(stores: Stores, named: Settings) -> None:
    await stores.project(a_venue("Casa Uno"))
    await stores.ingest(a_venue("Casa Dos"))
    assert await complaints(named) == []
    stores.change_truth("update unified.outbox set created_at = created_at - interval '5 minutes'")
    found = await complaints(named)
    assert [finding.name for finding in found] == ["projector of graph", "projector of vectors"]
    assert {finding.remedy for finding in found} == {NOBODY}
    assert all("changes wait, the oldest for 30" in finding.what for finding in found)


async def test_a_sink_that_fails_is_named_with_its_error(stores: Stores, named: Settings) -> None:
    await stores.project(a_venue("Casa Uno"))
    stores.change_truth("update unified.sync_state set status = 'failed', error = 'no graph' where sink = 'graph'")
    (found,) = await complaints(named)
    assert (found.name, found.what) == ("projector of graph", "no graph")


async def test_a_server_that_does_not_answer_is_a_finding(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, postgres_url=SecretStr(f"postgresql://sonik@/sonik?host={tmp_path}"))
    (found,) = await complaints(settings)
    assert (found.name, found.what) == ("projector", "PostgreSQL does not answer.")
