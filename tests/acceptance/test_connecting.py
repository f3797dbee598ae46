"""What `connect-a-client.md` says goes into each client's configuration has that client's shape, and connects."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from pydantic import BaseModel, ConfigDict, Field

from sonik.access.api_key import NewKey
from sonik.engine import Engine
from sonik.settings import Settings
from sonik.types import Scope
from tests.fix_docs import ROOT, Shell
from tests.fix_http import Served
from tests.fix_mcp import ANSWER_SECONDS
from tools.catalog import TOOLS

PAGE = Path("docs") / "how-to" / "connect-a-client.md"
HERE = "http://localhost:8000/mcp"
# How each client puts in a key that is kept elsewhere.
KEYS = {"Claude Code": "${SONIK_KEY}", "Cursor": "${env:SONIK_KEY}", "VS Code": "${input:sonik-key}"}
READING = {tool.name for tool in TOOLS if tool.scope == "reader"}

pytestmark = pytest.mark.anyio


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Started(_Shape):
    """A server the client starts."""

    type: Literal["stdio"] | None = None
    command: str
    args: list[str] = []
    env: dict[str, str] = {}


class Reached(_Shape):
    """A server the client reaches; Cursor knows it by its address alone."""

    type: Literal["http"] | None = None
    url: str
    headers: dict[str, str] = {}


class Input(_Shape):
    """What VS Code asks for once."""

    type: Literal["promptString"]
    id: str
    description: str
    password: Literal[True]


class Common(_Shape):
    """The file of Claude Desktop, Claude Code and Cursor."""

    servers: Annotated[dict[str, Started | Reached], Field(alias="mcpServers", min_length=1)]


class VsCode(_Shape):
    """The file of VS Code."""

    inputs: list[Input] = []
    servers: Annotated[dict[str, Started | Reached], Field(min_length=1)]


def configurations() -> Iterator[tuple[str, Any]]:
    """Yield every block with the client it is for."""
    for section in re.split(r"^## ", (ROOT / PAGE).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        for block in re.findall(r"^```json\n(.*?)^```$", section, re.DOTALL | re.MULTILINE):
            yield section.splitlines()[0], json.loads(block)


def servers() -> list[tuple[str, Started | Reached]]:
    """Return every server with the client it is for."""
    found = []
    for client, told in configurations():
        shape: type[Common] | type[VsCode] = VsCode if client == "VS Code" else Common
        found += [(client, server) for server in shape.model_validate(told).servers.values()]
    return found


STARTED = [(client, server) for client, server in servers() if isinstance(server, Started)]
REACHED = [(client, server) for client, server in servers() if isinstance(server, Reached)]


def test_every_client_is_told_both_ways_that_it_has() -> None:
    assert [client for client, _ in STARTED] == ["Claude Desktop", "Claude Code", "Cursor", "VS Code"]
    assert [client for client, _ in REACHED] == list(KEYS)


@pytest.mark.parametrize(("client", "server"), servers())
def test_clients_that_want_a_type_are_given_it(client: str, server: Started | Reached) -> None:
    wants = client == "VS Code" or (client == "Claude Code" and isinstance(server, Reached))
    assert not wants or server.type is not None


@pytest.mark.parametrize(("client", "server"), STARTED)
def test_settings_are_known(client: str, server: Started) -> None:
    del client
    assert {name.removeprefix("SONIK_").lower() for name in server.env} <= Settings.model_fields.keys()


@pytest.mark.parametrize(("client", "server"), STARTED)
@pytest.mark.slow
async def test_the_command_starts_a_server_that_answers(client: str, server: Started, shell: Shell) -> None:
    del client
    assert server.command == "/path/to/sonik/.venv/bin/sonik"
    environment = {**server.env, **shell.environment}
    parameters = StdioServerParameters(command=str(shell.sonik), args=server.args, env=environment)
    async with Client(parameters, mode="legacy", read_timeout_seconds=ANSWER_SECONDS) as opened:
        assert opened.server_info is not None
        assert opened.server_info.name == "sonik"
        assert {tool.name for tool in (await opened.list_tools()).tools} == {tool.name for tool in TOOLS}


@pytest.mark.parametrize(("client", "server"), REACHED)
async def test_the_address_and_the_key_are_let_in(client: str, server: Reached, served: Served, market: Engine) -> None:
    token, key = await market.keys.create(NewKey(name=client, role="reader"), scope=Scope(role="ops"))
    headers = {name: value.replace(KEYS[client], token) for name, value in server.headers.items()}
    assert server.url == HERE
    async with (
        httpx2.AsyncClient(headers=headers, timeout=ANSWER_SECONDS) as http,
        Client(
            streamable_http_client(served.url, http_client=http), mode="legacy", read_timeout_seconds=ANSWER_SECONDS
        ) as opened,
    ):
        assert {tool.name for tool in (await opened.list_tools()).tools} == READING
    await market.keys.revoke(key.prefix, scope=Scope(role="ops"))
