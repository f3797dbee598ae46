"""A backup holds everything, and a restore brings it back, or touches nothing."""

import json
import shutil
from pathlib import Path

import psycopg
import pytest

from sonik.clock import Clock
from sonik.engine import Engine
from sonik.errors import EmbeddingMismatch, InvalidInput
from sonik.ingest.samples import medellin
from sonik.retrieval.question import Question
from sonik.settings import Settings
from sonik.stores.vectors import Vectors
from sonik.truth.backup import MANIFEST, TRUTH, backup, restore, verify
from sonik.types import Scope
from sonik.upgrade import upgraded
from tests.acceptance.test_cli import said, sonik
from tests.fix_engine import NOW, READER, deliver, deliver_projected
from tests.fix_kill import owner_dsn
from tests.fix_learning import BRUNO, OPERATOR, RIVAL, School
from tests.fix_truth import event, venue

pytestmark = pytest.mark.anyio

CLOCK = Clock.frozen(NOW)


@pytest.fixture(scope="session")
async def saved(market: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the sample market."""
    directory = tmp_path_factory.mktemp("backups") / "saved"
    await backup(market.settings, directory, clock=CLOCK)
    return directory


@pytest.fixture
def kept(saved: Path, tmp_path: Path) -> Path:
    """A copy of that backup, to be damaged."""
    shutil.copytree(saved, tmp_path / "kept")
    return tmp_path / "kept"


async def test_a_restored_home_answers_like_the_one_that_was_backed_up(
    market: Engine, saved: Path, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "restored", now=NOW, market="medellin")
    manifest = await restore(settings, saved)
    asked = Question(query="salsa este finde")
    async with Engine.open(settings, project=False) as engine:
        await engine.rebuild("graph")
        await engine.rebuild("vectors")
        answer = await engine.search(asked, scope=READER)
        agreement = {one.store: one.agrees for one in await engine.compare()}
        again = await deliver(engine, *medellin.records(NOW), source=medellin.SOURCE)
    before = await market.search(asked, scope=READER)
    assert [(hit.card.id, hit.score) for hit in answer.hits] == [(hit.card.id, hit.score) for hit in before.hits]
    assert set(agreement.values()) == {True}
    assert {receipt.outcome for receipt in again.receipts} == {"unchanged"}
    assert (manifest.created_at, manifest.rows["events"] > 0) == (NOW, True)


async def test_a_restored_audit_log_still_holds_and_is_sealed_on(settings: Settings, tmp_path: Path) -> None:
    staff = Scope(role="staff")
    async with Engine.open(settings, project=False) as engine:
        for name in ("uno", "dos", "tres"):
            await deliver(engine, venue(name, name=f"Sala {name}"))
            await engine.auditor.seal(scope=staff)
        await deliver(engine, venue("cuatro", name="Sala cuatro"))
        head = (await engine.auditor.check(scope=staff)).head
        await backup(settings, tmp_path / "saved", clock=CLOCK)
    again = Settings(home=tmp_path / "restored", now=NOW, market="medellin")
    await restore(again, tmp_path / "saved")
    async with Engine.open(again, project=False) as engine:
        await deliver(engine, venue("cinco", name="Sala cinco"))
        sealed = await engine.auditor.seal(scope=staff)
        checked = await engine.auditor.check(scope=staff, head=head)
    assert (sealed, checked.holds, checked.seals, checked.rows, checked.unsealed) == (2, True, 4, 5, 0)


async def test_what_was_learned_is_restored_and_what_waited_is_learned_from_there(
    school: School, tmp_path: Path
) -> None:  # fmt: skip
    await school.judge("useful", hit=-1)
    await school.learn()
    learned = await school.artists()
    await school.judge("useful", hit=-1, scope=RIVAL)
    await backup(school.engine.settings, tmp_path / "saved", clock=CLOCK)
    settings = Settings(home=tmp_path / "restored", now=NOW, market="medellin")
    await restore(settings, tmp_path / "saved")
    async with Engine.open(settings, project=False) as engine:
        await engine.rebuild("graph")
        restored = School(engine=engine)
        again = await restored.artists()
        waited = await engine.learner.run(scope=OPERATOR)
        await restored.judge("useful", hit=-1, scope=BRUNO)
        new = await engine.learner.run(scope=OPERATOR)
    assert [(hit.card.id, hit.score) for hit in again.hits] == [(hit.card.id, hit.score) for hit in learned.hits]
    assert (waited.summary["verdicts"], new.summary["verdicts"]) == (1, 1)


async def test_a_home_that_holds_something_is_refused_and_left_alone(tmp_path: Path, saved: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="is not empty"):
        await restore(Settings(home=tmp_path), saved)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


async def test_a_directory_that_holds_something_is_not_written_into(market: Engine, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="is not empty"):
        await backup(market.settings, tmp_path, clock=CLOCK)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


async def test_a_damaged_backup_is_found_before_anything_is_made(kept: Path, tmp_path: Path) -> None:
    dump = bytearray((kept / TRUTH).read_bytes())
    dump[len(dump) // 2] ^= 1
    (kept / TRUTH).write_bytes(dump)
    with pytest.raises(InvalidInput, match=r"truth.dump is damaged"):
        await restore(Settings(home=tmp_path / "restored"), kept)
    assert not (tmp_path / "restored").exists()


async def test_a_backup_of_a_newer_schema_is_refused(kept: Path) -> None:
    manifest = json.loads((kept / MANIFEST).read_text())
    manifest["migrations"].append("9999_moon.sql")
    (kept / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(InvalidInput, match=r"newer Sonik \(schema 9999_moon.sql\)"):
        verify(kept)


@pytest.mark.parametrize("text", [None, "", "{}", '{"format": "x"}'])
async def test_what_is_no_backup_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(InvalidInput, match="is no backup"):
        verify(tmp_path)


async def test_a_restore_that_does_not_succeed_leaves_an_empty_home(kept: Path, tmp_path: Path) -> None:
    (kept / TRUTH).write_bytes(b"PGDMP not really")
    manifest = json.loads((kept / MANIFEST).read_text())
    manifest["files"] = {}
    (kept / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(Exception, match="pg_restore did not succeed"):
        await restore(Settings(home=tmp_path / "restored"), kept)
    assert not (tmp_path / "restored").exists()


def test_a_backup_is_two_files(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == [MANIFEST, TRUTH]


async def test_an_upgrade_makes_vectors_of_another_model_anew(new_settings: Settings) -> None:
    async with await Vectors.open(new_settings.lance_path, model="another", dimension=8):
        pass
    with pytest.raises(EmbeddingMismatch):
        async with Engine.open(new_settings, project=False):
            pass
    done = await upgraded(new_settings)
    assert done.reason.startswith("The stored vectors come from 'another' (8 dimensions)")
    assert done.vectors > 0  # the markets
    async with Engine.open(new_settings, project=False) as engine:
        assert {one.store: one.agrees for one in await engine.compare()}["vectors"]


async def test_an_upgrade_makes_vectors_anew_that_were_not_finished(settings: Settings) -> None:
    async with Engine.open(settings) as engine:
        await deliver_projected(engine, venue("v1"), event("e1"))
        with psycopg.connect(owner_dsn(settings)) as connection:
            connection.execute("update unified.sync_state set txid = 0, seq = 0 where sink = 'vectors'")
        # As a killed upgrade leaves it, and the projector of this engine does not look before it closes.
    shutil.rmtree(settings.home / "lancedb")
    done = await upgraded(settings)
    again = await upgraded(settings)
    assert (done.vectors > 0, done.reason) == (True, "They were not whole.")
    assert (again.migrations, again.vectors, again.reason) == ((), 0, "")
    async with Engine.open(settings, project=False) as engine:
        assert all(one.agrees for one in await engine.compare())


def test_the_shell_backs_up_and_restores(medellin_home: Path, tmp_path: Path) -> None:
    said(sonik(medellin_home, "backup", str(tmp_path / "kept")))
    told = json.loads(said(sonik(tmp_path / "restored", "restore", str(tmp_path / "kept"), "--json")))
    assert set(told["projected"]) == {"graph", "vectors"}
    refused = sonik(tmp_path / "restored", "restore", str(tmp_path / "kept"))
    assert (refused.returncode, refused.stderr.splitlines()[1]) == (2, "Restore into a new SONIK_HOME.")
