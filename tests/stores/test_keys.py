"""Keys: known by their token alone, told once, and of no use once they are revoked."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonik.access.api_key import ApiKey, NewKey
from sonik.access.keys import HELD_SECONDS, MOST_HELD, USE_SECONDS, Keys
from sonik.access.token import Token, mint
from sonik.clock import Clock
from sonik.errors import NotFound, StoreUnavailable
from sonik.stores.postgres import Postgres
from sonik.types import Scope
from tests.fix_late import Late
from tests.fix_truth import NIGHT, Database, Truth

pytestmark = pytest.mark.anyio

OPS = Scope(role="ops", user="olga")
STAFF = Scope(role="staff", user="ines")
READER = NewKey(name="Cartelera de Quito", role="reader")


@dataclass(slots=True)
class Ticks:
    """Seconds that pass when told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def keys(truth: Truth, ticks: Ticks) -> Keys:
    return process(truth, ticks)


def process(truth: Truth, ticks: Ticks) -> Keys:
    """Keys as one process of several holds them."""
    return Keys(postgres=truth.postgres, clock=Clock(read=lambda: truth.now), monotonic=ticks)


async def test_a_key_is_made_told_checked_listed_and_revoked(truth: Truth, keys: Keys) -> None:
    wish = replace(READER, role="organizer", organisation=" acme ", expires_at=NIGHT + timedelta(days=90))
    token, key = await keys.create(wish, scope=OPS)
    assert token.startswith(f"sonik_{key.prefix}_")
    assert len(token) == len("sonik_12345678_") + 43
    scope = Scope(role="organizer", organisation="acme", user=f"key:{key.prefix}")
    assert key == ApiKey(
        id=key.id, prefix=key.prefix, name="Cartelera de Quito", scope=scope, created_at=NIGHT, created_by="olga",
        expires_at=NIGHT + timedelta(days=90), last_used_at=None, revoked_at=None,
    )  # fmt: skip

    assert await keys.check(token) == key
    await keys.close()
    assert await keys.listed(scope=OPS) == [replace(key, last_used_at=NIGHT)]

    revoked = await keys.revoke(key.prefix, scope=OPS)
    assert revoked == replace(key, last_used_at=NIGHT, revoked_at=NIGHT)
    assert await keys.check(token) is None
    assert await keys.listed(scope=OPS) == [revoked]
    audited = await truth.rows(
        "select actor = unified.audit_ref('olga') as by_olga, action, details->>'prefix' as key from unified.audit_log "
        "order by id"
    )
    assert audited == [
        {"by_olga": True, "action": "key.create", "key": key.prefix},
        {"by_olga": True, "action": "key.revoke", "key": key.prefix},
    ]


async def test_revoking_twice_is_no_error_and_changes_nothing(truth: Truth, keys: Keys) -> None:
    _, key = await keys.create(READER, scope=OPS)
    first = await keys.revoke(key.prefix, scope=OPS)
    truth.later(days=1)
    again = await process(truth, Ticks()).revoke(key.prefix, scope=STAFF)
    assert again == first
    assert await truth.column("select count(*) from unified.audit_log where action = 'key.revoke'") == [1]


async def test_two_who_revoke_a_key_at_once_are_told_the_same(truth: Truth, keys: Keys) -> None:
    _, key = await keys.create(READER, scope=OPS)
    told = await asyncio.gather(*(keys.revoke(key.prefix, scope=OPS) for _ in range(4)))
    assert told == [replace(key, revoked_at=NIGHT)] * 4
    assert await truth.column("select count(*) from unified.audit_log where action = 'key.revoke'") == [1]


@pytest.mark.parametrize("written", ["{prefix}", " sonik_{prefix}\n", "{token}"])
async def test_a_key_may_be_named_as_it_is_at_hand(keys: Keys, written: str) -> None:
    token, key = await keys.create(READER, scope=OPS)
    named = written.format(prefix=key.prefix, token=token)
    assert (await keys.revoke(named, scope=OPS)).id == key.id


