"""People who sign in: known by name and password, there by a session that ends when it must, everywhere at once."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.access import passwords as kept_passwords
from sonik.access.passwords import Cost, Passwords, check_password, made_up
from sonik.access.people import People
from sonik.access.person import NewPerson, Person, name_key
from sonik.access.sessions import Sessions
from sonik.clock import Clock
from sonik.errors import Conflict, InvalidInput, NotAllowed, NotFound, OutOfTime, SonikError
from sonik.stores.postgres import Postgres
from sonik.types import Scope
from tests.fix_late import Late
from tests.fix_truth import NIGHT, Database, Truth

pytestmark = pytest.mark.anyio

OPS = Scope(role="ops", user="olga")
STAFF = Scope(role="staff", user="ines")
ACME = Scope(role="ops", organisation="acme", user="ana")
PASSWORD = "cuatro palabras de noche"
OTHER = "otras palabras de madrugada"
WISH = NewPerson(name="Inés R.", role="content")
CHEAP = Cost(log_n=4, r=8, p=1)


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    opened = Passwords(cost=CHEAP)
    yield opened
    opened.close()


@pytest.fixture
def people(truth: Truth, passwords: Passwords) -> People:
    return People(postgres=truth.postgres, clock=ticking(truth), passwords=passwords)


@pytest.fixture
def sessions(truth: Truth, passwords: Passwords) -> Sessions:
    return process(truth, passwords)


def ticking(truth: Truth) -> Clock:
    return Clock(read=lambda: truth.now)


def process(truth: Truth, passwords: Passwords, *, postgres: Postgres | None = None) -> Sessions:
    """Sessions as one process of several knows them."""
    return Sessions(
        postgres=postgres or truth.postgres, clock=ticking(truth), passwords=passwords,
        idle=timedelta(minutes=60), longest=timedelta(hours=12),
    )  # fmt: skip


async def test_somebody_is_added_signs_in_is_there_and_signs_out(
    truth: Truth, people: People, sessions: Sessions
) -> None:
    wish = replace(WISH, organisation=" acme ")
    person = await people.add(wish, password=PASSWORD, scope=OPS)
    assert person == Person(
        id=person.id, scope=Scope(role="content", organisation="acme", user="Inés R."), name="Inés R.",
        created_at=NIGHT, created_by="olga", password_at=NIGHT, signed_in_at=None, revoked_at=None,
    )  # fmt: skip

    signed_in = await sessions.sign_in(" inés  r.", PASSWORD)
    assert signed_in is not None
    assert signed_in.person == replace(person, signed_in_at=NIGHT)
    assert await sessions.check(signed_in.token) == signed_in
    assert await people.listed(scope=OPS) == [signed_in.person]

    assert await sessions.end(signed_in) == 1
    assert await sessions.check(signed_in.token) is None
    audited = await truth.rows(
        "select actor = unified.audit_ref('Inés R.') as by_ines, action, details->>'account' as account "
        "from unified.audit_log order by id"
    )
    assert audited == [
        {"by_ines": False, "action": "person.add", "account": str(person.id)},
        {"by_ines": True, "action": "session.begin", "account": str(person.id)},
        {"by_ines": True, "action": "session.end", "account": str(person.id)},
    ]


@pytest.mark.parametrize(
    ("name", "password"),
    [("Inés R.", OTHER), ("Inés R.", PASSWORD + " "), ("Inés R.", ""), ("Inés R.", PASSWORD + "x" * 300),
     ("Ines R.", PASSWORD), ("", PASSWORD), ("\x00", PASSWORD), ("\ud800", "\ud800"), ("x" * 100_000, PASSWORD)],
)  # fmt: skip
async def test_nobody_signs_in_by_another_name_or_password(
    people: People, sessions: Sessions, name: str, password: str
) -> None:
    await people.add(WISH, password=PASSWORD, scope=OPS)
    assert await sessions.sign_in(name, password) is None


async def test_a_session_ends_when_it_is_not_used_and_at_its_longest_in_any_case(
    truth: Truth, people: People, sessions: Sessions
) -> None:
    await people.add(WISH, password=PASSWORD, scope=OPS)
    used = await sessions.sign_in("inés r.", PASSWORD)
    left = await sessions.sign_in("inés r.", PASSWORD)
    assert used is not None
    assert left is not None
    seen = []
    for _ in range(13):
        truth.later(minutes=59)
        seen.append(await sessions.check(used.token) is not None)
    assert seen == [True] * 12 + [False]  # the last is 12 h 47 min after it began
    assert await sessions.check(left.token) is None
    # What ran out is swept when somebody signs in.
    assert await sessions.sign_in("inés r.", PASSWORD) is not None
    assert await truth.column("select count(*) from unified.sessions") == [1]


async def test_a_revocation_another_password_and_another_role_end_sessions_in_every_process_at_once(
    truth: Truth, people: People, sessions: Sessions, passwords: Passwords
) -> None:
    await people.add(WISH, password=PASSWORD, scope=OPS)
    elsewhere = process(truth, passwords)

    async def there(password: str) -> str:
        signed_in = await sessions.sign_in("inés r.", password)
        assert signed_in is not None
        assert await elsewhere.check(signed_in.token) == signed_in
        return signed_in.token

    token = await there(PASSWORD)
    await people.change_password("Inés R.", password=OTHER, scope=OPS)
    assert await elsewhere.check(token) is None
    assert await sessions.sign_in("inés r.", PASSWORD) is None

    token = await there(OTHER)
    changed = await people.change_role("Inés R.", role="organizer", organisation="acme", scope=OPS)
    assert changed.scope == Scope(role="organizer", organisation="acme", user="Inés R.")
    assert await elsewhere.check(token) is None

    token = await there(OTHER)
    revoked = await people.revoke("Inés R.", scope=OPS)
    assert revoked.state == "revoked"
    assert await elsewhere.check(token) is None
    assert await sessions.sign_in("inés r.", OTHER) is None
    assert await people.revoke("inés r.", scope=STAFF) == revoked
    assert await truth.column("select count(*) from unified.audit_log where action = 'person.revoke'") == [1]
    assert await truth.column("select password from unified.accounts") == [None]


async def test_a_sign_in_that_read_the_password_before_it_changed_does_not_outlive_it(
    database: Database, truth: Truth, people: People, passwords: Passwords
) -> None:
    await people.add(WISH, password=PASSWORD, scope=OPS)
    async with Late(database) as postgres:
        late = process(truth, passwords, postgres=postgres)
        signing_in = asyncio.create_task(late.sign_in("inés r.", PASSWORD))
        await postgres.read.wait()
        await people.change_password("Inés R.", password=OTHER, scope=OPS)
        postgres.go.set()
        assert await signing_in is None
    assert await truth.column("select count(*) from unified.sessions") == [0]


async def test_signing_in_gives_a_new_token_and_ends_the_session_the_browser_had(
    people: People, sessions: Sessions
) -> None:
    await people.add(WISH, password=PASSWORD, scope=OPS)
    first = await sessions.sign_in("inés r.", PASSWORD)
    other = await sessions.sign_in("inés r.", PASSWORD)
    assert first is not None
    assert other is not None
    again = await sessions.sign_in("inés r.", PASSWORD, instead_of=first.token)
    assert again is not None
    assert again.token not in {first.token, other.token}
    held = [await sessions.check(one.token) is not None for one in (first, other, again)]
    assert held == [False, True, True]
    assert await sessions.end(again, everywhere=True) == 2
    assert await sessions.check(other.token) is None


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "a" * 44, "\x00" * 43, "é" * 43, "a" * 42 + "\n"])
async def test_no_text_that_was_not_given_out_is_a_session(people: People, sessions: Sessions, token: str) -> None:
    await people.add(WISH, password=PASSWORD, scope=OPS)
    await sessions.sign_in("inés r.", PASSWORD)
    assert await sessions.check(token) is None


async def test_a_name_is_somebodys_until_it_is_revoked(people: People) -> None:
    await people.add(WISH, password=PASSWORD, scope=OPS)
    with pytest.raises(Conflict, match=r"Somebody signs in as 'INÉS R\.' already\."):
        await people.add(replace(WISH, name="INÉS  R."), password=OTHER, scope=OPS)
    revoked = await people.revoke("Inés R.", scope=OPS)
    anew = await people.add(WISH, password=OTHER, scope=OPS)
    assert anew.id != revoked.id
    assert (await people.revoke("inés r.", scope=OPS)).id == anew.id


REFUSED: dict[str, tuple[NewPerson, str, Scope, type[SonikError], str]] = {
    "a caller who does not run Sonik": (WISH, PASSWORD, Scope(), NotAllowed, "may not manage people"),
    "staff given by ops": (replace(WISH, role="staff"), PASSWORD, OPS, NotAllowed, "Only staff give the role staff"),
    "another organisation": (replace(WISH, organisation="rival"), PASSWORD, ACME, NotAllowed, "own organisation"),
    "an organizer of nothing": (replace(WISH, role="organizer"), PASSWORD, OPS, InvalidInput, "for an organisation"),
    "an address": (replace(WISH, name="ines＠example.org"), PASSWORD, OPS, InvalidInput, "not by an e-mail address"),
    "no name": (replace(WISH, name=" "), PASSWORD, OPS, InvalidInput, "name is empty"),
    "a short password": (WISH, "corta", OPS, InvalidInput, "15 to 256 characters"),
    "a long password": (WISH, "larga" * 100, OPS, InvalidInput, "15 to 256 characters"),
    "the name as password": (replace(WISH, name="Inés Restrepo Marín"), "inés restrepo marín 1", OPS, InvalidInput,
                             "little more than the name"),
    "few characters": (WISH, "abababababababab", OPS, InvalidInput, "few different characters"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
async def test_what_may_not_be_or_is_weak_is_refused_and_leaves_nothing(
    truth: Truth, people: People, what: str
) -> None:
    wish, password, scope, error, told = REFUSED[what]
    with pytest.raises(error, match=told):
        await people.add(wish, password=password, scope=scope)
    assert await truth.column("select count(*) from unified.accounts") == [0]


async def test_ops_do_not_become_staff_by_a_password_or_a_role(people: People) -> None:
    await people.add(replace(WISH, role="staff"), password=PASSWORD, scope=STAFF)
    for changing in (
        people.change_password("Inés R.", password=OTHER, scope=OPS),
        people.change_role("Inés R.", role="reader", scope=OPS),
    ):
        with pytest.raises(NotAllowed, match="Only staff change what staff sign in with"):
            await changing
    await people.add(replace(WISH, name="Olga"), password=PASSWORD, scope=OPS)
    with pytest.raises(NotAllowed, match="Only staff give the role staff"):
        await people.change_role("Olga", role="staff", scope=OPS)
    assert (await people.revoke("Inés R.", scope=OPS)).state == "revoked"  # whoever may end a leak may end any


async def test_ops_of_an_organisation_see_and_end_its_people_alone(people: People) -> None:
    await people.add(WISH, password=PASSWORD, scope=OPS)
    own = await people.add(replace(WISH, name="Ana"), password=PASSWORD, scope=ACME)
    assert await people.listed(scope=ACME) == [own]
    assert {person.name for person in await people.listed(scope=STAFF)} == {"Ana", "Inés R."}
    assert await people.listed(scope=replace(STAFF, collection="bench")) == []
    with pytest.raises(NotFound, match=r"Nobody signs in as 'Inés R\.'\. Known: Ana\."):
        await people.revoke("Inés R.", scope=ACME)
    with pytest.raises(NotFound, match=r"Nobody signs in as 'Ana'\."):
        await people.change_password("Ana", password=OTHER, scope=replace(ACME, organisation="rival"))


async def test_nothing_secret_or_personal_is_kept_told_or_logged(
    truth: Truth, people: People, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    person = await people.add(WISH, password=PASSWORD, scope=OPS)
    signed_in = await sessions.sign_in("inés r.", PASSWORD)
    assert signed_in is not None
    await sessions.sign_in("inés r.", OTHER)
    kept = await truth.rows("select to_jsonb(s) as row from unified.sessions s")
    kept += await truth.rows("select to_jsonb(a) as row from unified.accounts a")
    logged = await truth.rows("select to_jsonb(l) as row from unified.audit_log l")
    logged += [{"row": str(vars(record))} for record in caplog.records if record.name.startswith("sonik")]
    told = [str(row) for row in (*kept, *logged)] + [repr(signed_in), str(asdict(person))]
    assert [text for text in told if PASSWORD in text or signed_in.token in text] == []
    assert [row for row in logged if "Inés" in str(row) or "inés" in str(row)] == []


async def test_what_an_account_is_cannot_be_changed_by_the_application(truth: Truth, people: People) -> None:
    await people.add(WISH, password=PASSWORD, scope=OPS)
    for statement in (
        "update unified.accounts set name_key = 'x'", "update unified.accounts set collection = 'x'",
        "delete from unified.accounts", "update unified.sessions set account_id = uuidv7()",
        "update unified.sessions set started_at = now()",
    ):  # fmt: skip
        with pytest.raises(Exception, match="permission denied"):
            async with truth.postgres.writing() as session:
                await session.execute(statement)


async def test_more_checks_than_are_served_in_time_are_refused(passwords: Passwords) -> None:
    kept = await passwords.hashed(PASSWORD)
    busy = Passwords(cost=Cost(log_n=12, r=8, p=1), at_once=1, most_waiting=1)
    slow = await busy.hashed(PASSWORD)
    done = await asyncio.gather(*(busy.holds(PASSWORD, slow) for _ in range(4)), return_exceptions=True)
    assert [type(one) for one in done] == [bool, bool, OutOfTime, OutOfTime]
    assert await busy.holds(PASSWORD, kept)  # a hash of another cost still holds, and there is room again
    busy.close()


async def test_the_default_cost_is_the_advised_one() -> None:
    assert (1 << kept_passwords.COST.log_n, kept_passwords.COST.r, kept_passwords.COST.p) == (32_768, 8, 3)
    real = Passwords()
    kept = await real.hashed("clave con ñ y más")
    assert await real.holds("clave con n\u0303 y ma\u0301s", kept)  # composed otherwise, as other keyboards do
    assert not await real.holds("clave con n y mas", kept)
    real.close()


def test_a_password_that_is_made_up_is_never_refused_and_never_the_same() -> None:
    made = {made_up() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        check_password(password, name="ines")


@given(st.text(max_size=90))
def test_a_name_is_compared_the_same_however_often_it_is_folded(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name) == name_key(f"  {name}\n")
