"""People from the shell: a password is never an argument, and one that is made up is told once."""

import json
from pathlib import Path

import pytest

from tests.acceptance.test_cli import running_home, said, sonik

__all__ = ["running_home"]

PASSWORD = "cuatro palabras de noche"


def test_the_shell_adds_people_changes_lists_and_revokes_them(running_home: Path) -> None:
    made = sonik(running_home, "people", "add", "Inés [R.]", "--role", "content", SONIK_ROLE="ops")
    password = said(made).strip()
    assert (len(password), password.count("-")) == (29, 4)
    assert made.stderr == "Inés [R.] was added (content). This is the password; it is not shown again.\n"
    words = ("people", "add", "Olga", "--role", "organizer", "--organisation", "acme", "--ask")
    asked = sonik(running_home, *words, given=PASSWORD + "\n", SONIK_ROLE="ops")
    assert said(asked) == "Olga was added (organizer for acme).\n"
    other = said(sonik(running_home, "people", "password", "inés [r.]", SONIK_ROLE="ops")).strip()
    assert other not in {password, ""}
    changed = said(sonik(running_home, "people", "role", "olga", "--role", "human", SONIK_ROLE="staff"))
    assert changed == "Olga acts as human from the next sign-in on.\n"
    ended = said(sonik(running_home, "people", "revoke", "OLGA", SONIK_ROLE="ops"))
    assert ended == "Olga was revoked at 2026-11-21 20:00:00 UTC.\n"

    shown = said(sonik(running_home, "people", "list", SONIK_ROLE="ops"))
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if "2026-11-21" in line]
    assert rows == [
        ["Olga", "human", "", "2026-11-21", "", "revoked 2026-11-21"],
        ["Inés [R.]", "content", "", "2026-11-21", "", "active"],
    ]
    told = said(sonik(running_home, "people", "list", "--json", SONIK_ROLE="ops"))
    assert [person["scope"]["user"] for person in json.loads(told)] == ["Olga", "Inés [R.]"]
    assert not {secret for secret in (password, other, PASSWORD, "scrypt") if secret in told}


@pytest.mark.parametrize(
    ("words", "role", "given", "told"),
    [
        (("list",), "reader", "", "not_allowed: The role 'reader' may not manage people."),
        (("revoke", "Nadie"), "ops", "", "not_found: Nobody signs in as 'Nadie'."),
        (("add", "x", "--role", "staff"), "ops", "", "not_allowed: Only staff give the role staff."),
        (("add", "x", "--role", "reader", "--ask"), "ops", "", "invalid_input: A password has 15 to 256 characters."),
        (("add", "x@y", "--role", "reader"), "ops", "", "invalid_input: People sign in by a name, not"),
    ],
)
def test_what_may_not_be_done_is_told_with_the_next_step(
    medellin_home: Path, words: tuple[str, ...], role: str, given: str, told: str
) -> None:
    done = sonik(medellin_home, "people", *words, given=given, SONIK_ROLE=role)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(told)