async def test_a_key_that_is_not_there_is_told_with_the_one_that_may_be_meant(keys: Keys) -> None:
    with pytest.raises(NotFound, match=r"There is no key 'k7'\. `sonik keys create` makes one\."):
        await keys.revoke("k7", scope=OPS)
    token, key = await keys.create(READER, scope=OPS)
    near = key.prefix[:-1] + ("a" if key.prefix[-1] != "a" else "b")
    with pytest.raises(NotFound) as missing:
        await keys.revoke(near, scope=OPS)
    assert missing.value.next_step == f"Did you mean '{key.prefix}'?"
    with pytest.raises(NotFound) as cut:
        await keys.revoke(token[:-1], scope=OPS)
    assert secret(token)[:4] not in str(cut.value)


async def test_only_the_very_token_is_known(keys: Keys) -> None:
    (token, key), (other, _) = await keys.create(READER, scope=OPS), await keys.create(READER, scope=OPS)
    forged = {token[:n] + changed(token[n]) + token[n + 1 :] for n in range(len(token))}
    forged |= {token[:-1] + letter for letter in "AEIMQUYcgkosw048" if letter != token[-1]}
    forged |= {f"sonik_{key.prefix}_{secret(other)}", token + "=", token + "\n", f" {token}", token.upper(), token[:-1]}
    assert {await keys.check(one) for one in forged} == {None}
    assert await keys.check(token) == key


async def test_a_key_ends_at_its_expiry_though_it_was_checked_a_moment_ago(truth: Truth, keys: Keys) -> None:
    wish = replace(READER, expires_at=NIGHT + timedelta(seconds=2))
    token, _ = await keys.create(wish, scope=OPS)
    seen = []
    for _ in range(3):
        seen.append(await keys.check(token) is not None)
        truth.later(seconds=1)
    assert seen == [True, True, False]
    assert (await keys.listed(scope=OPS))[0].state(truth.now) == "expired"
    await keys.close()


async def test_a_revocation_acts_elsewhere_within_five_seconds_and_here_at_once(truth: Truth, ticks: Ticks) -> None:
    here, elsewhere = process(truth, ticks), process(truth, ticks)
    token, key = await here.create(READER, scope=OPS)
    assert [await here.check(token), await elsewhere.check(token)] == [key, key]
    await here.revoke(key.prefix, scope=OPS)
    assert await here.check(token) is None
    ticks.now += HELD_SECONDS - 0.01
    assert await elsewhere.check(token) == key
    ticks.now += 0.01
    assert await elsewhere.check(token) is None
    await elsewhere.close()


async def test_a_check_that_read_before_a_revocation_is_not_held_after_it(database: Database, truth: Truth) -> None:
    async with Late(database) as postgres:
        keys = Keys(postgres=postgres, clock=truth.clock)
        token, key = await process(truth, Ticks()).create(READER, scope=OPS)
        checking = asyncio.create_task(keys.check(token))
        await postgres.read.wait()
        await keys.revoke(key.prefix, scope=OPS)
        postgres.go.set()
        assert await checking == key  # it was asked while the key held
        assert await keys.check(token) is None
        await keys.close()


async def test_a_flood_of_forged_tokens_is_held_in_bounds_and_drives_out_no_key(keys: Keys) -> None:
    token, key = await keys.create(READER, scope=OPS)
    assert await keys.check(token) == key
    for number in range(MOST_HELD + 10):
        keys._strange.put(number.to_bytes(32, "big"), True, read_at=1000.0)
    assert (len(keys._strange), len(keys._known)) == (MOST_HELD, 1)
    await keys.close()


async def test_use_is_written_at_most_once_a_minute_by_all_processes_together(truth: Truth, ticks: Ticks) -> None:
    here = process(truth, ticks)
    token, key = await here.create(READER, scope=OPS)

    async def used(keys: Keys) -> datetime | None:
        assert await keys.check(token) is not None
        await keys.close()
        return (await keys.listed(scope=OPS))[0].last_used_at

    assert await used(here) == NIGHT
    truth.later(seconds=59)
    assert await used(process(truth, ticks)) == NIGHT
    truth.later(seconds=1)
    assert await used(process(truth, ticks)) == NIGHT + timedelta(seconds=60)
    truth.later(hours=1)
    assert await used(here) == NIGHT + timedelta(seconds=60)  # not again until its own minute is over
    assert key.last_used_at is None


