"""Who calls: the local caller over stdio, the bearer of a token over HTTP; and which tools they may use."""

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken

from sonik.errors import NotAllowed
from sonik.settings import Settings
from sonik.types import Scope
from tools.catalog import TOOLS, AnyTool

READING = "sonik:reader"


class Bearer(AccessToken):
    """A token that was found good, and for whom it speaks."""

    caller: Scope


def scope_of(settings: Settings) -> Scope:
    """Return the scope of the call that is being answered: the token's, or the local caller's where none is needed."""
    bearer = get_access_token()
    return bearer.caller if isinstance(bearer, Bearer) else settings.scope()


def key_of() -> str | None:
    """Return the prefix of the API key that the call shows, None where it shows another token or needs none."""
    bearer = get_access_token()
    if not isinstance(bearer, Bearer) or bearer.claims is not None:
        return None
    return bearer.client_id.removeprefix("key:")


def reading_scope(settings: Settings) -> Scope:
    """Return the scope of a call that reads past the tools: resources and completions show what a reader's tools do.

    Raises:
        NotAllowed: the token is not good for reading.
    """
    bearer = get_access_token()
    if bearer is not None and READING not in bearer.scopes:
        raise NotAllowed("This token is not good for reading.", next_step=f"Ask for one with the scope {READING}.")
    return scope_of(settings)


def tools_of() -> tuple[AnyTool, ...]:
    """Return the tools of the call that is being answered; the local caller has all of them."""
    bearer = get_access_token()
    return TOOLS if bearer is None else tuple(tool for tool in TOOLS if oauth_scope(tool) in bearer.scopes)


def oauth_scope(tool: AnyTool) -> str:
    """Return what a token must be good for to use a tool."""
    return f"sonik:{tool.scope}"
