"""PostgreSQL's own dump programs: one consistent file out of a database, and a database out of such a file."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from sonik.errors import Misconfigured, MissingBinary, OutOfTime, StoreUnavailable
from sonik.settings import Settings
from sonik.stores.embedded.binaries import postgres_binaries
from sonik.stores.embedded.process import FIXED, PASSED_ON
from sonik.stores.postgres import Session, owner_session

SCHEMA = "unified"
LONGEST_SECONDS = 4 * 3600.0
SHOWN = 300
_TABLES = """
    select relname as name from pg_class where relnamespace = %(schema)s::regnamespace and relkind = 'r' order by 1
"""
# A password given as an argument could be read in the list of processes; libpq also takes all of this from here.
_VARIABLES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER",
    "password": "PGPASSWORD", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY", "passfile": "PGPASSFILE", "service": "PGSERVICE", "connect_timeout": "PGCONNECT_TIMEOUT",
}  # fmt: skip


@asynccontextmanager
async def snapshot(dsn: str) -> AsyncIterator[tuple[Session, str]]:
    """Open a reading transaction of the owner, with the name by which a dump sees exactly what it sees."""
    async with owner_session(dsn) as session:
        await session.execute("set transaction isolation level repeatable read, read only")
        (row,) = await session.rows("select pg_export_snapshot() as name")
        yield session, str(row["name"])


async def row_counts(session: Session) -> dict[str, int]:
    """Return how many rows each table of the schema has."""
    counts = {}
    for table in await session.rows(_TABLES, {"schema": SCHEMA}):
        name = sql.Identifier(SCHEMA, str(table["name"]))
        cursor = await session.connection.execute(sql.SQL("select count(*) as rows from {}").format(name))
        row = await cursor.fetchone()
        counts[str(table["name"])] = int(str(row["rows"])) if row else 0
    return counts


async def dump(settings: Settings, dsn: str, file: Path, *, seen_by: str, without_rows_of: Sequence[str] = ()) -> None:
    """Write the schema with its rows into a file, as the named snapshot sees them."""
    left_out = [f"--exclude-table-data={SCHEMA}.{table}" for table in without_rows_of]
    options = ["--format=custom", f"--schema={SCHEMA}", "--no-owner", f"--snapshot={seen_by}", f"--file={file}"]
    await _run(_program(settings, "pg_dump"), [*options, *left_out], dsn)


async def load(settings: Settings, dsn: str, file: Path) -> None:
    """Make the schema out of a file, all of it or nothing; the schema must not be there."""
    database = str(conninfo_to_dict(dsn).get("dbname") or "")
    options = ["--single-transaction", "--exit-on-error", "--no-owner", f"--dbname={database}", str(file)]
    await _run(_program(settings, "pg_restore"), options, dsn)


def _program(settings: Settings, name: str) -> Path:
    path = postgres_binaries(settings).directory / name
    if not path.is_file():
        raise MissingBinary(
            f"There is no {name} in {path.parent}.", next_step="Set SONIK_PG_BIN to a whole PostgreSQL 18."
        )
    return path


async def _run(program: Path, options: Sequence[str], dsn: str) -> None:
    child = await asyncio.create_subprocess_exec(
        program, *options, env=_environment(dsn), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            _, said = await child.communicate()
    except TimeoutError as error:
        raise OutOfTime(f"{program.name} runs for hours.", next_step="Look at the load of PostgreSQL.") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise _failure(program.name, said.decode(errors="replace").strip())


def _environment(dsn: str) -> Mapping[str, str]:
    given = {name: value for name, value in conninfo_to_dict(dsn).items() if value is not None}
    known = {_VARIABLES[name]: str(value) for name, value in given.items() if name in _VARIABLES}
    passed = {name: os.environ[name] for name in (*PASSED_ON, "HOME") if name in os.environ}
    return {**passed, **FIXED, **known}


def _failure(program: str, said: str) -> Misconfigured | StoreUnavailable:
    last = said.splitlines()[-1][:SHOWN] if said else "it said nothing"
    if "No space left" in said:
        return Misconfigured(f"{program} found the disk full.", next_step="Free some space, or choose another disk.")
    return StoreUnavailable(f"{program} did not succeed: {last}", next_step="Run `sonik doctor`, then try again.")