async def test_use_that_cannot_be_written_fails_no_check(
    database: Database, truth: Truth, ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    token, key = await process(truth, ticks).create(READER, scope=OPS)
    async with Postgres(writer=database.writer, reader=database.reader, pool_size=2, timeout_seconds=5) as gone:
        keys = Keys(postgres=gone, clock=truth.clock, monotonic=ticks)
        assert await keys.check(token) == key
        await keys.close()
        ticks.now += USE_SECONDS - 1
        assert await keys.check(token) is not None
    ticks.now += 1
    assert await keys.check(token) is not None
    await keys.close()
    assert [record.message for record in caplog.records] == ["the last use of keys could not be written"]
    ticks.now += HELD_SECONDS
    with pytest.raises(StoreUnavailable):
        await keys.check(token)


async def test_nothing_secret_is_kept_told_or_logged(
    truth: Truth, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token, key = await keys.create(READER, scope=OPS)
    await keys.check(token)
    await keys.revoke(token, scope=OPS)
    await keys.close()
    kept = await truth.rows("select to_jsonb(k) as row from unified.api_keys k")
    kept += await truth.rows("select to_jsonb(a) as row from unified.audit_log a")
    told = [str(asdict(key)), str(Token(prefix=key.prefix, text=token)), *map(str, kept)]
    told += [str(vars(record)) for record in caplog.records]
    assert [text for text in told if secret(token) in text or secret(token).encode().hex() in text] == []
    assert "hash" not in asdict(key)


async def test_keys_made_at_once_share_no_prefix(truth: Truth) -> None:
    first, second = mint(), mint()
    twin = Token(prefix=first.prefix, text=f"sonik_{first.prefix}_{secret(mint().text)}")
    made: Iterator[Token] = iter([first, twin, second])
    keys = Keys(postgres=truth.postgres, clock=truth.clock, mint=lambda: next(made))
    created = await asyncio.gather(*(keys.create(READER, scope=OPS) for _ in range(2)))
    assert {key.prefix for _, key in created} == {first.prefix, second.prefix}
    assert [await keys.check(token) for token, _ in created] == [key for _, key in created]
    await keys.close()


async def test_what_a_key_is_cannot_be_changed_by_the_application(truth: Truth, keys: Keys) -> None:
    await keys.create(READER, scope=OPS)
    for statement in (
        "update unified.api_keys set role = 'staff'", "update unified.api_keys set hash = null",
        "update unified.api_keys set expires_at = null", "delete from unified.api_keys",
    ):  # fmt: skip
        with pytest.raises(Exception, match="permission denied"):
            async with truth.postgres.writing() as session:
                await session.execute(statement)


WRITTEN = (
    st.text()
    | st.from_regex(r"sonik_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", fullmatch=True)
    | st.from_regex(r"sonik_\w{0,9}_?[\w=.-]{0,50}")
    | st.sampled_from(["", "sonik_", "\x00", "\ud800", "sonik_" + "a" * 100_000, "'; drop table unified.api_keys; --"])
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(written=WRITTEN)
async def test_no_text_that_was_not_given_out_is_ever_a_key(keys: Keys, written: str) -> None:
    assert await keys.check(written) is None


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(written=WRITTEN)
async def test_no_text_that_names_no_key_revokes_one(keys: Keys, written: str) -> None:
    if not await keys.listed(scope=OPS):
        await keys.create(READER, scope=OPS)
    with pytest.raises(NotFound):
        await keys.revoke(written, scope=OPS)


def secret(token: str) -> str:
    return token.split("_", 2)[2]


def changed(letter: str) -> str:
    return "a" if letter != "a" else "b"
