"""The audit log from the shell: shown, sealed, checked, and a break ends with 1."""

import json
from pathlib import Path

import psycopg
import pytest

from sonik.settings import Settings
from tests.acceptance.test_cli import RECORDS, running_home, said, sonik
from tests.fix_kill import owner_dsn

__all__ = ["running_home"]

TAMPER = "set session_replication_role = replica; update unified.audit_log set role = 'reader'"


def test_the_shell_shows_seals_and_checks_the_log(running_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text(RECORDS[0], encoding="utf-8")
    said(sonik(running_home, "ingest", str(file), "--source", "salas", SONIK_ROLE="ingest", SONIK_USER="ana"))
    shown = said(sonik(running_home, "audit", "show", "--caller", "ana", SONIK_ROLE="ops"))
    assert [line for line in shown.splitlines() if "2026-11-21 20:00:00" in line and "ingest" in line]
    (entry,) = json.loads(said(sonik(running_home, "audit", "show", "--json", SONIK_ROLE="staff")))
    assert (entry["action"], entry["role"], "ana" in entry["caller"]) == ("ingest", "ingest", False)

    assert said(sonik(running_home, "audit", "seal", SONIK_ROLE="ops")) == "1 rows sealed.\n"
    head = said(sonik(running_home, "audit", "verify", SONIK_ROLE="ops")).splitlines()[-1].removeprefix("head: ")
    checked = json.loads(said(sonik(running_home, "audit", "verify", "--head", head, "--json", SONIK_ROLE="ops")))
    assert (checked["holds"], checked["seals"], checked["rows"], checked["head"]) == (True, 1, 1, head)

    with psycopg.connect(owner_dsn(Settings(home=running_home))) as connection:
        connection.execute(TAMPER)
    broken = sonik(running_home, "audit", "verify", SONIK_ROLE="ops")
    assert broken.returncode == 1
    assert "changed row 1 (ingest" in broken.stdout


@pytest.mark.parametrize(
    ("words", "role", "told"),
    [
        (("show",), "reader", "not_allowed: The role 'reader' may not do this with the audit log."),
        (("show", "--since", "ayer"), "ops", "invalid_input: 'ayer' is no moment."),
        (("verify", "--head", "abc"), "ops", "invalid_input: This is no head."),
    ],
)
def test_what_may_not_be_done_is_told_with_the_next_step(
    medellin_home: Path, words: tuple[str, ...], role: str, told: str
) -> None:
    done = sonik(medellin_home, "audit", *words, SONIK_ROLE=role)
    assert (done.returncode, done.stdout, done.stderr.splitlines()[0]) == (2, "", told)
    assert done.stderr.splitlines()[1]
