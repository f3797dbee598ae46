"""Orders of tokens: forged ones, another role by the same name, and keys that were revoked."""

import asyncio
import base64
import json
import time
from dataclasses import replace

import jwt

from sonik.access.api_key import NewKey
from sonik.engine import Engine
from sonik.types import Role, Scope
from tests.fix_http import AUDIENCE, a_token
from tests.fix_mcp import Json
from tests.tenancy.callers import Caller
from tests.tenancy.line import Answer
from tests.tenancy.place import Place, lasting

UNAUTHORIZED = 401
PATIENCE_SECONDS = 15.0
ASKED: Json = {"name": "sonik_whats_on", "arguments": {"when": "tonight", "market": "medellin", "limit": 50}}


def forged(place: Place, owner: str, other: str) -> None:
    """Tokens that do not hold: all are told the same, and nothing else."""
    run = place.run
    held = a_token(org=other, sub="forger")
    head, body, mark = held.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    swapped = base64.urlsafe_b64encode(json.dumps({**claims, "org": owner}).encode()).decode().rstrip("=")
    unsigned = jwt.encode({**claims, "org": owner, "role": "staff"}, "", "none")
    tokens = {
        "expired": a_token(org=owner, exp=int(time.time()) - 60),
        "for another": a_token(org=owner, aud=f"{AUDIENCE}/x"),
        "of another issuer": a_token(org=owner, iss="https://evil.example"), "unsigned": unsigned,
        "another organisation's claim": f"{head}.{swapped}.{mark}", "not there": "sonik_aaaaaaaa_" + "A" * 43,
        "of another key": a_token(org=owner, key="another key that is long enough for this"),
        "of no role of ours": a_token(org=owner, role="root"), "not yet good": a_token(org=owner, nbf=lasting()),
    }  # fmt: skip
    for what, token in tokens.items():
        answer = run.ask(Caller(role="reader", organisation=None, token=token), "tools/call", ASKED)
        run.must(_is_unknown(answer), run.one("reader", None), f"a token {what} is told {answer.text}")


def roles(place: Place, owner: str, other: str) -> None:
    """Somebody asks as staff, then as a reader, as another organisation's, and as staff again."""
    run = place.run
    names = {one.word for one in run.secrets.of(owner) if one.visibility == "staff"}
    name = next(word for word in (name.split()[-1] for name in run.seeded.names) if word in names)
    askers: tuple[tuple[Role, str | None], ...] = (
        ("staff", other), ("reader", other), ("staff", None), ("reader", None), ("organizer", owner), ("staff", owner),
    )  # fmt: skip
    for role, organisation in askers:
        token = a_token(role=role, org=organisation, sub="somebody", exp=lasting())
        caller = replace(run.one("reader", organisation), role=role, token=token)
        found = [run.call(caller, "sonik_search", {"query": f"qué sabemos de {name}", "limit": 50})]
        found.append(run.call(caller, "sonik_insights", {"topic": "top_queries", "limit": 50}))
        hits = found[0].data.get("hits", [])
        run.must(any(name in hit["ref"] for hit in hits) is (role == "staff"), caller, f"{name} is shown to it or not")


def withdrawn(place: Place, owner: str, other: str) -> None:
    """A key opens until it is revoked, and then is told what one that never was is told."""
    del other
    run = place.run
    token, prefix = asyncio.run(_given(place, owner))
    caller = Caller(role="staff", organisation=owner, token=token, with_key=True)
    run.must(not run.ask(caller, "tools/call", ASKED).refused, caller, "a new key is refused")
    asyncio.run(_revoked(place, prefix))
    ends = time.monotonic() + PATIENCE_SECONDS
    # These are no calls of the run: how many there are is the machine's matter.
    while not _is_unknown(run.line.ask(token, "tools/call", ASKED)) and time.monotonic() < ends:
        pass
    answer = run.ask(caller, "tools/call", ASKED)
    run.must(_is_unknown(answer), caller, f"a revoked key is told {answer.text}")


async def _given(place: Place, owner: str) -> tuple[str, str]:
    async with Engine.open(place.settings, project=False) as engine:
        new = NewKey(name="for a while", role="staff", organisation=owner)
        token, key = await engine.keys.create(new, scope=Scope(role="staff"))
        return token, key.prefix


async def _revoked(place: Place, prefix: str) -> None:
    async with Engine.open(place.settings, project=False) as engine:
        await engine.keys.revoke(prefix, scope=Scope(role="staff"))


def _is_unknown(answer: Answer) -> bool:
    """Say whether an answer tells nothing but that it needs a token."""
    told = {"error": "invalid_token", "error_description": "Authentication required"}
    return answer.status == UNAUTHORIZED and answer.message == told
