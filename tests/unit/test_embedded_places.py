"""Paths, accounts and configuration of the embedded servers."""

import os
import stat
from pathlib import Path

import pytest

from sonik.errors import Misconfigured
from sonik.stores.embedded.accounts import Account, held_capabilities, obstacle
from sonik.stores.embedded.binaries import RedisBinaries
from sonik.stores.embedded.places import SOCKET_BYTES, claim, fits, places
from sonik.stores.embedded.postgres import dsn, server_settings
from sonik.stores.embedded.redis import configuration, quoted

STRANGER = Account(name="stranger", uid=4_000_001, gid=4_000_001)


def test_a_short_home_keeps_its_sockets() -> None:
    assert places(Path("/srv/sonik")).sockets == Path("/srv/sonik/run")


@pytest.mark.parametrize("home", ["/srv/" + "a" * 80, "/srv/" + "ñ" * 40, "/srv/one, two"])
def test_a_home_no_socket_can_be_in_gets_a_private_directory(home: str) -> None:
    sockets = places(Path(home)).sockets
    assert sockets.name.startswith(f"sonik-{os.geteuid()}-")
    assert fits(sockets)
    assert not sockets.exists()


def test_two_long_homes_do_not_share_a_directory() -> None:
    one, other = (places(Path("/srv") / ("a" * 90) / name) for name in ("one", "other"))
    assert one.sockets != other.sockets


def test_the_longest_socket_path_stays_under_the_limit() -> None:
    longest = SOCKET_BYTES - len("/pg/.s.PGSQL.5432") - 1
    assert fits(Path("/" + "a" * (longest - 1)))
    assert not fits(Path("/" + "a" * longest))


def test_a_link_in_place_of_a_private_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "private").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match="is not a directory of this account"):
        claim(tmp_path / "private", mode=0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_private_directory_of_another_account_is_refused(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    os.chown(tmp_path / "private", STRANGER.uid, STRANGER.gid)
    with pytest.raises(Misconfigured, match=f"belongs to uid {STRANGER.uid}"):
        claim(tmp_path / "private", mode=0o700)


def test_a_private_directory_left_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir(mode=0o777)
    claim(tmp_path / "private", mode=0o700)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700


def test_the_obstacle_is_the_first_directory_an_account_may_not_enter(open_directory: Path) -> None:
    closed = open_directory / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    assert obstacle(closed / "inner" / "not yet there", STRANGER) == closed
    closed.chmod(0o711)
    assert obstacle(closed / "inner" / "not yet there", STRANGER) is None


def test_a_capability_counts_when_it_is_held_and_bounded() -> None:
    status = "Name:\tpython\nCapPrm:\t0000000000000106\nCapEff:\t0000000000000106\nCapBnd:\t0000000000000102\n"
    assert held_capabilities(status) == {"dac_override", "setpcap"}
    assert held_capabilities("") == set()


@pytest.mark.parametrize(
    ("path", "text"),
    [("/a b/ñ", '"/a b/ñ"'), ('/it"s', '"/it\\"s"'), ("/back\\slash", '"/back\\\\slash"'), ("/a\nb", '"/a\\nb"')],
)
def test_paths_are_quoted_for_redis(path: str, text: str) -> None:
    assert quoted(Path(path)) == text


def test_the_redis_configuration_is_whole() -> None:
    binaries = RedisBinaries(
        server=Path("/b/redis-server"), falkordb=Path("/b/falkordb.so"), search=Path("/m/redisearch.so"), json=None
    )
    assert configuration(Path("/home/d ñ"), socket=Path("/run/redis.sock"), binaries=binaries).splitlines() == [
        "port 0",
        'unixsocket "/run/redis.sock"',
        "unixsocketperm 700",
        "daemonize no",
        'logfile ""',
        "always-show-logo no",
        'dir "/home/d ñ"',
        "dbfilename dump.rdb",
        "appendonly no",
        "save 60 1 300 100",
        "maxmemory-policy noeviction",
        'loadmodule "/m/redisearch.so"',
        'loadmodule "/b/falkordb.so" EFFECTS_THRESHOLD 0 TIMEOUT_DEFAULT 5000 TIMEOUT_MAX 30000 RESULTSET_SIZE 20000',
    ]


def test_the_postgres_socket_directory_is_quoted() -> None:
    assert server_settings(Path('/a "b"'))["unix_socket_directories"] == '"/a ""b"""'


def test_the_connection_string_quotes_its_values() -> None:
    found = dsn(Path("/a b/.s.PGSQL.5432"), user="sonik_reader", database="it's")
    assert found == r"host='/a b' port=5432 user=sonik_reader dbname=it\'s"
