"""Over HTTP: what an organisation's token delivers, its organizers see in figures, staff whole, and nobody else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mcp import Client

from tests.fix_http import Served, a_token, connected
from tests.fix_mcp import Json, data_of, error_of
from tests.fix_organisers import BIG, GUESTS, SPRING, records

pytestmark = pytest.mark.anyio

REPORTS = ("campaigns", "events")
NEIGHBORS: Json = {"pattern": "neighbors"}


async def deliver(served: Served) -> None:
    """Deliver what is each organisation's with its own token."""
    for organisation, told in records().items():
        async with connected(served, token=a_token(role="ingest", org=organisation)) as client:
            call = {"records": told, "source": "crm", "dry_run": False, "wait_for": "projected"}
            assert not data_of(await client.call_tool("sonik_upsert", call))["counts"].get("refused")


async def reports(client: Client, **more: object) -> dict[str, Json]:
    """Return the figures of both reports by ref."""
    answers = [data_of(await client.call_tool("sonik_insights", {"topic": topic, **more})) for topic in REPORTS]
    return {item["figures"]["ref"]: item["figures"] for answer in answers for item in answer["items"]}


async def test_each_organisation_sees_what_its_token_delivered(home: Path, serve_http: Callable[..., Served]) -> None:
    served = serve_http(home)
    await deliver(served)
    async with connected(served, token=a_token(role="organizer", org="acme")) as client:
        ours = await reports(client)
        assert [ours[SPRING]["converted"], ours[SPRING]["cost_per_conversion"], ours[BIG]["bought"]] == [5, 120.0, 5]
        assert data_of(await client.call_tool("sonik_get_entity", {"ref": SPRING}))["events"][0]["ref"] == BIG
    async with connected(served, token=a_token(role="organizer", org="rival")) as client:
        assert list(await reports(client)) == ["verano-en-rival", "noche-ajena-2026-11-28"]
        refused = [
            error_of(await client.call_tool(tool, {**arguments, name: ref}))
            for tool, name, arguments in (("sonik_get_entity", "ref", {}), ("sonik_traverse", "start", NEIGHBORS))
            for ref in (SPRING, "no-hay-tal")
        ]
        assert {error["code"] for error in refused} == {"not_found"}
        assert refused[0]["message"].replace(SPRING, "?") == refused[1]["message"].replace("no-hay-tal", "?")
    async with connected(served, token=a_token(role="staff")) as client:
        alls = await reports(client)
        assert [alls[SPRING]["converted"], alls[BIG]["bought"]] == [GUESTS, GUESTS]
        assert set(alls) >= {"verano-en-rival", "noche-ajena-2026-11-28"}
        assert list(await reports(client, organisation="rival")) == ["verano-en-rival", "noche-ajena-2026-11-28"]
    async with connected(served, token=a_token(org="acme")) as client:
        for topic in REPORTS:
            answer = await client.call_tool("sonik_insights", {"topic": topic})
            assert error_of(answer)["code"] == "not_allowed"
