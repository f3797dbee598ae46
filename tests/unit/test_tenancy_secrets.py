"""The oracle of the tenancy runs: whose a word is, and when an answer tells one too many."""

import base64

import pytest

from sonik.types import Role
from tests.tenancy.callers import Caller
from tests.tenancy.secrets import Secrets, Visibility


def caller(role: Role = "reader", organisation: str | None = "rival") -> Caller:
    return Caller(role=role, organisation=organisation, token="t")


@pytest.mark.parametrize(
    ("role", "organisation", "visibility", "leaks"),
    [
        ("reader", "rival", "org", True), ("reader", None, "org", True), ("ops", "rival", "org", True),
        ("reader", "acme", "org", False), ("reader", "acme", "staff", True), ("staff", "rival", "staff", False),
        ("ingest", None, "org", False), ("ingest", "rival", "org", True), ("reader", "rival", "public", False),
    ],
)  # fmt: skip
def test_a_word_is_told_to_its_own_and_to_staff(
    role: Role, organisation: str | None, visibility: Visibility, leaks: bool
) -> None:
    secrets = Secrets(seed=1)
    word = secrets.new("acme", visibility, deep=True)
    found = secrets.leaks(caller(role, organisation), "{}", f"https://{word.upper()}.example/x")
    assert [secret.word for secret in found] == ([word] if leaks else [])


def test_what_something_opaque_holds_is_found() -> None:
    secrets = Secrets(seed=1)
    word = secrets.new("acme")
    cursor = base64.urlsafe_b64encode(f'{{"last": "{word}"}}'.encode()).decode().rstrip("=")
    assert secrets.leaks(caller(), "{}", f'"next_cursor": "{cursor}"')


def test_what_a_caller_says_itself_is_no_news_to_its_organisation_unless_nobody_could_have_said_it() -> None:
    secrets = Secrets(seed=1)
    bait, deep = secrets.new("acme"), secrets.new("acme", deep=True)
    assert not secrets.leaks(caller(), f'"ref": "{bait}"', f"Nothing is known as '{bait}'.")
    assert secrets.leaks(caller(), "{}", bait)
    secrets.hear(caller(), f"{bait} {deep}")
    assert not secrets.leaks(caller(), "{}", bait)
    assert secrets.leaks(caller(), "{}", deep)
    assert secrets.leaks(caller(organisation="third"), "{}", bait)


def test_what_is_written_holds_no_secret() -> None:
    secrets = Secrets(seed=1)
    word = secrets.new("acme")
    assert secrets.scrubbed({"name": f"Sala {word}"}) == {"name": "Sala salsa"}
