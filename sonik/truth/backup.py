"""Backups: truth as one consistent file, and a manifest that tells what it holds. Graph and vectors follow from it."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ValidationError

from sonik.clock import Clock
from sonik.errors import InvalidInput, Misconfigured
from sonik.settings import Settings
from sonik.sql import migrations, queries
from sonik.stores import dump
from sonik.stores.addresses import attached
from sonik.stores.postgres import Session, owner_session
from sonik.truth.migrate import migrate

SQL = queries("backup")
FORMAT = 1
MANIFEST = "manifest.json"
TRUTH = "truth.dump"
# Places in an outbox hold for one server only; graph and vectors are filled anew after a restore. Sessions that ended
# must not come back.
LEFT_OUT = ("outbox", "sync_state", "dead_letters", "sessions")
CHUNK_BYTES = 1 << 20


class Contents(BaseModel):
    """One file of a backup."""

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds: when it was made, the schema it has, its files, and how many rows each table has."""

    format: int
    created_at: AwareDatetime
    embedder: str
    migrations: list[str]
    rows: dict[str, int]
    files: dict[str, Contents]


async def backup(settings: Settings, directory: Path, *, clock: Clock) -> Manifest:
    """Write truth as it is at one moment into a new directory, while everybody goes on.

    Raises:
        InvalidInput: the directory is there and not empty.
    """
    _check_empty(directory, "Choose a new directory for each backup.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))  # renamed when whole
    try:
        async with attached(settings) as addresses, dump.snapshot(addresses.owner) as (session, name):
            applied, rows = await _migrations(session), await dump.row_counts(session)
            await dump.dump(
                settings, addresses.owner, draft / TRUTH, seen_by=name, without_rows_of=LEFT_OUT
            )  # fmt: skip
        manifest = Manifest(
            format=FORMAT, created_at=clock.now(), embedder=settings.embedder, migrations=applied, rows=rows,
            files={TRUTH: contents(draft / TRUTH)},
        )  # fmt: skip
        (draft / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        draft.rename(directory)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def verify(directory: Path) -> Manifest:
    """Return the manifest of a backup whose files are what it says, and which this version can read.

    Raises:
        InvalidInput: it is no backup, was damaged, or comes from a newer version.
    """
    try:
        manifest = Manifest.model_validate_json((directory / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        step = f"Give the directory that `sonik backup` made; it holds {MANIFEST}."
        raise InvalidInput(f"{directory} is no backup.", next_step=step, field="directory") from error
    newer = [name for name in manifest.migrations if name not in {name for name, _ in migrations()}]
    if manifest.format > FORMAT or newer:
        what = f"schema {newer[-1]}" if newer else f"format {manifest.format}"
        step = "Upgrade first: `pip install --upgrade sonik`."
        raise InvalidInput(f"The backup comes from a newer Sonik ({what}).", next_step=step, field="directory")
    for name, stated in manifest.files.items():
        path = directory / name
        if not path.is_file() or contents(path) != stated:
            step = "Fetch the backup again, or use another one."
            raise InvalidInput(f"{name} is damaged or not there.", next_step=step, field="directory")
    return manifest


async def restore(settings: Settings, directory: Path) -> Manifest:
    """Make truth what a backup says, in a home or database where nothing is yet.

    Raises:
        InvalidInput: the backup cannot be used, or there is something already; nothing was changed.
    """
    manifest = verify(directory)
    embedded = settings.postgres_url is None
    if embedded:
        _check_empty(settings.home, "Restore into a new SONIK_HOME.")
    with _clean_again(settings.home if embedded else None):
        async with attached(settings) as addresses:
            await migrate(addresses.owner)  # makes the roles, which a dump does not hold
            async with owner_session(addresses.owner) as session:
                if (await session.rows(SQL["holds_data"]))[0]["found"]:
                    step = "Restore into an empty database."
                    raise InvalidInput("The database holds data.", next_step=step, field="directory")
                await session.execute(SQL["make_room"])
            await dump.load(settings, addresses.owner, directory / TRUTH)
            async with owner_session(addresses.owner) as session:
                _compare(manifest, await dump.row_counts(session))
                await session.execute(SQL["forget_places"])
            await migrate(addresses.owner)
    return manifest


def contents(path: Path) -> Contents:
    """Return the size and digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return Contents(bytes=path.stat().st_size, sha256=digest.hexdigest())


def _check_empty(directory: Path, step: str) -> None:
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InvalidInput(f"{directory} is not empty.", next_step=step, field="directory")


@contextmanager
def _clean_again(home: Path | None) -> Iterator[None]:
    """Leave a home that was empty as empty as it was, if what is done in it does not succeed."""
    try:
        yield
    except BaseException:
        if home is not None:
            shutil.rmtree(home, ignore_errors=True)
        raise


def _compare(manifest: Manifest, found: dict[str, int]) -> None:
    wrong = [table for table, rows in manifest.rows.items() if table not in LEFT_OUT and found.get(table) != rows]
    if wrong:
        raise Misconfigured(
            f"These tables came back with other numbers of rows: {', '.join(wrong)}.",
            next_step="Use another backup, and keep this one for a report.",
        )


async def _migrations(session: Session) -> list[str]:
    return [str(row["name"]) for row in await session.rows(SQL["migrations"])]
