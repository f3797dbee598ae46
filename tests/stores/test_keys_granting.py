"""Who gives, sees and revokes which keys, and which wishes are refused."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sonik.access.api_key import NewKey
from sonik.access.keys import Keys
from sonik.errors import InvalidInput, NotAllowed, NotFound, SonikError
from sonik.types import Role, Scope
from tests.fix_truth import NIGHT, Truth

pytestmark = pytest.mark.anyio

OPS = Scope(role="ops", user="olga")
STAFF = Scope(role="staff", user="ines")
ACME = Scope(role="ops", organisation="acme", user="ana")
READER = NewKey(name="Cartelera de Quito", role="reader")


@pytest.fixture
def keys(truth: Truth) -> Keys:
    return Keys(postgres=truth.postgres, clock=truth.clock)


@pytest.mark.parametrize(
    ("who", "sees"),
    [(STAFF, ["acme", "platform", "rival"]), (OPS, ["acme", "platform", "rival"]), (ACME, ["acme"]),
     (Scope(role="ops", collection="bench"), ["bench"]), (Scope(role="organizer", organisation="acme"), []),
     (Scope(role="ingest"), []), (Scope(), [])],
)  # fmt: skip
async def test_row_security_shows_keys_to_those_who_run_sonik_and_to_ops_of_organisations_their_own(
    truth: Truth, keys: Keys, who: Scope, sees: list[str]
) -> None:
    for name, organisation in {"platform": None, "acme": "acme", "rival": "rival"}.items():
        await keys.create(NewKey(name=name, role="reader", organisation=organisation), scope=STAFF)
    bench = NewKey(name="bench", role="reader", collection="bench")
    await keys.create(bench, scope=Scope(role="ops", collection="bench"))
    async with truth.postgres.reading(who) as session:
        assert [row["name"] for row in await session.rows("select name from unified.api_keys order by name")] == sees


async def test_ops_of_an_organisation_give_see_and_revoke_its_keys_alone(keys: Keys) -> None:
    _, platform = await keys.create(READER, scope=OPS)
    _, rival = await keys.create(replace(READER, organisation="rival"), scope=OPS)
    _, own = await keys.create(READER, scope=ACME)
    assert own.scope.organisation == "acme"
    assert await keys.listed(scope=ACME) == [own]
    assert {key.id for key in await keys.listed(scope=OPS)} == {own.id, rival.id, platform.id}
    for key in (platform, rival):
        with pytest.raises(NotFound, match=f"There is no key '{key.prefix}'"):
            await keys.revoke(key.prefix, scope=ACME)
    with pytest.raises(NotAllowed, match="for its own organisation"):
        await keys.create(replace(READER, organisation="rival"), scope=ACME)


async def test_keys_of_another_collection_are_given_and_seen_there(keys: Keys) -> None:
    bench = replace(OPS, collection="bench")
    with pytest.raises(NotAllowed, match="acts in the collection 'live'"):
        await keys.create(replace(READER, collection="bench"), scope=OPS)
    token, key = await keys.create(replace(READER, collection="bench"), scope=bench)
    assert (await keys.listed(scope=bench), await keys.listed(scope=OPS)) == ([key], [])
    found = await keys.check(token)
    assert found is not None
    assert found.scope.collection == "bench"
    await keys.close()


@pytest.mark.parametrize("role", ["reader", "organizer", "content", "ingest", "privacy", "human"])
async def test_who_does_not_run_sonik_manages_no_keys(keys: Keys, role: Role) -> None:
    scope = Scope(role=role, organisation="acme")
    for refused in (keys.create(READER, scope=scope), keys.listed(scope=scope), keys.revoke("k7m2p9x4", scope=scope)):
        with pytest.raises(NotAllowed) as error:
            await refused
        assert error.value.next_step


@pytest.mark.parametrize(
    ("wish", "scope", "field"),
    [
        (NewKey(name="x", role="staff"), OPS, "role"),
        (NewKey(name="x", role="boss"), STAFF, "role"),  # type: ignore[arg-type] # as a form may send it
        (NewKey(name="x", role="organizer"), STAFF, "organisation"),
        (NewKey(name="x", role="organizer", organisation=" \u200b"), STAFF, "organisation"),
        (NewKey(name="\x00\ud800", role="reader"), OPS, "name"),
        (NewKey(name="x" * 81, role="reader"), OPS, "name"),
        (NewKey(name="x", role="reader", user=""), OPS, "user"),
        (NewKey(name="x", role="reader", expires_at=NIGHT), OPS, "expires_at"),
        (NewKey(name="x", role="reader", expires_at=datetime(2027, 1, 1)), OPS, "expires_at"),  # noqa: DTZ001
        (NewKey(name="x", role="reader", expires_at=datetime.max.replace(tzinfo=UTC)), OPS, "expires_at"),
    ],
)  # fmt: skip
async def test_a_wish_that_cannot_be_fulfilled_makes_no_key(
    truth: Truth, keys: Keys, wish: NewKey, scope: Scope, field: str
) -> None:
    with pytest.raises(SonikError) as refused:
        await keys.create(wish, scope=scope)
    assert isinstance(refused.value, InvalidInput | NotAllowed)
    assert refused.value.next_step
    assert refused.value.field == field
    assert await truth.column("select count(*) from unified.api_keys") == [0]


async def test_staff_give_keys_for_staff_and_for_named_users(keys: Keys) -> None:
    _, key = await keys.create(NewKey(name="Mesa\tde\n control", role="staff", user="ines"), scope=STAFF)
    assert (key.name, key.scope) == ("Mesa de control", Scope(role="staff", user="ines"))
