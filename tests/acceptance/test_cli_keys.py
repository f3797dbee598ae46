"""Keys from the shell: the token is told once, and only to those who run Sonik."""

import json
from pathlib import Path

import pytest

from tests.acceptance.test_cli import running_home, said, sonik

__all__ = ["running_home"]


def test_the_shell_makes_a_key_lists_it_and_revokes_it(running_home: Path) -> None:
    wanted = ("--name", "Cartelera [de] Quito", "--role", "organizer", "--organisation", "acme", "--days", "90")
    made = sonik(running_home, "keys", "create", *wanted, SONIK_ROLE="ops")
    token = said(made).strip()
    prefix = token.split("_")[1]
    assert token.splitlines() == [token]
    assert made.stderr == f"This is the token of key {prefix}; it is not shown again, so keep it now.\n"

    shown = said(sonik(running_home, "keys", "list", SONIK_ROLE="ops"))
    cells = [cell.strip() for line in shown.splitlines() if prefix in line for cell in line.split("│")[1:-1]]
    assert cells == [
        prefix, "Cartelera [de] Quito", "organizer", "acme", "2026-11-21", "",
        "active, until 2027-02-19",
    ]  # fmt: skip

    for _ in range(2):
        told = said(sonik(running_home, "keys", "revoke", prefix, SONIK_ROLE="staff"))
        assert told == f"Key {prefix} (Cartelera [de] Quito) was revoked at 2026-11-21 20:00:00 UTC.\n"
    (left,) = json.loads(said(sonik(running_home, "keys", "list", "--json", SONIK_ROLE="ops")))
    assert (left["prefix"], left["state"], left["scope"]["organisation"]) == (prefix, "revoked", "acme")
    assert token not in json.dumps(left)


@pytest.mark.parametrize(
    ("words", "role", "told"),
    [
        (("list",), "reader", "not_allowed: The role 'reader' may not manage keys."),
        (("revoke", "k7m2p9x4"), "ops", "not_found: There is no key 'k7m2p9x4'."),
        (
            ("create", "--name", "x", "--role", "organizer"),
            "ops",
            "invalid_input: An organizer acts for an organisation.",
        ),
        (("create", "--name", "x", "--role", "staff"), "ops", "not_allowed: Only staff give the role staff."),
    ],
)
def test_what_may_not_be_done_is_told_with_the_next_step(
    medellin_home: Path, words: tuple[str, ...], role: str, told: str
) -> None:
    done = sonik(medellin_home, "keys", *words, SONIK_ROLE=role)
    assert (done.returncode, done.stdout, done.stderr.splitlines()[0]) == (2, "", told)
    assert done.stderr.splitlines()[1]
